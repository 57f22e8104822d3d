"""Bare modules become networks: what they take and give is found out, or refused with what to do."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from cueseg.networks.layers import list_layers
from cueseg.networks.network import SegmentationNetwork
from network_files import IMAGE, tiny


class Odd(nn.Module):
    """Gives what the test wants."""

    def __init__(self, give: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.conv, self.give = nn.Conv2d(1, 2, 3, padding=1), give

    def forward(self, x: torch.Tensor) -> Any:
        return self.give(self.conv(x))


def test_bare_modules_are_found_out() -> None:
    module = tiny()
    network = SegmentationNetwork.wrap(module)
    assert network.module is module
    assert (network.card.dims, network.card.in_channels, network.card.multiple) == (2, 1, 4)
    assert len(network.card.classes) == 3
    assert SegmentationNetwork.wrap(network) is network
    single = SegmentationNetwork.wrap(nn.Conv3d(2, 1, 3, padding=1)).card
    assert (single.dims, single.in_channels, single.activation, len(single.classes)) == (3, 2, "sigmoid", 2)


def test_a_module_in_train_mode_is_left_as_it_is() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)).double()
    network = SegmentationNetwork.wrap(module, dims=2, in_channels=1)
    assert module.training
    assert next(module.parameters()).dtype == torch.float64
    assert not network.module.training
    assert next(network.module.parameters()).dtype == torch.float32


@pytest.mark.parametrize(
    "give",
    [
        lambda y: [y, y[..., ::2, ::2]],
        lambda y: (y[..., ::2, ::2], y),
        lambda y: {"out": y, "aux": 1},
        lambda y: {"x": y},
    ],
)
def test_logits_are_found_in_lists_and_dicts(give: Callable[[torch.Tensor], Any]) -> None:
    network = SegmentationNetwork.wrap(Odd(give))
    assert network.logits_of(network.module(IMAGE)).shape == (1, 2, 32, 32)


@pytest.mark.parametrize(
    ("give", "message"),
    [
        (lambda y: y.mean(), "dims and in_channels|no spatial axes"),
        (lambda y: {"a": y, "b": y}, "a dict with a, b"),
        (lambda y: None, "no logits were found"),
        (lambda y: y[..., 1:-1, 1:-1], "maps of the same size"),
        (lambda y: y.missing, "maps of the same size"),
    ],
)
def test_modules_that_do_not_segment_are_refused(give: Callable[[torch.Tensor], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SegmentationNetwork.wrap(Odd(give))


def test_other_things_are_no_networks() -> None:
    with pytest.raises(ValueError, match=r"give a torch.nn.Module"):
        SegmentationNetwork.wrap("net.pt")
    with pytest.raises(ValueError, match="give dims and in_channels"):
        SegmentationNetwork.wrap(nn.Linear(3, 3))
    with pytest.raises(ValueError, match="class_count is 5"):
        SegmentationNetwork.wrap(nn.Conv2d(1, 2, 1), class_count=5)
    with pytest.raises(ValueError, match="correct the card"):
        SegmentationNetwork.wrap(nn.Conv2d(1, 2, 1)).logits_of(torch.zeros(1, 3, 8, 8))


def test_layers_stand_in_order_of_execution() -> None:
    class Reversed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last, self.unused, self.first = (
                nn.Conv2d(4, 2, 1),
                nn.Conv2d(1, 1, 1),
                nn.Conv2d(1, 4, 3, padding=1),
            )

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.first(x))

    network = SegmentationNetwork.wrap(Reversed().eval(), in_channels=1)
    layers = list_layers(network)
    assert [(layer.name, layer.kind, layer.parameters) for layer in layers] == [
        ("first", "Conv2d", 40),
        ("last", "Conv2d", 10),
    ]
    assert list_layers(tiny())[-1].name == "head"
    assert all(not part._forward_pre_hooks for part in tiny().modules())
