"""Depthwise convolution with a fast gradient where filters are dilated, which oneDNN lacks (12 to 40 times slower)."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812

__all__ = ["DepthwiseConv2d"]


class DepthwiseConv2d(nn.Conv2d):
    """A k x k filter per channel, k odd, that keeps the size (over the stride)."""

    def __init__(self, channels: int, kernel: int, stride: int, dilation: int) -> None:
        padding = kernel // 2 * dilation
        super().__init__(channels, channels, kernel, stride, padding, dilation, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H / stride, W / stride)."""
        if self.training and self.dilation[0] > 1 and self.stride[0] == 1 and x.device.type == "cpu":
            return _Dilated.apply(x, self.weight, self.dilation[0])
        return super().forward(x)


class _Dilated(torch.autograd.Function):
    """The gradient of the input as a convolution, that of the weight as a sum of products for each of k x k shifts."""

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx: Any, x: Tensor, weight: Tensor, dilation: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.dilation = dilation
        return _filtered(x, weight, dilation)

    @staticmethod
    @once_differentiable
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weight = ctx.saved_tensors
        return (
            _filtered(gradient, weight.flip(-2, -1), ctx.dilation),
            _weight_gradient(x, gradient, weight, ctx.dilation),
            None,
        )


def _filtered(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    return F.conv2d(
        x, weight, padding=weight.shape[-1] // 2 * dilation, dilation=dilation, groups=len(weight)
    )


def _weight_gradient(x: Tensor, gradient: Tensor, weight: Tensor, dilation: int) -> Tensor:
    kernel, (height, width) = weight.shape[-1], x.shape[2:]
    margin = kernel // 2 * dilation
    padded = (
        F.pad(x, (margin,) * 4).permute(0, 2, 3, 1).contiguous()
    )  # channels last: whole rows are multiplied
    gradient = gradient.permute(0, 2, 3, 1).contiguous()
    found = torch.empty_like(weight)
    for row in range(kernel):
        for column in range(kernel):
            top, left = row * dilation, column * dilation
            shifted = padded[:, top : top + height, left : left + width]
            found[:, 0, row, column] = (shifted * gradient).sum(dim=(0, 1, 2))
    return found
