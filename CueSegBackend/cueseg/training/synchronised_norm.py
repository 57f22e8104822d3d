"""Batch norm over all ranks, also on CPUs, which `torch.nn.SyncBatchNorm` does not do."""

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd import Function
from torch.nn.modules.batchnorm import _BatchNorm

__all__ = ["SynchronisedNorm", "synchronise_norms"]


class SynchronisedNorm(_BatchNorm):
    """Batch norm whose statistics in training mode are those of the batches of all ranks; parameters as usual."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *spatial) -> the same shape; every rank gives as many elements."""
        if not self.training:
            return super().forward(x)
        axes = (0, *range(2, x.ndim))
        shape = (1, -1, *[1] * (x.ndim - 2))
        count = x.numel() / x.shape[1] * distributed.get_world_size()
        wide = x.float()
        mean = _Sum.apply(wide.sum(axes)) / count
        centred = wide - mean.view(shape)
        variance = _Sum.apply((centred * centred).sum(axes)) / count
        self._follow(mean.detach(), variance.detach() * count / (count - 1))
        scaled = centred * torch.rsqrt(variance + self.eps).view(shape)
        return (scaled * self.weight.view(shape) + self.bias.view(shape)).to(x.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)

    def _check_input_dim(self, x: Tensor) -> None:
        if x.ndim < 2:
            raise ValueError(f"expected (N, C, ...), got {tuple(x.shape)}")


class _Sum(Function):
    """Sum over the ranks; its gradient is the sum of theirs."""

    @staticmethod
    def forward(_: Any, value: Tensor) -> Tensor:
        return _summed(value)

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return _summed(gradient)


def _summed(value: Tensor) -> Tensor:
    total = value.contiguous().clone()
    distributed.all_reduce(total)
    return total


def synchronise_norms(module: nn.Module) -> nn.Module:
    """Replace every batch norm in a network, in place, by one over all ranks; names of parameters stay."""
    for name, child in module.named_children():
        if isinstance(child, _BatchNorm) and child.affine and child.track_running_stats:
            norm = SynchronisedNorm(child.num_features, child.eps, child.momentum)
            norm.weight, norm.bias = child.weight, child.bias
            for key, value in child.named_buffers():
                setattr(norm, key, value)
            setattr(module, name, norm)
        else:
            synchronise_norms(child)
    return module
