"""What the network has to say for the same scribbles, asked beside the panel: another session, without its history."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cueseg.refinement import Decision, RefinementSession, load_delta
from held_backend import CLASSES, network_named
from ScribbleRefineLib.Networks import Backend
from ScribbleRefineLib.RefineSettings import RefineSettings

_SESSIONS: dict[tuple, RefinementSession] = {}


@dataclass(frozen=True)
class Request:
    """A run, as it begins: all arrays (K, J, I).

    :param kind: "initial", "refine" or "apply".
    """

    kind: str
    network: str
    image: np.ndarray = field(repr=False)
    spacing: tuple[float, ...]
    settings: RefineSettings
    base: np.ndarray = field(repr=False)
    scribbles: np.ndarray = field(repr=False)
    scope: np.ndarray | None = field(repr=False)
    locked: tuple[int, ...]
    weights: str = ""


def answer(request: Request, stopAt: int | None = None):
    """Labels and adapted weights of a run; raises as it does.

    :param stopAt: number of the optimisation's report, from 1, at which the user stops; 0: before it; None: never.
    """
    session, steps = _session(request), []

    def monitor(news):
        steps.extend([1] * (news.stage == "optimise"))
        return None if stopAt is None or len(steps) < stopAt else Decision.STOP

    if request.kind != "refine":
        delta = load_delta(request.weights) if request.weights else None
        return session.predict(delta=delta, monitor=monitor).labels, delta
    known = {*range(len(CLASSES[request.network])), *np.unique([request.base, request.scribbles]).tolist()}
    result = session.refine(
        request.scribbles,
        Backend().makeOptions(request.settings),
        base_labels=request.base,
        scope=request.scope,
        locked=[number for number in request.locked if number in known],
        monitor=monitor,
    )
    return result.labels, result.delta


def _session(request: Request) -> RefinementSession:
    key = (request.network, request.image.tobytes(), request.spacing)
    if key not in _SESSIONS:
        if len(_SESSIONS) > 20:
            _SESSIONS.clear()
        session = RefinementSession(network_named(request.network), cache_megabytes=64)
        session.set_image(request.image, request.spacing, spatial_shape=request.image.shape)
        _SESSIONS[key] = session
    return _SESSIONS[key]
