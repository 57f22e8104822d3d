"""The part of an image around a box, as the network and as the energy see it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cueseg.bifseg.box import ObjectBox
from cueseg.networks.axes import permutation
from cueseg.networks.card import NetworkCard
from cueseg.networks.intensities import apply_rule
from cueseg.networks.network import SegmentationNetwork
from cueseg.networks.preparation import PreparedImage
from cueseg.networks.probing import noise_shapes
from cueseg.scribbles.arrays import check_spacing

__all__ = ["Crop", "cut_out"]


@dataclass(frozen=True)
class Crop:
    """A box with its margin.

    Attributes:
        part: slices of the image.
        outside: bool (*crop), the margin.
        values: float32 (*crop, channels), intensities in standard deviations of the crop, by channel.
        spacing: mm per voxel along the image's axes, 1 where it is unknown.
        prepared: the crop on the network's grid.
        padded: the same, mirrored at its far ends to a size that the network takes.
    """

    part: tuple[slice, ...]
    outside: NDArray[np.bool_]
    values: NDArray[np.float32]
    spacing: tuple[float, ...]
    prepared: PreparedImage
    padded: PreparedImage

    def to_padded(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        """Codes (*crop) on the padded grid, nearest, -1 where it is padded."""
        return np.pad(self.prepared.to_grid(codes), self._excess(), constant_values=-1)

    def from_padded(self, maps: Tensor) -> NDArray[np.float32]:
        """Maps (K, *padded grid) on the crop, by linear interpolation."""
        inner = tuple(slice(0, side) for side in self.prepared.grid_shape)
        return self.prepared.to_image(maps[(slice(None), *inner)])

    def _excess(self) -> list[tuple[int, int]]:
        sides = zip(self.prepared.grid_shape, self.padded.grid_shape, strict=True)
        return [(0, large - small) for small, large in sides]


def cut_out(
    network: SegmentationNetwork,
    parts: NDArray[Any],
    box: ObjectBox,
    margin: int,
    spacing: tuple[float, ...] | None,
    modality: str | None,
) -> Crop:
    """Bring a box of an image to the network's grid; intensity rules see the box and its margin alone.

    Args:
        network: whose card counts.
        parts: (channels, *spatial) the image.
        box: of the object.
        margin: voxels around the box; none along the slices that a 2D network takes one by one.
        spacing: mm along the image's axes, or None.
        modality: as in `SegmentationNetwork.prepare`.

    Raises:
        ValueError: as `SegmentationNetwork.prepare`, of this part of the image.
    """
    ndim = len(box.shape)
    margins = [margin] * ndim
    for axis in permutation(network.card, ndim)[: ndim - network.card.dims]:
        margins[axis] = 0
    part = box.widened(margins)
    own = parts[(slice(None), *part)]
    prepared = network.prepare(np.moveaxis(own, 0, -1), spacing, modality, own.shape[1:])
    outside = np.ones(own.shape[1:], bool)
    inner = (
        slice(inside.start - wide.start, inside.stop - wide.start)
        for inside, wide in zip(box.part, part, strict=True)
    )
    outside[tuple(inner)] = False
    values = np.moveaxis(apply_rule(own, {"kind": "zscore", "nonzero": False}), 0, -1)
    known = check_spacing(spacing, ndim)
    return Crop(part, outside, values, known, prepared, _mirrored(network.card, prepared))


def _mirrored(card: NetworkCard, prepared: PreparedImage) -> PreparedImage:
    """The image with its far ends mirrored up to what the network takes: a window, or multiples large enough."""
    sides = prepared.grid_shape
    least = (1,) * card.dims if card.multiple == 1 else noise_shapes(card)[0]
    least = least if card.patch_size is None else card.patch_size
    excess = [(0, 0)] * (1 + len(sides) - card.dims)
    for side, window in zip(sides[-card.dims :], least, strict=True):
        wanted = max(side, window)
        excess.append((0, -(-wanted // card.multiple) * card.multiple - side))
    if not any(after for _, after in excess):
        return prepared
    return replace(prepared, tensor=torch.from_numpy(np.pad(prepared.tensor.numpy(), excess, mode="reflect")))
