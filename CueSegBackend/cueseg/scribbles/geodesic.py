"""Geodesic distance: short where the image is even, long across its edges."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from cueseg.map_options import is_number
from cueseg.scribbles.arrays import box_around, channels_first, check_spacing, voxels_within
from cueseg.scribbles.growth_options import value_range
from cueseg.scribbles.shortest_ways import shortest_ways

DEFAULT_WEIGHT = 20.0  # mm


def geodesic_distance(
    image: ArrayLike,
    seeds: ArrayLike,
    spacing: Sequence[float] | None = None,
    weight: float = DEFAULT_WEIGHT,
    *,
    limit: float = np.inf,
    watch: Callable[[], object] | None = None,
) -> NDArray[np.float32]:
    """Length of the shortest way from every pixel to the nearest seed.

    A step of length s (mm) between pixels whose intensities differ by d costs sqrt(s^2 + (weight d / range)^2),
    range being that between the image's percentiles 1 and 99 (the geodesic distance of Criminisi et al. 2008).
    Ways run over the 8 or 26 neighbours, and the result is that of Dijkstra's algorithm but for a thousandth of the
    shortest step. With `weight` 0 it is the exact Euclidean distance.

    Args:
        image: (rows, cols) or (slices, rows, cols), with channels last or first if it has any; d is the largest
            difference over the channels.
        seeds: bool array of the spatial shape.
        spacing: mm per pixel along each axis; None is 1.
        weight: mm that crossing the whole range of intensities costs; 0 or more.
        limit: mm; longer ways are given this value, and the work stays within this distance of the seeds.
        watch: called now and then during long work; what it raises ends it.

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
        found = shortest_ways(part, near[box], steps, watch)
    distance[box] = np.minimum(found, np.float32(limit))
    return distance


def _normalised(values: NDArray[Any], box: tuple[slice, ...], weight: float) -> NDArray[np.float32] | None:
    """The box of the image, scaled so that its differences are mm; None if they are all free of cost."""
    part = values[(slice(None), *box)].astype(np.float32)
    if not np.isfinite(part).all():
        raise ValueError("the image holds NaN or infinite values; replace them first")
    scale = value_range(values)
    return part * np.float32(weight / scale) if weight > 0 and scale > 0 else None
