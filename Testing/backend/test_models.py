"""Every network keeps the same promises, and refuses what it cannot take."""

import subprocess
import sys
from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from cueseg.models import MODEL_NAMES, create_model

SIZES = [(64, 64), (61, 83), (8, 200), (1, 1)]
COMPACT_SIZES = [(64, 64), (61, 83), (40, 200)]


def images(count: int, channels: int, size: tuple[int, int]) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.rand(count, channels, *size, generator=generator) * 255


@cache
def network(name: str, in_channels: int) -> nn.Module:
    """One network in eval mode for all tests of it, none of which changes it."""
    torch.manual_seed(0)
    model = create_model(name, in_channels).train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.inference_mode():
        model(images(4, in_channels, (64, 64)))  # statistics of real signals, or the deepest ones vanish
    return model.eval()


def on_meta(name: str, in_channels: int) -> nn.Module:
    """The network without memory: for shapes and counts."""
    with torch.device("meta"):
        return create_model(name, in_channels)


class ModelPromises:
    """What `create_model` promises of every network; one network per subclass."""

    name: str
    in_channels = 4
    sizes = SIZES

    def test_logits_have_the_size_of_the_input(self) -> None:
        model = network(self.name, self.in_channels)
        for size in self.sizes:
            with torch.inference_mode():
                logits = model(images(1, self.in_channels, size))
            assert logits.shape == (1, 1, *size)
            assert logits.dtype == torch.float32
            assert logits.isfinite().all()

    def test_eval_is_repeatable(self) -> None:
        model = network(self.name, self.in_channels)
        batch = images(2, self.in_channels, (48, 56))
        with torch.inference_mode():
            assert torch.equal(model(batch), model(batch))

    def test_eval_treats_the_images_of_a_batch_independently(self) -> None:
        model = network(self.name, self.in_channels)
        batch = images(3, self.in_channels, (48, 56))
        with torch.inference_mode():
            together = model(batch)
            alone = torch.cat([model(image[None]) for image in batch])
        assert torch.allclose(together, alone, rtol=1e-3, atol=1e-3 * float(alone.abs().max()))
        assert not torch.allclose(together[0], together[1], rtol=1e-3)

    def test_every_parameter_learns(self) -> None:
        torch.manual_seed(0)
        model = create_model(self.name, self.in_channels).train()
        logits = model(images(2, self.in_channels, (64, 64)))
        target = (images(2, 1, (64, 64)) > 128).float()
        functional.binary_cross_entropy_with_logits(logits, target).backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
        first = next(p for p in model.parameters() if p.ndim == 4)
        assert (first.grad.abs().sum(dim=(0, 2, 3)) > 0).all()  # every input channel, the cue too

    def test_channels_only_change_the_first_kernel(self) -> None:
        shapes = {n: {k: v.shape for k, v in on_meta(self.name, n).state_dict().items()} for n in (3, 4, 5)}
        for in_channels in (3, 5):
            changed = set(shapes[4].items()) ^ set(shapes[in_channels].items())
            assert len(changed) == 2
            assert {(name, shape[1]) for name, shape in changed} == {
                (name, channels) for name, _ in changed for channels in (4, in_channels)
            }


class TestPspResNet18(ModelPromises):
    name = "psp-resnet18"


class TestPspResNet50WithTwoCues(ModelPromises):
    name = "psp-resnet50"
    in_channels = 5


class TestCompact(ModelPromises):
    name = "compact"
    sizes = COMPACT_SIZES


class TestCompactPspWithoutCue(ModelPromises):
    name = "compact-psp"
    in_channels = 3
    sizes = COMPACT_SIZES


def test_head_channels_narrow_the_head() -> None:
    with torch.device("meta"):
        model = create_model("psp-resnet18", 4, head_channels=16)
    assert model.layer5.final.weight.shape == (1, 16, 1, 1)


@pytest.mark.parametrize(
    ("name", "in_channels", "options", "message"),
    [
        ("psp-resnet10", 4, {}, "unknown model 'psp-resnet10'.*psp-resnet101.*did you mean 'psp-resnet"),
        ("zzz", 4, {}, "unknown model 'zzz': choose one of compact"),
        (None, 4, {}, "unknown model None"),
        ("psp-resnet18", 2, {}, "in_channels=2 is not supported: use 3"),
        ("psp-resnet18", 6, {}, "in_channels=6"),
        ("psp-resnet18", 4.0, {}, "in_channels=4.0"),
        ("psp-resnet18", True, {}, "in_channels=True"),
        ("psp-resnet18", 4, {"heads": 3}, "psp-resnet18.*'heads'"),
        ("compact", 4, {"depth": 3}, "compact.*'depth'"),
        ("psp-resnet18", 4, {"head_channels": 0}, "head_channels.*at least 1, not 0"),
    ],
)
def test_wrong_requests_are_refused(name: str, in_channels: int, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        create_model(name, in_channels, **options)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (torch.zeros(4, 32, 32), r"shape \(4, 32, 32\).*\(N, 4, H, W\)"),
        (torch.zeros(1, 3, 32, 32), r"shape \(1, 3, 32, 32\).*\(N, 4, H, W\)"),
        (torch.zeros(1, 4, 0, 32), "not empty"),
        (torch.zeros(1, 4, 32, 32, dtype=torch.uint8), "uint8.*float32"),
    ],
)
def test_wrong_images_are_refused(batch: Tensor, message: str) -> None:
    model = create_model("psp-resnet18").eval()
    with pytest.raises(ValueError, match=message):
        model(batch)


def test_one_image_cannot_be_trained_on() -> None:
    with pytest.raises(ValueError, match=r"batch of 1.*train on 2 images, or call eval"):
        create_model("psp-resnet18").train()(images(1, 4, (64, 64)))


def test_the_registry_needs_no_torch_until_a_network_is_built() -> None:
    code = "import sys, cueseg.models as m; assert 'torch' not in sys.modules; print(' '.join(m.MODEL_NAMES))"
    command = [sys.executable, "-c", code]
    folder = str(__import__("cueseg").__path__[0]).removesuffix("cueseg")
    result = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, cwd=folder)
    assert result.stdout.split() == list(MODEL_NAMES)
