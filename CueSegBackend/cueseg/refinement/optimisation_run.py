"""Evaluations of one refinement: the best weights so far, progress, and when to go slower, hold less, or stop."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from cueseg.refinement.objectives import Evaluation, Objective
from cueseg.refinement.options import RefinementOptions
from cueseg.refinement.progress import Reporter
from cueseg.refinement.result import IterationReport
from cueseg.refinement.scribbled_window import ScribbledWindow

__all__ = ["Logits", "OptimisationRun"]

_PATIENCE = 10  # iterations without progress
_STRAY = 0.05  # of the anchors may change their label
_SLOWER, _LEAST_PACE = (
    3.0,
    0.2,
)  # divisor of the steps that gained nothing, as long as they are above the least
_REFRESH = 10  # iterations after which tiles are brought up to the present weights
_DRIFT = 0.02  # of the loss, by which it may have been too low before that
_PROGRESS = 1e-3  # of the loss, which counts as progress


class Logits(Protocol):
    """A network with an image."""

    def logits_for(self, window: ScribbledWindow) -> Tensor:
        """(1, C, *size) of a window, or (T, C, *side) of its tiles, with the present weights."""
        ...

    def refresh(self, windows: Sequence[ScribbledWindow]) -> bool:
        """Bring what is only followed on tiles up to the present weights; returns whether there is any."""
        ...


class OptimisationRun:
    """Evaluates the parameters, remembers the best, and says when to stop."""

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        windows: Sequence[ScribbledWindow],
        network: Logits,
        objective: Objective,
        options: RefinementOptions,
        reporter: Reporter,
    ) -> None:
        self._parameters = list(parameters)
        self._windows = windows
        self._network = network
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
        evaluation = self._evaluated()
        due = len(self.history) % _REFRESH == _REFRESH - 1
        if evaluation is not None and (due or self._meets_all(evaluation)):
            evaluation = self._checked(evaluation)
        if evaluation is not None:
            self._remember(evaluation)
        return evaluation

    def _checked(self, evaluation: Evaluation) -> Evaluation | None:
        """The same where tiles are the window; else what the whole windows say at the present weights."""
        if not self._network.refresh(self._windows):
            return evaluation
        exact = self._evaluated()
        if exact is not None and exact.loss > evaluation.loss * (1 + _DRIFT):  # what seemed best was not
            self._best_key = self._progress_key = None
        return exact

    def _evaluated(self) -> Evaluation | None:
        done = len(self.history)
        for parameter in self._parameters:
            parameter.grad = None
        for number, window in enumerate(self._windows):
            if number > 0:
                self._reporter.report("optimise", done, self.most)
                if self._reporter.stopped:
                    self.stopped_by = "user"
                    return None
            self._objective.backward(self._network.logits_for(window), window)
        return self._objective.finish(self._parameters)

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
        if evaluation.violations == 0:
            return  # being surer of the scribbles alone costs the rest
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

    def _meets_all(self, evaluation: Evaluation) -> bool:
        sure_enough = self._options.method == "paper" or evaluation.least_sure >= self._options.confidence
        held = evaluation.strayed <= _STRAY * evaluation.anchors
        return evaluation.violations == 0 and sure_enough and held

    def _reason(self, evaluation: Evaluation, done: int) -> str:
        if self._meets_all(evaluation):
            return "satisfied"
        if self._reporter.stopped:
            return "user"
        if done >= self.most:
            return "iterations"
        return "stalled" if done - self._progress_at >= _PATIENCE else ""
