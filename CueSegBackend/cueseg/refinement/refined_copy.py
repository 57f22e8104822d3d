"""The double of a network on which one refinement works: its layers, appended classes, cut, and way back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from cueseg.networks.card import NetworkCard
from cueseg.networks.network import SegmentationNetwork
from cueseg.refinement.activations import Activation
from cueseg.refinement.cutting import Cut, cut_network, run_trunk
from cueseg.refinement.layers import Layer, choose_layers, layers_of, used_parameters
from cueseg.refinement.new_classes import append_channels, row_axis
from cueseg.refinement.options import RefinementOptions
from cueseg.refinement.sampled_norms import SampledNorms
from cueseg.refinement.trees import pack, unpack
from cueseg.refinement.working_copy import assign, double, scale_input, start_refining

__all__ = ["RefinedCopy", "RefinementTarget", "find_target"]


_NEW_PACE = 10.0


@dataclass(frozen=True)
class RefinementTarget:
    """What of a network is refined.

    Attributes:
        layers: names, in order of execution.
        scale_bias: refine scale and bias of the first one's input, not the layers.
        appended: number of appended classes.
        unused: which of these are never to be predicted.
    """

    layers: tuple[str, ...]
    scale_bias: bool = False
    appended: int = 0
    unused: tuple[int, ...] = ()


def find_target(
    network: SegmentationNetwork,
    x: Tensor,
    options: RefinementOptions,
    appended: int,
    unused: tuple[int, ...],
) -> RefinementTarget:
    """Layers that the options, or else the card, name; a head that is to be widened is one of them.

    Args:
        network: on the CPU.
        x: (1, C, *) a small input.
        options: of the refinement.
        appended: number of classes to append.
        unused: which of these nobody asked for.

    Raises:
        ValueError: unknown layers, no trainable weights, or a network that cannot be widened.
    """
    module = double(network.module)
    layers = _influential(module, network, x)
    scale_bias = options.method == "f-brs"
    chosen = choose_layers(layers, options.layers, network.card.tail)
    names = [layer.name for layer in chosen]
    if appended and scale_bias:
        raise ValueError(
            "method 'f-brs' cannot learn a new class: use method 'ce', or scribble with one of the network's classes"
        )
    if appended:
        head = _append(module, network, layers, appended, unused, x)
        names += [] if head in names else [head]
    return RefinementTarget(tuple(names), scale_bias, appended, unused)


def _influential(module: nn.Module, network: SegmentationNetwork, x: Tensor) -> list[Layer]:
    """Layers in order of execution that the logits depend on (heads for training alone are none)."""
    parameters = [p for p in module.parameters() if p.is_floating_point()]
    if not parameters:
        return []
    layers = layers_of(module, x)
    for parameter in parameters:
        parameter.requires_grad_(True)
    try:
        with torch.enable_grad():
            used = used_parameters(module, network.logits_of(module(x)))
    finally:
        for parameter in parameters:
            parameter.requires_grad_(False)
    return [layer for layer in layers if any(name in used for name in layer.parameters)]


def _append(
    module: nn.Module,
    network: SegmentationNetwork,
    layers: list[Layer],
    count: int,
    unused: tuple[int, ...],
    x: Tensor,
) -> str:
    """Widen the head of a double in place and return its name."""
    wider = replace(network, card=_widened_card(network.card, count))

    def run(widened: bool) -> Tensor:
        with torch.no_grad():
            return (wider if widened else network).logits_of(module(x))

    softmax = network.card.activation == "softmax"
    return append_channels(module, [layer.name for layer in layers], count, run, unused, background=softmax)


def _widened_card(card: NetworkCard, count: int) -> NetworkCard:
    new = tuple(f"class {len(card.classes) + number}" for number in range(count))
    return replace(card, classes=(*card.classes, *new))


class RefinedCopy:
    """A double of a network with parameters to refine, cut at the first of them.

    Args:
        network: stays as it is.
        target: what is refined.
        x: (1, C, *) input to find and prove the cut with.
        device: to work on.
        half: keep features as float16.

    Attributes:
        target: what is refined.
        network: the double with its card, appended classes included.
        activation: of its channels.
        parameters: refined parameters by the name they have in the network.
        paces: by the same names, factors of the learning rate.
        start: their values in the network.
        norms: normalisations over the image, behind refined parameters.
        cut: how it is cut.
    """

    def __init__(
        self, network: SegmentationNetwork, target: RefinementTarget, x: Tensor, device: str, *, half: bool
    ) -> None:
        self.target = target
        self._half = half
        self._device = device
        module = double(network.module, device)
        x = x.to(device)
        layers = layers_of(module, x)
        card, head = network.card, None
        if target.appended:
            head = _append(module, network, layers, target.appended, target.unused, x)
            card = _widened_card(card, target.appended)
        self.network = replace(network, module=module, card=card)
        self.activation = Activation(card.activation, card.exclusive)
        self.parameters = start_refining(module, self._names(module, layers))
        self.paces = {name: self._pace(name, parameter, head) for name, parameter in self.parameters.items()}
        self.start = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}
        self.norms = SampledNorms(module, x)
        self.cut: Cut = cut_network(
            module, list(self.parameters.values()), x, self.network.logits_of, cuttable=network.cuttable
        )

    def _names(self, module: nn.Module, layers: list[Layer]) -> list[str]:
        if self.target.scale_bias:
            added = scale_input(module, self.target.layers[0])
            return [added.scale, added.bias]
        known = dict(module.named_parameters())
        wanted = [layer for layer in layers if layer.name in self.target.layers]
        names = [name for layer in wanted for name in layer.parameters if known[name].is_floating_point()]
        # A widened head without a bias has one now.
        extra = [f"{layer.name}.bias" for layer in wanted if f"{layer.name}.bias" in known]
        return list(dict.fromkeys([*names, *extra]))

    def _pace(self, name: str, parameter: Tensor, head: str | None) -> Tensor | float:
        """Appended rows have a longer way to go than what was trained."""
        layer, _, kind = name.rpartition(".")
        if layer != head or kind not in ("weight", "bias"):
            return 1.0
        pace = torch.ones_like(parameter)
        axis = row_axis(self.network.module.get_submodule(layer)) if kind == "weight" else 0
        pace.narrow(axis, parameter.shape[axis] - self.target.appended, self.target.appended).fill_(_NEW_PACE)
        return pace

    @property
    def channels(self) -> int:
        """Channels of the logits."""
        return self.network.card.out_channels

    def features(self, x: Tensor) -> list[Any]:
        """What the trunk makes of a window (1, C, *), as it is kept."""
        found = run_trunk(self.cut, x.to(self._device))
        return pack(found) if self._half else found

    def logits(self, features: list[Any]) -> Tensor:
        """(N, C, *) from kept features, with history if gradients are enabled."""
        return self.network.logits_of(self.cut.tail(unpack(features) if self._half else features))

    def values(self) -> dict[str, Tensor]:
        """The refined parameters as they are now, copied to the CPU."""
        return {name: parameter.detach().cpu().clone() for name, parameter in self.parameters.items()}

    def set_values(self, values: Mapping[str, Tensor]) -> None:
        """Set the refined parameters, bit for bit.

        Raises:
            ValueError: other names or shapes than the refined parameters have.
        """
        here = {name: tuple(parameter.shape) for name, parameter in self.parameters.items()}
        given = {name: tuple(tensor.shape) for name, tensor in values.items()}
        if here != given:
            raise ValueError(
                f"the adapted weights hold {given}, the network refines {here}: they were saved from another network"
            )
        assign(self.parameters, values)

    def reset(self) -> None:
        """Back to the network's own weights."""
        assign(self.parameters, self.start)
