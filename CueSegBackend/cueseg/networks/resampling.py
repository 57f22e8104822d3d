"""Resampling of maps and labels between two grids that cover the same extent."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

__all__ = ["nearest_labels", "resampled"]


def resampled(maps: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Linear interpolation (C, *spatial) -> (C, *shape); where voxels become larger, the kernel widens.

    Voxel i of n covers i / n to (i + 1) / n of the extent in both grids. float32; the tensor itself if the shape
    stays, else a new one.
    """
    if tuple(maps.shape[1:]) == tuple(shape):
        return maps
    # The two last axes, then the first one with the others folded behind it.
    if tuple(maps.shape[-2:]) != tuple(shape[-2:]):
        flat = maps.reshape(-1, 1, *maps.shape[-2:])
        flat = functional.interpolate(flat, size=tuple(shape[-2:]), mode="bilinear", antialias=True)
        maps = flat.reshape(*maps.shape[:-2], *shape[-2:])
    if len(shape) == 3 and maps.shape[1] != shape[0]:
        channels, slices = maps.shape[:2]
        flat = maps.reshape(channels, 1, slices, -1)
        flat = functional.interpolate(flat, size=(shape[0], flat.shape[-1]), mode="bilinear", antialias=True)
        maps = flat.reshape(channels, *shape)
    return maps


def nearest_labels(labels: NDArray[Any], shape: tuple[int, ...], fill: int) -> NDArray[Any]:
    """Nearest-neighbour resampling after which every connected region of a label other than `fill` still exists.

    A region between the samples is drawn anew at the nearest voxels, where nothing else is, or else over a region
    that keeps other voxels.

    Args:
        labels: integers (*spatial).
        shape: of the result.
        fill: label whose regions may vanish.

    Returns:
        Labels of this shape in the same dtype, a new array.
    """
    if labels.shape == tuple(shape):
        return labels.copy()
    at = [
        np.minimum((np.arange(new) + 0.5) * old / new, old - 1).astype(np.intp)
        for old, new in zip(labels.shape, shape, strict=True)
    ]
    result = labels[np.ix_(*at)]
    if any(new < old for old, new in zip(labels.shape, shape, strict=True)):
        _restore_lost(result, labels, at, fill)
    return result


def _restore_lost(result: NDArray[Any], labels: NDArray[Any], at: list[NDArray[np.intp]], fill: int) -> None:
    """Draw the regions that no sample hit; `at` are the sampled indices along each axis."""
    regions = _regions(labels, fill)
    owner = regions[np.ix_(*at)]
    kept = np.bincount(owner.ravel(), minlength=int(regions.max()) + 1)
    boxes = ndimage.find_objects(regions)
    for region in np.flatnonzero(kept[1:] == 0) + 1:
        box = boxes[region - 1]
        voxels = np.argwhere(regions[box] == region) + [part.start for part in box]
        label = labels[tuple(voxels[0])]
        scale = np.array(result.shape) / labels.shape
        spots = np.unique(((voxels + 0.5) * scale).astype(np.intp), axis=0)
        spots = np.minimum(spots, np.array(result.shape) - 1)
        chosen = spots[owner[tuple(spots.T)] == 0]
        if len(chosen) == 0:
            spare = kept[owner[tuple(spots.T)]]
            if spare.max() < 2:
                continue  # both fall on one voxel, and only one can have it
            chosen = spots[[int(spare.argmax())]]
        for spot in map(tuple, chosen):
            if owner[spot]:
                kept[owner[spot]] -= 1
            result[spot], owner[spot] = label, region
        kept[region] = len(chosen)


def _regions(labels: NDArray[Any], fill: int) -> NDArray[np.int32]:
    """Connected regions (touching corners count) of each label, numbered from 1; 0 where `fill` is."""
    regions = np.zeros(labels.shape, np.int32)
    where = np.nonzero(labels != fill)
    if where[0].size == 0:
        return regions
    box = tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in where)
    part, total = labels[box], 0
    structure = np.ones((3,) * labels.ndim, bool)
    for label in np.unique(part[part != fill]):
        found, count = ndimage.label(part == label, structure)
        regions[box][found > 0] = found[found > 0] + total
        total += count
    return regions
