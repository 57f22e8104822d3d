"""Shortest ways over a grid of 8 or 26 neighbours: whole planes at a time, then only where something still changes."""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

__all__ = ["shortest_ways"]

_SETTLED = 0.05  # sweeps end when a pass changes no more than this share of the pixels
_TOLERANCE = 1e-3  # of the shortest step; ways that get shorter by less stay as they are
_KEPT = 4_000_000  # pixels up to which the costs of all steps are kept, about 110 bytes each


def shortest_ways(
    values: NDArray[np.float32],
    seeds: NDArray[np.bool_],
    spacing: tuple[float, ...],
    watch: Callable[[], object] | None = None,
) -> NDArray[np.float32]:
    """Length of the shortest way from every pixel to a seed; a step costs the root of s^2 + d^2.

    Sweeps along every axis, forth and back, carry distances from plane to plane. Once they change little, the pixels
    that changed last hand their distance on to their neighbours until nothing becomes shorter. Both follow the same
    graph, so the result is that of Dijkstra's algorithm but for rounding.

    Args:
        values: (channels, *shape), scaled so that d, the largest difference over the channels, is a length.
        seeds: bool (*shape).
        spacing: s, length of a step along each axis.
        watch: called before every plane of a sweep and every handing on; what it raises ends the work.

    Returns:
        float32 (*shape); infinite without a seed.
    """
    distance = np.where(seeds, np.float32(0), np.float32(np.inf))
    if not seeds.any():
        return distance
    tolerance = np.float32(_TOLERANCE * min(spacing))
    watch = watch or _nobody
    sweeps = [_Sweeps(values, spacing, axis) for axis in range(seeds.ndim)]
    while True:
        before = distance
        for sweep in sweeps:
            distance = sweep(distance, watch)
        changed = distance < before - tolerance
        if changed.sum() <= _SETTLED * changed.size:
            return _handed_on(distance, values, spacing, changed, tolerance, watch)


def _nobody() -> None:
    """Watches nothing."""


class _Sweeps:
    """Both sweeps along an axis. Steps from a plane to the next have an offset of -1, 0 or 1 along each other axis."""

    def __init__(self, values: NDArray[np.float32], spacing: tuple[float, ...], axis: int) -> None:
        planes = np.moveaxis(values, axis + 1, 1)
        self._axis = axis
        self._planes = np.ascontiguousarray(planes)
        self._plane_axes = planes.ndim - 2
        self._bordered = np.pad(planes, ((0, 0), (0, 0), *((1, 1),) * self._plane_axes))
        self._squared = _squared_steps(spacing, axis)
        shape = (3,) * self._plane_axes + self._bordered.shape[2:]
        kept = len(self._planes[0]) - 1 if values[0].size <= _KEPT else 1
        self._costs = np.zeros((kept, *shape), np.float32)
        self._made = np.zeros(kept, bool)
        self._inner = (..., *(slice(1, -1),) * self._plane_axes)

    def __call__(self, distance: NDArray[np.float32], watch: Callable[[], object]) -> NDArray[np.float32]:
        """A copy of the distances after both sweeps."""
        planes = np.moveaxis(distance, self._axis, 0)
        # A border that is infinitely far spares the sweeps all cases at the sides.
        bordered = np.pad(planes, ((0, 0), *((1, 1),) * self._plane_axes), constant_values=np.inf)
        ways = np.empty(self._costs.shape[1 : 1 + self._plane_axes] + planes.shape[1:], np.float32)
        together = ways.reshape(-1, *planes.shape[1:])
        for here in range(1, len(planes)):
            watch()
            np.add(_windows(bordered[here - 1]), self._between(here - 1)[self._inner], out=ways)
            best = bordered[here][self._inner]
            np.minimum(best, together.min(axis=0), out=best)
        for here in range(len(planes) - 2, -1, -1):
            watch()
            np.add(_windows(bordered[here + 1]), _reversed(self._between(here)), out=ways)
            best = bordered[here][self._inner]
            np.minimum(best, together.min(axis=0), out=best)
        return np.moveaxis(bordered[self._inner], 0, self._axis)

    def _between(self, plane: int) -> NDArray[np.float32]:
        """Costs from a plane to the next: (3, 3, *bordered plane) by offset of where a step comes from and its end."""
        keeps = len(self._costs) > 1
        costs = self._costs[plane if keeps else 0]
        if not (keeps and self._made[plane]):
            part = costs[self._inner]
            for channel, (bordered, planes) in enumerate(zip(self._bordered, self._planes, strict=True)):
                jump = np.subtract(
                    _windows(bordered[plane]), planes[plane + 1], out=None if channel else part
                )
                np.square(jump, out=jump)
                if channel:
                    np.maximum(part, jump, out=part)
            part += self._squared
            np.sqrt(part, out=part)
            self._made[plane if keeps else 0] = True
        return costs


def _squared_steps(spacing: tuple[float, ...], axis: int) -> NDArray[np.float32]:
    """(3, 3, 1, 1) in three dimensions: squared length of the steps to the next plane, by offset."""
    others = [step for other, step in enumerate(spacing) if other != axis]
    squared = np.array(spacing[axis] ** 2)
    for step in others:
        squared = squared[..., None] + np.array([step**2, 0.0, step**2])
    return squared.astype(np.float32).reshape(squared.shape + (1,) * len(others))


def _windows(bordered: NDArray[np.float32]) -> NDArray[np.float32]:
    """(3, 3, *plane): the plane as seen from its own pixels at every offset."""
    inner = tuple(size - 2 for size in bordered.shape)
    return as_strided(
        bordered, (3,) * bordered.ndim + inner, bordered.strides + bordered.strides, writeable=False
    )


def _reversed(costs: NDArray[np.float32]) -> NDArray[np.float32]:
    """The costs of the same steps, taken backwards: as a step comes from the offset o, it goes to -o."""
    axes = costs.ndim // 2
    turned = costs[(slice(None, None, -1),) * axes]
    offset, place = turned.strides[:axes], turned.strides[axes:]
    skewed = tuple(o + p for o, p in zip(offset, place, strict=True))
    inner = tuple(size - 2 for size in costs.shape[axes:])
    return as_strided(turned, (3,) * axes + inner, skewed + place, writeable=False)


def _handed_on(
    distance: NDArray[np.float32],
    values: NDArray[np.float32],
    spacing: tuple[float, ...],
    changed: NDArray[np.bool_],
    tolerance: np.float32,
    watch: Callable[[], object],
) -> NDArray[np.float32]:
    """Distances after the changed pixels have handed on theirs, and so on."""
    inner = (slice(1, -1),) * distance.ndim
    bordered = np.pad(distance, 1, constant_values=-np.inf)  # nothing is nearer than the border
    nearest = bordered.reshape(-1)
    level = np.pad(values, ((0, 0), *((1, 1),) * distance.ndim), mode="edge").reshape(len(values), -1)
    steps, squared = _neighbours(bordered.shape, spacing)
    active = np.flatnonzero(np.pad(changed, 1))
    scratch = np.empty(nearest.size, np.intp)
    while len(active):
        watch()
        others = active[:, None] + steps
        jump = level[0][others] - level[0][active, None]
        cost = np.square(jump, out=jump)
        for channel in level[1:]:
            np.maximum(cost, np.square(channel[others] - channel[active, None]), out=cost)
        cost += squared
        ways = np.sqrt(cost, out=cost)
        ways += nearest[active, None]
        shorter = ways < nearest[others] - tolerance
        found = others[shorter]
        np.minimum.at(nearest, found, ways[shorter])
        turn = np.arange(len(found))
        scratch[found] = turn
        active = found[scratch[found] == turn]  # every one once
    return np.ascontiguousarray(bordered[inner])


def _neighbours(
    shape: tuple[int, ...], spacing: tuple[float, ...]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Steps in the flat array to all neighbours, and their squared lengths."""
    offsets = np.indices((3,) * len(shape)).reshape(len(shape), -1).T - 1
    offsets = offsets[offsets.any(axis=1)]
    strides = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    return offsets @ np.array(strides), ((offsets * np.array(spacing)) ** 2).sum(axis=1).astype(np.float32)
