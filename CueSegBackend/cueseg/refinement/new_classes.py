"""A class that a network was not trained for: append a channel to the layer that makes the logits."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

__all__ = ["NEVER", "append_channels", "row_axis"]

NEVER = -1e4
"""Bias of an appended channel that no scribble asked for: its probability is zero."""


def append_channels(
    module: nn.Module,
    layers: Sequence[str],
    count: int,
    run: Callable[[bool], Tensor],
    unused: Sequence[int] = (),
    *,
    background: bool = True,
) -> str:
    """Widen the head of a double in place.

    New rows are the mean of the other foreground rows; their bias is the background's (with sigmoid, where there is
    no background row, the least bias).

    Args:
        module: the double.
        layers: names of its layers in order of execution.
        count: channels to append.
        run: gives the logits (1, C, *) of the double for one input; called with whether it was widened.
        unused: which of the appended channels are never to be predicted.
        background: whether row 0 is the background.

    Returns:
        Name of the widened layer.

    Raises:
        ValueError: no layer makes the logits directly, so that none can be widened.
    """
    before = run(False)
    old = before.shape[1]
    for name in reversed(layers):
        layer = _layer(module, name)
        if layer is None or layer.weight.shape[row_axis(layer)] != old:
            continue
        saved = (layer.weight, layer.bias)
        _widen(layer, count, unused, background)
        if _widened_well(run, before, count):
            return name
        layer.weight, layer.bias = saved
        _set_width(layer, old)
    raise ValueError(
        f"a class beyond the network's {old} output channels was scribbled, and no layer of the network can be "
        "widened for it: scribble with one of the network's own classes instead, which re-uses its channel"
    )


def _layer(module: nn.Module, name: str) -> nn.Module | None:
    try:
        layer = module.get_submodule(name)
    except AttributeError:
        return None
    kinds = (nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.Linear)
    return layer if isinstance(layer, kinds) and getattr(layer, "groups", 1) == 1 else None


def row_axis(layer: nn.Module) -> int:
    """Axis of the weight along which its output channels lie."""
    return 1 if isinstance(layer, nn.ConvTranspose2d | nn.ConvTranspose3d) else 0


def _widen(layer: nn.Module, count: int, unused: Sequence[int], background: bool) -> None:
    axis = row_axis(layer)
    weight = layer.weight.detach()
    bias = weight.new_zeros(weight.shape[axis]) if layer.bias is None else layer.bias.detach()
    first = 1 if background and weight.shape[axis] > 1 else 0
    row = weight.narrow(axis, first, weight.shape[axis] - first).mean(dim=axis, keepdim=True)
    level = bias[0] if background else bias.min()
    more = level.repeat(count)
    more[list(unused)] = NEVER
    layer.weight = nn.Parameter(torch.cat([weight, *[row] * count], dim=axis), requires_grad=False)
    layer.bias = nn.Parameter(torch.cat([bias, more]), requires_grad=False)
    _set_width(layer, len(layer.bias))


def _set_width(layer: nn.Module, width: int) -> None:
    setattr(layer, "out_features" if isinstance(layer, nn.Linear) else "out_channels", width)


def _widened_well(run: Callable[[bool], Tensor], before: Tensor, count: int) -> bool:
    """Whether the old logits are what they were, and the new ones are there."""
    try:
        after = run(True)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError):  # a layer inside the network was widened: what follows does not fit
        return False
    old = before.shape[1]
    return after.shape[1] == old + count and torch.allclose(after[:, :old], before, rtol=1e-4, atol=1e-4)
