"""The card of a weights file: everything that must agree between training and use. Needs no torch."""

import json
import math
import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from cueseg.intensity import IntensityRule

__all__ = ["CROP_MODES", "CUES", "CUE_PRESETS", "WeightsCard"]

CUES = {"none": 0, "cm": 1, "ep": 1, "cm+ep": 2}
"""Cue -> its number of channels: confidence map (cm), Gaussians at the extreme points (ep), both, none."""

CUE_PRESETS = ("paper", "code")
CROP_MODES = ("square", "stretch")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class WeightsCard:
    """Settings, origin and quality of one weights file; values are checked on construction.

    Attributes:
        name: short name, letters, digits and ``._+-``; `load_model` knows shipped weights by it.
        file: name of the weights file beside the card; "" until saved.
        sha256: of the weights file, 64 lower-case hex digits; "" until saved.
        architecture: a name of `cueseg.models.MODEL_NAMES`.
        model_options: options for `create_model`.
        in_channels: 3 plus the channels of the cue.
        cue: a key of `CUES`; with "cm+ep" the confidence map comes first.
        cue_preset: preset of the confidence map, "paper" or "code".
        crop_mode: "square" (Khan & Shahin 2019) or "stretch" (DEXTR).
        input_size: side of the network's input in pixels.
        box_size: side of the box in the 512 frame of the paper, in pixels of that frame; square crops only.
        crop_margin: pixels of the image around the box; stretched crops only.
        intensity: settings of `cueseg.intensity.IntensityRule`.
        threshold: probability from which a pixel belongs to the mask.
        average_flips: whether to average the probabilities of the flipped windows.
        training: data, seed, steps, recipe, commit.
        metrics: measured quality, by data set.
        licence: of the weights, e.g. "MIT".
        description: one or two sentences for the user.

    Raises:
        ValueError: a value that is not allowed; the message names the field, the value and what is allowed.
    """

    name: str
    architecture: str
    licence: str
    file: str = ""
    sha256: str = ""
    model_options: dict[str, Any] = field(default_factory=dict)
    in_channels: int = 4
    cue: str = "cm"
    cue_preset: str = "paper"
    crop_mode: str = "square"
    input_size: int = 512
    box_size: float = 375.0
    crop_margin: int = 50
    intensity: dict[str, Any] = field(default_factory=lambda: IntensityRule().to_card())
    threshold: float = 0.5
    average_flips: bool = False
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    description: str = ""

    def __post_init__(self) -> None:
        _check_texts(self)
        _check_choices(self)
        _check_numbers(self)
        for name in ("model_options", "intensity", "training", "metrics"):
            object.__setattr__(self, name, _json_dict(name, getattr(self, name)))
        _check_intensity(self.intensity)

    def to_json(self) -> str:
        """The card as JSON text, every field written."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "WeightsCard":
        """Read a card, in which every field is written.

        Raises:
            ValueError: not JSON, not an object, fields missing or unknown (all named), a wrong value.
        """
        try:
            values = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(
                f"the card is not valid JSON ({error}): restore it or save the model again"
            ) from error
        if not isinstance(values, dict):
            raise ValueError(f"the card must be a JSON object of fields, not a {type(values).__name__}")
        known = [item.name for item in fields(cls)]
        missing = [name for name in known if name not in values]
        unknown = [name for name in values if name not in known]
        if missing or unknown:
            complaints = [f"lacks {', '.join(missing)}"] if missing else []
            complaints += [f"has unknown fields {', '.join(unknown)}"] if unknown else []
            raise ValueError(f"the card {' and '.join(complaints)}: its fields are {', '.join(known)}")
        return cls(**values)


def _refuse(name: str, value: object, allowed: str) -> None:
    raise ValueError(f"card field {name} is {value!r}: it must be {allowed}")


def _check_texts(card: WeightsCard) -> None:
    for name in ("name", "file", "sha256", "architecture", "licence", "description"):
        if not isinstance(getattr(card, name), str):
            _refuse(name, getattr(card, name), "a text")
    for name in ("architecture", "licence"):
        if not getattr(card, name).strip():
            _refuse(name, getattr(card, name), "given, not empty")
    if not _NAME.fullmatch(card.name):
        _refuse("name", card.name, "letters, digits and ._+-, beginning with a letter or digit")
    if card.file and not (_NAME.fullmatch(card.file) and card.file.endswith(".pt")):
        _refuse("file", card.file, "the name of a .pt file, without a folder")
    if card.sha256 and not _SHA256.fullmatch(card.sha256):
        _refuse("sha256", card.sha256, "64 hexadecimal digits in lower case")


def _check_choices(card: WeightsCard) -> None:
    choices = {"cue": tuple(CUES), "cue_preset": CUE_PRESETS, "crop_mode": CROP_MODES}
    for name, allowed in choices.items():
        value = getattr(card, name)
        if not isinstance(value, str) or value not in allowed:
            _refuse(name, value, f"one of {', '.join(allowed)}")
    if type(card.average_flips) is not bool:
        _refuse("average_flips", card.average_flips, "true or false")
    if type(card.in_channels) is not int or card.in_channels != 3 + CUES[card.cue]:
        _refuse("in_channels", card.in_channels, f"{3 + CUES[card.cue]} with cue {card.cue!r}")


def _check_numbers(card: WeightsCard) -> None:
    if type(card.input_size) is not int or not 32 <= card.input_size <= 4096:
        _refuse("input_size", card.input_size, "a whole number of pixels from 32 to 4096")
    if type(card.crop_margin) is not int or card.crop_margin < 0:
        _refuse("crop_margin", card.crop_margin, "a whole number of pixels, 0 or more")
    if not (_is_number(card.box_size) and 0 < card.box_size <= 512):
        _refuse("box_size", card.box_size, "above 0 and at most 512, the side of the paper's frame")
    if not (_is_number(card.threshold) and 0 < card.threshold < 1):
        _refuse("threshold", card.threshold, "between 0 and 1")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _json_dict(name: str, value: object) -> dict[str, Any]:
    """A copy of the dict as JSON gives it back (tuples as lists), so a card equals its own round trip."""
    if not isinstance(value, dict):
        _refuse(name, value, "an object of named values")
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"card field {name} is {value!r}: {error}; use what JSON can hold") from error


def _check_intensity(intensity: dict[str, Any]) -> None:
    known = list(IntensityRule().to_card())
    if sorted(intensity) != sorted(known):
        _refuse("intensity", intensity, f"an object with {' and '.join(known)}, nothing else")
    for name, pair in intensity.items():
        if not (
            isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair)) and pair[0] < pair[1]
        ):
            _refuse(f"intensity.{name}", pair, "[low, high] with low < high")
    low, high = intensity["mr_percentiles"]
    if low < 0 or high > 100:
        _refuse("intensity.mr_percentiles", [low, high], "within 0 and 100")
