"""What the segmentation of one object returns. Needs no torch to be imported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cueseg.refinement.delta import WeightDelta

__all__ = ["Alternation", "BifsegResult"]


@dataclass(frozen=True)
class Alternation:
    """A label step and, if one followed, its network step.

    Attributes:
        energy_before: E of the labels before the label step, at the network's present probabilities.
        energy: of the labels after it; never more.
        changed: voxels whose label the label step changed.
        losses: of the network step before each of its iterations.
        uncertain: voxels of weight 0 in the network step.
    """

    energy_before: float
    energy: float
    changed: int
    losses: tuple[float, ...] = ()
    uncertain: int = 0


@dataclass(frozen=True, kw_only=True)
class BifsegResult:
    """One object and how it was found.

    Attributes:
        mask: bool, on the image; False outside the box, True and False where scribbles say so.
        probabilities: float32 (2, *image), background and object, of the tuned network alone, without the cut; outside
            the crop that it sees, background 1.
        uncertain: bool, on the image, voxels of weight 0 in the last network step; none without one.
        alternations: label steps in order, the last one without a network step.
        satisfied: whether the tuned network alone gives every scribbled voxel of the crop its label.
        iterations: of the network, in all.
        stopped_by: "converged" (a label step changed nothing), "alternations", "user", "nothing" (no voxel to learn
            from, or no object; see `notes`) or "untuned" (there was nothing to do but a label step).
        seconds: stage -> time; "features" (frozen part and first prediction), "nearness" (geodesic distances), "cut"
            (label steps), "optimise" (network steps) and "predict".
        crop: slices of the image that the network saw.
        delta: the tuned layers; None if the network's weights cannot be tuned.
        cut: how the network was cut in a frozen and a tuned part, in words.
        notes: what the user should know, in sentences.
    """

    mask: NDArray[np.bool_]
    probabilities: NDArray[np.float32]
    uncertain: NDArray[np.bool_]
    alternations: list[Alternation]
    satisfied: bool
    iterations: int
    stopped_by: str
    seconds: dict[str, float]
    crop: tuple[slice, ...]
    delta: WeightDelta | None
    cut: str
    notes: list[str] = field(default_factory=list)
