"""A stroke along the middle of a region."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

_CENTRING = 3.0  # exponent: how much a way along the border is dearer than one in the middle
_MARGIN = 0.5  # ends are cut back to this share of the region's depth


def medial_stroke(
    region: NDArray[np.bool_], spacing: tuple[float, float], max_length: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw a line of pixels along the medial axis of a connected region.

    The line joins two far ends of the region on the way that keeps to its middle; its ends are cut back from the
    border, and a part of at most `max_length` is kept.

    Args:
        region: (rows, cols) bool, connected, not empty.
        spacing: mm per row and per column.
        max_length: mm.
        rng: where along the axis the part lies.

    Returns:
        (rows, cols) bool, at least one pixel, all of them in the region.
    """
    box = ndimage.find_objects(region.astype(np.uint8))[0]
    part = np.pad(region[box], 1)
    depth = ndimage.distance_transform_edt(part, sampling=spacing)
    places = np.nonzero(part)
    path = _longest_path(part, depth, spacing)
    deep = depth[places][path]
    inside = np.flatnonzero(deep >= _MARGIN * deep.max())
    path = path[inside[0] : inside[-1] + 1]
    path = _window(path, [index * step for index, step in zip(places, spacing, strict=True)], max_length, rng)
    stroke = np.zeros(region.shape, bool)
    stroke[box][tuple(index[path] - 1 for index in places)] = True
    return stroke


def _longest_path(
    part: NDArray[np.bool_], depth: NDArray[np.float64], spacing: tuple[float, float]
) -> NDArray[np.int64]:
    """Numbers (in the order of `numpy.nonzero`) of the pixels on the central way between two far ends."""
    number = np.full(part.shape, -1)
    number[part] = np.arange(int(part.sum()))
    centred = (depth.max() / np.maximum(depth, 1e-9)) ** _CENTRING
    starts, ends, plain, dear = [], [], [], []
    for row, col in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = part[: part.shape[0] - row, max(0, -col) : part.shape[1] - max(0, col)]
        window = (slice(row, None), slice(max(0, col), part.shape[1] + min(0, col)))
        linked = here & part[window]
        first = (slice(0, part.shape[0] - row), slice(max(0, -col), part.shape[1] - max(0, col)))
        length = float(np.hypot(row * spacing[0], col * spacing[1]))
        starts.append(number[first][linked])
        ends.append(number[window][linked])
        plain.append(np.full(len(starts[-1]), length))
        dear.append(length * (centred[first][linked] + centred[window][linked]) / 2)
    index = (np.concatenate(starts), np.concatenate(ends))
    shape = (int(part.sum()),) * 2
    lengths = sparse.csr_matrix((np.concatenate(plain), index), shape=shape)
    costs = sparse.csr_matrix((np.concatenate(dear), index), shape=shape)
    middle = int(np.argmax(depth[part]))
    one = _farthest(lengths, middle)
    other = _farthest(lengths, one)
    _, before = csgraph.dijkstra(costs, directed=False, indices=one, return_predecessors=True)
    path = [other]
    while path[-1] != one:
        path.append(int(before[path[-1]]))
    return np.array(path)


def _farthest(lengths: sparse.csr_matrix, start: int) -> int:
    distance = csgraph.dijkstra(lengths, directed=False, indices=start)
    return int(np.argmax(np.where(np.isfinite(distance), distance, -1.0)))


def _window(
    path: NDArray[np.int64], places: list[NDArray[np.float64]], max_length: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """A random part of the path that is no longer than `max_length` from its first to its last pixel's centre."""
    steps = np.hypot(*(np.diff(place[path]) for place in places))
    along = np.r_[0.0, np.cumsum(steps)]
    if along[-1] <= max_length:
        return path
    first = int(np.searchsorted(along, rng.uniform(0.0, along[-1] - max_length)))
    return path[first : max(first + 1, int(np.searchsorted(along, along[first] + max_length, side="right")))]
