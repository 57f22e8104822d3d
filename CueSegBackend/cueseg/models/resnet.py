"""Dilated residual networks with a pyramid pooling head: that of Khan & Shahin 2019, and lighter ones."""

from dataclasses import dataclass

from torch import Tensor, nn

from cueseg.models.psp import PyramidPoolingHead, check_images, initialise, upsample

__all__ = ["BasicBlock", "Bottleneck", "PSPResNet", "create_psp_resnet"]


class _Block(nn.Module):
    """A residual block: the convolutions of `residual`, plus a shortcut, projected where shapes differ."""

    expansion = 1

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        out_channels = channels * self.expansion
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def residual(self, features: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must define its residual branch")

    def forward(self, features: Tensor) -> Tensor:
        """(N, in_channels, h, w) -> (N, channels * expansion, ceil(h / stride), ceil(w / stride))."""
        shortcut = features if self.downsample is None else self.downsample(features)
        return self.relu(self.residual(features) + shortcut)


class BasicBlock(_Block):
    """Two 3x3 convolutions, both dilated; the first one carries the stride."""

    def __init__(self, in_channels: int, channels: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__(in_channels, channels, stride)
        self.conv1 = _conv3x3(in_channels, channels, stride, dilation)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = _conv3x3(channels, channels, 1, dilation)
        self.bn2 = nn.BatchNorm2d(channels)

    def residual(self, features: Tensor) -> Tensor:
        """The branch beside the shortcut."""
        return self.bn2(self.conv2(self.relu(self.bn1(self.conv1(features)))))


class Bottleneck(_Block):
    """1x1, dilated 3x3, 1x1. The stride is on the first 1x1, as in Caffe: DEXTR's weights need it there."""

    expansion = 4

    def __init__(self, in_channels: int, channels: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__(in_channels, channels, stride)
        self.conv1 = nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = _conv3x3(channels, channels, 1, dilation)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, channels * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels * self.expansion)

    def residual(self, features: Tensor) -> Tensor:
        """The branch beside the shortcut."""
        reduced = self.relu(self.bn1(self.conv1(features)))
        return self.bn3(self.conv3(self.relu(self.bn2(self.conv2(reduced)))))


def _conv3x3(in_channels: int, channels: int, stride: int, dilation: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, channels, 3, stride=stride, padding=dilation, dilation=dilation, bias=False)


@dataclass(frozen=True)
class _Variant:
    block: type[BasicBlock] | type[Bottleneck]
    depths: tuple[int, int, int, int]


_VARIANTS = {
    "psp-resnet18": _Variant(BasicBlock, (2, 2, 2, 2)),
    "psp-resnet34": _Variant(BasicBlock, (3, 4, 6, 3)),
    "psp-resnet50": _Variant(Bottleneck, (3, 4, 6, 3)),
    "psp-resnet101": _Variant(Bottleneck, (3, 4, 23, 3)),
}


class PSPResNet(nn.Module):
    """Residual network of output stride 8 and pyramid pooling head (Khan & Shahin 2019; Maninis et al. 2018).

    The last two layers keep the resolution and dilate by 2 and 4 instead. Names of parameters follow DEXTR's
    checkpoints: ``conv1``, ``bn1``, ``layer1`` to ``layer4``, and the head as ``layer5``.

    Args:
        block: kind of residual block.
        depths: number of blocks in each of the four layers.
        in_channels: channels of the image and its cues.
        head_channels: width of the head; a quarter of the features by default, as in the paper (512 of 2048).
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        depths: tuple[int, int, int, int],
        in_channels: int = 4,
        head_channels: int | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.conv1 = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        width = block.expansion
        self.layer1 = _layer(block, 64, 64, depths[0])
        self.layer2 = _layer(block, 64 * width, 128, depths[1], stride=2)
        self.layer3 = _layer(block, 128 * width, 256, depths[2], dilation=2)
        self.layer4 = _layer(block, 256 * width, 512, depths[3], dilation=4)
        features = 512 * width
        self.layer5 = PyramidPoolingHead(features, features // 4 if head_channels is None else head_channels)
        initialise(self)

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, 512 * expansion, ceil(H / 8), ceil(W / 8))."""
        stem = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        return self.layer4(self.layer3(self.layer2(self.layer1(stem))))

    def forward(self, images: Tensor) -> Tensor:
        """Segment a batch.

        Args:
            images: (N, in_channels, H, W) float, scale 0..255, any H and W.

        Returns:
            Logits (N, 1, H, W), bilinear from an eighth of the size.

        Raises:
            ValueError: not such a batch, or one single image in training mode.
        """
        check_images(images, self.in_channels)
        return upsample(self.layer5(self.features(images)), images.shape[-2:])


def _layer(
    block: type[BasicBlock] | type[Bottleneck],
    in_channels: int,
    channels: int,
    depth: int,
    stride: int = 1,
    dilation: int = 1,
) -> nn.Sequential:
    first = block(in_channels, channels, stride, dilation)
    rest = (block(channels * block.expansion, channels, 1, dilation) for _ in range(depth - 1))
    return nn.Sequential(first, *rest)


def create_psp_resnet(name: str, in_channels: int = 4, head_channels: int | None = None) -> PSPResNet:
    """Build ``psp-resnet18``, ``-34``, ``-50`` or ``-101``; see `cueseg.models.create_model`.

    ``psp-resnet101`` with the default head is the network of Khan & Shahin 2019, 48,800,385 parameters at 4
    channels. The others share its layout; their heads, like its own, are a quarter of their features wide.
    """
    variant = _VARIANTS[name]
    return PSPResNet(variant.block, variant.depths, in_channels, head_channels)
