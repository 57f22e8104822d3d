"""Masks of the slices between given ones, from their shapes alone.

Shape-based interpolation: signed distances to the outlines of two slices are mixed by position, and what is inside the
mixture is the mask between them (S. P. Raya and J. K. Udupa, Shape-based interpolation of multidimensional objects,
IEEE Transactions on Medical Imaging 9(1), 1990, 32-42). Parts that belong together are first moved onto each other by
their centroids, so that a structure that runs obliquely through the slices is not thinned out; but not where they
overlap more as they lie, as a bow does with its two ends.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from cueseg.scribbles.arrays import check_spacing
from cueseg.volumes.parts import Mask, matched_parts

__all__ = ["Filling", "check_masks", "fill_between", "fill_gap"]

Filling = Callable[[Mask, Mask, int, tuple[float, ...]], list[Mask]]
"""Two masks (rows, cols) so many slices apart, and (row, col) of a pixel in mm -> the masks between; see `fill_gap`."""


def fill_between(
    masks: Mapping[int, ArrayLike], pixel_size: Sequence[float] | None = None, fill: Filling | None = None
) -> dict[int, Mask]:
    """Fill the slices between given ones; nothing is made before the first of them or after the last.

    Slices are taken to lie equally far apart. A part that has no counterpart in the next given slice ends there in a
    point; so does everything before a given slice that is empty.

    Args:
        masks: Slice number -> (rows, cols) mask, nonzero inside; in any order.
        pixel_size: (row, col) in mm; None: square pixels.
        fill: Another way to fill; None: `fill_gap`.

    Returns:
        Number of every slice between two given ones -> (rows, cols) bool.

    Raises:
        ValueError: No mask, masks of different shapes, a slice number that is none, or a size that is not positive.
    """
    given, sizes = check_masks(masks), check_spacing(pixel_size, 2)
    filled: dict[int, Mask] = {}
    for first, last in pairwise(sorted(given)):
        between = (fill or fill_gap)(given[first], given[last], last - first, sizes)
        filled |= dict(zip(range(first + 1, last), between, strict=True))
    return filled


def check_masks(masks: Mapping[int, ArrayLike]) -> dict[int, Mask]:
    """The masks as bool, or a ValueError as `fill_between` raises it."""
    if not masks:
        raise ValueError("there is no mask to fill between: give the masks of two slices or more")
    given: dict[int, Mask] = {}
    for index, mask in masks.items():
        array = np.asarray(mask) != 0
        if isinstance(index, bool) or not isinstance(index, int | np.integer) or index < 0:
            raise ValueError(f"slices are numbered 0, 1, 2, ..., not {index!r}")
        if array.ndim != 2 or 0 in array.shape:
            raise ValueError(f"the mask of slice {index} must be (rows, cols), not of shape {array.shape}")
        given[int(index)] = array
    shapes = sorted({array.shape for array in given.values()})
    if len(shapes) > 1:
        raise ValueError(f"the masks have different shapes, {shapes}: give slices of one volume")
    return given


def fill_gap(first: Mask, last: Mask, steps: int, pixel_size: tuple[float, ...]) -> list[Mask]:
    """The `steps` - 1 masks between two slices that lie `steps` apart; see `fill_between`."""
    between = [np.zeros(first.shape, bool) for _ in range(steps - 1)]
    if steps > 1:
        for one, other in matched_parts(first, last, pixel_size):
            _fill_part(between, one, other, pixel_size)
    return between


def _fill_part(
    between: list[Mask], first: Mask | None, last: Mask | None, pixel_size: tuple[float, ...]
) -> None:
    """Add what lies between two sets of parts that belong together; where one is missing the other ends in a point."""
    if first is None or last is None:
        only, shift = (last if first is None else first), np.zeros(2)
        window, offset = _canvas((only,), shift)
        distance = signed_distance(window[0], pixel_size)
        ends = (distance, distance - distance.min())  # its deepest pixel is left
        start, stop = ends[::-1] if first is None else ends
    else:
        shift = _shift(first, last)
        window, offset = _canvas((first, last), shift)
        start, stop = (signed_distance(mask, pixel_size) for mask in window)
    for place, mask in enumerate(between, 1):
        t = place / (len(between) + 1)
        mixed = (1 - t) * _moved(start, t * shift) + t * _moved(stop, (t - 1) * shift)
        _add(mask, mixed <= 0, offset)


def signed_distance(mask: Mask, pixel_size: tuple[float, ...]) -> NDArray[np.float64]:
    """Distance of pixel centres to the outline in mm, negative inside; the outline runs half a pixel outside the mask.

    Args:
        mask: (rows, cols), neither empty nor full.
        pixel_size: (row, col) in mm.
    """
    outside = ndimage.distance_transform_edt(~mask, pixel_size)
    inside = ndimage.distance_transform_edt(mask, pixel_size)
    half = min(pixel_size) / 2
    return np.where(mask, half - inside, outside - half)


def _shift(first: Mask, last: Mask) -> NDArray[np.float64]:
    """(row, col) from the first mask's centroid to the last's, or none where the masks overlap more as they lie."""
    start, stop = (np.argwhere(mask).mean(axis=0) for mask in (first, last))
    moved = ndimage.shift(first, np.rint(stop - start), order=0)
    return stop - start if (moved & last).sum() > (first & last).sum() else np.zeros(2)


def _canvas(masks: tuple[Mask, ...], shift: NDArray[np.float64]) -> tuple[list[Mask], tuple[int, int]]:
    """The masks in a window around them with room for the shift, and its first (row, col); it may leave the image."""
    rows, cols = np.nonzero(np.logical_or.reduce(masks))
    margin = np.ceil(np.abs(shift)).astype(int) + 2
    low = np.array([rows.min(), cols.min()]) - margin
    high = np.array([rows.max(), cols.max()]) + margin + 1
    windows = []
    for mask in masks:
        window = np.zeros(high - low, bool)
        inside = np.maximum(low, 0), np.minimum(high, mask.shape)
        window[_box(inside[0] - low, inside[1] - low)] = mask[_box(*inside)]
        windows.append(window)
    return windows, (int(low[0]), int(low[1]))


def _add(mask: Mask, window: Mask, offset: tuple[int, int]) -> None:
    """Add the part of a window that lies in the image."""
    low = np.array(offset)
    inside = np.maximum(low, 0), np.minimum(low + window.shape, mask.shape)
    mask[_box(*inside)] |= window[_box(inside[0] - low, inside[1] - low)]


def _box(low: NDArray[Any], high: NDArray[Any]) -> tuple[slice, slice]:
    return slice(low[0], high[0]), slice(low[1], high[1])


def _moved(distance: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    if not shift.any():
        return distance
    return ndimage.shift(distance, shift, order=1, mode="nearest")
