"""The pyramid pooling head, and what every network does before its first and after its last layer."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["PyramidPoolingHead", "check_images", "initialise", "upsample"]


class PyramidPoolingHead(nn.Module):
    """Features to logits through average pools on several grids (Zhao et al. 2017; Khan & Shahin 2019).

    Each stage pools the features to a bins x bins grid, reduces them with a 1x1 convolution, batch norm and
    ReLU, and goes back to the feature size, bilinear with aligned corners. The stages in order, then the
    features themselves, are concatenated, reduced in the same way, and classified by a 1x1 convolution.

    Args:
        in_channels: channels of the features.
        head_channels: channels of every stage and of the reduced features.
        out_channels: channels of the logits.
        bins: grid size of each stage.
    """

    def __init__(
        self,
        in_channels: int,
        head_channels: int = 512,
        out_channels: int = 1,
        bins: Sequence[int] = (1, 2, 3, 6),
    ) -> None:
        super().__init__()
        if type(head_channels) is not int or head_channels < 1:
            raise ValueError(f"head_channels must be a whole number of at least 1, not {head_channels!r}")
        self.stages = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(size), *_reduce(in_channels, head_channels)) for size in bins
        )
        self.bottleneck = nn.Sequential(*_reduce(in_channels + len(bins) * head_channels, head_channels))
        self.final = nn.Conv2d(head_channels, out_channels, kernel_size=1)

    def forward(self, features: Tensor) -> Tensor:
        """Classify the features.

        Args:
            features: (N, in_channels, h, w), any h and w from 1.

        Returns:
            Logits (N, out_channels, h, w).

        Raises:
            ValueError: one single image in training mode, whose 1x1 pool has no batch statistics.
        """
        if self.training and features.shape[0] == 1:
            raise ValueError(
                "a batch of 1 has no statistics for batch norm: train on 2 images, or call eval()"
            )
        size = features.shape[-2:]
        pyramid = [upsample(stage(features), size) for stage in self.stages]
        return self.final(self.bottleneck(torch.cat([*pyramid, features], dim=1)))


def _reduce(in_channels: int, out_channels: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(in_channels, out_channels, 1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def upsample(images: Tensor, size: Sequence[int]) -> Tensor:
    """Resize (N, C, h, w) to (N, C, *size), bilinear, with the centres of the corner pixels aligned."""
    return functional.interpolate(images, size=tuple(size), mode="bilinear", align_corners=True)


def check_images(images: Tensor, in_channels: int) -> None:
    """Refuse anything but a float batch (N, in_channels, H, W).

    Raises:
        ValueError: wrong number of axes or channels, an empty axis, an integer dtype.
    """
    shape = tuple(images.shape)
    if len(shape) != 4 or shape[1] != in_channels or 0 in shape:
        raise ValueError(f"images of shape {shape}: this network takes (N, {in_channels}, H, W), not empty")
    if not images.is_floating_point():
        raise ValueError(f"images of dtype {images.dtype}: convert them to float32, in the scale 0..255")


def initialise(module: nn.Module) -> None:
    """Draw the convolutions from He's normal distribution (fan out); biases become 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
