"""Training recipes: a small TOML file with one value per line; unknown or wrongly typed values are errors."""

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CUES = ("cm", "ep", "cm+ep", "none")


@dataclass(frozen=True)
class Phase:
    """What is drawn from step `first` on: the input side and the share of every group of images."""

    first: int
    size: int
    shares: dict[str, float]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run.

    Attributes:
        name: Name of the weights.
        manifest: Path of the manifest, relative to the working directory.
        architecture: Name for `cueseg.create_model`; `model_options` go with it.
        encoder_weights: Optional file with ImageNet weights of the encoder.
        cue: "cm" (confidence map), "ep" (Gaussian points), "cm+ep" or "none".
        cue_preset: Preset of the confidence map.
        plane_share: Share of samples from slices that are not axial.
        jitter: Largest click error in pixels (never more than a tenth of the box).
        average_flips: For the card: whether probabilities are averaged over flips of the window.
        data: For the card: what the training images are, with their terms.
        description: For the card: a sentence for the user.
        phases: What is drawn when; the first begins at step 0, the last one's input side is used afterwards.
        validate_every: Steps between validations; the best mean Dice over the columns is kept.
        ema: Decay of the running mean of the weights, which is what is validated and kept.
    """

    name: str
    manifest: str
    architecture: str = "compact"
    model_options: dict[str, Any] = field(default_factory=dict)
    encoder_weights: str = ""
    cue: str = "cm"
    cue_preset: str = "paper"
    plane_share: float = 0.25
    jitter: float = 3.0
    average_flips: bool = False
    data: str = ""
    description: str = ""
    phases: tuple[Phase, ...] = ()
    batch: int = 16
    steps: int = 5000
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    warm_up: int = 200
    ema: float = 0.998
    validate_every: int = 500
    seed: int = 0
    threads: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        if self.cue not in CUES:
            raise ValueError(f"cue must be one of {CUES}, got {self.cue!r}")
        firsts = [phase.first for phase in self.phases]
        if not firsts or firsts[0] != 0 or firsts != sorted(set(firsts)):
            raise ValueError(f"phases must begin at step 0 and follow one another, got first = {firsts}")
        if not all(phase.shares and sum(phase.shares.values()) > 0 for phase in self.phases):
            raise ValueError("a phase names no shares: which groups of images to train on?")
        for key in ("batch", "steps", "validate_every"):
            if getattr(self, key) < 1:
                raise ValueError(f"{key} must be at least 1, got {getattr(self, key)}")

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
        ValueError: Not TOML, an unknown key, or a value of the wrong type.
    """
    try:
        values = tomllib.loads(Path(path).read_text()) | overrides
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not a recipe: {error}") from error
    fields = {f.name: f for f in dataclasses.fields(Recipe)}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise ValueError(f"{path}: unknown setting {unknown[0]!r}; known: {', '.join(fields)}")
    kinds = {"str": str, "int": int, "float": (int, float)}
    for key, value in values.items():
        kind = kinds.get(str(getattr(fields[key].type, "__name__", fields[key].type)))
        if kind and (not isinstance(value, kind) or isinstance(value, bool)):
            raise ValueError(f"{path}: {key} must be {fields[key].type}, got {value!r}")
    missing = [key for key in ("name", "manifest") if key not in values]
    if missing:
        raise ValueError(f"{path}: the recipe lacks {missing[0]!r}")
    values["phases"] = tuple(_read_phase(path, phase) for phase in values.get("phases", ()))
    return Recipe(**values)


def _read_phase(path: str | Path, values: Any) -> Phase:
    wanted = {"first", "size", "shares"}
    if not isinstance(values, dict) or set(values) != wanted or not isinstance(values["shares"], dict):
        raise ValueError(f"{path}: a phase has the settings first, size and shares, got {values!r}")
    return Phase(
        int(values["first"]), int(values["size"]), {k: float(v) for k, v in values["shares"].items()}
    )
