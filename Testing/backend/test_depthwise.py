"""The gradient of dilated depthwise filters equals autograd's own."""

import pytest
import torch
from torch import nn

from cueseg.models.depthwise import DepthwiseConv2d


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("dilation", [2, 4])
@pytest.mark.parametrize("size", [(6, 6), (5, 9), (1, 2)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_training_gives_the_gradients_of_a_plain_convolution(kernel, dilation, size, layout):
    generator = torch.Generator().manual_seed(0)
    layer = DepthwiseConv2d(7, kernel, 1, dilation).double()
    x = torch.randn(2, 7, *size, generator=generator, dtype=torch.float64).to(memory_format=layout)
    above = torch.randn(2, 7, *size, generator=generator, dtype=torch.float64)
    found = [_gradients(layer, x, above), _gradients(layer.eval(), x, above)]
    for mine, plain in zip(*found, strict=True):
        torch.testing.assert_close(mine, plain)


def test_only_dilated_filters_in_training_take_the_other_way():
    x = torch.randn(1, 3, 8, 8, requires_grad=True)
    for layer in (
        DepthwiseConv2d(3, 3, 1, 1),
        DepthwiseConv2d(3, 3, 2, 2),
        DepthwiseConv2d(3, 3, 1, 2).eval(),
    ):
        assert "Convolution" in type(layer(x).grad_fn).__name__
    assert "Dilated" in type(DepthwiseConv2d(3, 3, 1, 2)(x).grad_fn).__name__


def test_precision_of_a_training_in_half_is_taken_back_to_float32():
    layer, x = DepthwiseConv2d(3, 3, 1, 2), torch.randn(1, 3, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x.bfloat16())
    y.sum().backward()
    assert y.dtype == layer.weight.grad.dtype == torch.float32


def _gradients(layer: nn.Module, x: torch.Tensor, above: torch.Tensor) -> list[torch.Tensor]:
    x = x.clone().requires_grad_(True)
    layer.zero_grad()
    y = layer(x)
    y.backward(above)
    return [y.detach(), x.grad, layer.weight.grad.clone()]
