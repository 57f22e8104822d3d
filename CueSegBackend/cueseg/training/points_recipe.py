"""Recipes of networks that learn from seven points (`kind = "points"`): PA-Seg's first stage, as a TOML file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cueseg.seven_points.expansion import DEFAULT_THRESHOLD
from cueseg.training.recipe_values import check, read_as
from cueseg.training.stage_options import StageOptions

LABELS = ("simulated", "expanded", "cut", "true")
NETWORKS = ("unet-2.5d", "unet", "monai-attentionunet")
SELECTIONS = ("weak", "full")


@dataclass(frozen=True, kw_only=True)
class PointsRecipe(StageOptions):
    """Everything that decides the training of a network that tells one target apart; see also `StageOptions`.

    The defaults are those of Zhai, Wang et al. 2022 for the vestibular schwannoma.

    Attributes:
        name: Name of the network.
        manifest: Path of the manifest (see `cueseg.training.cases`), relative to the working directory.
        target: Name of what the network finds.
        parts: Classes of the manifest that make up the target, each with seven points of its own. Not needed where
            the labels are "expanded".
        labels: "expanded": the labels of the manifest already are 0 background, 1 object, 2 unknown, as expanded from
            seven points. "simulated": seven points are simulated from the true labels of every part, and expanded.
            "cut": of the same simulated points every part is cut out by `segment_from_points`, and all other voxels are
            background; ours, not the paper's. "true": the true labels are learned from.
        missing: What a part is where an image has not one voxel of it: "unknown" (the image is not used) or
            "background" (looked for and not there).
        margin: Distance in voxels of the outside points from the object.
        threshold: Of the expansion, a share of the largest geodesic distance.
        points_seed: Of the simulated points, so that networks of other seeds learn from the same.
        network: "unet-2.5d", "unet" (plain 3D) or "monai-attentionunet" (needs the package monai).
        base, levels: Channels of the finest level, number of resolutions.
        flat: Levels that look within slices only, of the 2.5D U-Net.
        intensity: Rule of the network's card; the CRF and the variance look at what it gives.
        patch: (slice, row, col) sides of a training patch, multiples of 2 ** (levels - 1).
        overlap: For the card: share of a window's side that the next one covers again.
        foreground: Share of the patches that hold a voxel with label 1 drawn at random, the others lie anywhere.
        flips: Array axes along which patches are flipped; leave out left and right where the target is of one side.
        flip_share: How often, for each axis.
        crf_weight, variance_weight: Of L_mcrf and L_vm; 0 leaves them out. They are for weak labels.
        ramp: Share of the steps in which these weights rise.
        crf_grid: (slice, row, col) that L_mcrf is computed on; empty: the patch as it is.
        crf_radius, crf_sigmas: Radius of the window in voxels of that grid; widths in voxels and in intensities.
        selection: What chooses the best weights on the split val: "weak" (agreement with the expanded labels and
            tightness in the boxes) or "full" (Dice with the true labels, which weak supervision does not have).
        validate_cases: At most so many images are validated on in training, the first ones of the split val; 0: all.
    """

    name: str
    manifest: str
    target: str
    parts: tuple[str, ...] = ()
    kind: str = "points"
    labels: str = "simulated"
    missing: str = "unknown"
    margin: int = 1
    threshold: float = DEFAULT_THRESHOLD
    points_seed: int = 0
    network: str = "unet-2.5d"
    base: int = 16
    levels: int = 5
    flat: int = 2
    intensity: dict[str, Any] = field(default_factory=lambda: {"kind": "zscore", "nonzero": False})
    patch: tuple[int, ...] = (48, 128, 128)
    overlap: float = 0.5
    foreground: float = 0.5
    flips: tuple[int, ...] = (0, 1, 2)
    flip_share: float = 0.2
    crf_weight: float = 1.0
    variance_weight: float = 0.1
    ramp: float = 0.1
    crf_grid: tuple[int, ...] = (48, 64, 64)
    crf_radius: int = 5
    crf_sigmas: tuple[float, float] = (6.0, 0.1)
    selection: str = "weak"
    validate_cases: int = 0

    def __post_init__(self) -> None:
        self._check_data()
        self._check_network()
        for key in ("crf_weight", "variance_weight", "points_seed", "validate_cases"):
            check(getattr(self, key) >= 0, key, getattr(self, key), "at least 0")
        for key in ("ramp", "foreground", "flip_share"):
            check(0 <= getattr(self, key) <= 1, key, getattr(self, key), "a share from 0 to 1")
        check(self.margin >= 1, "margin", self.margin, "at least 1")
        check(0 < self.threshold < 1, "threshold", self.threshold, "a share above 0 and below 1")
        grid = not self.crf_grid or (len(self.crf_grid) == 3 and min(self.crf_grid) > 0)
        check(grid, "crf_grid", self.crf_grid, "[slices, rows, cols], or [] for the patch as it is")
        check(self.crf_radius >= 1, "crf_radius", self.crf_radius, "at least 1")
        widths = len(self.crf_sigmas) == 2 and min(self.crf_sigmas) > 0
        check(widths, "crf_sigmas", self.crf_sigmas, "[voxels, intensities], both above 0")
        super().__post_init__()

    def _check_data(self) -> None:
        check(self.kind == "points", "kind", self.kind, '"points"')
        check(bool(self.target), "target", self.target, "the name of what the network finds")
        check(self.labels in LABELS, "labels", self.labels, f"one of {LABELS}")
        parts = bool(self.parts) or self.labels == "expanded"
        check(parts, "parts", self.parts, f'classes of the manifest, where labels are "{self.labels}"')
        check(self.missing in ("unknown", "background"), "missing", self.missing, '"unknown" or "background"')
        check(self.selection in SELECTIONS, "selection", self.selection, f"one of {SELECTIONS}")
        full = self.selection == "weak" or self.labels != "expanded"
        check(full, "selection", self.selection, '"weak" with expanded labels: there are no full ones')

    def _check_network(self) -> None:
        check(self.network in NETWORKS, "network", self.network, f"one of {NETWORKS}")
        check(3 <= self.levels <= 6, "levels", self.levels, "3 to 6")
        check(self.base >= 1, "base", self.base, "at least 1")
        check(0 <= self.flat < self.levels, "flat", self.flat, f"0 to {self.levels - 1}")
        multiple = 2 ** (self.levels - 1)
        whole = len(self.patch) == 3 and all(side > 0 and side % multiple == 0 for side in self.patch)
        check(whole, "patch", self.patch, f"3 multiples of {multiple}")
        check(0 <= self.overlap < 1, "overlap", self.overlap, "a share from 0 to below 1")
        flips = all(axis in (0, 1, 2) for axis in self.flips)
        check(flips, "flips", self.flips, "axes from 0 to 2")

    @property
    def class_names(self) -> tuple[str, str]:
        """Names of the channels."""
        return "background", self.target

    @property
    def model_options(self) -> dict[str, Any]:
        """Options of the network beside its channels."""
        if self.network == "monai-attentionunet":
            channels = [self.base * 2**level for level in range(self.levels)]
            return {"channels": channels, "strides": [2] * (self.levels - 1)}
        options: dict[str, Any] = {"base": self.base, "levels": self.levels}
        return options | ({"flat": self.flat} if self.network == "unet-2.5d" else {})


def read_points_recipe(path: str | Path, **overrides: Any) -> PointsRecipe:
    """Read a recipe; `overrides` replace single values.

    Raises:
        ValueError: Not TOML, an unknown key, a missing key, or a value that is not allowed.
    """
    return read_as(path, PointsRecipe, ("name", "manifest", "target"), overrides)
