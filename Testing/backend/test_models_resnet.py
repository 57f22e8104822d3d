"""The residual networks have the size, names, strides and head that Khan & Shahin 2019 describe."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from cueseg.models import create_model
from cueseg.models.psp import PyramidPoolingHead
from cueseg.models.resnet import BasicBlock, Bottleneck


def on_meta(name: str, in_channels: int) -> nn.Module:
    """The network without memory: for shapes and counts."""
    with torch.device("meta"):
        return create_model(name, in_channels)


@pytest.mark.parametrize(
    ("name", "in_channels", "parameters"),
    [
        ("psp-resnet101", 3, 48_797_249),
        ("psp-resnet101", 4, 48_800_385),
        ("psp-resnet101", 5, 48_803_521),
        ("psp-resnet50", 4, 29_808_257),
        ("psp-resnet34", 4, 21_682_433),
        ("psp-resnet18", 4, 11_574_273),
    ],
)
def test_number_of_parameters(name: str, in_channels: int, parameters: int) -> None:
    assert sum(parameter.numel() for parameter in on_meta(name, in_channels).parameters()) == parameters


@pytest.mark.parametrize(("in_channels", "parameters"), [(3, 42_500_160), (4, 42_503_296), (5, 42_506_432)])
def test_resnet101_splits_into_backbone_and_head(in_channels: int, parameters: int) -> None:
    model = on_meta("psp-resnet101", in_channels)
    head = sum(parameter.numel() for parameter in model.layer5.parameters())
    assert head == 6_297_089
    assert sum(parameter.numel() for parameter in model.parameters()) - head == parameters


def test_resnet101_has_the_names_and_shapes_of_dextr() -> None:
    shapes = {key: tuple(value.shape) for key, value in on_meta("psp-resnet101", 4).state_dict().items()}
    assert len(shapes) == 656
    assert sum(not key.endswith("num_batches_tracked") for key in shapes) == 547
    statistics = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
    assert {key.removeprefix("bn1.") for key in shapes if key.startswith("bn1.")} == statistics
    expected = {
        "conv1.weight": (64, 4, 7, 7),
        "layer1.0.conv1.weight": (64, 64, 1, 1),
        "layer1.0.downsample.0.weight": (256, 64, 1, 1),
        "layer1.0.downsample.1.running_var": (256,),
        "layer3.22.conv2.weight": (256, 256, 3, 3),
        "layer4.2.bn3.running_mean": (2048,),
        "layer5.stages.0.1.weight": (512, 2048, 1, 1),
        "layer5.stages.3.2.bias": (512,),
        "layer5.bottleneck.0.weight": (512, 4096, 1, 1),
        "layer5.bottleneck.1.weight": (512,),
        "layer5.final.weight": (1, 512, 1, 1),
        "layer5.final.bias": (1,),
    }
    assert {key: shapes.get(key) for key in expected} == expected
    assert "layer3.23.conv1.weight" not in shapes
    assert "layer1.1.downsample.0.weight" not in shapes


def test_strides_and_dilations_are_those_of_the_paper() -> None:
    model = on_meta("psp-resnet101", 4)
    layers = [model.layer1, model.layer2, model.layer3, model.layer4]
    assert [layer[0].conv1.stride[0] for layer in layers] == [1, 2, 1, 1]
    assert [layer[0].downsample[0].stride[0] for layer in layers] == [1, 2, 1, 1]
    for layer, dilation in zip(layers, (1, 1, 2, 4), strict=True):
        assert {block.conv2.stride for block in layer} == {(1, 1)}
        assert {block.conv2.dilation for block in layer} == {(dilation, dilation)}
        assert {block.conv2.padding for block in layer} == {(dilation, dilation)}


def test_features_are_an_eighth_of_the_size() -> None:
    features = on_meta("psp-resnet101", 4).features(torch.empty(1, 4, 512, 512, device="meta"))
    assert features.shape == (1, 2048, 64, 64)
    model = on_meta("psp-resnet18", 4)
    assert model.features(torch.empty(1, 4, 61, 83, device="meta")).shape == (1, 512, 8, 11)


def test_a_bottleneck_samples_the_pixels_of_its_first_convolution() -> None:
    # With the stride on the 1x1, odd rows and columns of the input cannot matter; on the 3x3 they would.
    block = Bottleneck(8, 2, stride=2).eval()
    features = torch.rand(1, 8, 9, 9)
    changed = features.clone()
    changed[:, :, 1::2, :] += 1
    changed[:, :, :, 1::2] += 1
    with torch.inference_mode():
        assert torch.equal(block(features), block(changed))
        changed[:, :, ::2, ::2] += 1
        assert not torch.equal(block(features), block(changed))


def test_a_block_of_equal_shape_adds_its_input() -> None:
    block = BasicBlock(4, 4).eval()
    nn.init.zeros_(block.bn2.weight)
    features = torch.rand(1, 4, 5, 6)
    assert block.downsample is None
    assert torch.equal(block(features), features)


def test_the_head_concatenates_the_pools_in_order_and_then_the_features() -> None:
    torch.manual_seed(0)
    head = PyramidPoolingHead(3, 2).eval()
    features = torch.rand(1, 3, 7, 5)
    with torch.inference_mode():
        parts = []
        for stage, bins in zip(head.stages, (1, 2, 3, 6), strict=True):
            pooled = functional.adaptive_avg_pool2d(features, bins)
            reduced = torch.einsum("oi,nihw->nohw", stage[1].weight[:, :, 0, 0], pooled) / (1 + 1e-5) ** 0.5
            resized = functional.interpolate(reduced.relu(), (7, 5), mode="bilinear", align_corners=True)
            parts.append(resized)
        stacked = torch.cat([*parts, features], dim=1)
        mixed = torch.einsum("oi,nihw->nohw", head.bottleneck[0].weight[:, :, 0, 0], stacked)
        expected = head.final((mixed / (1 + 1e-5) ** 0.5).relu())
        assert torch.allclose(head(features), expected, atol=1e-6)


def test_the_logits_are_enlarged_with_aligned_corners() -> None:
    torch.manual_seed(0)
    model = create_model("psp-resnet18").eval()
    batch = torch.rand(1, 4, 65, 57) * 255
    with torch.inference_mode():
        coarse = model.layer5(model.features(batch))
        fine = model(batch)
    assert torch.allclose(
        fine[..., [0, 0, -1, -1], [0, -1, 0, -1]], coarse[..., [0, 0, -1, -1], [0, -1, 0, -1]]
    )
