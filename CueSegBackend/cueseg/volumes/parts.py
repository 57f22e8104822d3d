"""Which parts of a mask continue in which parts of another slice's mask."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

__all__ = ["Mask", "matched_parts"]

Mask = NDArray[np.bool_]

NEIGHBOURS = np.ones((3, 3))  # 8


def matched_parts(
    first: Mask, last: Mask, pixel_size: tuple[float, ...]
) -> list[tuple[Mask | None, Mask | None]]:
    """Split two masks (rows, cols) into sets of parts that belong together.

    Parts (8 neighbours) belong together where they overlap, in place or with the centroids of the whole masks on each
    other, whichever overlaps more. Parts that overlap nothing are joined to the nearest of the other slice that are
    alone too, up to the sum of the diameters of discs of their areas. One part in each slice: they belong together.

    Returns:
        A pair of masks for each set; None where the set has no part in that slice.
    """
    (a, count_a), (b, count_b) = (ndimage.label(mask, NEIGHBOURS) for mask in (first, last))
    if count_a == count_b == 1:
        return [(first, last)]
    links = np.zeros((count_a, count_b), bool)
    if count_a and count_b:
        links = _overlaps(a, b)
        _join_nearest(links, a, b, pixel_size)
    graph = np.zeros((count_a + count_b,) * 2, bool)
    graph[:count_a, count_a:] = links
    _, sets = connected_components(graph, directed=False)
    return [(_parts(a, sets[:count_a] == k), _parts(b, sets[count_a:] == k)) for k in np.unique(sets)]


def _parts(labels: NDArray[np.int32], wanted: NDArray[np.bool_]) -> Mask | None:
    return np.isin(labels, 1 + np.flatnonzero(wanted)) if wanted.any() else None


def _overlaps(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.bool_]:
    """(parts of a, parts of b): whether they overlap, in place or with the centroids of the masks on each other."""
    shift = np.rint(np.subtract(*(np.mean(np.nonzero(labels), axis=1) for labels in (a, b)))).astype(int)
    moved = ndimage.shift(b, shift, order=0)
    tables = [_overlap_table(a, labels, b.max()) for labels in (b, moved)]
    return max(tables, key=lambda table: table.sum()) > 0


def _overlap_table(a: NDArray[np.int32], b: NDArray[np.int32], count_b: int) -> NDArray[np.int64]:
    both = (a > 0) & (b > 0)
    table = np.zeros((a.max(), count_b), np.int64)
    np.add.at(table, (a[both] - 1, b[both] - 1), 1)
    return table


def _join_nearest(
    links: NDArray[np.bool_], a: NDArray[np.int32], b: NDArray[np.int32], pixel_size: tuple[float, ...]
) -> None:
    """Link parts without a counterpart to the nearest such part of the other slice, nearest pairs first."""
    (at_a, wide_a), (at_b, wide_b) = (_places(labels, pixel_size) for labels in (a, b))
    distance = np.linalg.norm(at_a[:, None] - at_b[None], axis=-1)
    distance[distance > wide_a[:, None] + wide_b[None]] = np.inf
    distance[links.any(axis=1)] = np.inf
    distance[:, links.any(axis=0)] = np.inf
    while np.isfinite(distance.min()):
        i, j = np.unravel_index(np.argmin(distance), distance.shape)
        links[i, j] = True
        distance[i], distance[:, j] = np.inf, np.inf


def _places(
    labels: NDArray[np.int32], pixel_size: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(parts, 2) centroids and (parts,) diameters of discs of the same areas, in mm."""
    numbers = np.arange(1, labels.max() + 1)
    centroids = np.array(ndimage.center_of_mass(labels > 0, labels, numbers)) * pixel_size
    areas = np.bincount(labels.ravel())[1:] * pixel_size[0] * pixel_size[1]
    return centroids, 2 * np.sqrt(areas / np.pi)
