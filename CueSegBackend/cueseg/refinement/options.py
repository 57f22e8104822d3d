"""Settings of a refinement, with the defaults of each method. Needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cueseg.scribbles import GrowthOptions

__all__ = ["METHODS", "PAPER_READINGS", "REGULARISERS", "RefinementOptions"]

REGULARISERS = ("none", "graph-cut", "random-walker")
METHODS = ("ce", "paper", "f-brs")
PAPER_READINGS = ("log-likelihood", "nll")

_LEARNING_RATES = {"ce": 3e-3, "paper": 1e-2, "f-brs": None}
_ALPHAS = {"ce": 1e-3, "paper": 1e-2, "f-brs": 1e-3}
_BETAS = {2: 0.1, 3: 3000.0}
_EVALUATIONS = 20  # of f-BRS


@dataclass(frozen=True, kw_only=True)
class RefinementOptions:
    """How to refine; values are checked on construction.

    Attributes:
        method: "ce": class-balanced cross-entropy on the scribbles, a squared penalty on the change of the weights
            and a term that keeps distant regions (Adam). "paper": Sambaturu et al. 2021, Eq. 2, with the true
            gradient of its regulariser (SGD). "f-brs": scale and bias of each channel of one feature map
            (Sofiiuk et al. 2020; L-BFGS).
        layers: which layers are refined: their number, counted from the output, or their names; None takes those of
            the network's card, else the head and the block before it. "f-brs" scales the input of the first of them.
        learning_rate: None takes 3e-3 ("ce"), 1e-2 ("paper"); "f-brs" has none.
        max_iterations: most steps; "f-brs" takes at most 20 evaluations.
        alpha: weight of the penalty on the change of the weights; None takes 1e-3 (squared; "ce", "f-brs") or 1e-2
            (the norm itself; "paper").
        beta: weight of the term that keeps regions far from the scribbles; "ce" only. None takes 0.1 for 2D networks
            and 3000 for 3D ones, whose objects are a small share of what the term's mean runs over; if more than half
            of the user's pixels stay wrong to the end under 3000, it is lowered and as many steps are taken again.
        confidence: probability that every user pixel must reach before the refinement may stop early.
        growth: grow the scribbles to neighbours of like intensity; None: only the user's own pixels count.
        grown_weight: weight of grown pixels against the user's own, per class.
        keep_radius: mm; voxels farther from every scribble keep their label. None: no limit.
        regularise: how the labels near the scribbles are brought to the edges of the image, after the refinement; see
            `regularised_probabilities`. Classes that overlap are left as they are.
        clamp_scribbles: give the user's pixels their label in the result whatever the network says.
        paper_reading: what Psi of Eq. 2 is: the "log-likelihood" of the current labelling, or its negative ("nll").
        seed: of everything random.

    Raises:
        ValueError: a value that is not allowed; the message names it and what is allowed.
    """

    method: str = "ce"
    layers: int | tuple[str, ...] | None = None
    learning_rate: float | None = None
    max_iterations: int = 60
    alpha: float | None = None
    beta: float | None = None
    confidence: float = 0.9
    growth: GrowthOptions | None = None
    grown_weight: float = 0.5
    keep_radius: float | None = None
    regularise: str = "random-walker"
    clamp_scribbles: bool = True
    paper_reading: str = "log-likelihood"
    seed: int = 0

    def __post_init__(self) -> None:
        _check_choice("method", self.method, METHODS)
        _check_choice("regularise", self.regularise, REGULARISERS)
        _check_choice("paper_reading", self.paper_reading, PAPER_READINGS)
        if isinstance(self.layers, str | list):
            object.__setattr__(
                self, "layers", (self.layers,) if isinstance(self.layers, str) else tuple(self.layers)
            )
        _check_layers(self.layers)
        if self.learning_rate is not None:
            _check_number("learning_rate", self.learning_rate, above=0.0)
        _check_whole("max_iterations", self.max_iterations, 0)
        if self.alpha is not None:
            _check_number("alpha", self.alpha, least=0.0)
        if self.beta is not None:
            _check_number("beta", self.beta, least=0.0)
        _check_number("confidence", self.confidence, least=0.0)
        if self.confidence >= 1:
            raise ValueError(
                f"confidence is {self.confidence!r}: it must be below 1, which no network reaches"
            )
        _check_number("grown_weight", self.grown_weight, least=0.0)
        if self.keep_radius is not None:
            _check_number("keep_radius", self.keep_radius, above=0.0)
        _check_whole("seed", self.seed, 0)

    @property
    def effective_learning_rate(self) -> float | None:
        """The learning rate in force; None with "f-brs"."""
        return _LEARNING_RATES[self.method] if self.learning_rate is None else self.learning_rate

    @property
    def effective_alpha(self) -> float:
        """The weight of the penalty in force."""
        return _ALPHAS[self.method] if self.alpha is None else self.alpha

    def effective_beta(self, dims: int) -> float:
        """The weight of the term that keeps regions, for a network of 2 or 3 dimensions."""
        return _BETAS[dims] if self.beta is None else self.beta

    @property
    def effective_iterations(self) -> int:
        """Most iterations in force."""
        return min(self.max_iterations, _EVALUATIONS - 1) if self.method == "f-brs" else self.max_iterations


def _check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}: it must be one of {', '.join(allowed)}")


def _check_layers(layers: object) -> None:
    if layers is None or (type(layers) is int and layers >= 1):
        return
    if isinstance(layers, tuple) and layers and all(isinstance(name, str) for name in layers):
        return
    raise ValueError(
        f"layers is {layers!r}: give how many to refine, counted from the output (1 or more), a tuple of names of "
        "list_layers(network), or None for the default"
    )


def _check_whole(name: str, value: object, least: int) -> None:
    if type(value) is not int or value < least:
        raise ValueError(f"{name} is {value!r}: it must be a whole number, {least} or more")


def _check_number(
    name: str, value: object, *, least: float | None = None, above: float | None = None
) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or (least is not None and value < least) or (above is not None and value <= above):
        bound = f"{least:g} or more" if least is not None else f"above {above:g}"
        raise ValueError(f"{name} is {value!r}: it must be a number, {bound}")
