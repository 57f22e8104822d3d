"""Recipes of networks for one object in a box (`kind = "box"`): a TOML file; unknown or wrong values are errors."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cueseg.training.dense_recipe import METRICS
from cueseg.training.loop_options import LoopOptions
from cueseg.training.recipe_values import check, read_as

CLASSES = ("background", "object")
"""What every such network tells apart."""


@dataclass(frozen=True, kw_only=True)
class BoxRecipe(LoopOptions):
    """Everything that decides the training of a P-Net or PC-Net on crops; see also `LoopOptions`.

    Attributes:
        name: Name of the network.
        manifest: Path of the manifest (see `cueseg.training.cases`), relative to the working directory.
        shares: Data set (group of the manifest) -> how often it is drawn from. Within it every class is equally
            likely, within a class every object.
        without: Classes whose objects are held out: never trained on, and measured apart.
        dims: 2 (P-Net: objects are the connected labels of a picture, and organs slice by slice) or 3 (PC-Net).
        features, dilations, dropout, norm: Of `cueseg.models.p_net`; no dilations means its default.
        compressed: Of `PCNet`; 3D only.
        intensity: Rule of the network's card, applied to every crop by itself, as it is after training.
        margin: Largest random distance of the crop's sides from those of the object's box, in pixels of the crop.
        largest: Longest side that a zoomed object may have in a crop; larger ones are shrunk to it.
        flips: Whether crops are flipped along every axis at random.
        rotation: Largest rotation in the (row, col) plane in degrees.
        scale: Smallest and largest zoom.
        stretch: Largest change of the logarithm of a side by which zooms differ from axis to axis.
        inverted: Share of the crops with inverted intensities.
        validate_margin: Distance of the crop's sides from the box in validation, capped by the image.
        validate_objects: At most so many objects of every class are validated on, the same every time.
        data, description, licence, notes: For the card.
    """

    name: str
    manifest: str
    shares: dict[str, float]
    kind: str = "box"
    without: tuple[str, ...] = ()
    dims: int = 2
    features: int = 64
    compressed: int = 16
    dilations: tuple[int, ...] = ()
    dropout: float = 0.3
    norm: str = "group"
    intensity: dict[str, Any] = field(default_factory=lambda: {"kind": "zscore", "nonzero": False})
    margin: float = 10.0
    largest: int = 96
    flips: bool = True
    rotation: float = 30.0
    scale: tuple[float, float] = (0.8, 1.5)
    stretch: float = 0.1
    inverted: float = 0.0
    validate_margin: int = 5
    validate_objects: int = 40
    learning_rate: float = 2e-3
    ema: float = 0.995
    workers: int = 0
    data: str = ""
    description: str = ""
    licence: str = "MIT"
    notes: str = ""

    def __post_init__(self) -> None:
        check(self.kind == "box", "kind", self.kind, '"box"')
        numbers = [isinstance(share, int | float) and share > 0 for share in self.shares.values()]
        check(bool(numbers) and all(numbers), "shares", self.shares, "name of a data set = number above 0")
        check(self.dims in (2, 3), "dims", self.dims, "2 or 3")
        for key in ("margin", "validate_margin", "stretch"):
            check(getattr(self, key) >= 0, key, getattr(self, key), "at least 0")
        check(self.largest >= 8, "largest", self.largest, "at least 8")
        check(self.validate_objects >= 1, "validate_objects", self.validate_objects, "at least 1")
        check(len(self.scale) == 2 and 0 < self.scale[0] <= self.scale[1], "scale", self.scale, "[low, high]")
        check(0 <= self.inverted <= 1, "inverted", self.inverted, "a share from 0 to 1")
        check(self.metric in METRICS, "metric", self.metric, f"one of {METRICS}")
        super().__post_init__()

    @property
    def architecture(self) -> str:
        """Name of the network in `cueseg.networks.architectures`."""
        return "p-net" if self.dims == 2 else "pc-net"

    @property
    def model_options(self) -> dict[str, Any]:
        """Options of the network beside its channels."""
        options: dict[str, Any] = {"features": self.features, "dropout": self.dropout, "norm": self.norm}
        if self.dims == 3:
            options["compressed"] = self.compressed
        return options | ({"dilations": list(self.dilations)} if self.dilations else {})


def read_box_recipe(path: str | Path, **overrides: Any) -> BoxRecipe:
    """Read a recipe; `overrides` replace single values.

    Raises:
        ValueError: Not TOML, an unknown key, a missing key, or a value that is not allowed.
    """
    return read_as(path, BoxRecipe, ("name", "manifest", "shares"), overrides)
