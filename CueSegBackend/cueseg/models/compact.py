"""The compact network for CPUs: EfficientNet-Lite0 encoder, pyramid pooling, and a light decoder with skips."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from cueseg.models.efficientnet import EfficientNetLite0

POOL_SIZES = (1, 2, 3, 6)  # the pyramid of Zhao et al. 2017, as in Khan & Shahin 2019


class PyramidContext(nn.Module):
    """Pyramid pooling at 1, 2, 3, 6 bins, fused to `c_out` channels (narrow version of the paper's head)."""

    def __init__(self, c_in: int, c_bin: int, c_out: int) -> None:
        super().__init__()
        self.bins = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(size), nn.Conv2d(c_in, c_bin, 1), nn.ReLU(inplace=True))
            for size in POOL_SIZES
        )
        self.fuse = _conv_block(c_in + c_bin * len(POOL_SIZES), c_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c_in, H, W) -> (N, c_out, H, W)."""
        size = x.shape[-2:]
        pooled = [F.interpolate(pool(x), size, mode="bilinear", align_corners=True) for pool in self.bins]
        return self.fuse(torch.cat([x, *pooled], dim=1))


class CompactNet(nn.Module):
    """Image and cues, (N, C, H, W) float32 in 0..255 -> logits (N, 1, H, W).

    Args:
        in_channels: 3 (no cue), 4 or 5.
        output_stride: Of the encoder, 16 or 8.
        skips: Decode through the finer maps; without, the logits are enlarged from the deepest map (as the
            paper's head does).
        width: Channels of the deepest decoder map.
    """

    def __init__(
        self, in_channels: int = 4, *, output_stride: int = 16, skips: bool = True, width: int = 96
    ) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0(in_channels, output_stride)
        half, quarter, eighth, deep = self.encoder.channels
        self.context = PyramidContext(deep, 48, width)
        widths = (width, 64, 48, 32) if skips else (width,)
        self.decoder = nn.ModuleList(
            _conv_block(c_in + c_skip, c_out, 3)
            for c_in, c_skip, c_out in zip(widths[:-1], (eighth, quarter, half), widths[1:], strict=False)
        )
        self.head = nn.Conv2d(widths[-1], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in 0..255 -> logits (N, 1, H, W)."""
        size = x.shape[-2:]
        *fine, deep = self.encoder((x - 127.5) * (1.0 / 64.0))
        y = self.context(deep)
        for block, skip in zip(self.decoder, reversed(fine), strict=False):
            y = F.interpolate(y, skip.shape[-2:], mode="bilinear", align_corners=False)
            y = block(torch.cat([y, skip], dim=1))
        return F.interpolate(self.head(y), size, mode="bilinear", align_corners=False)


VARIANTS = {
    "compact": {"output_stride": 16, "skips": True},
    "compact-psp": {"output_stride": 8, "skips": False},
}


def create_compact(name: str, in_channels: int, **options: int | bool) -> CompactNet:
    """Make a variant of `VARIANTS`; `options` override its settings."""
    return CompactNet(in_channels, **{**VARIANTS[name], **options})  # type: ignore[arg-type]


def _conv_block(c_in: int, c_out: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(inplace=True),
    )
