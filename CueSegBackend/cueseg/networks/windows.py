"""Sliding windows over a grid: where they lie, how they are blended, and which of them a set of voxels needs."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["WindowPlan", "plan_windows"]

_SIGMA_SHARE = 0.125  # of the window's side, the usual width of the blending weights
_LEAST_WEIGHT = 1e-3  # so that every voxel has some
_WELL_INSIDE = 0.5  # of the depth that a voxel has in the best window


@dataclass(frozen=True)
class WindowPlan:
    """Windows of one size that cover a grid.

    Attributes:
        shape: spatial shape of the grid.
        size: shape of a window, of as many axes; it may exceed the grid, whose edge is then repeated.
        starts: (N, ndim) int, first voxel of every window.
        weights: float32 array of shape `size`, Gaussian blending weights, 1 in the middle. Constant with one window.
        flat: number of leading axes along which a window is one voxel thick.
    """

    shape: tuple[int, ...]
    size: tuple[int, ...]
    starts: NDArray[np.int64]
    weights: NDArray[np.float32]
    flat: int = 0

    def __len__(self) -> int:
        return len(self.starts)

    def inside(self, index: int) -> tuple[slice, ...]:
        """Where window `index` lies on the grid, without what exceeds it."""
        return tuple(
            slice(int(start), int(min(start + size, side)))
            for start, size, side in zip(self.starts[index], self.size, self.shape, strict=True)
        )

    def covered(self, index: int) -> tuple[slice, ...]:
        """The same part as a part of the window."""
        return tuple(slice(0, part.stop - part.start) for part in self.inside(index))

    def touching(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> list[int]:
        """Windows that share voxels with the box low <= voxel < high."""
        meets = (self.starts < high) & (self.starts + np.asarray(self.size) > low)
        return np.flatnonzero(meets.all(axis=1)).tolist()

    def fewest_covering(self, voxels: NDArray[np.int64]) -> list[int]:
        """Few windows in which every voxel lies well inside, found greedily.

        A window holds a voxel well if that lies at least half as far inside it (as a share of the window's sides) as
        inside any other window; the border of the grid does not count as one. So a voxel is judged with about as
        much surrounding as the final prediction uses.

        Args:
            voxels: (M, ndim) int, on the grid.
        """
        depth = np.stack([self._depth(index, voxels) for index in range(len(self))])  # (N, M)
        covers = depth >= _WELL_INSIDE * depth.max(axis=0)
        chosen: list[int] = []
        missing = np.ones(len(voxels), bool)
        while missing.any():
            gain = (covers & missing).sum(axis=1) + 1e-6 * (depth * (covers & missing)).sum(axis=1)
            best = int(np.argmax(gain))
            chosen.append(best)
            missing &= ~covers[best]
        return sorted(chosen)

    def _depth(self, index: int, voxels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Distance to the window's nearest border, as a share of its side; negative outside."""
        size, shape, start = np.asarray(self.size), np.asarray(self.shape), self.starts[index]
        local = voxels - start
        before = np.where((start == 0) & (local >= 0), size, local + 0.5)
        after = np.where((start + size >= shape) & (local < size), size, size - local - 0.5)
        return (np.minimum(before, after) / size).min(axis=1)

    def weight_at(self, index: int, voxels: NDArray[np.int64]) -> NDArray[np.float32]:
        """Blending weight (M,) that a window gives to voxels (M, ndim) of the grid; 0 outside it."""
        local = voxels - self.starts[index]
        inside = ((local >= 0) & (local < np.asarray(self.size))).all(axis=1)
        found = np.zeros(len(voxels), np.float32)
        found[inside] = self.weights[tuple(local[inside].T)]
        return found


def plan_windows(
    shape: tuple[int, ...],
    patch: tuple[int, ...] | None,
    multiple: int = 1,
    overlap: float = 0.5,
    *,
    flat: int = 0,
) -> WindowPlan:
    """Lay windows over a grid, evenly spread, neighbours sharing at least `overlap` of a side.

    Args:
        shape: spatial shape of the grid.
        patch: shape of a window; None takes the whole grid, rounded up to a multiple.
        multiple: every side of the window is rounded up to a multiple of this.
        overlap: 0 to below 1.
        flat: number of leading axes along which a window is one voxel thick (slice by slice).

    Raises:
        ValueError: a patch of other dimensions than the grid.
    """
    spatial = shape[flat:]
    patch = spatial if patch is None else tuple(patch)
    if len(patch) != len(spatial):
        raise ValueError(f"patch size {patch} does not fit a grid of {len(spatial)} dimensions")
    sides = tuple(-(-side // multiple) * multiple for side in patch)
    size = (1,) * flat + sides
    axes = [list(range(side)) for side in shape[:flat]]
    axes += [_starts(side, window, overlap) for side, window in zip(spatial, sides, strict=True)]
    starts = np.array(list(product(*axes)), np.int64).reshape(-1, len(shape))
    alone = all(len(axis) == 1 for axis in axes[flat:])
    weights = np.ones(size, np.float32) if alone else _gaussian(size)
    return WindowPlan(tuple(shape), size, starts, weights, flat)


def _starts(side: int, window: int, overlap: float) -> list[int]:
    if side <= window:
        return [0]
    step = max(1.0, window * (1 - overlap))
    count = int(np.ceil((side - window) / step - 1e-9)) + 1
    return [round(position) for position in np.linspace(0, side - window, count)]


def _gaussian(size: tuple[int, ...]) -> NDArray[np.float32]:
    weights = np.ones(size, np.float64)
    for axis, side in enumerate(size):
        distance = np.arange(side) - (side - 1) / 2
        profile = np.exp(-0.5 * (distance / max(_SIGMA_SHARE * side, 1e-6)) ** 2)
        profile = np.where(side == 1, 1.0, profile)
        weights *= profile.reshape([-1 if a == axis else 1 for a in range(len(size))])
    weights /= weights.max()
    return np.maximum(weights, _LEAST_WEIGHT).astype(np.float32)
