"""A network's double for refinement: own modules, shared frozen weights, so that the original is never touched."""

import copy
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Channelwise", "assign", "double", "scale_input", "start_refining"]


def double(module: nn.Module, device: str = "cpu") -> nn.Module:
    """Copy the modules in eval mode; no parameter of the copy requires a gradient.

    On the CPU the copy's parameters are new objects over the same memory, which nothing writes: what is refined gets
    memory of its own by `start_refining`. Buffers are copied. TorchScript is copied whole.

    Raises:
        RuntimeError: the module cannot be copied.
    """
    memo: dict[int, Tensor] = {}
    if not isinstance(module, torch.jit.ScriptModule):
        for parameter in module.parameters():
            memo[id(parameter)] = nn.Parameter(parameter.detach(), requires_grad=False)
        for part in module.modules():
            for value in vars(
                part
            ).values():  # weights that a hook computes have a history, which cannot be copied
                if isinstance(value, Tensor) and value.grad_fn is not None:
                    memo[id(value)] = value.detach().clone()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of torch about its own exported graphs
            doubled = copy.deepcopy(module, memo)
    except (RuntimeError, TypeError, ValueError) as error:
        raise RuntimeError(
            f"the network cannot be copied ({error}), and its own weights are never changed: save its state dict and "
            "load it into a fresh module"
        ) from error
    for parameter in doubled.parameters():
        parameter.requires_grad_(False)
    return doubled.eval().to(device)


def start_refining(module: nn.Module, names: Sequence[str]) -> dict[str, nn.Parameter]:
    """Give the named parameters of a double memory of their own and let them require gradients."""
    found = dict(module.named_parameters())
    refined = {}
    for name in names:
        parameter = found[name]
        if not isinstance(module, torch.jit.ScriptModule):
            parameter.data = parameter.detach().clone()
        refined[name] = parameter.requires_grad_(True)
    return refined


@dataclass(frozen=True)
class Channelwise:
    """Names of the scale and the bias that `scale_input` put before a layer."""

    scale: str
    bias: str


class _ScaledInput(nn.Module):
    """A layer whose input x becomes x * (1 + scale) + bias, per channel."""

    def __init__(self, layer: nn.Module, channels: int, shape: tuple[int, ...], like: Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.scale = nn.Parameter(like.new_zeros(channels).reshape(shape))
        self.bias = nn.Parameter(like.new_zeros(channels).reshape(shape))

    def forward(self, x: Tensor) -> Tensor:
        """As the layer."""
        return self.layer(x * (1 + self.scale) + self.bias)


def scale_input(module: nn.Module, layer: str) -> Channelwise:
    """Put a scale and a bias per channel before a layer of a double; at first they change nothing.

    Raises:
        ValueError: the layer is no convolution or linear layer, or cannot be replaced.
    """
    parent_name, _, own_name = layer.rpartition(".")
    parent = None if isinstance(module, torch.jit.ScriptModule) else _submodule(module, parent_name)
    inner = None if parent is None else parent._modules.get(own_name)
    channels = getattr(inner, "in_channels", None) or getattr(inner, "in_features", None)
    weight = getattr(inner, "weight", None)
    if parent is None or not isinstance(channels, int) or not isinstance(weight, Tensor):
        raise ValueError(
            f"method 'f-brs' needs a convolution or linear layer that can be replaced, and {layer!r} is none: name "
            "another one in options.layers, or use method 'ce'"
        )
    spatial = 0 if hasattr(inner, "in_features") else weight.ndim - 2
    parent._modules[own_name] = _ScaledInput(inner, channels, (channels,) + (1,) * spatial, weight)
    return Channelwise(f"{layer}.scale", f"{layer}.bias")


def _submodule(module: nn.Module, name: str) -> nn.Module | None:
    try:
        return module.get_submodule(name)
    except AttributeError:
        return None


def assign(parameters: Mapping[str, nn.Parameter], values: Mapping[str, Tensor]) -> None:
    """Set parameters to values, bit for bit, and forget their gradients."""
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(values[name])
            parameter.grad = None
