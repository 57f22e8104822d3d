"""From seven points to labels: object, background, and what is not known (Zhai, Wang et al. 2022)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.map_options import is_number
from cueseg.scribbles.arrays import check_spacing
from cueseg.scribbles.geodesic import geodesic_distance
from cueseg.seven_points.checks import check_target
from cueseg.seven_points.target import Target, voxel_of

__all__ = ["BACKGROUND", "OBJECT", "UNKNOWN", "Expansion", "SevenPointsCancelled", "expand_points"]

BACKGROUND, OBJECT, UNKNOWN = 0, 1, 2
DEFAULT_WEIGHT = 20.0  # mm
DEFAULT_THRESHOLD = 0.2

Progress = Callable[[int, int], None]
"""Called with the targets done and all of them."""
Cancelled = Callable[[], bool]


class SevenPointsCancelled(Exception):  # noqa: N818 -- a decision of the user, not an error
    """`cancelled` said so."""


class Expansion:
    """Geodesic distances from the seeds, computed once; labels for any threshold are cheap.

    Args:
        image: (slices, rows, cols), any units.
        targets: the objects, with six outside points each.
        spacing: mm per voxel along (slice, row, col); None: 1.
        weight: mm that crossing the whole range of intensities of the box costs.
        progress: called after every target.
        cancelled: asked before every target.

    Raises:
        ValueError: an image that is not a volume of finite real numbers, no target, or points with which nothing can be
            done; the message is that of the first blocking `Finding`.
        SevenPointsCancelled: `cancelled` returned True.
    """

    def __init__(
        self,
        image: ArrayLike,
        targets: Sequence[Target],
        spacing: Sequence[float] | None = None,
        *,
        weight: float = DEFAULT_WEIGHT,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> None:
        values = _volume(image)
        self.shape = values.shape
        steps = check_spacing(spacing, 3)
        if not targets:
            raise ValueError("there is no target: give at least one, a seed and six outside points")
        for number, target in enumerate(targets, 1):
            blocking = [finding for finding in check_target(target, values.shape, steps) if finding.blocking]
            if blocking:
                raise ValueError(f"target {number}: {blocking[0].message}")
        self._parts: list[tuple[tuple[slice, ...], NDArray[np.float32]]] = []
        for number, target in enumerate(targets, 1):
            if cancelled is not None and cancelled():
                raise SevenPointsCancelled(f"cancelled before target {number} of {len(targets)}")
            self._parts.append(_distances(values, target, steps, weight))
            if progress is not None:
                progress(number, len(targets))

    def labels(self, threshold: float = DEFAULT_THRESHOLD) -> NDArray[np.uint8]:
        """Label every voxel.

        Within a target's box a voxel is object where its distance is below `threshold` times the largest in the box,
        else unknown; the seed is always object. Several targets: object of any, background outside all boxes.

        Returns:
            uint8 of the volume's shape: 0 background, 1 object, 2 unknown.

        Raises:
            ValueError: a threshold that is not between 0 and 1.
        """
        if not (is_number(threshold) and 0 < threshold <= 1):
            raise ValueError(f"threshold is {threshold!r}: it must be a share above 0, at most 1, e.g. 0.2")
        result = np.full(self.shape, BACKGROUND, np.uint8)
        for box, _ in self._parts:
            result[box] = UNKNOWN
        for box, distance in self._parts:
            near = (distance < threshold * distance.max()) | (distance == 0)
            result[box][near] = OBJECT
        return result


def expand_points(
    image: ArrayLike,
    targets: Sequence[Target],
    spacing: Sequence[float] | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    **options: Any,
) -> NDArray[np.uint8]:
    """`Expansion(image, targets, spacing, **options).labels(threshold)`."""
    return Expansion(image, targets, spacing, **options).labels(threshold)


def _volume(image: ArrayLike) -> NDArray[Any]:
    values = np.asarray(image)
    if not (np.issubdtype(values.dtype, np.number) or values.dtype == bool) or np.iscomplexobj(values):
        raise ValueError(f"the image must hold real numbers, not {values.dtype}")
    if values.ndim != 3 or 0 in values.shape:
        raise ValueError(
            f"the image must be a volume (slices, rows, cols), not {values.shape}; give one channel, and a picture "
            "as a volume of one slice"
        )
    return values


def _distances(
    values: NDArray[Any], target: Target, spacing: tuple[float, ...], weight: float
) -> tuple[tuple[slice, ...], NDArray[np.float32]]:
    """The box of a target within the volume, and distances from the seed in it, mm."""
    lower, upper = target.box
    box = tuple(
        slice(max(0, first), min(size, last + 1))
        for first, last, size in zip(lower[::-1], upper[::-1], values.shape, strict=True)
    )
    part = values[box].astype(np.float32)
    count = int((~np.isfinite(part)).sum())
    if count:
        raise ValueError(f"the image holds {count} NaN or infinite values in the box; replace them first")
    seeds = np.zeros(part.shape, bool)
    seeds[tuple(place - own.start for place, own in zip(voxel_of(target.seed)[::-1], box, strict=True))] = (
        True
    )
    return box, geodesic_distance(part, seeds, spacing, weight)
