"""What a round is given, and what its windows are asked for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.refinement.engine import Engine
from cueseg.refinement.options import RefinementOptions
from cueseg.refinement.refined_copy import RefinedCopy
from cueseg.refinement.requests import RefinementRequest
from cueseg.refinement.result import NetworkPrediction
from cueseg.refinement.scribbled_window import ScribbledWindow
from cueseg.refinement.targets import Evidence, find_anchors, scribbled_windows

__all__ = ["InitialState", "RoundInput", "gather_evidence", "grown_scribbles"]


@dataclass(frozen=True)
class InitialState:
    """The network's own prediction.

    Attributes:
        prediction: on the image.
        grid_labels: int16, on the grid.
        grid_sure: float16, probability of these labels.
    """

    prediction: NetworkPrediction
    grid_labels: NDArray[np.int16]
    grid_sure: NDArray[np.float16]


@dataclass(frozen=True)
class RoundInput:
    """What a round works on.

    Attributes:
        request: checked arrays of the user.
        options: of the refinement.
        initial: prediction before.
        image: as given to the session.
        spacing: mm along the image's axes, or None.
    """

    request: RefinementRequest
    options: RefinementOptions
    initial: InitialState
    image: NDArray[Any]
    spacing: tuple[float, ...] | None


def grown_scribbles(given: RoundInput) -> NDArray[np.int16]:
    """The scribbles with what they claim by growing, where the options ask for it."""
    scribbles = given.request.scribbles
    if given.options.growth is None:
        return scribbles
    from cueseg.scribbles import grow_scribbles

    return grow_scribbles(given.image, scribbles, spacing=given.spacing, options=given.options.growth)


def gather_evidence(
    engine: Engine, copy: RefinedCopy, given: RoundInput, grown: NDArray[np.int16], notes: list[str]
) -> list[ScribbledWindow]:
    """What each of the fewest windows that cover the scribbles is asked for.

    Where the user scribbled one class only, pixels of the others are added, and a note says so.
    """
    prepared, plan, options = engine.prepared, engine.plan, given.options
    user = prepared.to_grid(given.request.scribbles)
    other = np.where(user >= 0, np.int16(-1), prepared.to_grid(grown))
    spacing = prepared.grid_spacing or (1.0,) * user.ndim
    evidence = Evidence(user, other, options.grown_weight, spacing)
    chosen = plan.fewest_covering(np.argwhere(user >= 0))
    painted = np.unique(user[user >= 0])
    if len(painted) == 1:
        anchors = find_anchors(
            plan, chosen, evidence, given.initial.grid_labels, given.initial.grid_sure, options.seed
        )
        others = np.where(other >= 0, other, anchors)
        evidence = Evidence(user, others, options.grown_weight, spacing, anchored=True)
        notes.append(_about_one_label(copy.network.card.classes[int(painted[0])], int((anchors >= 0).sum())))
    keeps = options.method == "ce" and options.effective_beta(engine.network.card.dims) > 0
    return scribbled_windows(
        plan,
        chosen,
        evidence,
        keep_channels=engine.network.card.out_channels if keeps else None,
        known=len(engine.network.card.classes),
        device=engine.device,
    )


def _about_one_label(name: str, anchors: int) -> str:
    if anchors:
        return (
            f"only {name} was scribbled, so {anchors} pixels far away, where the network was sure of other classes, "
            "were held at these classes: scribble what is wrong beside it with its own label, background included"
        )
    return (
        f"only {name} was scribbled, and the network was sure of no other class nearby, so {name} may spread: "
        "scribble what it must not take with another label, background included"
    )
