"""The brain extractor of the package deepbrain 0.1 (MIT), from its frozen TensorFlow graph, without TensorFlow.

A 3D U-Net of 171 thousand parameters for T1-weighted MR of the head. The package is not needed, only its file
`deepbrain/models/graph.pb`, which anyone gets by `pip download --no-deps deepbrain==0.1` and unpacking the wheel.
"""

import os
from pathlib import Path

import torch
from torch import Tensor, nn

from cueseg.networks.card import NetworkCard
from cueseg.networks.frozen_graph import read_constants
from cueseg.networks.network import SegmentationNetwork

__all__ = ["DeepBrain", "convert_deepbrain"]

# Layer of the module -> layer of the graph, in order of execution.
_LAYERS = {
    "encoder.0.conv1": "conv3d",
    "encoder.0.conv2": "conv3d_1",
    "encoder.1.conv1": "conv3d_2",
    "encoder.1.conv2": "conv3d_3",
    "encoder.2.conv1": "conv3d_4",
    "encoder.2.conv2": "conv3d_5",
    "decoder.0.up": "conv3d_transpose",
    "decoder.0.conv": "conv3d_6",
    "decoder.1.up": "conv3d_transpose_1",
    "decoder.1.conv": "conv3d_7",
    "decoder.2.up": "conv3d_transpose_2",
    "decoder.2.conv": "conv3d_8",
    "head": "conv3d_9",
}
_MULTIPLE = 8  # three poolings
# Its authors squeeze every head, however it lies, to 128 x 128 x 128 voxels, which are then of about this size in mm.
_SPACING = (1.5, 1.5, 1.5)


class DeepBrain(nn.Module):
    """T1 images (N, 1, x, y, z) float32 in 0..1 -> logits of brain (N, 1, x, y, z); sides are multiples of 8.

    Args:
        dims: 3.
        in_channels: 1.
        out_channels: 1.
        base: channels of the finest level; 8 in the published network.

    Raises:
        ValueError: other dimensions or channels.
    """

    def __init__(self, dims: int = 3, in_channels: int = 1, out_channels: int = 1, *, base: int = 8) -> None:
        super().__init__()
        if (dims, in_channels, out_channels) != (3, 1, 1):
            raise ValueError(
                f"deepbrain has 3 dimensions, 1 input and 1 output channel, not {dims}, {in_channels} and "
                f"{out_channels}: correct the card"
            )
        widths = (base, 2 * base, 4 * base)
        self.encoder = nn.ModuleList(
            _Down(c_in, c_out) for c_in, c_out in zip((1, *widths[:-1]), widths, strict=True)
        )
        self.pool = nn.MaxPool3d(2)
        self.decoder = nn.ModuleList(
            _Up(c_in, c_out) for c_in, c_out in zip((widths[2], *widths[:0:-1]), widths[::-1], strict=True)
        )
        self.head = nn.Conv3d(base, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, x, y, z) -> (N, 1, x, y, z)."""
        skips = []
        for block in self.encoder:
            skip = block(x)
            skips.append(skip)
            x = self.pool(skip)
        for block, skip in zip(self.decoder, reversed(skips), strict=True):
            x = block(x, skip)
        return self.head(x)


class _Down(nn.Module):
    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(c_in, c_out, 3, padding=1)
        self.conv2 = nn.Conv3d(c_out, c_out, 3, padding=1)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.conv2(self.act(self.conv1(x))))


class _Up(nn.Module):
    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose3d(c_in, c_out, 3, stride=2, bias=False)
        self.conv = nn.Conv3d(2 * c_out, c_out, 3, padding=1)
        self.act = nn.ReLU()

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        # With "SAME" padding TensorFlow drops the last voxel of every axis, torch would drop the first as well.
        x = self.up(x)[:, :, :-1, :-1, :-1]
        return self.act(self.conv(torch.cat([x, skip], dim=1)))


def convert_deepbrain(pb_path: str | os.PathLike[str]) -> SegmentationNetwork:
    """Read `graph.pb` of deepbrain 0.1 as a network that can be used, saved and refined like any other.

    Args:
        pb_path: the file, from the package's wheel.

    Returns:
        The network and its card: classes background and brain, one sigmoid channel, axes x, y, z. Two things differ
        from the package, which squeezes every image to 128 voxels per axis and divides by the largest value: the
        image is resampled to voxels of 1.5 mm, so that its shape stays, and its values are scaled from
        lowest..highest to 0..1.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a frozen graph, or one of another network; the first layer that does not fit is named.
    """
    path = Path(pb_path)
    if not path.exists():
        raise FileNotFoundError(
            f"no file {path}: give deepbrain/models/graph.pb out of the wheel deepbrain 0.1"
        )
    constants = read_constants(path.read_bytes(), path)
    model = DeepBrain()
    model.load_state_dict(_state_dict(constants, model.state_dict(), path))
    return SegmentationNetwork.of(model.eval(), _card(), source="frozen graph of deepbrain 0.1")


def _state_dict(constants: dict[str, Tensor], wanted: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Kernels (z, y, x, in, out) of the graph, or (z, y, x, out, in) of transposed ones, in the order of torch."""
    state = {}
    for key, value in wanted.items():
        layer, kind = key.rsplit(".", 1)
        name = f"{_LAYERS[layer]}/{'kernel' if kind == 'weight' else 'bias'}"
        if name not in constants:
            raise ValueError(f"{path} has no constant {name}: it is not the graph.pb of deepbrain 0.1")
        found = constants[name]
        if found.ndim == 5:
            found = found.permute(4, 3, 0, 1, 2)
        if found.shape != value.shape:
            raise ValueError(
                f"{path}: {name} has shape {tuple(found.shape)}, the network needs {tuple(value.shape)}: it is not "
                "the graph.pb of deepbrain 0.1"
            )
        state[key] = found.contiguous()
    return state


def _card() -> NetworkCard:
    return NetworkCard(
        name="deepbrain",
        dims=3,
        in_channels=1,
        classes=("background", "brain"),
        activation="sigmoid",
        spacing=_SPACING,
        intensity={"kind": "percentiles", "low": 0, "high": 100, "out": [0, 1]},
        multiple=_MULTIPLE,
        axis_order="xyz",
        architecture="deepbrain",
        licence="MIT",
        description="Brain in T1-weighted MR of a whole head with its skull (deepbrain 0.1 by Ivan Itzcovich).",
        training={"data": "not stated by its authors"},
    )
