"""How weights follow their gradients."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["Adam", "GradientDescent"]


class Adam:
    """Kingma & Ba 2015. Written out, since torch's optimisers import its compiler, which takes seconds.

    Args:
        parameters: with gradients, once `step` is called.
        rates: of the parameters, or of each of their values.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], rates: Sequence[Tensor | float]) -> None:
        self._rates = rates
        self._moments = [(p, torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
        self._steps = 0

    @torch.no_grad()
    def step(self) -> None:
        """Follow the gradients."""
        self._steps += 1
        first, second = (1 - decay**self._steps for decay in (0.9, 0.999))
        for (parameter, mean, square), rate in zip(self._moments, self._rates, strict=True):
            mean.lerp_(parameter.grad, 0.1)
            square.mul_(0.999).addcmul_(parameter.grad, parameter.grad, value=0.001)
            parameter.sub_((mean / first).div_((square / second).sqrt_().add_(1e-8)).mul_(rate))


class GradientDescent:
    """Steps along the negative gradient; arguments as those of `Adam`."""

    def __init__(self, parameters: Sequence[nn.Parameter], rates: Sequence[Tensor | float]) -> None:
        self._parameters, self._rates = parameters, rates

    @torch.no_grad()
    def step(self) -> None:
        """Follow the gradients."""
        for parameter, rate in zip(self._parameters, self._rates, strict=True):
            parameter.sub_(parameter.grad * rate)
