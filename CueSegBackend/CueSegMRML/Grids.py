"""Values of one voxel grid at the voxels of another, nearest neighbour, and coordinates all over a grid.

Arrays have the axes K, J, I; matrices take (i, j, k) column vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

Box = tuple[slice, slice, slice]  # along K, J, I

_STRAIGHT = 1e-6  # a matrix entry below this is zero
_ROUNDING = 1e-6  # voxels; a centre that lies between two voxels goes to the upper one, whatever the noise


def resampled(
    array: np.ndarray, sourceFromTarget: np.ndarray, shape: tuple[int, int, int], fill: int = 0
) -> np.ndarray:
    """The values of `array` at the voxel centres of a grid of `shape`, each from the nearest voxel.

    :param array: (K, J, I) of any type.
    :param sourceFromTarget: 4x4, voxel indices of the new grid to voxel indices of `array`.
    :param shape: (K, J, I) of the new grid.
    :param fill: value of voxels whose centre lies outside of `array`.
    """
    result = np.full(shape, fill, array.dtype)
    if array.size == 0 or result.size == 0:
        return result
    if _isStraight(sourceFromTarget[:3, :3]):
        _resampleStraight(array, sourceFromTarget, result)
    else:
        _resampleTurned(array, sourceFromTarget, result)
    return result


def coordinate(coefficients: np.ndarray, shape: tuple[int, int, int]) -> Iterator[np.ndarray]:
    """An affine function a i + b j + c k + d at all voxels of a grid, slice by slice: (J, I) for each k.

    :param coefficients: (4,) a, b, c, d: one row of a 4x4 matrix.
    """
    a, b, c, d = coefficients
    plane = b * np.arange(shape[1])[:, None] + a * np.arange(shape[2])[None, :]
    for k in range(shape[0]):
        yield plane + (c * k + d)


def boxBetween(rows: np.ndarray, halves: Sequence[float], shape: tuple[int, int, int]) -> Box:
    """A box of a grid beyond which no voxel has |a i + b j + c k + d| <= half for every row.

    :param rows: (N, 4) a, b, c, d.
    :param halves: N numbers.
    """
    ends = np.stack([np.zeros((len(rows), 3)), rows[:, :3] * (np.array(shape[::-1]) - 1)])
    least, most = ends.min(0), ends.max(0)  # of a i, b j and c k
    found = []
    for axis in range(3):
        others = [other for other in range(3) if other != axis]
        here = rows[:, axis, None] * np.arange(shape[2 - axis]) + rows[:, 3, None]
        limit = np.asarray(halves)[:, None] + _ROUNDING
        fits = here + least[:, others].sum(1)[:, None] <= limit
        fits &= here + most[:, others].sum(1)[:, None] >= -limit
        places = np.flatnonzero(fits.all(0))
        found.append(slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0))
    return tuple(reversed(found))


def boundingBox(mask: np.ndarray) -> Box | None:
    """The smallest box that holds all True voxels; None when there is none."""
    layers, front = mask.any(axis=(1, 2)), mask.any(axis=0)
    found = [np.flatnonzero(line) for line in (layers, front.any(axis=1), front.any(axis=0))]
    if not found[0].size:
        return None
    return tuple(slice(int(places[0]), int(places[-1]) + 1) for places in found)


def around(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds all of these; of none, one that holds nothing."""
    if not boxes:
        return (slice(0, 0),) * 3
    ends = zip(*boxes, strict=True)
    return tuple(slice(min(e.start for e in along), max(e.stop for e in along)) for along in ends)


def shift(ijk: tuple[float, float, float]) -> np.ndarray:
    """4x4 matrix that adds (i, j, k)."""
    matrix = np.eye(4)
    matrix[:3, 3] = ijk
    return matrix


def _isStraight(matrix: np.ndarray) -> bool:
    """Whether each axis of one grid runs along one axis of the other."""
    return bool(
        ((np.abs(matrix) > _STRAIGHT).sum(0) == 1).all() and (np.abs(matrix) > _STRAIGHT).any(1).all()
    )


def _resampleStraight(array: np.ndarray, sourceFromTarget: np.ndarray, result: np.ndarray) -> None:
    indices: list[np.ndarray] = [np.empty(0, int)] * 3  # of array axes K, J, I
    places: list[np.ndarray] = [np.empty(0, int)] * 3  # of result axes K, J, I
    order = [0, 0, 0]  # result axis that each array axis follows
    for source in range(3):
        target = int(np.argmax(np.abs(sourceFromTarget[source, :3])))
        steps = np.arange(result.shape[2 - target])
        index = _nearest(sourceFromTarget[source, target] * steps + sourceFromTarget[source, 3])
        inside = (index >= 0) & (index < array.shape[2 - source])
        indices[2 - source], places[2 - target] = index[inside], steps[inside]
        order[2 - source] = 2 - target
    for axis, index in enumerate(indices):
        array = _taken(array, index, axis)
    result[tuple(slice(place[0], place[-1] + 1) if place.size else slice(0) for place in places)] = (
        array.transpose(np.argsort(order))
    )


def _taken(array: np.ndarray, index: np.ndarray, axis: int) -> np.ndarray:
    """`array.take(index, axis)`, without a copy where the indices are a run."""
    steps = np.unique(np.diff(index))
    if index.size and (not steps.size or (steps.size == 1 and abs(steps[0]) == 1)):
        step = int(steps[0]) if steps.size else 1
        stop = int(index[-1]) + step
        run = slice(int(index[0]), None if stop < 0 else stop, step)
        return array[(slice(None),) * axis + (run,)]
    return array.take(index, axis)


def _resampleTurned(array: np.ndarray, sourceFromTarget: np.ndarray, result: np.ndarray) -> None:
    sizes = array.shape[::-1]
    rows = (coordinate(row, result.shape) for row in sourceFromTarget[:3])
    for plane, *ijk in zip(result, *rows, strict=True):
        i, j, k = (_nearest(values) for values in ijk)
        inside = (i >= 0) & (i < sizes[0]) & (j >= 0) & (j < sizes[1]) & (k >= 0) & (k < sizes[2])
        plane[inside] = array[k[inside], j[inside], i[inside]]


def _nearest(values: np.ndarray) -> np.ndarray:
    return np.floor(values + 0.5 + _ROUNDING).astype(int)
