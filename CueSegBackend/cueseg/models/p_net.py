"""P-Net and PC-Net (Wang et al. 2018, section III-A): networks that keep the resolution, for one object in a box.

Layers in order of execution: `blocks.*`, `compress.*` (PC-Net), `classifier`, the paper's block 6. The graph can be
traced with torch.fx and cut before the classifier, so that what it sees is computed once per crop.
"""

from collections.abc import Sequence
from math import gcd

import torch
from torch import Tensor, nn

from cueseg.models.slicewise import SlicewiseConv3d

__all__ = ["NORMS", "PCNet", "PNet", "p_net", "pc_net"]

NORMS = ("group", "none")
_DEPTHS = (2, 2, 3, 3, 3)  # convolutions of the five blocks
_GROUPS = 8  # of channels, for group normalisation


class _BoxNet(nn.Module):
    """Five blocks of dilated convolutions at full resolution; a classifier sees the outputs of all of them."""

    def __init__(
        self,
        dims: int,
        in_channels: int,
        classes: int,
        features: int,
        dilations: Sequence[int],
        compressed: int,
        dropout: float,
        norm: str,
    ) -> None:
        super().__init__()
        _check_options(features, dilations, compressed, dropout, norm, (in_channels, classes))
        self.dims = dims
        convolution = _convolution(dims)
        widths = [in_channels] + [features] * (len(_DEPTHS) - 1)
        self.blocks = nn.ModuleList(
            _block(dims, c_in, features, depth, dilation, norm)
            for c_in, depth, dilation in zip(widths, _DEPTHS, dilations, strict=True)
        )
        self.compress = nn.ModuleList(
            nn.Sequential(convolution(features, compressed, 1), nn.ReLU())
            for _ in (self.blocks if compressed else ())
        )
        seen = len(_DEPTHS) * (compressed or features)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            convolution(seen, features, 1),
            nn.ReLU(),
            nn.Dropout(dropout),
            convolution(features, classes, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, *spatial) -> logits (N, classes, *spatial), sides of any length."""
        x = _checked(x, self.dims)
        outputs = []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        if len(self.compress):
            outputs = [layer(output) for layer, output in zip(self.compress, outputs, strict=True)]
        return self.classifier(torch.cat(outputs, dim=1))


class PNet(_BoxNet):
    """P-Net for pictures and slices: (N, in_channels, rows, cols) float32 -> logits (N, classes, rows, cols).

    13 convolutions of 3 x 3 without pooling; the outputs of all five blocks are concatenated and classified by two
    convolutions of 1 x 1. With the defaults 464,450 parameters and a receptive field of 181 x 181.

    The paper has no norm layers and trains for 60,000 steps. `norm` "group" learns in a few hundred; it takes its
    statistics from the crop at hand in training and after it (unlike batch norm, whose means of other images are
    constants on an unseen object), it takes crops of any size one by one, and it has no parameters of its own.

    Args:
        in_channels: Channels of the image.
        classes: Background and object: 2.
        features: Channels of every convolution, a multiple of the number of groups.
        dilations: Of the five blocks.
        dropout: Share of the channels' values dropped before both convolutions of the classifier, in training.
        norm: "group" (8 groups, without scale and shift) after every 3 x 3 convolution, or "none".

    Raises:
        ValueError: An option that is not allowed.
    """

    def __init__(
        self,
        in_channels: int = 1,
        classes: int = 2,
        features: int = 64,
        dilations: Sequence[int] = (1, 2, 4, 8, 16),
        dropout: float = 0.3,
        norm: str = "group",
    ) -> None:
        super().__init__(2, in_channels, classes, features, dilations, 0, dropout, norm)


class PCNet(_BoxNet):
    """PC-Net for volumes: (N, in_channels, slices, rows, cols) float32 -> logits (N, classes, slices, rows, cols).

    As `PNet` with 3 x 3 x 3 convolutions; the outputs of the blocks are compressed by 1 x 1 x 1 convolutions before
    they are concatenated. With the defaults a receptive field of 85 voxels per axis.

    Args:
        in_channels: Channels of the image.
        classes: Background and object: 2.
        features: Channels of every convolution, a multiple of the number of groups.
        dilations: Of the five blocks.
        compressed: Channels of a block's output after compression.
        dropout: As of `PNet`.
        norm: As of `PNet`.

    Raises:
        ValueError: An option that is not allowed.
    """

    def __init__(
        self,
        in_channels: int = 1,
        classes: int = 2,
        features: int = 32,
        dilations: Sequence[int] = (1, 2, 3, 4, 5),
        compressed: int = 16,
        dropout: float = 0.3,
        norm: str = "group",
    ) -> None:
        if compressed < 1:
            raise ValueError(f"compressed={compressed!r} is not supported: use a whole number from 1")
        super().__init__(3, in_channels, classes, features, dilations, compressed, dropout, norm)


def p_net(dims: int, in_channels: int, out_channels: int, **options: object) -> PNet:
    """A P-Net by the fields of a network card.

    Raises:
        ValueError: Not 2 dims, or an option that is not allowed.
    """
    if dims != 2:
        raise ValueError(f"p-net has 2 dims, not {dims}: pc-net is the one for volumes")
    return PNet(in_channels, out_channels, **options)  # type: ignore[arg-type]  # its own checks follow


def pc_net(dims: int, in_channels: int, out_channels: int, **options: object) -> PCNet:
    """A PC-Net by the fields of a network card.

    Raises:
        ValueError: Not 3 dims, or an option that is not allowed.
    """
    if dims != 3:
        raise ValueError(f"pc-net has 3 dims, not {dims}: p-net is the one for pictures and slices")
    return PCNet(in_channels, out_channels, **options)  # type: ignore[arg-type]  # its own checks follow


def _block(dims: int, c_in: int, features: int, depth: int, dilation: int, norm: str) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in range(depth):
        source = features if number else c_in
        if dims == 2:
            layers.append(nn.Conv2d(source, features, 3, padding=dilation, dilation=dilation))
        else:
            layers.append(SlicewiseConv3d(source, features, dilation))
        if norm == "group":
            layers.append(nn.GroupNorm(gcd(_GROUPS, features), features, affine=False))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)


@torch.fx.wrap
def _checked(x: Tensor, dims: int) -> Tensor:
    """The image as it is, if the network can take it; a leaf of the traced graph, so traces check as well."""
    if x.ndim != dims + 2:
        raise ValueError(f"this network takes (batch, channels, *{dims} sides), got {tuple(x.shape)}")
    return x


def _convolution(dims: int) -> type[nn.Conv2d] | type[nn.Conv3d]:
    return (nn.Conv2d, nn.Conv3d)[dims - 2]


def _check_options(
    features: int,
    dilations: Sequence[int],
    compressed: int,
    dropout: float,
    norm: str,
    counts: tuple[int, ...],
) -> None:
    if any(type(count) is not int or count < 1 for count in (features, *counts)):
        raise ValueError(f"channels must be whole numbers from 1, got features={features!r} and {counts}")
    if type(compressed) is not int or compressed < 0:
        raise ValueError(f"compressed={compressed!r} is not supported: use a whole number from 1")
    whole = all(type(dilation) is int and dilation >= 1 for dilation in dilations)
    if len(dilations) != len(_DEPTHS) or not whole:
        raise ValueError(f"dilations={dilations!r} is not supported: use {len(_DEPTHS)} whole numbers from 1")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout={dropout!r} is not supported: use a share from 0 to below 1")
    if norm not in NORMS:
        raise ValueError(f"norm={norm!r} is not supported: use one of {', '.join(NORMS)}")
