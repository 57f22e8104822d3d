"""P-Net and PC-Net: sizes, receptive fields, and the cut before their classifier."""

import pytest
import torch

from cueseg.models.p_net import PCNet, PNet
from cueseg.models.slicewise import SlicewiseConv3d
from cueseg.networks import NetworkCard, SegmentationNetwork, load_network, save_network
from cueseg.networks.architectures import build_network
from cueseg.refinement.options import RefinementOptions
from cueseg.refinement.refined_copy import RefinedCopy, find_target


def card(architecture="p-net", dims=2, **options):
    return NetworkCard(
        name=architecture,
        dims=dims,
        in_channels=1,
        classes=("background", "object"),
        intensity={"kind": "zscore"},
        tail=("classifier",),
        architecture=architecture,
        model_options=options,
    )


def parameter_count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("norm", ["group", "none"])
def test_p_net_has_the_parameters_of_the_paper(norm):
    network = PNet(norm=norm)
    assert parameter_count(network) == 464_450
    assert parameter_count(network.classifier) == 320 * 64 + 64 + 64 * 2 + 2
    convolutions = [part for part in network.blocks.modules() if isinstance(part, torch.nn.Conv2d)]
    assert [part.dilation[0] for part in convolutions] == [1] * 2 + [2] * 2 + [4] * 3 + [8] * 3 + [16] * 3


def test_pc_net_compresses_what_its_classifier_sees():
    network = PCNet()
    assert [layer[0].out_channels for layer in network.compress] == [16] * 5
    assert network.classifier[1].in_channels == 80
    blocks = 27 * 32 + 32 + 12 * (27 * 32 * 32 + 32)
    assert parameter_count(network) == blocks + 5 * (32 * 16 + 16) + 80 * 32 + 32 + 32 * 2 + 2


def reach(network, shape):
    """Extent along the last axis of the pixels that the logits in the middle depend on, without norms."""
    x = torch.ones(1, 1, *shape, requires_grad=True)
    middle = (0, slice(None), *(side // 2 for side in shape))
    network(x)[middle].sum().backward()
    hit = x.grad[0, 0].abs().flatten(0, -2).sum(0).nonzero()[:, 0]
    return int(hit.max() - hit.min()) + 1


@pytest.mark.parametrize(
    ("network", "shape", "expected"),
    [
        (PNet, (3, 201), 181),
        (lambda **options: PNet(dilations=(1, 2, 3, 4, 5), **options), (3, 201), 85),
        (PCNet, (1, 1, 101), 85),
    ],
)
def test_the_receptive_field_is_that_of_the_paper(network, shape, expected):
    torch.manual_seed(0)
    module = network(features=8, norm="none", dropout=0.0)
    for parameter in module.parameters():  # all positive: nothing cancels and no unit is dead
        parameter.data.abs_()
    assert reach(module, shape) == expected


@pytest.mark.parametrize(
    ("network", "shape"),
    [(PNet, (1, 1)), (PNet, (7, 30)), (PNet, (40, 3)), (PCNet, (1, 1, 1)), (PCNet, (3, 9, 14))],
)
def test_crops_of_any_size_keep_their_size(network, shape):
    found = network(features=8).eval()(torch.randn(2, 1, *shape))
    assert found.shape == (2, 2, *shape)
    assert torch.isfinite(found).all()


@pytest.mark.parametrize("depth", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [1, 2])
def test_slices_convolve_to_what_the_volume_does_with_all_gradients(depth, count):
    torch.manual_seed(0)
    ours = SlicewiseConv3d(3, 4, 2)
    theirs = torch.nn.Conv3d(3, 4, 3, padding=2, dilation=2)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(count, 3, depth, 6, 5)
    results = []
    for convolution in (ours, theirs):
        given = x.clone().requires_grad_()
        found = convolution(given)
        found.square().sum().backward()
        results.append([found.detach(), given.grad, convolution.weight.grad, convolution.bias.grad])
    for mine, other in zip(*results, strict=True):
        assert torch.allclose(mine, other, rtol=1e-4, atol=1e-4)


def test_what_a_crop_becomes_depends_on_no_other_crop():
    torch.manual_seed(0)
    network = PNet(features=8, dropout=0.0)
    crops = torch.randn(3, 1, 12, 15)
    together, alone = network(crops), network(crops[1:2])
    assert torch.allclose(together[1:2], alone, atol=1e-5)
    assert torch.allclose(network.eval()(crops), together, atol=1e-5)  # evaluation is what was trained


@pytest.mark.parametrize(
    ("architecture", "dims", "shape"), [("p-net", 2, (20, 24)), ("pc-net", 3, (6, 8, 9))]
)
def test_refinement_cuts_before_the_classifier(architecture, dims, shape):
    described = card(architecture, dims, features=8)
    network = SegmentationNetwork.of(build_network(described).eval(), described)
    x = torch.randn(1, 1, *shape)
    target = find_target(network, x, RefinementOptions(), 0, ())
    assert target.layers == ("classifier.1", "classifier.4")
    copy = RefinedCopy(network, target, x, "cpu", half=False)
    features = copy.features(x)
    seen = 5 * (8 if dims == 2 else 16)
    assert [tuple(part.shape) for part in features] == [(1, seen, *shape)]
    with torch.no_grad():
        assert torch.allclose(copy.logits(features), network.module(x), atol=1e-6)


@pytest.mark.parametrize(("architecture", "dims"), [("p-net", 2), ("pc-net", 3)])
def test_a_file_gives_the_network_back(architecture, dims, tmp_path):
    described = card(architecture, dims, features=8, dilations=[1, 1, 2, 2, 3])
    module = build_network(described).eval()
    save_network(tmp_path / "net.pt", module, described)
    network = load_network(tmp_path / "net.pt")
    assert network.card.tail == ("classifier",)
    x = torch.randn(1, 1, *(9,) * dims)
    with torch.no_grad():
        assert torch.equal(network.module(x), module(x))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": 0}, "features=0"),
        ({"classes": 0}, "channels must be whole numbers"),
        ({"dilations": (1, 2)}, "dilations=.*5 whole numbers"),
        ({"dilations": (1, 2, 0, 1, 1)}, "dilations="),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"norm": "batch"}, "norm='batch'.*group, none"),
    ],
)
def test_options_that_are_not_allowed_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        PNet(**options)
    with pytest.raises(ValueError, match=message):
        PCNet(**options)


def test_compression_to_nothing_and_other_dimensions_are_refused():
    with pytest.raises(ValueError, match="compressed=0"):
        PCNet(compressed=0)
    with pytest.raises(ValueError, match=r"batch, channels, \*2 sides"):
        PNet(features=8)(torch.zeros(1, 1, 4, 4, 4))
    with pytest.raises(ValueError, match="pc-net is the one for volumes"):
        build_network(card("p-net", 3))
    with pytest.raises(ValueError, match="p-net is the one for pictures"):
        build_network(card("pc-net", 2))
    with pytest.raises(ValueError, match=r"cannot be built with .*'depth'"):
        build_network(card("p-net", 2, depth=3))
