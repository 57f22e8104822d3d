"""Trunk and tail are the network, and give its gradients."""

import pytest
import torch
from torch import nn

from cueseg.models.unet import UNet
from cueseg.networks.network import SegmentationNetwork
from cueseg.refinement.cutting import WholeCut, cut_network, run_trunk
from cueseg.refinement.graph_cut import GraphCut
from cueseg.refinement.layers import choose_layers, layers_of
from cueseg.refinement.refined_copy import RefinedCopy, RefinementTarget
from cueseg.refinement.working_copy import double, start_refining
from refinement_networks import Branching, Deep, InPlace, Noisy, Plain, seeded

KINDS = {
    "plain": (Plain, "graph"),
    "branching": (Branching, "recorded"),
    "deep": (Deep, "graph"),
    "in place": (InPlace, "graph"),
    "noisy": (Noisy, "not cut"),
    "unet": (lambda: UNet(2, 1, 3, base=4, levels=3), "graph"),
}


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", KINDS)
def test_both_parts_together_give_the_networks_output_and_gradients(kind):
    make, expected = KINDS[kind]
    network = SegmentationNetwork.wrap(seeded(make))
    x = noise(1, 1, 32, 32)
    layers = layers_of(network.module, x)[-2:]
    copy = RefinedCopy(network, RefinementTarget(tuple(layer.name for layer in layers)), x, "cpu", half=False)
    assert expected in copy.cut.description
    if kind == "noisy":
        return
    features = copy.features(x)
    for _ in range(2):  # the second round finds the features as the first left them
        logits = copy.logits(features)
        whole = network.logits_of(copy.network.module(x))
        assert torch.equal(logits, whole)
        names = list(copy.parameters)
        through_tail = torch.autograd.grad(logits.square().sum(), copy.parameters.values())
        through_all = torch.autograd.grad(whole.square().sum(), copy.parameters.values())
        for name, one, other in zip(names, through_tail, through_all, strict=True):
            assert torch.allclose(one, other, rtol=1e-5, atol=1e-5), name


@pytest.mark.parametrize("make", [Plain, Branching], ids=["graph", "replay"])
def test_the_trunk_is_not_run_again(make):
    network = SegmentationNetwork.wrap(seeded(make))
    x = noise(1, 1, 16, 16)
    copy = RefinedCopy(network, RefinementTarget(("head",)), x, "cpu", half=False)
    features = copy.features(x)
    ran = []
    for name, part in copy.network.module.named_modules():
        part.register_forward_hook(lambda *_, name=name: ran.append(name))
    if make is Plain:
        copy.logits(features)
        assert set(ran) == {"head"}
    else:  # replayed modules answer without their convolution
        kernels = []
        original = torch.nn.functional.conv2d
        torch.nn.functional.conv2d = lambda *args, **kwargs: kernels.append(1) or original(*args, **kwargs)
        try:
            copy.logits(features)
        finally:
            torch.nn.functional.conv2d = original
        assert len(kernels) <= 1


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of torch.export about itself
def test_an_exported_graph_and_a_graph_module_are_cut():
    plain = seeded(Plain)
    traced = torch.fx.symbolic_trace(plain).eval()
    x = noise(1, 1, 16, 16)
    module = double(traced)
    refined = start_refining(module, ["head.weight", "head.bias"])
    cut = cut_network(module, list(refined.values()), x, lambda out: out)
    assert isinstance(cut, GraphCut)
    assert torch.equal(cut.tail(run_trunk(cut, x)), plain(x))
    exported = torch.export.export(plain, (x,)).module()
    module = double(exported)
    refined = start_refining(module, ["head.weight", "head.bias"])
    cut = cut_network(module, list(refined.values()), x, lambda out: out)
    assert isinstance(cut, GraphCut), cut.description
    assert torch.allclose(cut.tail(run_trunk(cut, x)), plain(x), atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch.jit about itself
def test_torchscript_is_run_whole():
    module = torch.jit.trace(seeded(Plain), noise(1, 1, 16, 16), check_trace=False)
    cut = cut_network(module, [], noise(1, 1, 16, 16), lambda out: out, cuttable=False)
    assert isinstance(cut, WholeCut)
    assert "whole network" in cut.description


def test_a_replayed_network_that_calls_more_is_noticed():
    class Growing(Branching):
        count = 0

        def forward(self, x):
            for _ in range(type(self).count):
                self.norm1(self.first(x))
            type(self).count += 1
            return super().forward(x)

    module = double(seeded(Growing))
    refined = start_refining(module, ["head.weight"])
    cut = cut_network(module, list(refined.values()), noise(1, 1, 16, 16), lambda out: out)
    assert isinstance(cut, WholeCut)


def test_the_double_shares_frozen_memory_and_owns_the_refined():
    plain = seeded(Plain)
    module = double(plain)
    start_refining(module, ["head.weight"])
    assert module.first.weight.data_ptr() == plain.first.weight.data_ptr()
    assert module.head.weight.data_ptr() != plain.head.weight.data_ptr()
    assert module.norm1.running_mean.data_ptr() != plain.norm1.running_mean.data_ptr()
    assert plain.head.weight.requires_grad
    assert not module.first.weight.requires_grad


def test_weights_that_a_hook_computes_can_be_doubled():
    with pytest.warns(FutureWarning):
        head = nn.utils.weight_norm(nn.Conv2d(1, 2, 1))
    network = nn.Sequential(head).eval()
    network(noise(1, 1, 4, 4))
    assert torch.equal(double(network)(noise(1, 1, 4, 4)), network(noise(1, 1, 4, 4)))


class TestLayers:
    def test_norms_belong_to_the_convolution_before_them(self):
        layers = layers_of(seeded(Plain), noise(1, 1, 16, 16))
        assert [layer.name for layer in layers] == ["first", "second", "head"]
        assert layers[1].parameters == ("second.weight", "second.bias", "norm2.weight", "norm2.bias")

    def test_the_order_is_that_of_execution_not_of_registration(self):
        class Reversed(nn.Module):
            def __init__(self):
                super().__init__()
                self.late, self.early = nn.Conv2d(2, 3, 1), nn.Conv2d(1, 2, 1)

            def forward(self, x):
                return self.late(self.early(x))

        assert [layer.name for layer in layers_of(Reversed(), noise(1, 1, 8, 8))] == ["early", "late"]

    def test_choice_by_count_name_and_card(self):
        layers = layers_of(seeded(lambda: UNet(2, 1, 3, base=4, levels=3)), noise(1, 1, 16, 16))

        def names(*choice):
            return [layer.name for layer in choose_layers(layers, *choice)]

        assert names(None) == ["decoder.1.block.conv1", "decoder.1.block.conv2", "head"]
        assert names(2) == ["decoder.1.block.conv2", "head"]
        assert names(("head", "decoder.1.up")) == ["decoder.1.up", "head"]
        assert names(None, ("decoder.1",)) == [
            "decoder.1.up",
            "decoder.1.block.conv1",
            "decoder.1.block.conv2",
        ]

    def test_an_unknown_name_and_too_many_are_refused(self):
        layers = layers_of(seeded(Plain), noise(1, 1, 16, 16))
        with pytest.raises(ValueError, match="no layer 'haed': did you mean 'head'"):
            choose_layers(layers, ("haed",))
        with pytest.raises(ValueError, match="the network has 3"):
            choose_layers(layers, 4)
        with pytest.raises(ValueError, match="no trainable weights"):
            choose_layers([], None)
