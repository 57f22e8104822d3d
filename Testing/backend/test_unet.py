import copy
import pickle

import pytest
import torch

from cueseg.models.unet import NORMS, UNet

TINY = {"base": 4, "levels": 3}


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("norm", NORMS)
def test_logits_have_the_size_of_the_image_and_all_weights_learn(dims, norm):
    model = UNet(dims, 2, 5, norm=norm, **TINY)
    sides = (8, 12, 16)[:dims]
    logits = model(torch.randn(2, 2, *sides))
    assert logits.shape == (2, 5, *sides)
    logits.square().mean().backward()
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still == []


def test_parameters_are_counted_by_hand():
    """One level down: blocks 1-4-4 and 4-8-8, up 8-4, block 8-4-4, head 4-3; batch norms have two per channel."""
    model = UNet(2, 1, 3, base=4, levels=2, norm="batch")
    kernels = 9 * (1 * 4 + 4 * 4 + 4 * 8 + 8 * 8 + 8 * 4 + 4 * 4)
    expected = kernels + (8 * 4 * 4 + 4) + (4 * 3 + 3) + 2 * (4 + 4 + 8 + 8 + 4 + 4)
    assert sum(p.numel() for p in model.parameters()) == expected


def test_channels_stop_doubling_at_the_bound():
    model = UNet(2, 1, 2, base=4, levels=5, most=10)
    assert [block.conv2.out_channels for block in model.encoder] == [4, 8, 10, 10, 10]


def test_the_last_layers_are_the_decoder_and_the_head():
    parts = list(dict.fromkeys(name.split(".")[0] for name, _ in UNet(2, 1, 2, **TINY).named_parameters()))
    assert parts == ["encoder", "decoder", "head"]


@pytest.mark.parametrize("dims", [2, 3])
def test_a_trace_gives_the_same_logits(dims):
    model = UNet(dims, 1, 3, **TINY).eval()
    x = torch.randn(1, 1, *[16] * dims)
    traced = torch.fx.symbolic_trace(model)
    with torch.no_grad():
        assert torch.equal(traced(x), model(x))


def test_copies_and_pickles_work():
    model = UNet(2, 1, 2, **TINY).eval()
    x = torch.randn(1, 1, 8, 8)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(other(x), model(x))


@pytest.mark.parametrize("traced", [False, True])
def test_sides_that_do_not_fit_are_named(traced):
    model = UNet(2, 1, 2, **TINY)
    run = torch.fx.symbolic_trace(model) if traced else model
    with pytest.raises(ValueError, match=r"\(8, 10\) must be multiples of 4: pad"):
        run(torch.zeros(1, 1, 8, 10))
    with pytest.raises(ValueError, match="2D U-Net takes"):
        run(torch.zeros(1, 1, 8, 8, 8))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dims": 1}, "dims=1"),
        ({"norm": "layer"}, "norm='layer'"),
        ({"levels": 1}, "levels=1"),
        ({"base": 0}, "base=0"),
        ({"out_channels": 0}, "whole numbers"),
        ({"base": 12, "norm": "group"}, "8 groups"),
    ],
)
def test_options_that_cannot_be_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        UNet(**{"dims": 2, "in_channels": 1, "out_channels": 2, **options})
