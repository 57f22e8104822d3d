"""From seven points to labels: object, background, and what is not known (Zhai, Wang et al. 2022)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.map_options import is_number
from cueseg.scribbles.arrays import check_spacing
from cueseg.seven_points.checks import check_target
from cueseg.seven_points.distances import box_distances, check_volume
from cueseg.seven_points.target import Target

__all__ = [
    "BACKGROUND",
    "DEFAULT_THRESHOLD",
    "DEFAULT_WEIGHT",
    "OBJECT",
    "UNKNOWN",
    "Cancelled",
    "Expansion",
    "Progress",
    "SevenPointsCancelled",
    "expand_points",
]

BACKGROUND, OBJECT, UNKNOWN = 0, 1, 2
DEFAULT_WEIGHT = 2.0
DEFAULT_THRESHOLD = 0.2

Progress = Callable[[int, int], None]
"""Called with the targets done and the number of all."""
Cancelled = Callable[[], bool]
"""Asked now and then whether to give up."""


class SevenPointsCancelled(Exception):  # noqa: N818 -- a decision of the user, not an error
    """`cancelled` answered True."""


class Expansion:
    """Geodesic distances from the seeds, computed once; the labels of any threshold are cheap.

    In the box of a target a step between neighbours costs sqrt(s^2 + (weight d)^2): s is its length in half sides of
    the box (metric "box") or in mm, divided by the geometric mean of the half sides ("mm", the paper's); d is the
    difference of the intensities, 0 to 1 between the percentiles 1 and 99 of the box, in which all ways stay.

    Args:
        image: (slices, rows, cols), any units.
        targets: the objects, with six outside points each.
        spacing: mm per voxel along (slice, row, col); None: 1. The metric "box" needs it only for telling the points'
            sides apart.
        weight: what crossing the whole range of intensities costs, in half sides of the box.
        metric: "box" or "mm".
        progress: called after every target.
        cancelled: asked before every target and while its distances are computed.

    Attributes:
        shape: of the image.

    Raises:
        ValueError: an image that is not a volume of real numbers, finite in the boxes; no target; points with which
            nothing can be done (the message of the first blocking finding of `check_target`); a bad option.
        SevenPointsCancelled: `cancelled` answered True.
    """

    def __init__(
        self,
        image: ArrayLike,
        targets: Sequence[Target],
        spacing: Sequence[float] | None = None,
        *,
        weight: float = DEFAULT_WEIGHT,
        metric: str = "box",
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> None:
        values = check_volume(image)
        steps = check_spacing(spacing, 3)
        check_targets(targets, values.shape, steps)
        watch = watching(cancelled)
        self.shape = values.shape
        self._parts = []
        for number, target in enumerate(targets, 1):
            watch()
            part, distance = box_distances(values, target, steps, weight=weight, metric=metric, watch=watch)
            self._parts.append((part, distance, float(distance.max())))
            if progress is not None:
                progress(number, len(targets))

    def labels(self, threshold: float = DEFAULT_THRESHOLD) -> NDArray[np.uint8]:
        """Label every voxel.

        In the box of a target a voxel is object if its distance is below `threshold` times the largest in the box, else
        unknown; the seed is always object. Of several targets: object of any, background outside all boxes.

        Args:
            threshold: above 0, at most 1.

        Returns:
            uint8 of the image's shape: 0 background, 1 object, 2 unknown.

        Raises:
            ValueError: another threshold.
        """
        share = check_threshold(threshold)
        result = np.full(self.shape, BACKGROUND, np.uint8)
        for part, _, _ in self._parts:
            result[part] = UNKNOWN
        for part, distance, largest in self._parts:
            result[part][(distance < share * largest) | (distance == 0)] = OBJECT
        return result


def expand_points(
    image: ArrayLike,
    targets: Sequence[Target],
    spacing: Sequence[float] | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    **options: Any,
) -> NDArray[np.uint8]:
    """`Expansion(image, targets, spacing, **options).labels(threshold)`."""
    check_threshold(threshold)  # before the work
    return Expansion(image, targets, spacing, **options).labels(threshold)


def check_threshold(threshold: float) -> float:
    """Return a threshold, or raise a ValueError."""
    if not (is_number(threshold) and 0 < threshold <= 1):
        raise ValueError(
            f"threshold is {threshold!r}: it must be above 0 and at most 1, e.g. {DEFAULT_THRESHOLD}"
        )
    return float(threshold)


def check_targets(targets: Sequence[Target], shape: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    """Raise a ValueError with the first blocking finding, if there is any."""
    if not targets:
        raise ValueError("there is no target: give at least one, a seed and six points outside its object")
    for number, target in enumerate(targets, 1):
        for finding in check_target(target, shape, spacing):
            if finding.blocking:
                which = f"target {number}: " if len(targets) > 1 else ""
                raise ValueError(f"{which}{finding.message}")


def watching(cancelled: Cancelled | None) -> Callable[[], None]:
    """A call that raises `SevenPointsCancelled` once `cancelled` answers True."""

    def watch() -> None:
        if cancelled is not None and cancelled():
            raise SevenPointsCancelled("cancelled; nothing was changed")

    return watch
