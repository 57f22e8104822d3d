"""Which structures of a case can be segmented from four clicks: in which slices, across which axes."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cueseg.training.cases import Case

__all__ = ["MIN_AREA", "OTHER_PLANE", "Structure", "find_structures"]

MIN_AREA = 6  # pixels; below, a contour is noise
OTHER_PLANE = "across axis"


@dataclass(frozen=True)
class Structure:
    """Where one structure is: slice `index` across `axis` of a case, and the label numbers that make it up."""

    case: int
    axis: int
    index: int
    labels: tuple[int, ...]


def find_structures(case_index: int, case: Case) -> dict[str, list[Structure]]:
    """Class name -> every structure of that class in a case, in all its planes (named "... across axis 1")."""
    found: dict[str, list[Structure]] = defaultdict(list)
    for name, numbers in case.classes.items():
        objects = [(int(n),) for n in np.unique(case.labels) if n > 0] if case.instances else [numbers]
        for labels in objects:
            where = np.isin(case.labels, labels)
            for axis in case.planes:
                key = name if axis == 0 else f"{name} {OTHER_PLANE} {axis}"
                for index in _usable_slices(where, axis):
                    found[key].append(Structure(case_index, axis, index, labels))
    return found


def _usable_slices(where: NDArray[np.bool_], axis: int) -> list[int]:
    """Slices across `axis` whose mask has area enough and is two pixels wide and high."""
    others = tuple(i for i in range(3) if i != axis)
    area = where.sum(axis=others)
    wide = [np.count_nonzero(where.any(axis=other), axis=_axis_left(axis, other)) for other in others]
    return np.flatnonzero((area >= MIN_AREA) & (wide[0] >= 2) & (wide[1] >= 2)).tolist()


def _axis_left(axis: int, removed: int) -> int:
    """The axis to count along, once `removed` is projected away and `axis` is kept."""
    left = [i for i in range(3) if i != removed]
    return 1 - left.index(axis)
