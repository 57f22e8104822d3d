"""Training recipes: a small TOML file with one value per line; unknown or wrongly typed values are errors."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cueseg.training.loop_options import LoopOptions
from cueseg.training.recipe_values import check, read_values

CUES = ("cm", "ep", "cm+ep", "none")
LOSSES = ("bce-dice", "balanced-sum", "balanced-mean")
AUGMENTATIONS = ("wide", "paper", "none")
ORDERS = ("random", "epochs")
METRICS = ("mean", "exact", "disturbed", "worst")


@dataclass(frozen=True)
class Phase:
    """What is drawn from step `first` on: the input side and the share of every group of images."""

    first: int
    size: int
    shares: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Recipe(LoopOptions):
    """Everything that decides a training run; see also `LoopOptions`.

    Attributes:
        name: Name of the weights.
        manifest: Path of the manifest, relative to the working directory.
        architecture: Name for `cueseg.create_model`; `model_options` go with it.
        encoder_weights: Optional file with ImageNet weights of the encoder, for "compact".
        initial_weights: Optional weights to start from: a file with its card, or a checkpoint in DEXTR's layout for
            "psp-resnet101".
        cue: "cm" (confidence map), "ep" (Gaussian points), "cm+ep" or "none".
        cue_preset: Preset of the confidence map.
        loss: "bce-dice", or class-balanced cross-entropy, "balanced-sum" (the paper's, summed over pixels) or
            "balanced-mean" (over the pixels, so that its rates are those of other losses).
        augmentation: "wide", "paper" (flip, rotation, zoom of Khan & Shahin 2019) or "none".
        order: "random" (classes equally likely, then structures), or "epochs": every structure once per epoch, all
            planes alike; for groups of labelled images.
        plane_share: Share of random samples from slices that are not axial; with "epochs", 0 leaves these out.
        jitter: Largest click error in pixels (never more than a tenth of the box).
        average_flips: For the card: whether probabilities are averaged over flips of the window.
        threshold: For the card: probability from which a pixel belongs to the mask, in validation, too.
        data: For the card: what the training images are, with their terms.
        description: For the card: a sentence for the user.
        phases: What is drawn when; the first begins at step 0, the last one's input side is used afterwards.
        metric: What is maximised: the mean Dice over the columns with "exact" clicks, with "disturbed" ones, their
            "mean", or the "worst" column of both.
    """

    name: str
    manifest: str
    architecture: str = "compact"
    model_options: dict[str, Any] = field(default_factory=dict)
    encoder_weights: str = ""
    initial_weights: str = ""
    cue: str = "cm"
    cue_preset: str = "paper"
    loss: str = "bce-dice"
    augmentation: str = "wide"
    order: str = "random"
    plane_share: float = 0.25
    jitter: float = 3.0
    average_flips: bool = False
    threshold: float = 0.5
    data: str = ""
    description: str = ""
    phases: tuple[Phase, ...] = ()
    batch: int = 16
    steps: int = 5000
    warm_up: int = 200

    def __post_init__(self) -> None:
        for key, allowed in (
            ("cue", CUES),
            ("loss", LOSSES),
            ("augmentation", AUGMENTATIONS),
            ("order", ORDERS),
            ("metric", METRICS),
        ):
            check(getattr(self, key) in allowed, key, getattr(self, key), f"one of {allowed}")
        check(0 < self.threshold < 1, "threshold", self.threshold, "between 0 and 1")
        firsts = [phase.first for phase in self.phases]
        if not firsts or firsts[0] != 0 or firsts != sorted(set(firsts)):
            raise ValueError(f"phases must begin at step 0 and follow one another, got first = {firsts}")
        if not all(phase.shares and sum(phase.shares.values()) > 0 for phase in self.phases):
            raise ValueError("a phase names no shares: which groups of images to train on?")
        super().__post_init__()

    @property
    def in_channels(self) -> int:
        """Channels of the network's input: RGB and one per cue."""
        return 3 + {"none": 0, "cm": 1, "ep": 1, "cm+ep": 2}[self.cue]

    def phase_at(self, step: int) -> Phase:
        """The phase of a step."""
        return next(phase for phase in reversed(self.phases) if step >= phase.first)

    @property
    def groups(self) -> set[str]:
        """Groups of images that any phase draws from."""
        return {group for phase in self.phases for group in phase.shares}


def read_recipe(path: str | Path, **overrides: Any) -> Recipe:
    """Read a recipe; `overrides` replace single values.

    Raises:
        ValueError: Not TOML, an unknown key, a missing key, or a value that is not allowed.
    """
    values = read_values(path, Recipe, ("name", "manifest"), overrides)
    values["phases"] = tuple(_read_phase(path, phase) for phase in values.get("phases", ()))
    try:
        return Recipe(**values)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _read_phase(path: str | Path, values: Any) -> Phase:
    wanted = {"first", "size", "shares"}
    if not isinstance(values, dict) or set(values) != wanted or not isinstance(values["shares"], dict):
        raise ValueError(f"{path}: a phase has the settings first, size and shares, got {values!r}")
    return Phase(
        int(values["first"]), int(values["size"]), {k: float(v) for k, v in values["shares"].items()}
    )
