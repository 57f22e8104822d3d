"""A plain U-Net for pictures and volumes (Ronneberger et al. 2015; Çiçek et al. 2016).

Layers in order of execution: `encoder.*`, `decoder.*`, `head`. The graph can be traced with torch.fx.
"""

import torch
from torch import Tensor, nn

NORMS = ("instance", "batch", "group")
_GROUPS = 8  # of channels, for group normalisation


class UNet(nn.Module):
    """Images (N, in_channels, *spatial) float32 -> logits (N, out_channels, *spatial).

    Two 3^dims convolutions with normalisation and leaky ReLU per level, max-pooling between levels, transposed
    convolutions on the way up, skips by concatenation. Channels double from level to level.

    Args:
        dims: 2 (rows, cols) or 3 (slices, rows, cols).
        in_channels: Channels of the image.
        out_channels: Classes, the background included.
        base: Channels of the finest level.
        levels: Number of resolutions; every side of the image must be a multiple of 2 ** (levels - 1).
        norm: "instance", "batch" or "group" (8 groups).
        most: Upper bound of the channels of a level.

    Raises:
        ValueError: An option that is not allowed.
    """

    def __init__(
        self,
        dims: int,
        in_channels: int,
        out_channels: int,
        *,
        base: int = 16,
        levels: int = 4,
        norm: str = "instance",
        most: int = 256,
    ) -> None:
        super().__init__()
        _check_options(dims, base, levels, norm, (in_channels, out_channels, most))
        widths = [min(base * 2**level, most) for level in range(levels)]
        self.dims, self.multiple = dims, 2 ** (levels - 1)
        self.encoder = nn.ModuleList(
            ConvBlock(dims, c_in, c_out, norm)
            for c_in, c_out in zip([in_channels, *widths[:-1]], widths, strict=True)
        )
        self.pool = (nn.MaxPool2d, nn.MaxPool3d)[dims - 2](2)
        self.decoder = nn.ModuleList(
            UpBlock(dims, c_in, c_out, norm)
            for c_in, c_out in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.head = _convolution(dims)(widths[0], out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, *spatial) -> logits (N, out_channels, *spatial).

        Raises:
            ValueError: A side of the image is not a multiple of `multiple`.
        """
        x = _checked(x, self.dims, self.multiple)
        skips = []
        for block in self.encoder[:-1]:
            x = block(x)
            skips.append(x)
            x = self.pool(x)
        x = self.encoder[-1](x)
        for block, skip in zip(self.decoder, reversed(skips), strict=True):
            x = block(x, skip)
        return self.head(x)


class ConvBlock(nn.Module):
    """Two times convolution, normalisation, leaky ReLU at one resolution."""

    def __init__(self, dims: int, c_in: int, c_out: int, norm: str) -> None:
        super().__init__()
        convolution = _convolution(dims)
        self.conv1 = convolution(c_in, c_out, 3, padding=1, bias=False)
        self.norm1 = _normalisation(dims, c_out, norm)
        self.conv2 = convolution(c_out, c_out, 3, padding=1, bias=False)
        self.norm2 = _normalisation(dims, c_out, norm)
        self.act = nn.LeakyReLU(0.01)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c_in, *spatial) -> (N, c_out, *spatial)."""
        x = self.act(self.norm1(self.conv1(x)))
        return self.act(self.norm2(self.conv2(x)))


class UpBlock(nn.Module):
    """Twice the resolution by a transposed convolution, then a block over it and the skip."""

    def __init__(self, dims: int, c_in: int, c_out: int, norm: str) -> None:
        super().__init__()
        self.up = (nn.ConvTranspose2d, nn.ConvTranspose3d)[dims - 2](c_in, c_out, 2, stride=2)
        self.block = ConvBlock(dims, 2 * c_out, c_out, norm)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(N, c_in, *half), (N, c_out, *spatial) -> (N, c_out, *spatial)."""
        return self.block(torch.cat([self.up(x), skip], dim=1))


@torch.fx.wrap
def _checked(x: Tensor, dims: int, multiple: int) -> Tensor:
    """The image as it is, if the network can take it; a leaf of the traced graph, so traces check as well."""
    sides = tuple(x.shape[2:])
    if len(sides) != dims:
        raise ValueError(f"a {dims}D U-Net takes (batch, channels, *{dims} sides), got {tuple(x.shape)}")
    if any(side % multiple for side in sides):
        raise ValueError(f"the sides {sides} must be multiples of {multiple}: pad the image, or cut windows")
    return x


def _convolution(dims: int) -> type[nn.Conv2d] | type[nn.Conv3d]:
    return (nn.Conv2d, nn.Conv3d)[dims - 2]


def _normalisation(dims: int, channels: int, norm: str) -> nn.Module:
    if norm == "group":
        return nn.GroupNorm(min(_GROUPS, channels), channels)
    if norm == "batch":
        return (nn.BatchNorm2d, nn.BatchNorm3d)[dims - 2](channels)
    return (nn.InstanceNorm2d, nn.InstanceNorm3d)[dims - 2](channels, affine=True)


def _check_options(dims: int, base: int, levels: int, norm: str, counts: tuple[int, ...]) -> None:
    if dims not in (2, 3):
        raise ValueError(f"dims={dims!r} is not supported: use 2 for pictures or 3 for volumes")
    if norm not in NORMS:
        raise ValueError(f"norm={norm!r} is not supported: use one of {', '.join(NORMS)}")
    if not 2 <= levels <= 7:
        raise ValueError(f"levels={levels!r} is not supported: use 2 to 7")
    if any(type(count) is not int or count < 1 for count in (base, *counts)):
        raise ValueError(f"channels must be whole numbers from 1, got base={base!r} and {counts}")
    if norm == "group" and base % min(_GROUPS, base):
        raise ValueError(
            f"base={base} cannot be split into {_GROUPS} groups: use a multiple, or another norm"
        )
