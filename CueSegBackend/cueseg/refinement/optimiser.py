"""The iterations: gradients summed over windows, the best weights kept, and when to stop."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from cueseg.refinement.objectives import Objective
from cueseg.refinement.optimisation_run import Logits, OptimisationRun
from cueseg.refinement.options import RefinementOptions
from cueseg.refinement.progress import Reporter
from cueseg.refinement.result import IterationReport
from cueseg.refinement.scribbled_window import ScribbledWindow
from cueseg.refinement.steps import Adam, GradientDescent

__all__ = ["Outcome", "optimise"]


@dataclass(frozen=True)
class Outcome:
    """The best weights and the way to them.

    Attributes:
        values: of the parameters, in their order.
        iterations: steps after which they were reached.
        history: one report per evaluation.
        stopped_by: "satisfied", "iterations", "stalled" or "user".
    """

    values: list[Tensor]
    iterations: int
    history: list[IterationReport]
    stopped_by: str


class _Finished(Exception):  # noqa: N818 -- leaves the line search of L-BFGS
    pass


def optimise(
    parameters: Sequence[nn.Parameter],
    paces: Sequence[Tensor | float],
    windows: Sequence[ScribbledWindow],
    network: Logits,
    objective: Objective,
    options: RefinementOptions,
    reporter: Reporter,
) -> Outcome:
    """Refine parameters until the user's pixels are right and sure, or nothing is gained, or the user stops.

    The best weights are those with the lowest loss; the number of wrong pixels says too little where scribbles ask
    for more than the network can do. With anchors they are those with the fewest wrong user pixels and anchors, so
    that one scribbled class does not take everything; with "paper" too, since its loss counts wrong pixels only. It
    stops as soon as there are none, as its objective then has no gradient.

    Args:
        parameters: what is refined, at its start values; left at the last values tried.
        paces: factors of the learning rate, one per parameter or per value of it.
        windows: what they are asked for.
        network: gives logits with history.
        objective: of the method.
        options: of the refinement.
        reporter: is told of every iteration and window.

    Raises:
        RefinementCancelled: the user gave up.
        RuntimeError: the weights became NaN or infinite.
    """
    run = OptimisationRun(parameters, windows, network, objective, options, reporter)
    if options.method == "f-brs":
        _quasi_newton(run, parameters)
    else:
        _descend(run, parameters, paces, options)
    return Outcome(run.best, run.best_iteration, run.history, run.stopped_by)


def _descend(
    run: OptimisationRun,
    parameters: Sequence[nn.Parameter],
    paces: Sequence[Tensor | float],
    options: RefinementOptions,
) -> None:
    rate = options.effective_learning_rate
    kind = GradientDescent if options.method == "paper" else Adam
    beginnings = -1
    while True:
        run.evaluate()
        if run.stopped_by:
            return
        if beginnings < run.beginnings:  # Adam's memory of larger gradients would make its steps tiny
            optimiser = kind(parameters, [run.pace * rate * pace for pace in paces])
            first, beginnings = beginnings < 0, run.beginnings
            if not first:
                continue  # the gradients are those of other weights
        optimiser.step()
        if not all(parameter.isfinite().all() for parameter in parameters):
            raise RuntimeError(
                f"the refinement diverged after {len(run.history)} iterations: use a learning rate below {rate:g}"
            )


def _quasi_newton(run: OptimisationRun, parameters: Sequence[nn.Parameter]) -> None:
    def loss_and_gradient(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        with torch.no_grad():
            vector_to_parameters(torch.from_numpy(point).to(parameters[0]), parameters)
        evaluation = run.evaluate()
        if evaluation is None or run.stopped_by:
            raise _Finished
        gradient = torch.cat([parameter.grad.flatten() for parameter in parameters])
        return evaluation.loss, gradient.double().cpu().numpy()

    start = parameters_to_vector(parameters).detach().double().cpu().numpy()
    try:
        minimize(
            loss_and_gradient,
            start,
            jac=True,
            method="L-BFGS-B",
            options={"maxcor": 20, "maxfun": run.most + 1, "gtol": 1e-8},
        )
    except _Finished:
        return
    run.stopped_by = "stalled"
