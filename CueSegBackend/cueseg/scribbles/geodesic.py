"""Geodesic distance: short where the image is even, long across its edges."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from cueseg.map_options import is_number
from cueseg.scribbles.arrays import box_around, channels_first, check_spacing, voxels_within
from cueseg.scribbles.growth_options import value_range

DEFAULT_WEIGHT = 20.0  # mm
_TOLERANCE = 1e-3  # mm; passes end when none shortens a way by more
_MAX_PASSES = 50


def geodesic_distance(
    image: ArrayLike,
    seeds: ArrayLike,
    spacing: Sequence[float] | None = None,
    weight: float = DEFAULT_WEIGHT,
    *,
    limit: float = np.inf,
) -> NDArray[np.float32]:
    """Length of the shortest way from every pixel to the nearest seed.

    A step of length s (mm) between pixels whose intensities differ by d costs sqrt(s^2 + (weight d / range)^2),
    range being that between the image's percentiles 1 and 99 (the geodesic distance of Criminisi et al. 2008).
    Ways run over the 8 or 26 neighbours; sweeps over the image are repeated until nothing shortens any more, so
    the result is that of Dijkstra's algorithm. With `weight` 0 it is the exact Euclidean distance.

    Args:
        image: (rows, cols) or (slices, rows, cols), with channels last or first if it has any; d is the largest
            difference over the channels.
        seeds: bool array of the spatial shape.
        spacing: mm per pixel along each axis; None is 1.
        weight: mm that crossing the whole range of intensities costs; 0 or more.
        limit: mm; longer ways are given this value, and the work stays within this distance of the seeds.

    Returns:
        float32 of the spatial shape, mm, 0 at the seeds; `limit` everywhere if there are no seeds.

    Raises:
        ValueError: shapes that do not fit, a bad spacing, weight or limit, or values that are not finite.
    """
    near = np.asarray(seeds, bool)
    if near.ndim not in (2, 3):
        raise ValueError(f"seeds must be (rows, cols) or (slices, rows, cols), not {near.shape}")
    values = channels_first(image, near.shape)
    steps = check_spacing(spacing, near.ndim)
    if not (is_number(weight) and 0 <= weight < np.inf):
        raise ValueError(f"weight must be 0 or more mm, not {weight!r}")
    if not (is_number(limit) and limit > 0):
        raise ValueError(f"limit must be above 0 mm (infinity: none), not {limit!r}")
    distance = np.full(near.shape, limit, np.float32)
    where = np.nonzero(near)
    if not where[0].size:
        return distance
    box = box_around(where, voxels_within(limit, steps, near.shape), near.shape)
    part = _normalised(values, box, weight)
    if part is None:
        found = ndimage.distance_transform_edt(~near[box], sampling=steps).astype(np.float32)
    else:
        found = _swept(part, near[box], steps)
    distance[box] = np.minimum(found, np.float32(limit))
    return distance


def _normalised(values: NDArray[Any], box: tuple[slice, ...], weight: float) -> NDArray[np.float32] | None:
    """The box of the image, scaled so that its differences are mm; None if they are all free of cost."""
    part = values[(slice(None), *box)].astype(np.float32)
    if not np.isfinite(part).all():
        raise ValueError("the image holds NaN or infinite values; replace them first")
    scale = value_range(values)
    return part * np.float32(weight / scale) if weight > 0 and scale > 0 else None


def _swept(
    part: NDArray[np.float32], seeds: NDArray[np.bool_], spacing: tuple[float, ...]
) -> NDArray[np.float32]:
    """Distances by sweeps along every axis, forth and back, until none changes anything."""
    # A border that can never be on a way spares the sweeps all cases at the sides.
    distance = np.pad(np.where(seeds, np.float32(0), np.float32(np.inf)), 1, constant_values=np.inf)
    values = np.pad(part, ((0, 0), *((1, 1),) * seeds.ndim), mode="edge")
    inner = (slice(1, -1),) * seeds.ndim
    for _ in range(_MAX_PASSES):
        before = distance[inner].copy()
        for axis in range(seeds.ndim):
            for forth in (True, False):
                _sweep(np.moveaxis(distance, axis, 0), np.moveaxis(values, axis + 1, 0), spacing, axis, forth)
        after = distance[inner]
        reached = np.isfinite(after)
        settled = np.array_equal(reached, np.isfinite(before))
        if settled and float((before[reached] - after[reached]).max()) <= _TOLERANCE:
            break
    return distance[inner]


def _sweep(
    distance: NDArray[np.float32],
    values: NDArray[np.float32],
    spacing: tuple[float, ...],
    axis: int,
    forth: bool,
) -> None:
    """Carry distances from plane to plane: (N, *plane) and (N, channels, *plane), both with a border."""
    count = len(distance)
    ahead = spacing[axis]
    across = [step for other, step in enumerate(spacing) if other != axis]
    inner = (slice(1, -1),) * len(across)
    moves = [
        (window, np.float32(ahead**2 + sum((o * s) ** 2 for o, s in zip(offset, across, strict=True))))
        for offset, window in _windows(distance.shape[1:])
    ]
    planes = range(1, count - 1) if forth else range(count - 2, 0, -1)
    for plane in planes:
        source = plane - 1 if forth else plane + 1
        here = values[plane][(slice(None), *inner)]
        best = distance[plane][inner]
        for window, squared in moves:
            difference = here - values[source][(slice(None), *window)]
            np.square(difference, out=difference)
            cost = difference[0] if len(difference) == 1 else difference.max(axis=0)
            cost += squared
            np.sqrt(cost, out=cost)
            cost += distance[source][window]
            np.minimum(best, cost, out=best)


def _windows(shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Every offset of -1, 0, 1 per axis with the window of a bordered plane that it looks at."""
    for offset in itertools.product((-1, 0, 1), repeat=len(shape)):
        yield offset, tuple(slice(1 + o, size - 1 + o) for o, size in zip(offset, shape, strict=True))
