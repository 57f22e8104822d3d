"""The layers of a network in the order in which they run."""

from dataclasses import dataclass

from torch import Tensor, jit, nn

from cueseg.networks.network import SegmentationNetwork
from cueseg.networks.probing import FORWARD_ERRORS, noise_shapes, run_on_noise

__all__ = ["LayerInfo", "list_layers"]


@dataclass(frozen=True)
class LayerInfo:
    """One layer with weights of its own.

    Attributes:
        name: as in `module.named_modules()`; "" if the network is one layer.
        kind: class of the layer, e.g. "Conv3d"; "parameters" where that is unknown.
        parameters: numbers in it that can be refined.
    """

    name: str
    kind: str
    parameters: int


def list_layers(network: SegmentationNetwork | nn.Module) -> list[LayerInfo]:
    """Layers that own parameters, in order of execution; those that do not run on an image are left out.

    A layer that runs several times stands where it runs first. Where execution cannot be watched (TorchScript,
    export archives, a network that does not run on noise), the order of registration is given.

    Args:
        network: a network, or a module as `SegmentationNetwork.wrap` takes it.
    """
    network = SegmentationNetwork.wrap(network)
    layers = {name: part for name, part in network.module.named_modules() if _own_parameters(part)}
    if not isinstance(network.module, jit.ScriptModule):
        executed = _executed(network, list(layers))
        if executed:
            layers = {name: layers[name] for name in executed}
    return [
        LayerInfo(name, _kind(part), sum(tensor.numel() for tensor in _own_parameters(part)))
        for name, part in layers.items()
    ]


def _own_parameters(part: nn.Module) -> list[Tensor]:
    return [tensor for tensor in part.parameters(recurse=False) if tensor.is_floating_point()]


def _kind(part: nn.Module) -> str:
    name = getattr(part, "original_name", "") or type(part).__name__
    return "parameters" if name in ("Module", "InterpreterModule", "GraphModuleImpl") else name


def _executed(network: SegmentationNetwork, names: list[str]) -> list[str]:
    """Names in the order in which the layers ran on noise; empty if none was seen."""
    seen: dict[str, None] = {}
    wanted = dict(network.module.named_modules())
    hooks = [
        wanted[name].register_forward_pre_hook(lambda part, inputs, name=name: seen.setdefault(name))
        for name in names
    ]
    try:
        for shape in noise_shapes(network.card):
            seen.clear()
            try:
                run_on_noise(network.module, network.card.in_channels, shape)
            except FORWARD_ERRORS:
                continue
            return list(seen)
    finally:
        for hook in hooks:
            hook.remove()
    return []
