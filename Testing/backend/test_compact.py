import pytest
import torch

from cueseg.models import create_model
from cueseg.models.efficientnet import STAGES, EfficientNetLite0, load_imagenet_encoder


def published_state():
    """Tensors with the names and shapes of the published EfficientNet-Lite0 file, each filled with its own number."""
    shapes = {"_conv_stem.weight": (32, 3, 3, 3)} | norm("_bn0", 32)
    c_in, number = 32, 0
    for expansion, kernel, _, c_out, repeats in STAGES:
        for _ in range(repeats):
            block, hidden = f"_blocks.{number}.", c_in * expansion
            if expansion != 1:
                shapes |= {block + "_expand_conv.weight": (hidden, c_in, 1, 1)} | norm(block + "_bn0", hidden)
            shapes |= {block + "_depthwise_conv.weight": (hidden, 1, kernel, kernel)} | norm(
                block + "_bn1", hidden
            )
            shapes |= {block + "_project_conv.weight": (c_out, hidden, 1, 1)} | norm(block + "_bn2", c_out)
            c_in, number = c_out, number + 1
    shapes |= {"_conv_head.weight": (1280, 320, 1, 1), "_fc.bias": (1000,)}
    state = {name: torch.full(shape, float(i)) for i, (name, shape) in enumerate(shapes.items())}
    return state | {"_bn0.num_batches_tracked": torch.tensor(7)}


def norm(name, channels):
    return {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}


def test_published_imagenet_weights_land_in_their_layers():
    encoder, state = EfficientNetLite0(4), published_state()
    load_imagenet_encoder(encoder, state)
    stem = encoder.stem[0].weight
    assert (stem[:, :3] == state["_conv_stem.weight"][0, 0, 0, 0]).all()
    assert (stem[:, 3] == 0).all()  # the cue starts without influence
    last = encoder.stages[6][0].body
    assert (last[6].weight == state["_blocks.15._project_conv.weight"][0, 0]).all()
    assert (
        encoder.stages[2][1].body[3].weight == state["_blocks.4._depthwise_conv.weight"][0, 0, 0, 0]
    ).all()


def test_another_network_is_not_taken_for_imagenet_weights():
    state = published_state()
    del state["_blocks.3._bn1.bias"]
    with pytest.raises(ValueError, match="expected 240 encoder tensors, the file has 239"):
        load_imagenet_encoder(EfficientNetLite0(4), state)
    state = published_state()
    state["_blocks.3._bn1.bias"] = torch.zeros(5)
    with pytest.raises(ValueError, match=r"_blocks\.3\._bn1\.bias has shape"):
        load_imagenet_encoder(EfficientNetLite0(4), state)


@pytest.mark.parametrize(("stride", "reductions"), [(16, (2, 4, 8, 16)), (8, (2, 4, 8, 8))])
def test_encoder_maps_have_the_promised_sizes(stride, reductions):
    encoder = EfficientNetLite0(4, stride).eval()
    maps = encoder(torch.zeros(1, 4, 64, 96))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (c, 64 // r, 96 // r) for c, r in zip(encoder.channels, reductions, strict=True)
    ]


def test_output_stride_is_checked():
    with pytest.raises(ValueError, match="8 or 16, got 32"):
        EfficientNetLite0(4, 32)


@pytest.mark.parametrize("name", ["compact", "compact-psp"])
@pytest.mark.parametrize("size", [(96, 96), (65, 130)])
def test_logits_have_the_size_of_the_input(name, size):
    network = create_model(name, 4).eval()
    with torch.inference_mode():
        assert network(torch.rand(2, 4, *size) * 255).shape == (2, 1, *size)


def test_options_override_the_variant():
    assert sum(p.numel() for p in create_model("compact", 4, width=64).parameters()) < sum(
        p.numel() for p in create_model("compact", 4).parameters()
    )
