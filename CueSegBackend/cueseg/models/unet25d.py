"""The 2.5D U-Net for volumes with thick slices (Wang et al. 2019; as in PA-Seg, Zhai, Wang et al. 2022).

Layers in order of execution: `encoder.*`, `decoder.*`, `head`. The graph can be traced with torch.fx.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

__all__ = ["UNet25D"]

_SLOPE = 0.01  # of the leaky ReLU


class UNet25D(nn.Module):
    """Images (N, in_channels, slices, rows, cols) float32 -> logits (N, out_channels, slices, rows, cols).

    A 3D U-Net whose `flat` finest levels look within slices only. The channels double from level to level but the
    last; on the way up, trilinear interpolation, the skip beside it, and two convolutions that already come down to
    the channels of the level above and have the kernel of the level below. 2,466,128 parameters with the defaults,
    one channel in and two out, which is the count of the authors' network.

    Args:
        dims: 3.
        in_channels: Channels of the image.
        out_channels: Classes, the background included.
        base: Channels of the finest level.
        levels: Number of resolutions; every side of the image must be a multiple of 2 ** (levels - 1).
        flat: Number of the finest levels with kernels 1 x 3 x 3.

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
        levels: int = 5,
        flat: int = 2,
    ) -> None:
        super().__init__()
        _check_options(dims, levels, flat, (in_channels, out_channels, base))
        widths = [base * 2**level for level in range(levels - 1)]
        widths.append(widths[-1])
        kernels = [(1, 3, 3)] * flat + [(3, 3, 3)] * (levels - flat)
        self.multiple = 2 ** (levels - 1)
        self.encoder = nn.ModuleList(
            ConvBlock(*sizes) for sizes in zip([in_channels, *widths[:-1]], widths, kernels, strict=True)
        )
        outputs = [widths[0], *widths[: levels - 2]]  # of the decoder's blocks, finest first
        self.decoder = nn.ModuleList(
            ConvBlock(2 * widths[level], outputs[level], kernels[level + 1 if level else 0])
            for level in reversed(range(levels - 1))
        )
        self.head = nn.Conv3d(outputs[0], out_channels, 1, bias=False)
        self.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, slices, rows, cols) -> logits (N, out_channels, slices, rows, cols).

        Raises:
            ValueError: A side of the image is not a multiple of `multiple`.
        """
        x = _checked(x, self.multiple)
        skips = []
        for block in self.encoder[:-1]:
            x = block(x)
            skips.append(x)
            x = F.max_pool3d(x, 2)
        x = self.encoder[-1](x)
        for block, skip in zip(self.decoder, reversed(skips), strict=True):
            x = F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False)
            x = block(torch.cat([x, skip], dim=1))
        return self.head(x)


class ConvBlock(nn.Module):
    """Two times convolution, instance normalisation, leaky ReLU at one resolution."""

    def __init__(self, c_in: int, c_out: int, kernel: tuple[int, int, int]) -> None:
        super().__init__()
        padding = tuple(side // 2 for side in kernel)
        self.conv1 = nn.Conv3d(c_in, c_out, kernel, padding=padding)
        self.norm1 = nn.InstanceNorm3d(c_out, affine=True)
        self.conv2 = nn.Conv3d(c_out, c_out, kernel, padding=padding)
        self.norm2 = nn.InstanceNorm3d(c_out, affine=True)
        self.act = nn.LeakyReLU(_SLOPE)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c_in, slices, rows, cols) -> (N, c_out, slices, rows, cols)."""
        x = self.act(self.norm1(self.conv1(x)))
        return self.act(self.norm2(self.conv2(x)))


@torch.fx.wrap
def _checked(x: Tensor, multiple: int) -> Tensor:
    """The image as it is, if the network can take it; a leaf of the traced graph, so traces check as well."""
    sides = tuple(x.shape[2:])
    if len(sides) != 3:
        raise ValueError(
            f"the 2.5D U-Net takes (batch, channels, slices, rows, cols), got a shape {tuple(x.shape)}: give a volume"
        )
    if any(side % multiple for side in sides):
        raise ValueError(f"the sides {sides} must be multiples of {multiple}: pad the image, or cut windows")
    return x


def _initialise(module: nn.Module) -> None:
    """He's initialisation for leaky ReLUs, as the authors'."""
    if isinstance(module, nn.Conv3d):
        nn.init.kaiming_normal_(module.weight, a=_SLOPE)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _check_options(dims: int, levels: int, flat: int, counts: tuple[int, ...]) -> None:
    if dims != 3:
        raise ValueError(f"dims={dims!r} is not supported: the 2.5D U-Net takes volumes, use 3")
    if not 3 <= levels <= 6:
        raise ValueError(f"levels={levels!r} is not supported: use 3 to 6")
    if not 0 <= flat < levels:
        raise ValueError(f"flat={flat!r} is not supported: use 0 to {levels - 1}")
    if any(type(count) is not int or count < 1 for count in counts):
        raise ValueError(f"channels must be whole numbers from 1, got {counts}")
