"""What is wrong with seven points, and which point to move where."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cueseg.seven_points.target import DIRECTIONS, Target, directions, voxel_of

__all__ = ["Finding", "check_target"]

_SLACK = 1  # voxels beyond the volume that a point may lie, where the object reaches the volume's end


@dataclass(frozen=True)
class Finding:
    """Something to correct.

    Attributes:
        kind: "missing", "surplus", "beside" (the volume), "seed" (not between the points), "doubtful" or "on_object".
        direction: as in `DIRECTIONS`, where it is about a side.
        index: of the point among `Target.outside`; None for the seed or a missing point.
        message: what is wrong and what to do, a sentence.
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
        target: the points; as many as there are so far.
        shape: (slices, rows, cols) of the volume.
        spacing: mm per voxel along (slice, row, col); None: 1.
        image: the volume; with it, points that seem to lie on the object are found.

    Returns:
        Findings, the blocking ones first; none if all is well.

    Raises:
        ValueError: a shape that is not three numbers above 0, or a bad spacing.
    """
    sides = directions(target.seed, target.outside, spacing)
    findings = [*_beside(target, shape), *_sides(target, sides)]
    return sorted(findings, key=lambda finding: not finding.blocking)


def _beside(target: Target, shape: Sequence[int]) -> list[Finding]:
    ends = np.array(shape[::-1])
    found = []
    for index, point in ((None, target.seed), *enumerate(target.outside)):
        voxel = np.array(voxel_of(point))
        slack = 0 if index is None else _SLACK
        if ((voxel < -slack) | (voxel >= ends + slack)).any():
            found.append(
                Finding(
                    "beside",
                    None,
                    index,
                    f"{_name(index)} ({_shown(point)}) lies outside the volume, whose last voxel is "
                    f"({_shown(ends - 1)}): move it into the volume",
                    True,
                )
            )
    return found


def _sides(target: Target, sides: dict[str, int]) -> list[Finding]:
    missing = [side for side in DIRECTIONS if side not in sides]
    found = [
        Finding(
            "missing",
            side,
            None,
            f"no point lies beyond the object's {side} end: set one at "
            f"{side[1]} {'below' if side[0] == '-' else 'above'} {target.seed['xyz'.index(side[1])]:g}",
            True,
        )
        for side in missing
    ]
    used = set(sides.values())
    for index in range(len(target.outside)):
        if index not in used:
            found.append(
                Finding(
                    "surplus", None, index, f"{_name(index)} lies on a side that has a point", not missing
                )
            )
    return found


def _name(index: int | None) -> str:
    return "the seed" if index is None else f"outside point {index + 1}"


def _shown(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
