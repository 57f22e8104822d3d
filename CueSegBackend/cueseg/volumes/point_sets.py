"""Sets of four points on one slice: as they are given, and of the parts of a mask that nobody clicked."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from cueseg.volumes.derived import derived_points
from cueseg.volumes.parts import NEIGHBOURS, Mask

__all__ = ["derived_sets", "has_parts", "large_enough", "sets_of"]

MIN_AREA = 6  # pixels, two wide and high: no smaller structure is trained on


def sets_of(points: ArrayLike) -> list[Any]:
    """Split the clicks of a slice: (4, 2) is one set, (n, 4, 2) and (4 n, 2) are n; anything else is left to checks."""
    array = np.asarray(points)
    if array.ndim == 2 and len(array) > 4 and len(array) % 4 == 0:
        array = array.reshape(-1, 4, array.shape[1])
    if array.ndim == 3 and len(array):
        return list(array)
    return [points]


def derived_sets(mask: Mask, by_parts: bool) -> tuple[list[NDArray[np.float64]], Mask]:
    """The points that the network is given for a mask, and what of the mask is too small to ask it about.

    Args:
        mask: (rows, cols).
        by_parts: Whether every part (8 neighbours) gets points of its own, in the order of their first rows; else one
            set goes around all of them.

    Returns:
        (4, 2) points (x, y) each, as `derived_points` has them, and a (rows, cols) mask.
    """
    rest = np.zeros(mask.shape, bool)
    sets = []
    for part in _parts(mask) if by_parts else [mask]:
        if large_enough(part):
            sets.append(derived_points(part))
        else:
            rest |= part
    return sets, rest


def has_parts(mask: Mask) -> bool:
    """Whether two parts or more are large enough for points of their own."""
    return sum(large_enough(part) for part in _parts(mask)) > 1


def large_enough(mask: Mask) -> bool:
    """Whether the network is asked about a structure of this size."""
    sides = (np.count_nonzero(mask.any(axis=axis)) for axis in (0, 1))
    return int(mask.sum()) >= MIN_AREA and min(sides) >= 2


def _parts(mask: Mask) -> list[Mask]:
    labels, count = ndimage.label(mask, NEIGHBOURS)
    return [labels == number for number in range(1, count + 1)]
