"""The 2.5D U-Net: its size, its kernels, and that exported weights find their way back."""

import pytest
import torch
from torch import nn

from cueseg.models.unet25d import UNet25D
from cueseg.networks import NetworkCard, SegmentationNetwork, list_layers, load_network, save_network
from cueseg.networks.architectures import build_network


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_default_has_the_parameters_of_the_authors_network():
    assert count(UNet25D(3, 1, 2)) == 2_466_128


def test_the_finest_levels_look_within_slices():
    kernels = {
        name: m.kernel_size for name, m in UNet25D(3, 1, 2).named_modules() if isinstance(m, nn.Conv3d)
    }
    flat = {name for name, kernel in kernels.items() if kernel == (1, 3, 3)}
    assert flat == {f"{part}.conv{n}" for part in ("encoder.0", "encoder.1", "decoder.3") for n in (1, 2)}
    assert kernels["head"] == (1, 1, 1)
    assert set(kernels.values()) == {(1, 3, 3), (3, 3, 3), (1, 1, 1)}


@pytest.mark.parametrize(("options", "sides"), [({}, (16, 32, 16)), ({"levels": 3, "flat": 0}, (4, 8, 12))])
def test_logits_have_the_size_of_the_image(options, sides):
    network = UNet25D(3, 2, 3, base=4, **options)
    assert network(torch.randn(2, 2, *sides)).shape == (2, 3, *sides)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dims": 2}, "takes volumes, use 3"),
        ({"levels": 2}, "levels=2 is not supported: use 3 to 6"),
        ({"flat": 5}, "flat=5 is not supported: use 0 to 4"),
        ({"base": 0}, "channels must be whole numbers"),
    ],
)
def test_options_that_are_not_allowed_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        UNet25D(options.pop("dims", 3), 1, 2, **options)


def test_images_of_other_sizes_are_refused():
    network = UNet25D(3, 1, 2, base=2, levels=3)
    with pytest.raises(ValueError, match=r"\(4, 6, 8\) must be multiples of 4"):
        network(torch.zeros(1, 1, 4, 6, 8))
    with pytest.raises(ValueError, match="give a volume"):
        network(torch.zeros(1, 1, 8, 8))


def test_every_parameter_gets_a_gradient():
    network = UNet25D(3, 1, 2, base=2, levels=3)
    network(torch.randn(1, 1, 8, 8, 8)).square().sum().backward()
    # Of a bias before an instance norm nothing is left in the output.
    named = [(name, p) for name, p in network.named_parameters() if ".conv" not in name or p.ndim > 1]
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for _, p in named)


@pytest.mark.parametrize(
    ("architecture", "options"),
    [
        ("unet-2.5d", {"base": 2, "levels": 3, "flat": 1}),
        ("monai-attentionunet", {"channels": [2, 4, 8], "strides": [2, 2]}),
    ],
)
def test_saved_weights_are_loaded_and_can_be_cut(tmp_path, architecture, options):
    if architecture.startswith("monai"):
        pytest.importorskip("monai")
    card = NetworkCard(
        name="tiny",
        dims=3,
        in_channels=1,
        classes=("background", "object"),
        patch_size=(8, 8, 8),
        multiple=4,
        architecture=architecture,
        model_options=options,
    )
    module = build_network(card).eval()
    save_network(tmp_path / "tiny.pt", module, card)
    network = load_network(tmp_path / "tiny.pt")
    x = torch.randn(1, 1, 8, 8, 8)
    assert torch.equal(network.module(x), module(x))
    assert isinstance(network, SegmentationNetwork)
    assert network.refinable == ""
    assert len(list_layers(network)) > 2
