"""What is wrong with seven points, and which point to move where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.scribbles.arrays import check_spacing
from cueseg.seven_points.distances import box_distances, check_volume, intensity_range, scaled
from cueseg.seven_points.target import DIRECTIONS, Target, directions, voxel_of

__all__ = ["Finding", "check_target"]

_SLACK = 1  # voxels beyond the volume that a point may lie, where the object reaches the volume's end
_BARELY = 0.25  # of its offset to another side: so little beyond its own a point is doubtful
_AS_FAR = 0.9  # of the offset of that side's point
_WEIGHT = 30.0  # of intensities, in half sides of the box: edges decide, hardly ways
_NO_EDGE = 0.5  # of the middle one of the six distances: a point this near has no edge before it


@dataclass(frozen=True)
class Finding:
    """Something to correct.

    Attributes:
        kind: "beside" (the volume), "seed" (not between the points), "missing", "twice" (two points on a side),
            "surplus", "doubtful" (hardly beyond its side) or "on_object".
        direction: as in `DIRECTIONS`, where it is about a side.
        index: of the point to move among `Target.outside` (for "seed": the one that could be moved instead); None for
            the seed alone or a missing point.
        message: what is wrong, which point to move and where to.
        blocking: whether nothing can be computed until it is corrected.
    """

    kind: str
    direction: str | None
    index: int | None
    message: str
    blocking: bool


def check_target(
    target: Target,
    shape: Sequence[int],
    spacing: Sequence[float] | None = None,
    image: ArrayLike | None = None,
) -> list[Finding]:
    """Check the seven points of an object.

    Args:
        target: the points, as many as there are so far.
        shape: (slices, rows, cols) of the volume.
        spacing: mm per voxel along (slice, row, col); None: 1.
        image: the volume; with it, and if nothing blocks, points that seem to lie on the object are found: those that
            an edge hardly separates from the seed, compared with the others.

    Returns:
        Findings, the blocking ones first; none if all is well.

    Raises:
        ValueError: a shape or an image that does not fit, a bad spacing, or values in the box that are not finite.
    """
    size = tuple(shape)
    if len(size) != 3 or not all(isinstance(n, (int, np.integer)) and n > 0 for n in size):
        raise ValueError(f"shape must be (slices, rows, cols), whole numbers above 0, not {shape!r}")
    steps = check_spacing(spacing, 3)
    sides = directions(target.seed, target.outside, steps)
    found = [*_beside(target, size), *_missing(target, sides), *_surplus(target, sides)]
    found.sort(key=lambda finding: not finding.blocking)
    if not any(finding.blocking for finding in found):
        found += _doubtful(target, sides, steps)
        if image is not None:
            values = check_volume(image)
            if values.shape != size:
                raise ValueError(f"the image has the shape {values.shape}, but shape is {size}")
            found += _on_object(values, target, sides, steps)
    return found


def _beside(target: Target, shape: tuple[int, ...]) -> list[Finding]:
    last = np.array(shape[::-1]) - 1
    found = []
    for index, point in ((None, target.seed), *enumerate(target.outside)):
        voxel, slack = np.array(voxel_of(point)), 0 if index is None else _SLACK
        if ((voxel < -slack) | (voxel > last + slack)).any():
            text = (
                f"{_name(index)}, ({_shown(point)}), lies outside the volume, which ends at ({_shown(last)}): "
                "move it into the volume"
            )
            found.append(Finding("beside", None, index, text, True))
    return found


def _missing(target: Target, sides: dict[str, int]) -> list[Finding]:
    """Sides without a point; where one is to spare, the message names it."""
    spare = [index for index in range(len(target.outside)) if index not in sides.values()]
    found = []
    for side in (side for side in DIRECTIONS if side not in sides):
        axis, sign = "xyz".index(side[1]), side[0]
        where = f"to {side[1]} {'below' if sign == '-' else 'above'} {target.seed[axis]:g}"
        what = f"no point lies beyond the object's {side} end: "
        if not spare:
            found.append(Finding("missing", side, None, f"{what}set one there, {where}", True))
            continue
        index = spare.pop(0)
        reach = [point[axis] for point in target.outside]
        if not min(reach) <= target.seed[axis] <= max(reach):
            text = (
                f"the seed, at {side[1]} {target.seed[axis]:g}, lies outside the box of the other points: move it to "
                f"{side[1]} between {min(reach):g} and {max(reach):g}, into the object, or {_name(index)} beyond the "
                f"object's {side} end"
            )
            found.append(Finding("seed", side, index, text, True))
            continue
        text = f"{what}{_name(index)} {_place(target, index)}; move it there, {where}"
        found.append(Finding("twice", side, index, text, True))
    return found


def _surplus(target: Target, sides: dict[str, int]) -> list[Finding]:
    if len(sides) < len(DIRECTIONS):
        return []
    return [
        Finding(
            "surplus",
            None,
            index,
            f"{_name(index)} is one too many, every side has a point: remove it, or it widens the box",
            False,
        )
        for index in range(len(target.outside))
        if index not in sides.values()
    ]


def _doubtful(target: Target, sides: dict[str, int], spacing: tuple[float, ...]) -> list[Finding]:
    """Points hardly beyond their side that lie as far on another one as its own point."""
    found = []
    for side, index in sides.items():
        along = _offsets(target, index, spacing)
        other = max(along, key=along.__getitem__)
        as_far = along[other] >= _AS_FAR * _offsets(target, sides[other], spacing)[other]
        if other != side and as_far and along[side] < _BARELY * along[other]:
            text = (
                f"{_name(index)} is taken for the {side} end but lies mostly on the {other} side: move it beyond the "
                f"object's {side} end if it does not lie there"
            )
            found.append(Finding("doubtful", side, index, text, False))
    return found


def _on_object(
    values: NDArray[Any], target: Target, sides: dict[str, int], spacing: tuple[float, ...]
) -> list[Finding]:
    part, distance = box_distances(values, target, spacing, weight=_WEIGHT, metric="box")
    ends = np.array([own.stop - 1 for own in part])
    places = [
        np.clip(voxel_of(target.outside[index])[::-1], [own.start for own in part], ends)
        for index in sides.values()
    ]
    reached = [
        float(distance[tuple(p - own.start for p, own in zip(at, part, strict=True))]) for at in places
    ]
    usual = float(np.median(reached))
    found = []
    for (side, index), place, own in zip(sides.items(), places, reached, strict=True):
        if own < _NO_EDGE * usual:
            edge = _edge(values, part, place, side, usual - own)
            goal = f"about {side[1]} {edge}" if edge is not None else "the volume's end"
            text = f"{_name(index)} seems to lie on the object: move it farther along {side}, to {goal}"
            found.append(Finding("on_object", side, index, text, False))
    return found


def _edge(
    values: NDArray[Any], part: tuple[slice, ...], place: NDArray[np.int64], side: str, lacking: float
) -> int | None:
    """Coordinate of the first voxel farther out that the lacking distance separates from the place."""
    axis, step = 2 - "xyz".index(side[1]), -1 if side[0] == "-" else 1
    line = values[tuple(slice(None) if k == axis else int(at) for k, at in enumerate(place))]
    level = scaled(line, *intensity_range(values[part]))
    outward = level[int(place[axis]) :: step]
    far = np.flatnonzero(_WEIGHT * np.abs(np.diff(outward)).cumsum() >= lacking)
    return int(place[axis]) + step * (int(far[0]) + 1) if far.size else None


def _offsets(target: Target, index: int, spacing: tuple[float, ...]) -> dict[str, float]:
    """Direction -> mm from the seed to an outside point."""
    away = (np.array(target.outside[index]) - np.array(target.seed)) * spacing[::-1]
    return {side: float((-1 if side[0] == "-" else 1) * away["xyz".index(side[1])]) for side in DIRECTIONS}


def _place(target: Target, index: int) -> str:
    """Where a point lies that no side has taken, in voxels."""
    along = _offsets(target, index, (1.0, 1.0, 1.0))
    side = max(along, key=along.__getitem__)
    return f"lies on the {side} side, which has a point already" if along[side] >= 1 else "lies at the seed"


def _name(index: int | None) -> str:
    return "the seed" if index is None else f"outside point {index + 1}"


def _shown(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
