"""The ellipsoid that six outside points suggest."""

import itertools

import numpy as np
from numpy.typing import NDArray

from cueseg.seven_points.target import Target, directions

__all__ = ["ellipsoid_distance"]

_TRUST = 0.5  # in where on its side a point lies: an end is often flat, and any place on it was as good
_LEAST = 0.1  # eigenvalue of the correlations, so that the ellipsoid stays one


def ellipsoid_distance(
    target: Target, part: tuple[slice, ...], spacing: tuple[float, ...]
) -> NDArray[np.float32]:
    """How far out voxels lie: 0 in the middle, 1 on the ellipsoid that ends half a voxel inside the box.

    An ellipsoid touches its box at six points, which determine it: where the one at +x lies off the middle in y tells
    the correlation of x and y. The result is the mean of the distances about the middle of the box and about the seed.

    Args:
        target: with six outside points.
        part: slices of the volume, as of `Target.part`.
        spacing: mm per voxel along (slice, row, col).

    Returns:
        float32 of the part's shape.
    """
    lower, upper = (np.array(corner, float) for corner in target.box)
    half = np.maximum((upper - lower) / 2 - 0.5, 0.5)
    form = np.linalg.inv(_correlations(target, half, spacing))
    grid = np.ogrid[part][::-1]  # x, y, z
    total = np.zeros([own.stop - own.start for own in part], np.float32)
    for centre in ((lower + upper) / 2, np.array(target.seed)):
        away = [((g - c) / h).astype(np.float32) for g, c, h in zip(grid, centre, half, strict=True)]
        squared = np.zeros_like(total)
        for a, b in itertools.product(range(3), repeat=2):
            squared += np.float32(form[a, b]) * (away[a] * away[b])
        total += np.sqrt(np.maximum(squared, 0))
    return total / 2


def _correlations(
    target: Target, half: NDArray[np.float64], spacing: tuple[float, ...]
) -> NDArray[np.float64]:
    """(3, 3), of x, y, z in half sides of the box; positive definite."""
    sides = directions(target.seed, target.outside, spacing)
    points = {side: np.array(target.outside[index]) / half for side, index in sides.items()}
    offsets = np.stack([(points[f"+{axis}"] - points[f"-{axis}"]) / 2 for axis in "xyz"])
    found = _TRUST * np.clip((offsets + offsets.T) / 2, -1, 1)
    np.fill_diagonal(found, 1)
    values, vectors = np.linalg.eigh(found)
    found = (vectors * np.maximum(values, _LEAST)) @ vectors.T
    scale = np.sqrt(np.diag(found))
    return found / np.outer(scale, scale)
