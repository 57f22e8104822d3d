"""Recipes of networks that label every voxel (`kind = "dense"`): a TOML file; unknown or wrong values are errors."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cueseg.training.loop_options import LoopOptions
from cueseg.training.recipe_values import check, read_as

METRICS = ("mean", "worst")
MISSING = ("unknown", "background")


@dataclass(frozen=True, kw_only=True)
class DenseRecipe(LoopOptions):
    """Everything that decides the training of a U-Net on labelled images; see also `LoopOptions`.

    Attributes:
        name: Name of the network.
        manifest: Path of the manifest (see `cueseg.training.cases`), relative to the working directory.
        classes: Class name -> classes of the manifest that make it up, in order of the channels after the
            background. Images that have none of them are not used.
        missing: What a class is where an image has not one voxel of it: "unknown" (not contoured, never counted as
            background) or "background" (looked for and not there).
        dims: 2 (single slices or pictures) or 3.
        base, levels, norm: Of `cueseg.models.unet.UNet`.
        intensity: Rule of the network's card, see `cueseg.networks.NetworkCard`.
        patch: Sides of a training patch, (row, col) or (slice, row, col), multiples of 2 ** (levels - 1).
        foreground: Share of the patches that are centred on a voxel of a class drawn at random.
        class_weights: Class name -> weight of its voxels in the cross-entropy, 1 for the others.
        flips: Array axes of the patch along which it is flipped at random; leave out left and right where a class
            is of one side.
        rotation: Largest rotation in the (row, col) plane in degrees.
        tilt: Largest rotation about the other two axes in degrees, 3D only.
        scale: Smallest and largest zoom.
        whole_images: For the card: predict whole images, not windows of the size of a patch.
        notes: For the card: how the shipped weights came about differently from this recipe; "" if they did not.
        data, description, licence: For the card.
    """

    name: str
    manifest: str
    classes: dict[str, list[str]]
    kind: str = "dense"
    missing: str = "unknown"
    dims: int = 2
    base: int = 16
    levels: int = 4
    norm: str = "instance"
    intensity: dict[str, Any] = field(default_factory=lambda: {"kind": "none"})
    patch: tuple[int, ...] = (128, 128)
    foreground: float = 0.6
    class_weights: dict[str, float] = field(default_factory=dict)
    flips: tuple[int, ...] = ()
    rotation: float = 15.0
    tilt: float = 0.0
    scale: tuple[float, float] = (0.85, 1.2)
    learning_rate: float = 2e-3
    ema: float = 0.995
    whole_images: bool = False
    notes: str = ""
    data: str = ""
    description: str = ""
    licence: str = "MIT"

    def __post_init__(self) -> None:
        check(self.kind == "dense", "kind", self.kind, '"dense"')
        check(self.missing in MISSING, "missing", self.missing, f"one of {MISSING}")
        check(bool(self.classes) and all(self.classes.values()), "classes", self.classes, "name = [names]")
        check(self.dims in (2, 3), "dims", self.dims, "2 or 3")
        multiple = 2 ** (self.levels - 1)
        whole = len(self.patch) == self.dims and all(side > 0 and side % multiple == 0 for side in self.patch)
        check(whole, "patch", self.patch, f"{self.dims} multiples of {multiple}")
        flips = all(0 <= axis < self.dims for axis in self.flips)
        check(flips, "flips", self.flips, f"axes from 0 to {self.dims - 1}")
        check(0 <= self.foreground <= 1, "foreground", self.foreground, "a share from 0 to 1")
        known = set(self.class_weights) <= set(self.class_names)
        right = known and all(value > 0 for value in self.class_weights.values())
        check(right, "class_weights", self.class_weights, f"weights above 0 of {', '.join(self.class_names)}")
        check(len(self.scale) == 2 and min(self.scale) > 0, "scale", self.scale, "[smallest, largest]")
        check(self.metric in METRICS, "metric", self.metric, f"one of {METRICS}")
        super().__post_init__()

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the channels, the background first."""
        return ("background", *self.classes)

    @property
    def weights(self) -> tuple[float, ...]:
        """Of the classes in the cross-entropy, the background first."""
        return tuple(float(self.class_weights.get(name, 1.0)) for name in self.class_names)

    @property
    def model_options(self) -> dict[str, Any]:
        """Options of the U-Net beside its channels."""
        return {"base": self.base, "levels": self.levels, "norm": self.norm}


def read_dense_recipe(path: str | Path, **overrides: Any) -> DenseRecipe:
    """Read a recipe; `overrides` replace single values.

    Raises:
        ValueError: Not TOML, an unknown key, a missing key, or a value that is not allowed.
    """
    return read_as(path, DenseRecipe, ("name", "manifest", "classes"), overrides)
