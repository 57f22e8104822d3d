"""Agreement of masks: Dice, and distances between their surfaces in mm."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["SurfaceDistances", "dice", "surface_distances"]


class SurfaceDistances(NamedTuple):
    """Distances between two surfaces in mm; infinite where only one mask is empty, 0 where both are.

    Attributes:
        hd95: The larger of the 95th percentiles of the distances from either surface to the other.
        assd: Mean over all pixels of both surfaces of the distance to the other surface.
    """

    hd95: float
    assd: float


def dice(mask: NDArray[Any], reference: NDArray[Any]) -> float:
    """Dice coefficient of two boolean arrays of one shape, 0..1; two empty masks agree fully (1.0).

    Raises:
        ValueError: Shapes differ.
    """
    mask, reference = _as_masks(mask, reference)
    size = int(mask.sum()) + int(reference.sum())
    return 1.0 if size == 0 else 2.0 * int((mask & reference).sum()) / size


def surface_distances(
    mask: NDArray[Any], reference: NDArray[Any], spacing: Sequence[float]
) -> SurfaceDistances:
    """Distances between the surfaces of two masks.

    The surface of a mask are its pixels with a neighbour across a side (4 in 2D, 6 in 3D) outside the mask or outside
    the image; distances are between pixel centres, in mm.

    Args:
        mask: Boolean, (rows, cols) or (slices, rows, cols).
        reference: Of the same shape.
        spacing: mm per pixel in the order of the axes.

    Raises:
        ValueError: Shapes differ, or the spacing is not one positive number for each axis.
    """
    from scipy import ndimage

    mask, reference = _as_masks(mask, reference)
    if len(spacing) != mask.ndim or not all(math.isfinite(mm) and mm > 0 for mm in spacing):
        raise ValueError(f"spacing must be {mask.ndim} positive numbers in mm, got {tuple(spacing)}")
    if not mask.any() or not reference.any():
        missed = 0.0 if mask.any() == reference.any() else math.inf
        return SurfaceDistances(missed, missed)
    where = _box_around(mask | reference)
    surfaces = [part & ~ndimage.binary_erosion(part) for part in (mask[where], reference[where])]
    away = [ndimage.distance_transform_edt(~surface, sampling=spacing) for surface in surfaces]
    there, back = away[1][surfaces[0]], away[0][surfaces[1]]
    hd95 = max(float(np.percentile(there, 95)), float(np.percentile(back, 95)))
    return SurfaceDistances(hd95, float(np.concatenate([there, back]).mean()))


def _as_masks(mask: NDArray[Any], reference: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    mask, reference = np.asarray(mask, bool), np.asarray(reference, bool)
    if mask.shape != reference.shape:
        raise ValueError(f"masks must have one shape, got {mask.shape} and {reference.shape}")
    return mask, reference


def _box_around(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The part of the array outside of which everything is False; its border then is outside, as the image's is."""
    places = np.nonzero(mask)
    return tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in places)
