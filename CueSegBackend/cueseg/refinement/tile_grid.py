"""Cells that divide a window, and tiles around them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["TileGrid", "cheapest_grid", "tile_grid"]

_CORES = {2: (64, 32, 16), 3: (32, 16, 8)}  # sides that are tried; the fewest voxels win


@dataclass(frozen=True)
class TileGrid:
    """Cells that divide a window, and the tile around each: the cell and a margin, moved into the window.

    Attributes:
        size: of the window.
        core: sides of a cell.
        margin: per axis.
    """

    size: tuple[int, ...]
    core: tuple[int, ...]
    margin: tuple[int, ...]

    @property
    def side(self) -> tuple[int, ...]:
        """Of a tile."""
        return tuple(min(c + 2 * m, n) for c, m, n in zip(self.core, self.margin, self.size, strict=True))

    @property
    def cells(self) -> tuple[int, ...]:
        """Their number along each axis."""
        return tuple(-(-n // c) for n, c in zip(self.size, self.core, strict=True))

    def start(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """(T, dims) first voxel of the tiles around flat cell numbers (T,)."""
        first = np.stack(np.unravel_index(cells, self.cells), axis=1) * np.asarray(self.core)
        return np.clip(first - np.asarray(self.margin), 0, np.asarray(self.size) - np.asarray(self.side))

    def cell_of(self, voxels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Flat cell number of voxels (M, dims)."""
        return np.ravel_multi_index(tuple((voxels // np.asarray(self.core)).T), self.cells)

    def slices(self, cell: int, start: NDArray[np.int64]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """A cell within its tile, which begins at `start`, and within the window."""
        first = np.stack(np.unravel_index(cell, self.cells)) * np.asarray(self.core)
        last = np.minimum(first + np.asarray(self.core), self.size)
        here = tuple(slice(int(a), int(b)) for a, b in zip(first - start, last - start, strict=True))
        return here, tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))


def tile_grid(
    size: tuple[int, ...], stride: tuple[int, ...], margin: int, core: int | None = None
) -> TileGrid:
    """Cells and margins, rounded up to multiples of the stride; None: the smallest cells."""
    core = _CORES[len(size)][-1] if core is None else core
    up = [tuple(-(-value // s) * s for s in stride) for value in (core, margin)]
    return TileGrid(size, *up)


def cheapest_grid(
    size: tuple[int, ...], stride: tuple[int, ...], margin: int, voxels: NDArray[np.int64]
) -> TileGrid:
    """The grid whose tiles around voxels (M, dims) have the fewest voxels."""
    grids = [tile_grid(size, stride, margin, core) for core in _CORES[len(size)]]
    return min(grids, key=lambda grid: len(np.unique(grid.cell_of(voxels))) * math.prod(grid.side))
