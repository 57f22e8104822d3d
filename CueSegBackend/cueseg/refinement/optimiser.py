"""The iterations: gradients summed over windows, the best weights kept, and when to stop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from cueseg.refinement.objectives import Evaluation, Objective
from cueseg.refinement.options import RefinementOptions
from cueseg.refinement.progress import Reporter
from cueseg.refinement.result import IterationReport
from cueseg.refinement.scribbled_window import ScribbledWindow
from cueseg.refinement.steps import Adam, GradientDescent

__all__ = ["Outcome", "optimise"]

_PATIENCE = 10  # iterations without progress
_STRAY = 0.05  # of the anchors may change their label
_SLOWER, _LEAST_PACE = (
    3.0,
    0.2,
)  # divisor of the steps that gained nothing, as long as they are above the least
_PROGRESS = 1e-3  # of the loss, which counts as progress


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


class _Run:
    """Evaluates the parameters, remembers the best, and says when to stop."""

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        windows: Sequence[ScribbledWindow],
        logits_of_window: Callable[[ScribbledWindow], Tensor],
        objective: Objective,
        options: RefinementOptions,
        reporter: Reporter,
    ) -> None:
        self._parameters = list(parameters)
        self._windows = windows
        self._logits = logits_of_window
        self._objective = objective
        self._options = options
        self._reporter = reporter
        self._began = reporter.elapsed
        self._best_key: tuple[float, float] | None = None
        self._progress_key: tuple[float, float] | None = None
        self._progress_at = 0
        self.pace = 1.0  # of the learning rate
        self.most = options.effective_iterations
        self.best = [parameter.detach().clone() for parameter in self._parameters]
        self.best_iteration = 0
        self.history: list[IterationReport] = []
        self.stopped_by = ""
        self.beginnings = 0

    def evaluate(self) -> Evaluation | None:
        """Loss and gradients at the present weights; None if the user stopped in between."""
        done = len(self.history)
        for parameter in self._parameters:
            parameter.grad = None
        for number, window in enumerate(self._windows):
            if number > 0:
                self._reporter.report("optimise", done, self.most)
                if self._reporter.stopped:
                    self.stopped_by = "user"
                    return None
            self._objective.backward(self._logits(window), window)
        evaluation = self._objective.finish(self._parameters)
        self._remember(evaluation)
        return evaluation

    def _remember(self, evaluation: Evaluation) -> None:
        done = len(self.history)
        seconds = self._reporter.elapsed - self._began
        self.history.append(IterationReport(done, evaluation.loss, dict(evaluation.wrong), seconds))
        counts = self._options.method == "paper" or evaluation.anchors > 0
        key = (evaluation.wrong_share if counts else 0.0, evaluation.loss)
        if self._best_key is None or key < self._best_key:
            self._best_key, self.best_iteration = key, done
            self.best = [parameter.detach().clone() for parameter in self._parameters]
        known = self._progress_key
        if known is None or key[0] < known[0] or (key[0] == known[0] and key[1] < known[1] * (1 - _PROGRESS)):
            self._progress_key, self._progress_at = key, done
        self._reporter.iteration(done, self.most, evaluation.wrong, evaluation.loss)
        self.stopped_by = self._reason(evaluation, done)
        if self._options.method == "ce" and self.stopped_by in ("stalled", "iterations"):
            self._go_on(evaluation, done)

    def _go_on(self, evaluation: Evaluation, done: int) -> None:
        """From the best weights: with smaller steps, or, where most is still wrong, holding the network less."""
        if self.stopped_by == "stalled" and self.pace > _LEAST_PACE:
            self.pace /= _SLOWER
        elif evaluation.violations > 0.5 * evaluation.users and self._objective.relax():
            self.pace, self.most = 1.0, done + self._options.effective_iterations
            self._best_key = self._progress_key = None
        else:
            return
        self._progress_at, self.stopped_by = done, ""
        self.beginnings += 1
        with torch.no_grad():
            for parameter, value in zip(self._parameters, self.best, strict=True):
                parameter.copy_(value)

    def _reason(self, evaluation: Evaluation, done: int) -> str:
        sure_enough = self._options.method == "paper" or evaluation.least_sure >= self._options.confidence
        held = evaluation.strayed <= _STRAY * evaluation.anchors
        if evaluation.violations == 0 and sure_enough and held:
            return "satisfied"
        if self._reporter.stopped:
            return "user"
        if done >= self.most:
            return "iterations"
        return "stalled" if done - self._progress_at >= _PATIENCE else ""


def optimise(
    parameters: Sequence[nn.Parameter],
    paces: Sequence[Tensor | float],
    windows: Sequence[ScribbledWindow],
    logits_of_window: Callable[[ScribbledWindow], Tensor],
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
        logits_of_window: window -> logits (1, C, *size), or of its tiles, with history.
        objective: of the method.
        options: of the refinement.
        reporter: is told of every iteration and window.

    Raises:
        RefinementCancelled: the user gave up.
        RuntimeError: the weights became NaN or infinite.
    """
    run = _Run(parameters, windows, logits_of_window, objective, options, reporter)
    if options.method == "f-brs":
        _quasi_newton(run, parameters)
    else:
        _descend(run, parameters, paces, options)
    return Outcome(run.best, run.best_iteration, run.history, run.stopped_by)


def _descend(
    run: _Run,
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


def _quasi_newton(run: _Run, parameters: Sequence[nn.Parameter]) -> None:
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
