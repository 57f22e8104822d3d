"""The card of a segmentation network: what its input must look like and what its output means. Needs no torch."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from cueseg.networks.card_checks import check_card

__all__ = ["NetworkCard", "read_network_card"]


@dataclass(frozen=True, kw_only=True)
class NetworkCard:
    """Everything that must be known to use a network; values are checked on construction.

    Lists become tuples. Spacing is in the order of the image's axes, (row, col) or (slice, row, col); sizes of
    the network's grid (`patch_size`, `multiple`) are in the order of the network's axes, see `axis_order`.

    Attributes:
        name: letters, digits and ``._+-``; `load_network` knows the shipped networks by it.
        dims: 2 (volumes are taken slice by slice) or 3.
        in_channels: channels of the image.
        classes: names by class number; class 0 is the background.
        activation: "softmax": class k is output channel k. "sigmoid": class k is channel k - 1, and the background
            is where no channel responds; one class more than channels.
        exclusive: False, with "sigmoid" only: regions overlap, a voxel of class k may belong to others too.
        spacing: mm per voxel of the network's grid, `dims` numbers; None: the image's own grid.
        intensity: {"kind": "none"}, {"kind": "window", "low", "high", "out": [0, 1]},
            {"kind": "zscore", "nonzero": true or false}, {"kind": "percentiles", "low", "high", "out"},
            {"kind": "scale", "divisor"}, {"kind": "clip-zscore", "low", "high", "mean", "std"}, or
            {"kind": "per-channel", "rules": [...]} with one of these for each channel.
        patch_size: size of the sliding window; None: the whole image, padded to `multiple`.
        multiple: every side of a window must be a multiple of this.
        overlap: share of a window's side that the next one covers again, 0 to below 1.
        axis_order: spatial axes as the network wants them: a permutation of "zyx" (slice, row, col), or of "yx" for
            2D networks; three letters with a 2D network: it looks at slices along the first axis.
        flip: letters of the axes along which the network wants the voxels in the reverse order; "" for images whose
            axes run as the network's do. Images are taken to run to the patient's left (x), back (y) and head (z).
        tail: names of the layers to refine by default; empty: the general default.
        architecture: a name of the registry, for files of weights alone; "" otherwise.
        model_options: options for the architecture.
        file: name of the weights file beside the card; "" if the card describes another kind of file.
        sha256: of the weights file, 64 lower-case hex digits; "" if it is not to be checked.
        licence: of the weights, e.g. "MIT"; "" if unknown.
        description: one or two sentences for the user.
        training: data, seed, steps, recipe.
        metrics: measured quality, by data set.

    Raises:
        ValueError: a value that is not allowed; the message names the field, the value and what is allowed.
    """

    name: str
    dims: int
    in_channels: int
    classes: tuple[str, ...]
    activation: str = "softmax"
    exclusive: bool = True
    spacing: tuple[float, ...] | None = None
    intensity: dict[str, Any] = field(default_factory=lambda: {"kind": "none"})
    patch_size: tuple[int, ...] | None = None
    multiple: int = 1
    overlap: float = 0.5
    axis_order: str = ""
    flip: str = ""
    tail: tuple[str, ...] = ()
    architecture: str = ""
    model_options: dict[str, Any] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""
    licence: str = ""
    description: str = ""
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("classes", "spacing", "patch_size", "tail"):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.axis_order == "":
            object.__setattr__(self, "axis_order", "yx" if self.dims == 2 else "zyx")
        for name, value in check_card(self).items():
            object.__setattr__(self, name, value)

    @property
    def out_channels(self) -> int:
        """Channels of the output: one for each class, less the background with "sigmoid"."""
        return len(self.classes) - (self.activation == "sigmoid")

    def to_json(self) -> str:
        """The card as JSON text, every field written."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "NetworkCard":
        """Read a card; fields with a default may be left out.

        Raises:
            ValueError: not JSON, not an object, fields missing or unknown (all named), a wrong value.
        """
        try:
            values = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"the card is not valid JSON ({error}): restore it or write it again") from error
        if not isinstance(values, dict):
            raise ValueError(f"the card must be a JSON object of fields, not a {type(values).__name__}")
        known = [item.name for item in fields(cls)]
        missing = [name for name in ("name", "dims", "in_channels", "classes") if name not in values]
        unknown = [name for name in values if name not in known]
        if missing or unknown:
            complaints = [f"lacks {', '.join(missing)}"] if missing else []
            complaints += [f"has unknown fields {', '.join(unknown)}"] if unknown else []
            raise ValueError(f"the card {' and '.join(complaints)}: its fields are {', '.join(known)}")
        return cls(**values)


def read_network_card(path: Path) -> NetworkCard:
    """Read a card's file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is no card; the message begins with the path.
    """
    try:
        return NetworkCard.from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
