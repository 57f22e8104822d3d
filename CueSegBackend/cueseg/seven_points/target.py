"""Seven points of one object, and which of the six outside it belongs to which side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from cueseg.scribbles.arrays import check_spacing

__all__ = ["DIRECTIONS", "Box", "Point", "Target", "directions", "voxel_of"]

DIRECTIONS = ("-x", "+x", "-y", "+y", "-z", "+z")
"""The sides, along the volume's own axes: x columns, y rows, z slices."""

Point = tuple[float, float, float]
Box = tuple[tuple[int, int, int], tuple[int, int, int]]

_MAX_COORDINATE = 1e6  # pixels; no click comes from farther away
_NEVER = -1e12  # mm; what the assignment takes only where nothing else is left


@dataclass(frozen=True)
class Target:
    """One object: a point inside and the points just outside it.

    Attributes:
        seed: (x, y, z) in pixels, in the object, best near its middle.
        outside: (x, y, z) each, just beyond the object's six ends, in any order; fewer while they are being set.

    Raises:
        ValueError: something that is no (x, y, z), or is not finite.
    """

    seed: Point
    outside: tuple[Point, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", _checked([self.seed], "the seed")[0])
        object.__setattr__(self, "outside", tuple(_checked(self.outside, "every outside point")))

    @property
    def box(self) -> Box:
        """((x0, y0, z0), (x1, y1, z1)), both inclusive: the voxels of all seven points lie in it."""
        voxels = np.array([voxel_of(point) for point in (self.seed, *self.outside)])
        return tuple(voxels.min(axis=0).tolist()), tuple(voxels.max(axis=0).tolist())

    def part(self, shape: Sequence[int]) -> tuple[slice, slice, slice]:
        """The box as slices of a volume (slices, rows, cols), as far as the volume goes."""
        lower, upper = self.box
        slices, rows, cols = (
            slice(max(0, first), max(0, min(size, last + 1)))
            for first, last, size in zip(lower[::-1], upper[::-1], shape, strict=True)
        )
        return slices, rows, cols

    @classmethod
    def from_box(cls, seed: Sequence[float], lower: Sequence[float], upper: Sequence[float]) -> "Target":
        """A box and a seed instead of six points: those at the middles of its faces.

        Args:
            seed: (x, y, z) in pixels.
            lower: corner of the least coordinates, on the first voxels outside the object.
            upper: corner of the largest.

        Raises:
            ValueError: corners that are no finite (x, y, z), or the wrong way round.
        """
        corners = np.array(_checked([lower, upper], "every corner"))
        if (corners[1] < corners[0]).any():
            raise ValueError(
                f"the box goes from {tuple(corners[0])} to {tuple(corners[1])}: give the corner of the least "
                "coordinates first"
            )
        middle = corners.mean(axis=0)
        faces = []
        for axis in range(3):
            for corner in corners:
                face = middle.copy()
                face[axis] = corner[axis]
                faces.append(tuple(face.tolist()))
        return cls(tuple(seed), tuple(faces))


def directions(
    seed: Sequence[float], outside: Sequence[Sequence[float]], spacing: Sequence[float] | None = None
) -> dict[str, int]:
    """Find the point of every side.

    Every point goes to one side at most and every side gets one point at most, so that the offsets from the seed along
    the sides, in mm, have the largest sum. A point that lies in the seed's plane or behind it has no such side.

    Args:
        seed: (x, y, z) in pixels.
        outside: (x, y, z) each, in any order.
        spacing: mm per voxel along (slice, row, col); None: 1.

    Returns:
        Name as in `DIRECTIONS` -> index into `outside`, in the order of `DIRECTIONS`; missing sides are absent.

    Raises:
        ValueError: points that are no finite (x, y, z), or a bad spacing.
    """
    middle = np.array(voxel_of(_checked([seed], "the seed")[0]))
    points = _checked(outside, "every outside point")
    if not points:
        return {}
    offsets = np.array([voxel_of(point) for point in points]) - middle
    steps = np.array(check_spacing(spacing, 3))[::-1]
    along = (np.array(points) - np.array(seed, float)) * steps
    gain = np.stack([sign * along[:, axis] for axis in range(3) for sign in (-1, 1)])
    reached = np.stack([sign * offsets[:, axis] for axis in range(3) for sign in (-1, 1)]) >= 1
    sides, chosen = linear_sum_assignment(np.where(reached, gain, _NEVER), maximize=True)
    return {
        DIRECTIONS[side]: int(index)
        for side, index in zip(sides, chosen, strict=True)
        if reached[side, index]
    }


def voxel_of(point: Sequence[float]) -> tuple[int, int, int]:
    """The voxel (x, y, z) that a point lies in."""
    x, y, z = (int(np.floor(value + 0.5)) for value in point)
    return x, y, z


def _checked(points: Sequence[ArrayLike], what: str) -> list[Point]:
    return [_point(point, what) for point in points]


def _point(given: ArrayLike, what: str) -> Point:
    try:
        values: NDArray[np.float64] = np.asarray(given, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} must be (x, y, z) in pixels, not {given!r}") from error
    if values.shape != (3,) or not (np.abs(values) <= _MAX_COORDINATE).all():  # also NaN
        raise ValueError(
            f"{what} must be (x, y, z), finite and within {_MAX_COORDINATE:g} pixels, not {given!r}"
        )
    x, y, z = values.tolist()
    return x, y, z
