"""What a window is asked for: its scribbled pixels, and what shall stay."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

__all__ = ["KeepTerm", "ScribbledWindow"]


@dataclass
class KeepTerm:
    """Region of a window that shall stay as it is.

    Attributes:
        weight: (1, *size) or (tiles, *side) float32, by distance from the scribbles; over all windows they sum to one
            at most.
        channels: of the network before classes were appended.
        target: probabilities of these channels under the weights at the start; set by the first evaluation.
        entropy: weighted sum of the target's entropy.
    """

    weight: Tensor
    channels: int
    target: Tensor | None = None
    entropy: float = 0.0


@dataclass
class ScribbledWindow:
    """The scribbles of one window; a scribbled pixel belongs to one window only.

    Attributes:
        index: of the window in its plan.
        voxels: (M,) int64, flat indices into the window, or into its tiles one after the other.
        classes: (M,) int64.
        weight: (M,) float32; the user's pixels of a class sum to one, the grown ones to their weight.
        user: (M,) bool, painted by the user (not grown, not an anchor).
        keep: None where nothing is kept.
        tiles: parts of the window, whose logits are (T, C, *side); None: all of it, logits (1, C, *size).
        anchored: whether the other pixels are anchors, which are to stay what they are.
    """

    index: int
    voxels: Tensor
    classes: Tensor
    weight: Tensor
    user: Tensor
    keep: KeepTerm | None = None
    anchored: bool = False
    tiles: Any = None
