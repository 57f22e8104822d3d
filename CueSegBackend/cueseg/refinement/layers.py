"""Layers of a network in order of execution, and the choice of those that are refined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import torch
from torch import Tensor, fx, nn

__all__ = ["DEFAULT_COUNT", "Layer", "choose_layers", "layers_of", "used_parameters"]

DEFAULT_COUNT = 3
"""Layers refined by default: the head, and the two convolutions that make up most last decoder blocks."""


@dataclass(frozen=True)
class Layer:
    """A convolution or linear layer, with the normalisation that follows it.

    Attributes:
        name: of the module that holds the weights.
        kind: class of that module.
        parameters: names of its parameters and its normalisation's, as in `named_parameters`.
        size: number of values in them.
    """

    name: str
    kind: str
    parameters: tuple[str, ...]
    size: int


def layers_of(module: nn.Module, x: Tensor | None) -> list[Layer]:
    """Layers in order of execution.

    Args:
        module: the network, on the device of `x`.
        x: an input to find the order with; None, or a network of one piece (TorchScript): in order of registration.
    """
    groups: dict[str, list[str]] = {}
    shapes = {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}
    for name in shapes:
        groups.setdefault(name.rpartition(".")[0], []).append(name)
    order = _execution_order(module, x) if x is not None else {}
    known = [name for name in groups if name in order] or list(groups)
    known.sort(key=lambda name: order.get(name, 0))
    found: list[tuple[str, list[str]]] = []
    for name in known:
        if any(len(shapes[parameter]) > 1 for parameter in groups[name]) or not found:
            found.append((name, list(groups[name])))
        else:
            found[-1][1].extend(groups[name])
    return [
        Layer(
            name,
            _kind(module, name),
            tuple(parameters),
            sum(torch.Size(shapes[p]).numel() for p in parameters),
        )
        for name, parameters in found
    ]


def used_parameters(module: nn.Module, logits: Tensor) -> set[str]:
    """Names of the parameters that the logits depend on; all of them must require gradients."""
    names, parameters = zip(*module.named_parameters(), strict=True)
    gradients = torch.autograd.grad(logits.sum(), parameters, allow_unused=True)
    return {name for name, gradient in zip(names, gradients, strict=True) if gradient is not None}


def choose_layers(
    layers: Sequence[Layer], wanted: int | tuple[str, ...] | None, tail: tuple[str, ...] = ()
) -> list[Layer]:
    """The layers to refine, in order of execution.

    Args:
        layers: all that the logits depend on.
        wanted: how many, counted from the output; names of layers, or of modules that contain layers; or None.
        tail: names to take if `wanted` is None; empty takes the last three.

    Raises:
        ValueError: an unknown name, with the nearest known one; no layers at all; more than there are.
    """
    if not layers:
        raise ValueError(
            "the network has no trainable weights that its output depends on: nothing can be refined"
        )
    if wanted is None and not tail:
        return list(layers[-DEFAULT_COUNT:])
    if isinstance(wanted, int):
        if wanted > len(layers):
            raise ValueError(f"layers is {wanted}, but the network has {len(layers)}: give at most that many")
        return list(layers[-wanted:])
    names = tail if wanted is None else wanted
    for name in names:
        if not any(_belongs(layer, name) for layer in layers):
            _refuse(name, layers)
    return [layer for layer in layers if any(_belongs(layer, name) for name in names)]


def _belongs(layer: Layer, name: str) -> bool:
    return any(parameter == name or parameter.startswith(name + ".") for parameter in layer.parameters)


def _refuse(name: str, layers: Sequence[Layer]) -> None:
    known = [layer.name for layer in layers]
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"the last ones are {', '.join(known[-5:])}"
    raise ValueError(f"the network has no layer {name!r}: {hint} (list_layers(network) names all)")


def _kind(module: nn.Module, name: str) -> str:
    try:
        return type(module.get_submodule(name)).__name__
    except AttributeError:
        return "weights"


def _execution_order(module: nn.Module, x: Tensor) -> dict[str, int]:
    """Name -> number of its last call; of an exported graph, where its parameters are last read."""
    if isinstance(module, torch.jit.ScriptModule):
        return {}
    order: dict[str, int] = {}
    if isinstance(module, fx.GraphModule):
        nodes = [node for node in module.graph.nodes if node.op == "get_attr"]
        order = {str(node.target).rpartition(".")[0]: number for number, node in enumerate(nodes)}
    handles = []
    try:
        for name, part in module.named_modules():
            handles.append(part.register_forward_hook(_remember(name, order)))
        with torch.no_grad():
            module(x)
    finally:
        for handle in handles:
            handle.remove()
    return order


def _remember(name: str, order: dict[str, int]) -> Callable[..., None]:
    def hook(*_: object) -> None:
        order[name] = max(order.values(), default=0) + 1

    return hook
