"""Geodesic distances from a seed within the box of its target."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from cueseg.map_options import is_number
from cueseg.scribbles.shortest_ways import shortest_ways
from cueseg.seven_points.target import Target, voxel_of

__all__ = ["METRICS", "Part", "box_distances", "check_volume", "intensity_range", "scaled"]

METRICS = ("box", "mm")
Part = tuple[slice, slice, slice]

_PERCENTILES = (1, 99)  # of the box, between which intensities count


def check_volume(image: ArrayLike) -> NDArray[Any]:
    """Return a volume of one channel, or raise a ValueError that says what is wrong with it."""
    values = np.asarray(image)
    if not (np.issubdtype(values.dtype, np.number) or values.dtype == bool) or np.iscomplexobj(values):
        raise ValueError(f"the image must hold real numbers, not {values.dtype}")
    if values.ndim != 3 or 0 in values.shape:
        raise ValueError(
            f"the image must be a volume (slices, rows, cols), not of shape {values.shape}: give one channel, and a "
            "picture as a volume of one slice"
        )
    return values


def box_distances(
    values: NDArray[Any],
    target: Target,
    spacing: tuple[float, ...],
    *,
    weight: float,
    metric: str,
    watch: Callable[[], object] | None = None,
) -> tuple[Part, NDArray[np.float32]]:
    """The box of a target, as far as the volume goes, and the distances from the seed in it; see `Expansion`.

    Raises:
        ValueError: a bad weight or metric, or values in the box that are not finite.
    """
    if not (is_number(weight) and 0 <= weight < np.inf):
        raise ValueError(f"weight is {weight!r}: it must be a number, 0 or more")
    if metric not in METRICS:
        raise ValueError(f"metric is {metric!r}: it must be one of {', '.join(map(repr, METRICS))}")
    part = target.part(values.shape)
    level = scaled(values[part], *intensity_range(values[part]))
    return part, _from_seed(level, target, part, spacing, weight, metric, watch)


def intensity_range(part: NDArray[Any]) -> tuple[float, float]:
    """The box's percentiles 1 and 99; where these are equal, its least and largest value.

    Raises:
        ValueError: values that are not finite.
    """
    bad = int((~np.isfinite(part)).sum())
    if bad:
        raise ValueError(f"{bad} voxels in the box are NaN or infinite; replace them first")
    low, high = np.percentile(part, _PERCENTILES)
    return (float(low), float(high)) if high > low else (float(part.min()), float(part.max()))


def scaled(part: NDArray[Any], low: float, high: float) -> NDArray[np.float32]:
    """Intensities from 0 to 1, cut off at both ends; 0 where the range is none."""
    if not high > low:
        return np.zeros(part.shape, np.float32)
    return np.clip((part.astype(np.float64) - low) / (high - low), 0, 1).astype(np.float32)


def _from_seed(
    level: NDArray[np.float32],
    target: Target,
    part: Part,
    spacing: tuple[float, ...],
    weight: float,
    metric: str,
    watch: Callable[[], object] | None,
) -> NDArray[np.float32]:
    seeds = np.zeros(level.shape, bool)
    place = voxel_of(target.seed)[::-1]
    seeds[tuple(at - own.start for at, own in zip(place, part, strict=True))] = True
    lower, upper = target.box
    halves = np.subtract(upper, lower)[::-1] / 2
    if metric == "mm":
        halves = np.exp(np.log(halves * spacing).mean()) / np.array(spacing)
    steps = tuple((1 / halves).tolist())
    if weight == 0 or not level.any():
        return ndimage.distance_transform_edt(~seeds, sampling=steps).astype(np.float32)
    return shortest_ways(level[np.newaxis] * np.float32(weight), seeds, steps, watch)
