"""All choices of one refinement that are not nodes; they go into a file and come back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

METHODS = ("ce", "paper", "f-brs")
REGULARISERS = ("none", "graph-cut", "random-walker")
GROWTH_RULES = ("neighbour", "seed")
PAPER_READINGS = ("log-likelihood", "nll")
MODALITIES = ("ct", "mr", "grey", "rgb")

_CHOICES = {
    "method": METHODS,
    "growthRule": GROWTH_RULES,
    "regularise": REGULARISERS,
    "paperReading": PAPER_READINGS,
}
_RANGES = {  # lowest, highest value; None: the field may be None too
    "learningRate": (1e-8, 10.0),
    "maxIterations": (0, 10_000),
    "alpha": (0.0, 1e6),
    "beta": (0.0, 1e6),
    "confidence": (0.0, 0.999),
    "growthThreshold": (0.0, 1e9),
    "growthRadius": (0.0, 1e4),
    "grownWeight": (0.0, 1.0),
    "keepRadius": (1e-3, 1e4),
    "cacheMegabytes": (0, 1_000_000),
    "seed": (0, 2**31 - 1),
}
_OPTIONAL = ("layers", "learningRate", "alpha", "beta", "keepRadius", "modality")
_SWITCHES = ("clampScribbles", "useEarlierScribbles", "halfCache")
_WHOLE = ("maxIterations", "cacheMegabytes", "seed")


@dataclass(frozen=True)
class RefineSettings:
    """What `Session.refine` is to do; the values are checked on construction.

    :param layers: last layers to refine: their number, their names, or None for the network's own choice.
    :param growthThreshold: difference of neighbouring voxels, in units of the image, up to which scribbles
        grow; 0 switches growing off.
    :param growthRadius: mm that scribbles grow at most.
    :param keepRadius: mm around the scribbles outside which nothing changes; None: no limit.
    :param regularise: how the labels near the scribbles are brought to the edges of the image.
    :param useEarlierScribbles: also the scribbles of earlier rounds, not the new ones alone.
    :param modality: tells growing and intensity rules what the image is; None: unknown.
    :param device: "auto", "cpu", "cuda", ...
    """

    method: str = "ce"
    layers: int | tuple[str, ...] | None = None
    learningRate: float | None = None
    maxIterations: int = 60
    alpha: float | None = None
    beta: float | None = None
    confidence: float = 0.9
    growthThreshold: float = 0.0
    growthRule: str = "neighbour"
    growthRadius: float = 10.0
    grownWeight: float = 0.5
    keepRadius: float | None = None
    regularise: str = "random-walker"
    clampScribbles: bool = True
    paperReading: str = "log-likelihood"
    useEarlierScribbles: bool = True
    modality: str | None = None
    device: str = "auto"
    cacheMegabytes: int = 1024
    halfCache: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.name in _OPTIONAL:
                continue
            problem = _problem(field.name, value)
            if problem:
                raise ValueError(f"{field.name} is {value!r}: {problem}")
        if isinstance(self.layers, list):
            object.__setattr__(self, "layers", tuple(self.layers))

    @property
    def grows(self) -> bool:
        """Whether scribbles grow."""
        return self.growthThreshold > 0

    def toJson(self) -> str:
        """The settings as text."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def fromJson(cls, text: str) -> RefineSettings:
        """Settings from text; fields that are not in it keep their defaults.

        :raises ValueError: not JSON, an unknown field, or a value that cannot be.
        """
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"the settings are not JSON ({error}): save them again from the panel"
            ) from error
        if not isinstance(found, dict):
            raise ValueError(
                f"the settings are a {type(found).__name__}: an object with named fields is needed"
            )
        unknown = sorted(set(found) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(unknown)}; remove them from the file")
        return cls(**found)


@dataclass(frozen=True)
class BoxSettings:
    """What the segmentation of one object is to do; `cueseg.bifseg.BifsegOptions` explains and checks the values.

    :param layers: last layers to tune: their number, or None for the network's own choice.
    :param learningRate: None for what suits the method.
    """

    smoothness: float = 0.3
    sigma: float = 0.1
    t0: float = 0.2
    t1: float = 0.7
    epsilon: float = 0.05
    omega: float = 5.0
    alternations: int = 4
    layers: int | None = None
    learningRate: float | None = None


def _problem(name: str, value: Any) -> str:
    """What is wrong with the value, in words; empty when nothing is."""
    if name in _CHOICES:
        return "" if value in _CHOICES[name] else f"use one of {', '.join(_CHOICES[name])}"
    if name == "modality":
        return "" if value in MODALITIES else f"use one of {', '.join(MODALITIES)}, or none"
    if name in _SWITCHES:
        return "" if isinstance(value, bool) else "use true or false"
    if name == "device":
        return "" if isinstance(value, str) and value else "name a device, or use auto"
    if name == "layers":
        return _layersProblem(value)
    isNumber = isinstance(value, (int, float)) and not isinstance(value, bool)
    low, high = _RANGES[name]
    if name in _WHOLE and not isinstance(value, int):
        return "use a whole number"
    return "" if isNumber and low <= value <= high else f"use a number from {low:g} to {high:g}"


def _layersProblem(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        fine = bool(value) and all(isinstance(name, str) and name for name in value)
    else:
        fine = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    return "" if fine else "use the number of last layers (1 or more) or a list of their names"
