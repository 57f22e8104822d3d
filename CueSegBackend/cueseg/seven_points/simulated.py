"""The seven points that a careful user would give for a known mask. Never called anything but simulated."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from cueseg.scribbles.arrays import check_spacing
from cueseg.seven_points.target import Target

__all__ = ["simulated_target"]


def simulated_target(
    mask: ArrayLike,
    spacing: Sequence[float] | None = None,
    margin: int = 1,
    rng: np.random.Generator | int | None = None,
) -> Target:
    """Take seven points from a reference mask.

    The seed is the voxel farthest from the mask's surface in mm. The others lie `margin` voxels beyond its six ends,
    next to a voxel that reaches that end; where several do, one is drawn.

    Args:
        mask: (slices, rows, cols), nonzero in the object.
        spacing: mm per voxel along (slice, row, col); None: 1.
        margin: voxels between an end of the mask and its point, 1 or more; points may lie beyond the volume.
        rng: generator or seed of the draws; None: seed 0.

    Returns:
        Points in whole pixels, the outside ones in the order of `DIRECTIONS`.

    Raises:
        ValueError: a mask without three axes or without a voxel, a bad spacing, or a margin below 1.
    """
    inside = np.asarray(mask) != 0
    if inside.ndim != 3 or not inside.any():
        raise ValueError(
            f"the mask must be (slices, rows, cols) with at least one voxel set; this one has the shape "
            f"{inside.shape} and {int(inside.sum())} voxels"
        )
    if type(margin) is not int or margin < 1:
        raise ValueError(f"margin is {margin!r}: it must be a whole number of voxels, 1 or more")
    steps = check_spacing(spacing, 3)
    depth = ndimage.distance_transform_edt(np.pad(inside, 1), sampling=steps)[1:-1, 1:-1, 1:-1]
    seed = np.unravel_index(int(depth.argmax()), depth.shape)
    generator = np.random.default_rng(0 if rng is None else rng)
    voxels = np.argwhere(inside)
    outside = []
    for axis in (2, 1, 0):
        for end, away in ((voxels[:, axis].min(), -margin), (voxels[:, axis].max(), margin)):
            place = generator.choice(voxels[voxels[:, axis] == end]).copy()
            place[axis] += away
            outside.append(tuple(float(value) for value in place[::-1]))
    return Target(tuple(float(value) for value in seed[::-1]), tuple(outside))
