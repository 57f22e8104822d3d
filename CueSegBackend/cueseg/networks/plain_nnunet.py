"""U-Nets whose weights have the names of nnU-Net v2's (Isensee et al. 2021): plain and residual encoders.

Layers in order of execution: `encoder.stem` (residual only), `encoder.stages.*`, then for each decoder stage
`decoder.transpconvs.*`, `decoder.stages.*`, and last `decoder.seg_layers.*`, one for each resolution.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cueseg.networks.nnunet_blocks import ConvStack, Parts, ResidualStack

__all__ = ["PlainConvUNet", "ResidualEncoderUNet"]

Sizes = Sequence[Sequence[int]]


class _UNet(nn.Module):
    """Images (N, in_channels, *spatial) -> logits (N, out_channels, *spatial) at full resolution.

    Every side must be a multiple of the product of the strides along it.

    Args:
        dims: 2 or 3.
        in_channels: channels of the image.
        out_channels: classes, or regions.
        features: channels of each stage, finest first.
        kernels: kernel size of each stage, `dims` numbers each, odd.
        strides: stride at the beginning of each stage, `dims` numbers each.
        blocks: convolutions (plain) or residual blocks of each stage.
        decoder_convs: convolutions of each decoder stage, coarsest first; one fewer than stages.
        bias: whether the convolutions before a normalisation have a bias, and the transposed ones.
        norm: "instance", "batch" or "none".
        eps: of the normalisation.

    Raises:
        ValueError: lists that do not go together.
    """

    encoder_kind: type["_Encoder"]

    def __init__(
        self,
        dims: int,
        in_channels: int,
        out_channels: int,
        *,
        features: Sequence[int],
        kernels: Sizes,
        strides: Sizes,
        blocks: Sequence[int],
        decoder_convs: Sequence[int],
        bias: bool = True,
        norm: str = "instance",
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        _check_lists(dims, features, kernels, strides, blocks, decoder_convs)
        parts = Parts(dims, bias, norm, eps)
        self.encoder = self.encoder_kind(parts, in_channels, features, kernels, strides, blocks)
        self.decoder = _Decoder(parts, out_channels, features, kernels, strides, decoder_convs)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, *spatial) -> (N, out_channels, *spatial)."""
        return self.decoder(self.encoder(x))


class _Encoder(nn.Module):
    def __init__(
        self,
        parts: Parts,
        in_channels: int,
        features: Sequence[int],
        kernels: Sizes,
        strides: Sizes,
        blocks: Sequence[int],
    ) -> None:
        super().__init__()
        self.stem: nn.Module = self._stem(parts, in_channels, features[0], kernels[0])
        inputs = [self._width(in_channels, features[0]), *features[:-1]]
        stages = zip(blocks, inputs, features, kernels, strides, strict=True)
        self.stages = nn.Sequential(*(self._stage(parts, *stage) for stage in stages))

    def forward(self, x: Tensor) -> list[Tensor]:
        x, skips = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
        return skips


class _PlainEncoder(_Encoder):
    @staticmethod
    def _stem(parts: Parts, c_in: int, c_out: int, kernel: Sequence[int]) -> nn.Module:
        return nn.Identity()

    @staticmethod
    def _width(in_channels: int, first: int) -> int:
        return in_channels

    @staticmethod
    def _stage(parts: Parts, *stage: object) -> nn.Module:
        return nn.Sequential(ConvStack(parts, *stage))


class _ResidualEncoder(_Encoder):
    @staticmethod
    def _stem(parts: Parts, c_in: int, c_out: int, kernel: Sequence[int]) -> nn.Module:
        return ConvStack(parts, 1, c_in, c_out, kernel, parts.one)

    @staticmethod
    def _width(in_channels: int, first: int) -> int:
        return first

    @staticmethod
    def _stage(parts: Parts, *stage: object) -> nn.Module:
        return ResidualStack(parts, *stage)


class _Decoder(nn.Module):
    def __init__(
        self,
        parts: Parts,
        out_channels: int,
        features: Sequence[int],
        kernels: Sizes,
        strides: Sizes,
        convs: Sequence[int],
    ) -> None:
        super().__init__()
        self.transpconvs, self.stages, self.seg_layers = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for step, count in enumerate(convs, start=1):
            below, width, stride = features[-step], features[-step - 1], tuple(strides[-step])
            self.transpconvs.append(parts.transposed(below, width, stride, stride, bias=parts.bias))
            self.stages.append(ConvStack(parts, count, 2 * width, width, kernels[-step - 1], parts.one))
            self.seg_layers.append(parts.conv(width, out_channels, 1))

    def forward(self, skips: list[Tensor]) -> Tensor:
        x = skips[-1]
        for step in range(len(self.stages)):
            x = torch.cat([self.transpconvs[step](x), skips[-step - 2]], dim=1)
            x = self.stages[step](x)
        return self.seg_layers[-1](x)


class PlainConvUNet(_UNet):
    """nnU-Net's U-Net of plain convolutions; see `_UNet` for arguments."""

    encoder_kind = _PlainEncoder


class ResidualEncoderUNet(_UNet):
    """nnU-Net's U-Net with a residual encoder; see `_UNet` for arguments."""

    encoder_kind = _ResidualEncoder


def _check_lists(
    dims: int,
    features: Sequence[int],
    kernels: Sizes,
    strides: Sizes,
    blocks: Sequence[int],
    decoder_convs: Sequence[int],
) -> None:
    stages = len(features)
    if stages < 2 or not len(kernels) == len(strides) == len(blocks) == len(decoder_convs) + 1 == stages:
        raise ValueError(
            f"features, kernels, strides and blocks must have one entry for each of {max(stages, 2)} stages and "
            f"decoder_convs one fewer; they have {stages}, {len(kernels)}, {len(strides)}, {len(blocks)}, "
            f"{len(decoder_convs)}"
        )
    if dims not in (2, 3) or any(len(size) != dims for size in (*kernels, *strides)):
        raise ValueError(f"kernels and strides must have {dims} numbers for each stage, with dims 2 or 3")
    if any(side % 2 == 0 for kernel in kernels for side in kernel):
        raise ValueError(f"kernels are {kernels}: their sides must be odd")
