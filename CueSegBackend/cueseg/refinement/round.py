"""One round: evidence from the scribbles, features, optimisation, prediction, and the limits the user set."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cueseg.refinement.activations import Activation
from cueseg.refinement.engine import Engine, box_of_windows
from cueseg.refinement.evidence import RoundInput, gather_evidence, grown_scribbles
from cueseg.refinement.locality import allowed_region, bounding_box, within_limits
from cueseg.refinement.objectives import create_objective
from cueseg.refinement.optimiser import Outcome, optimise
from cueseg.refinement.options import RefinementOptions
from cueseg.refinement.progress import Reporter
from cueseg.refinement.refined_copy import RefinedCopy
from cueseg.refinement.regularisation import regularised_probabilities
from cueseg.refinement.scribbled_window import ScribbledWindow

__all__ = ["run_round"]

_MARGIN = 2  # voxels of the grid around what may change, for the interpolation back to the image


def run_round(
    engine: Engine, copy: RefinedCopy, given: RoundInput, reporter: Reporter
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Refine the copy and predict with it.

    Args:
        engine: with the image, using `copy`.
        copy: with the network's own weights; left with the best refined ones.
        given: what the user wants.
        reporter: is told.

    Returns:
        The refined weights by name, and the fields of `RefinementResult` but delta, cut and softmax.

    Raises:
        RefinementCancelled: the user gave up.
        RuntimeError: the optimisation diverged.
    """
    notes = list(engine.prepared.notes)
    grown = grown_scribbles(given)
    windows = gather_evidence(engine, copy, given, grown, notes)
    windows = _with_features(engine, windows, given, reporter, notes)
    reporter.finish("features")
    outcome = _optimised(engine, copy, windows, given.options, reporter, notes)
    copy.set_values(dict(zip(copy.parameters, outcome.values, strict=True)))
    reporter.finish("optimise")
    allowed = allowed_region(
        given.request.scribbles, given.request.scope, given.options.keep_radius, given.spacing
    )
    probabilities = _predicted(engine, copy, given, allowed, reporter)
    regular = _regularised(probabilities, given, copy, allowed, notes)
    labels, base = _limited(regular, given, copy.activation, allowed, notes)
    reporter.finish("predict")
    unsatisfied = _unsatisfied(probabilities, given.request.scribbles, copy.activation, allowed)
    fields = {
        "labels": labels,
        "probabilities": probabilities,
        "initial": given.initial.prediction,
        "base_labels": base,
        "history": outcome.history,
        "satisfied": not unsatisfied,
        "unsatisfied": unsatisfied,
        "iterations": outcome.iterations,
        "stopped_by": outcome.stopped_by,
        "seconds": dict(reporter.seconds),
        "grown": grown,
        "notes": notes,
    }
    return copy.values(), fields


def _with_features(
    engine: Engine, windows: list[ScribbledWindow], given: RoundInput, reporter: Reporter, notes: list[str]
) -> list[ScribbledWindow]:
    """Run the trunk where the scribbles are, and keep of it what the iterations need."""
    tiled = []
    engine.cache.pinned = {window.index for window in windows}
    for done, window in enumerate(windows):
        reporter.report("features", done, len(windows))
        tiled.append(engine.tiled(window, given.initial.grid_labels, given.options.seed))
    reporter.report("features", len(windows), len(windows))
    missing = sum(window.tiles is None and window.index not in engine.cache for window in tiled)
    if missing:
        notes.append(
            f"the features of {missing} of {len(windows)} windows with scribbles do not fit into the cache and are "
            "computed again in every iteration: a larger cache_megabytes, or half_cache, makes this faster"
        )
    return tiled


def _optimised(
    engine: Engine,
    copy: RefinedCopy,
    windows: list[ScribbledWindow],
    options: RefinementOptions,
    reporter: Reporter,
    notes: list[str],
) -> Outcome:
    parameters, paces = list(copy.parameters.values()), list(copy.paces.values())
    objective = create_objective(copy.activation, options, list(copy.start.values()), copy.network.card.dims)
    held = objective.beta
    with torch.enable_grad():
        outcome = optimise(parameters, paces, windows, engine, objective, options, reporter)
    if objective.beta < held:
        notes.append(
            f"the scribbles contradict most of what the network says, so the keep penalty was lowered from {held:g} "
            f"to {objective.beta:.2g}: check the regions that you did not scribble"
        )
    return outcome


def _predicted(
    engine: Engine,
    copy: RefinedCopy,
    given: RoundInput,
    allowed: NDArray[np.bool_] | None,
    reporter: Reporter,
) -> NDArray[np.float32]:
    """Probabilities on the image; where nothing may change, those of the initial prediction."""
    prepared = engine.prepared

    def report(done: int, total: int) -> None:
        reporter.report("predict", done, total)

    if allowed is None:
        return prepared.to_image(copy.activation.probabilities(engine.predict(report)))
    before = given.initial.prediction.probabilities
    result = np.zeros((len(copy.network.card.classes), *prepared.image_shape), np.float32)
    result[: len(before)] = before
    low, high = box_of_windows(engine.plan, *bounding_box(prepared.mask_to_grid(allowed)), _MARGIN)
    whole = torch.zeros((len(result), *prepared.grid_shape))
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    whole[(slice(None), *box)] = copy.activation.probabilities(engine.predict(report, low, high))
    after = prepared.to_image(whole)
    result[:, allowed] = after[:, allowed]
    return result


def _regularised(
    probabilities: NDArray[np.float32],
    given: RoundInput,
    copy: RefinedCopy,
    allowed: NDArray[np.bool_] | None,
    notes: list[str],
) -> NDArray[np.float32]:
    """Probabilities whose labels follow the edges of the image near the scribbles, where the options ask for it."""
    kind = given.options.regularise
    if kind == "none":
        return probabilities
    if not copy.network.card.exclusive:
        notes.append(
            "the classes of this network overlap, so their labels were not brought to the image's edges"
        )
        return probabilities
    return regularised_probabilities(
        probabilities, given.image, given.request.scribbles, given.spacing, kind, allowed=allowed
    )


def _limited(
    probabilities: NDArray[np.float32],
    given: RoundInput,
    activation: Activation,
    allowed: NDArray[np.bool_] | None,
    notes: list[str],
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Labels within the limits, and the labels before."""
    request = given.request
    base = given.initial.prediction.labels if request.base_labels is None else request.base_labels
    labels = within_limits(
        probabilities,
        base,
        request.scribbles,
        activation,
        allowed=allowed,
        locked=request.locked,
        clamp=given.options.clamp_scribbles,
    )
    painted = request.scribbles >= 0
    outside = 0 if allowed is None else int((painted & ~allowed).sum())
    if outside:
        notes.append(
            f"{outside} scribbled pixels lie outside the scope: they taught the network but stay as they were"
        )
    held = np.isin(base, list(request.locked)) | np.isin(request.scribbles, list(request.locked))
    held &= painted & (labels != request.scribbles)
    if held.any():
        notes.append(
            f"{int(held.sum())} scribbled pixels keep their label, because it or the scribble's is locked"
        )
    return labels, base


def _unsatisfied(
    probabilities: NDArray[np.float32],
    scribbles: NDArray[np.int16],
    activation: Activation,
    allowed: NDArray[np.bool_] | None,
) -> dict[int, NDArray[np.int64]]:
    painted = scribbles >= 0 if allowed is None else (scribbles >= 0) & allowed
    places = np.argwhere(painted)
    classes = scribbles[painted]
    wrong = activation.disagrees(probabilities[:, painted], classes)
    return {int(number): places[wrong & (classes == number)] for number in np.unique(classes[wrong])}
