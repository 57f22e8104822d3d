"""EfficientNet-Lite0 as an encoder of feature maps (Tan & Le 2019; the Lite variant: no squeeze-excite, ReLU6)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from cueseg.models.depthwise import DepthwiseConv2d

# (expansion, kernel, stride, channels, repeats) of the seven stages of EfficientNet-Lite0
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
STEM_CHANNELS = 32
# Stages whose outputs are handed on, and their reduction of the input size (at output stride 16)
TAPS = {0: 2, 1: 4, 2: 8, 6: 16}


class InvertedResidual(nn.Module):
    """Expand 1x1, depthwise kxk, project 1x1, with a skip where shapes allow."""

    def __init__(
        self, c_in: int, c_out: int, expansion: int, kernel: int, stride: int, dilation: int
    ) -> None:
        super().__init__()
        hidden = c_in * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [nn.Conv2d(c_in, hidden, 1, bias=False), _norm(hidden), nn.ReLU6(inplace=True)]
        layers += [
            DepthwiseConv2d(hidden, kernel, stride, dilation),
            _norm(hidden),
            nn.ReLU6(inplace=True),
            nn.Conv2d(hidden, c_out, 1, bias=False),
            _norm(c_out),
        ]
        self.body = nn.Sequential(*layers)
        self.has_skip = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        """(N, c_in, H, W) -> (N, c_out, H / stride, W / stride)."""
        y = self.body(x)
        return x + y if self.has_skip else y


class EfficientNetLite0(nn.Module):
    """Encoder giving feature maps at 1/2, 1/4, 1/8 and 1/`output_stride` of the input.

    Args:
        in_channels: Channels of the input, RGB first.
        output_stride: 16 or 8; strides beyond it become dilations.
    """

    def __init__(self, in_channels: int, output_stride: int = 16) -> None:
        super().__init__()
        if output_stride not in (8, 16):
            raise ValueError(f"output_stride must be 8 or 16, got {output_stride}")
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, STEM_CHANNELS, 3, 2, 1, bias=False),
            _norm(STEM_CHANNELS),
            nn.ReLU6(inplace=True),
        )
        self.stages = nn.ModuleList()
        self.channels = [STAGES[tap][3] for tap in TAPS]
        c_in, reduction, dilation = STEM_CHANNELS, 2, 1
        for expansion, kernel, stride, c_out, repeats in STAGES:
            if stride == 2 and reduction == output_stride:
                stride, dilation = 1, dilation * 2
            reduction *= stride
            blocks = []
            for index in range(repeats):
                block_stride = stride if index == 0 else 1
                blocks.append(InvertedResidual(c_in, c_out, expansion, kernel, block_stride, dilation))
                c_in = c_out
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, C, H, W) -> four maps, finest first, of `channels` channels."""
        x = self.stem(x)
        taps = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in TAPS:
                taps.append(x)
        return taps


def load_imagenet_encoder(encoder: EfficientNetLite0, state: Mapping[str, Tensor]) -> None:
    """Fill `encoder` from a published EfficientNet-Lite0 state dict (keys `_conv_stem`, `_blocks.i._...`).

    Extra input channels (the cues) start at zero. Raises ValueError naming the first key that does not fit.
    """
    source = [
        (key, value)
        for key, value in state.items()
        if key.startswith(("_conv_stem", "_bn0", "_blocks")) and not key.endswith("num_batches_tracked")
    ]
    target = [
        (key, value) for key, value in encoder.state_dict().items() if not key.endswith("num_batches_tracked")
    ]
    if len(source) != len(target):
        raise ValueError(f"expected {len(target)} encoder tensors, the file has {len(source)}")
    filled = encoder.state_dict()
    for (key, value), (name, wanted) in zip(source, target, strict=True):  # both are in order of the layers
        if name == "stem.0.weight" and value.shape[1] == 3:
            grown = torch.zeros_like(wanted)
            grown[:, :3] = value
            value = grown
        if value.shape != wanted.shape:
            raise ValueError(f"{key} has shape {tuple(value.shape)}, {name} needs {tuple(wanted.shape)}")
        filled[name] = value
    encoder.load_state_dict(filled)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)
