"""Where a refinement may change labels: scope, locked labels, radius around the scribbles; and the user's pixels."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cueseg.refinement.activations import Activation

__all__ = ["allowed_region", "bounding_box", "within_limits"]


def allowed_region(
    scribbles: NDArray[np.integer],
    scope: NDArray[np.bool_] | None,
    radius: float | None,
    spacing: tuple[float, ...] | None,
) -> NDArray[np.bool_] | None:
    """Voxels that may change, bool on the image; None: all of them.

    Args:
        scribbles: int on the image, -1 where nothing is painted.
        scope: bool on the image, or None.
        radius: most mm from the nearest scribble, or None.
        spacing: mm per voxel along each axis; None: 1.
    """
    if radius is None:
        return scope
    steps = np.ones(scribbles.ndim) if spacing is None else np.asarray(spacing, float)
    near = np.zeros(scribbles.shape, bool)
    low, high = bounding_box(scribbles >= 0)
    margin = np.ceil(radius / steps).astype(int) + 1
    box = tuple(slice(max(0, int(a - m)), int(b + m)) for a, b, m in zip(low, high, margin, strict=True))
    near[box] = ndimage.distance_transform_edt(scribbles[box] < 0, sampling=steps) <= radius
    return near if scope is None else near & scope


def bounding_box(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First voxel of a mask's box, and the voxel after its last; of an empty mask, an empty box."""
    low, high = np.zeros(mask.ndim, np.int64), np.zeros(mask.ndim, np.int64)
    for axis in range(mask.ndim):
        hits = np.flatnonzero(mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
        if len(hits) == 0:
            return low, low.copy()
        low[axis], high[axis] = hits[0], hits[-1] + 1
    return low, high


def within_limits(
    probabilities: NDArray[np.float32],
    base: NDArray[np.int16],
    scribbles: NDArray[np.integer],
    activation: Activation,
    *,
    allowed: NDArray[np.bool_] | None,
    locked: Collection[int],
    clamp: bool,
) -> NDArray[np.int16]:
    """Labels of a refined network within the limits that the user set.

    Args:
        probabilities: (K, *image) of the refined network.
        base: labels before.
        scribbles: the user's, -1 where nothing is painted.
        activation: of the network.
        allowed: voxels that may change; None: all.
        locked: classes whose voxels neither vanish nor appear. Where one of them would appear, the likeliest of the
            other classes is taken.
        clamp: give the user's pixels their class.
    """
    labels = activation.labels(probabilities)
    if locked:
        appearing = np.isin(labels, list(locked))
        if appearing.any():
            others = probabilities[:, appearing].copy()
            others[[number for number in locked if number < len(others)]] = -1.0
            labels[appearing] = activation.labels(others)
            if 0 in locked and not activation.exclusive:
                labels[appearing] = others.argmax(
                    axis=0
                )  # none of the regions responds, yet one must be taken
    if clamp:
        painted = (scribbles >= 0) & ~np.isin(scribbles, list(locked))
        labels[painted] = scribbles[painted]
    keep = np.isin(base, list(locked))
    if allowed is not None:
        keep |= ~allowed
    labels[keep] = base[keep]
    return labels
