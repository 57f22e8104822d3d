"""What is minimised on the scribbles: `ce` (default), `paper` (Sambaturu et al. 2021, Eq. 2) and `f-brs`.

Every objective is summed over windows: `backward` adds a window's gradients, `finish` completes them. The penalty on
the change of the weights is added there, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from cueseg.refinement.activations import Activation
from cueseg.refinement.options import RefinementOptions
from cueseg.refinement.scribbled_window import KeepTerm, ScribbledWindow

__all__ = ["Evaluation", "Objective", "create_objective"]

_RELAX = 100.0
_LEAST_BETA = 0.1


@dataclass
class Evaluation:
    """One pass over all windows.

    Attributes:
        loss: value to compare iterations by.
        wrong: class -> user pixels with a wrong label.
        least_sure: smallest probability of the right class over the user's pixels.
        users: number of the user's pixels.
        anchors: number of them.
        strayed: anchors with a wrong label.
    """

    loss: float = 0.0
    wrong: dict[int, int] = field(default_factory=dict)
    least_sure: float = 1.0
    users: int = 0
    anchors: int = 0
    strayed: int = 0

    @property
    def violations(self) -> int:
        """User pixels with a wrong label."""
        return sum(self.wrong.values())

    @property
    def wrong_share(self) -> float:
        """Share of the user's pixels with a wrong label, and of the anchors, added."""
        return self.violations / max(self.users, 1) + self.strayed / max(self.anchors, 1)


class Objective:
    """Class-balanced cross-entropy on the scribbles, a squared weight penalty, and a term that keeps the rest.

    L = sum_c (1/|S_c|) sum_i CE_i + (alpha/2) ||W - W_0||^2 + beta * mean_i (1 - exp(-d_i^2 / 2r^2)) KL(p0_i || p_i)

    The mean runs over the pixels without scribbles of the windows that hold scribbles.

    Args:
        activation: of the network.
        options: of the refinement.
        start: the refined parameters before the refinement.
        dims: of the network.

    Attributes:
        beta: in force.
    """

    def __init__(
        self, activation: Activation, options: RefinementOptions, start: Sequence[Tensor], dims: int
    ) -> None:
        self.activation = activation
        self.options = options
        self.beta = options.effective_beta(dims)
        self._start = list(start)
        self._sum = Evaluation()

    def relax(self) -> bool:
        """Keep less, where the user left it to the method how much is kept; returns whether."""
        lower = max(self.beta / _RELAX, _LEAST_BETA)
        if self.options.beta is not None or lower >= self.beta:
            return False
        self.beta = lower
        return True

    def backward(self, logits: Tensor, window: ScribbledWindow) -> None:
        """Add the gradients of one window, logits (1, C, *size) or of its tiles."""
        at = _at(logits, window)
        self._judge(at.detach(), window)
        loss = self._loss(at, window)
        if window.keep is not None:
            loss = loss + self.beta * self._kept(logits, window.keep)
        loss.backward()
        self._sum.loss += float(loss.detach())

    def finish(self, parameters: Sequence[nn.Parameter]) -> Evaluation:
        """Complete the gradients after the last window, and start anew."""
        alpha = self.options.effective_alpha
        for parameter, start in zip(parameters, self._start, strict=True):
            change = parameter.detach() - start
            self._sum.loss += 0.5 * alpha * float(change.square().sum())
            _add_gradient(parameter, alpha * change)
        return self._taken()

    def _loss(self, at: Tensor, window: ScribbledWindow) -> Tensor:
        return (self.activation.cross_entropy(at, window.classes) * window.weight).sum()

    def _judge(self, at: Tensor, window: ScribbledWindow) -> None:
        all_wrong, all_sure = self.activation.judge(at, window.classes)
        wrong, sure = all_wrong[window.user], all_sure[window.user]
        for number in window.classes[window.user].unique().tolist():
            count = int((wrong & (window.classes[window.user] == number)).sum())
            self._sum.wrong[number] = self._sum.wrong.get(number, 0) + count
        if len(sure):
            self._sum.least_sure = min(self._sum.least_sure, float(sure.min()))
        self._sum.users += len(sure)
        if window.anchored:
            self._sum.anchors += int((~window.user).sum())
            self._sum.strayed += int(all_wrong[~window.user].sum())

    def _kept(self, logits: Tensor, keep: KeepTerm) -> Tensor:
        if keep.target is None:
            target, entropy = self.activation.soft_targets(logits.detach()[:, : keep.channels])
            blank = target.new_zeros((len(target), logits.shape[1] - keep.channels, *target.shape[2:]))
            keep.target = torch.cat([target, blank], dim=1)  # p0 knows nothing of classes appended since
            keep.entropy = float((entropy * keep.weight).sum())
        return (self.activation.soft_cross_entropy(logits, keep.target) * keep.weight).sum() - keep.entropy

    def _taken(self) -> Evaluation:
        done, self._sum = self._sum, Evaluation()
        return done


class PaperObjective(Objective):
    """Sambaturu et al. 2021, Eq. 2: gradient g * dPsi/dW + alpha * (W - W_0) / ||W - W_0||.

    g is the soft cross-entropy on the scribbled pixels whose label is wrong, a factor without gradient; Psi the mean
    log-likelihood of the labels that the network gives these pixels now, which the descent makes less likely (or its
    negative, with the reading "nll", which makes them more likely). The paper prints the second term with the other
    sign, which drives the weights away from W_0; here it is the true gradient of alpha ||W - W_0||, and zero at the
    start, where that norm has no derivative. Iterations are compared by g and the norm term.
    """

    def __init__(
        self, activation: Activation, options: RefinementOptions, start: Sequence[Tensor], dims: int
    ) -> None:
        super().__init__(activation, options, start, dims)
        self._violation = 0.0
        self._wrong_pixels = 0

    def backward(self, logits: Tensor, window: ScribbledWindow) -> None:
        """Add dPsi/dW of one window, logits (1, C, *size)."""
        at = _at(logits, window)
        self._judge(at.detach(), window)
        wrong = self.activation.judge(at.detach(), window.classes)[0]
        if not wrong.any():
            return
        entropy = self.activation.cross_entropy(at.detach(), window.classes)
        self._violation += float((entropy * window.weight)[wrong].sum())
        psi = self.activation.likelihood_of_current(at[wrong], window.classes[wrong]).sum()
        self._wrong_pixels += int(wrong.sum())
        (psi if self.options.paper_reading == "log-likelihood" else -psi).backward()

    def finish(self, parameters: Sequence[nn.Parameter]) -> Evaluation:
        """Multiply by g, and add the gradient of the norm."""
        alpha = self.options.effective_alpha
        changes = [p.detach() - start for p, start in zip(parameters, self._start, strict=True)]
        norm = float(torch.sqrt(sum(change.square().sum() for change in changes)))
        for parameter, change in zip(parameters, changes, strict=True):
            if parameter.grad is not None:
                parameter.grad.mul_(self._violation / max(self._wrong_pixels, 1))
            _add_gradient(parameter, change * (alpha / norm) if norm > 0 else torch.zeros_like(change))
        self._sum.loss = self._violation + alpha * norm
        self._violation, self._wrong_pixels = 0.0, 0
        return self._taken()


class ScaleBiasObjective(Objective):
    """f-BRS (Sofiiuk et al. 2020): squared error on the scribbles + alpha * (||scale||^2 + 10 ||bias||^2).

    The parameters are alternating scales and biases, both zero at the start.
    """

    def finish(self, parameters: Sequence[nn.Parameter]) -> Evaluation:
        """Add the gradients of the penalty."""
        alpha = self.options.effective_alpha
        for number, parameter in enumerate(parameters):
            factor = alpha * (1.0, 10.0)[number % 2]
            self._sum.loss += factor * float(parameter.detach().square().sum())
            _add_gradient(parameter, 2 * factor * parameter.detach())
        return self._taken()

    def _loss(self, at: Tensor, window: ScribbledWindow) -> Tensor:
        return (self.activation.squared_error(at, window.classes) * window.weight).sum()

    def _kept(self, logits: Tensor, keep: KeepTerm) -> Tensor:
        return logits.sum() * 0.0


def create_objective(
    activation: Activation, options: RefinementOptions, start: Sequence[Tensor], dims: int
) -> Objective:
    """The objective of `options.method`."""
    kinds = {"ce": Objective, "paper": PaperObjective, "f-brs": ScaleBiasObjective}
    return kinds[options.method](activation, options, start, dims)


def _at(logits: Tensor, window: ScribbledWindow) -> Tensor:
    """(M, C) logits of the scribbled pixels."""
    return logits.transpose(0, 1).flatten(1)[:, window.voxels].T


def _add_gradient(parameter: nn.Parameter, gradient: Tensor) -> None:
    parameter.grad = gradient.clone() if parameter.grad is None else parameter.grad.add_(gradient)
