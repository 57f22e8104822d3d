"""Region growing from scribbles: more evidence from few strokes.

The rule is that of Sambaturu et al. 2021 (MICCAI, arXiv 2108.02996): a pixel joins if its intensity differs by
less than a threshold from that of a neighbour which has joined. That is the connected component of the stroke in
the pixel grid, restricted to edges with a small step, and leaks along smooth ramps. `GrowthOptions` adds limits.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from cueseg.scribbles.arrays import (
    NONE,
    box_around,
    channels_first,
    check_scribbles,
    check_spacing,
    voxels_within,
)
from cueseg.scribbles.growth_options import GrowthOptions

_SMOOTHING_REACH = 4  # standard deviations that the Gaussian covers
Indices = tuple[NDArray[np.int64], ...]


def grow_scribbles(
    image: ArrayLike,
    scribbles: ArrayLike,
    threshold: float | None = None,
    *,
    spacing: Sequence[float] | None = None,
    options: GrowthOptions | None = None,
) -> NDArray[Any]:
    """Grow every stroke into its surroundings.

    Strokes (connected pixels of one class) grow on their own and never enter scribbles of another class. A pixel
    that several reach belongs to the one with the shortest way; if two classes tie, to none.

    Args:
        image: (rows, cols) or (slices, rows, cols), with channels last or first if it has any; the difference of
            two pixels is the largest one over the channels.
        scribbles: signed integers of the image's spatial shape, -1 none, k class k.
        threshold: as `GrowthOptions.threshold`; replaces that of `options`.
        spacing: mm per pixel along each spatial axis; None is 1.
        options: rule and limits; None: those of `GrowthOptions(threshold)`.

    Returns:
        Array like `scribbles` with what has grown added; painted pixels are unchanged.

    Raises:
        ValueError: bad scribbles, spacing, threshold or connectivity, an image of another shape, neither
            threshold nor options, or values that are not finite near a stroke.
    """
    painted = check_scribbles(scribbles)
    values = channels_first(image, painted.shape)
    steps = check_spacing(spacing, painted.ndim)
    chosen = _resolved(threshold, options, painted.ndim)
    claims = [
        (label, *_grow_stroke(values, painted, stroke, flat, steps, chosen))
        for label, stroke, flat in _strokes(painted, chosen)
    ]
    grown = painted.copy()
    if claims:
        _assign(grown.reshape(-1), claims)
    return grown


def _resolved(threshold: float | None, options: GrowthOptions | None, ndim: int) -> GrowthOptions:
    if options is None and threshold is None:
        raise ValueError("give a growth threshold; cueseg.scribbles.default_threshold proposes one")
    chosen = GrowthOptions(threshold) if options is None else options
    if threshold is not None:
        chosen = replace(chosen, threshold=threshold)
    if chosen.connectivity is None:
        return replace(chosen, connectivity=4 if ndim == 2 else 6)
    if chosen.connectivity == 6 and ndim == 2:
        raise ValueError("connectivity 6 is for volumes; use 4 for an image")
    return chosen


def _strokes(painted: NDArray[Any], options: GrowthOptions) -> list[tuple[int, Indices, int | None]]:
    """(class, indices, axis across which it may not grow) of every stroke, in the order of the classes."""
    where = np.nonzero(painted != NONE)
    if not where[0].size:
        return []
    box = box_around(where, (0,) * painted.ndim, painted.shape)
    part = painted[box]
    in_slices = painted.ndim == 3 and options.connectivity == 4
    found = []
    for label in np.unique(part[part != NONE]).tolist():
        components, _ = ndimage.label(part == label, np.ones((3,) * part.ndim))
        for number, region in enumerate(ndimage.find_objects(components), 1):
            inside = np.nonzero(components[region] == number)
            stroke = tuple(i + r.start + b.start for i, r, b in zip(inside, region, box, strict=True))
            found += [(label, *piece) for piece in (_by_slice(stroke) if in_slices else [(stroke, None)])]
    return found


def _by_slice(stroke: Indices) -> list[tuple[Indices, int]]:
    """Split a stroke of a volume into slices: those across its only flat axis, else those of axis 0."""
    flat = [axis for axis in range(3) if np.ptp(stroke[axis]) == 0]
    axis = flat[0] if len(flat) == 1 else 0
    return [
        (tuple(index[stroke[axis] == number] for index in stroke), axis) for number in np.unique(stroke[axis])
    ]


def _grow_stroke(
    values: NDArray[Any],
    painted: NDArray[Any],
    stroke: Indices,
    flat: int | None,
    spacing: tuple[float, ...],
    options: GrowthOptions,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Flat indices into the scribbles of what one stroke claims, without itself, and the ways to it in mm."""
    shape = painted.shape
    reach = voxels_within(options.max_radius, spacing, shape)
    if flat is not None:
        reach[flat] = 0
    box = box_around(stroke, reach, shape)
    part = _smoothed(values, box, flat, spacing, options.smoothing)
    seeds = np.zeros(part.shape[1:], bool)
    seeds[tuple(index - side.start for index, side in zip(stroke, box, strict=True))] = True
    median = np.median(part[:, seeds], axis=1).reshape(-1, *(1,) * seeds.ndim)
    by_seed = options.rule == "seed"
    limit = options.threshold * (1.0 if by_seed else options.deviation_factor)
    allowed = np.abs(part - median).max(axis=0) < limit
    allowed = (allowed & (painted[box] == NONE)) | seeds
    axes = [axis for axis in range(seeds.ndim) if axis != flat]
    graph = _edges(part, allowed, axes, spacing, np.inf if by_seed else options.threshold)
    ways = csgraph.dijkstra(
        graph, directed=False, indices=np.flatnonzero(seeds), min_only=True, limit=options.max_radius
    )
    claimed = np.flatnonzero(np.isfinite(ways) & ~seeds.reshape(-1))
    most = options.max_factor * len(stroke[0])
    if claimed.size > most:
        claimed = claimed[np.argsort(ways[claimed], kind="stable")[: int(most)]]
    inside = np.unravel_index(claimed, seeds.shape)
    places = tuple(i + side.start for i, side in zip(inside, box, strict=True))
    return np.ravel_multi_index(places, shape), ways[claimed]


def _smoothed(
    values: NDArray[Any], box: tuple[slice, ...], flat: int | None, spacing: tuple[float, ...], sigma: float
) -> NDArray[np.float64]:
    """The box of the image (channels, *box) as float64, smoothed as if the whole image had been."""
    in_plane = [step for axis, step in enumerate(spacing) if axis != flat]
    sigmas = [0.0 if axis == flat else sigma * min(in_plane) / step for axis, step in enumerate(spacing)]
    pads = [int(np.ceil(_SMOOTHING_REACH * one)) for one in sigmas]
    wide = tuple(
        slice(max(0, side.start - pad), side.stop + pad) for side, pad in zip(box, pads, strict=True)
    )
    part = values[(slice(None), *wide)].astype(np.float64)
    if not np.isfinite(part).all():
        raise ValueError(
            "the image holds NaN or infinite values near a scribble; replace them before growing scribbles"
        )
    if sigma > 0:
        part = ndimage.gaussian_filter(part, (0.0, *sigmas), mode="nearest", truncate=_SMOOTHING_REACH)
    inner = tuple(
        slice(side.start - outer.start, side.stop - outer.start)
        for side, outer in zip(box, wide, strict=True)
    )
    return part[(slice(None), *inner)]


def _edges(
    part: NDArray[np.float64],
    allowed: NDArray[np.bool_],
    axes: list[int],
    spacing: tuple[float, ...],
    threshold: float,
) -> sparse.csr_matrix:
    """Grid graph of the allowed pixels with steps below the threshold; an edge is as long as its spacing."""
    index = np.arange(allowed.size, dtype=np.int32).reshape(allowed.shape)
    starts, ends, lengths = [], [], []
    for axis in axes:
        low = tuple(slice(None, -1) if a == axis else slice(None) for a in range(allowed.ndim))
        high = tuple(slice(1, None) if a == axis else slice(None) for a in range(allowed.ndim))
        step = np.abs(part[(slice(None), *high)] - part[(slice(None), *low)]).max(axis=0)
        linked = allowed[low] & allowed[high] & (step < threshold)
        starts.append(index[low][linked])
        ends.append(index[high][linked])
        lengths.append(np.full(len(starts[-1]), spacing[axis]))
    entries = (np.concatenate(lengths), (np.concatenate(starts), np.concatenate(ends)))
    return sparse.csr_matrix(entries, shape=(allowed.size, allowed.size))


def _assign(grown: NDArray[Any], claims: list[tuple[int, NDArray[np.int64], NDArray[np.float64]]]) -> None:
    """Write claims (class, flat indices, ways) into the flat scribbles: the shortest way wins, ties none."""
    label = np.concatenate([np.full(len(where), number) for number, where, _ in claims])
    where = np.concatenate([claim[1] for claim in claims])
    way = np.concatenate([claim[2] for claim in claims])
    order = np.lexsort((label, way, where))
    label, where, way = label[order], where[order], way[order]
    if not where.size:
        return
    first = np.flatnonzero(np.r_[True, where[1:] != where[:-1]])
    # Of one pixel's claims with the shortest way, classes ascend: the last one differs from the first in a tie.
    shortest = way == np.repeat(way[first], np.diff(np.r_[first, len(where)]))
    last = np.add.reduceat(shortest.astype(np.int64), first) + first - 1
    clear = label[first] == label[last]
    grown[where[first][clear]] = label[first][clear]
