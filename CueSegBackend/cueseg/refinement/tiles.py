"""Parts of a window's features: near the scribbles, and a sample of the rest for the term that keeps it.

Convolutions see a few voxels far, so a stroke needs only the features around it. Whether a network's refined part is
such a one, and how far it sees, is found by trial: its logits on tiles must be those on the whole window.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cueseg.refinement.refined_copy import RefinedCopy
from cueseg.refinement.sampled_norms import Moments
from cueseg.refinement.scribbled_window import KeepTerm, ScribbledWindow
from cueseg.refinement.tile_grid import TileGrid, cheapest_grid, tile_grid
from cueseg.refinement.trees import map_tensors, tensors_in

__all__ = ["Tiler"]

_log = logging.getLogger(__name__)
_MARGINS = (2, 4, 8, 16)
_WORTH = 0.7  # of a window's voxels; tiles with more are not worth their trouble
_KEEP_VOXELS = 16_384  # sampled for the term that keeps the rest
_TOLERANCE = 1e-5  # of the largest logit


@dataclass
class Tiles:
    """Tiles of a window.

    Attributes:
        features: of the frozen part, (T, C, *side) or coarser.
        moments: of the window's normalisations with the weights at which they were last taken.
        shares: (T, *side) what of the window each voxel stands for, one in sum.
    """

    features: list[Any]
    moments: list[list[Moments]]
    shares: Tensor


class Tiler:
    """Cuts windows of one network into tiles.

    Args:
        copy: of the network that is refined.
    """

    def __init__(self, copy: RefinedCopy) -> None:
        self._copy = copy
        self._margin: dict[tuple[int, ...], int | None] = {}

    def tile(
        self,
        window: ScribbledWindow,
        features: list[Any],
        size: tuple[int, ...],
        labels: NDArray[Any],
        seed: int,
    ) -> ScribbledWindow:
        """The window with the features that its scribbles and its keep term need; as it is where tiles do not pay.

        Args:
            window: what is asked of it.
            features: kept features of the whole window.
            size: of the window.
            labels: (*size) the network's own labels, by which voxels are sampled that represent every class.
            seed: of the sample.
        """
        stride = _stride(features, size)
        if self._copy.target.scale_bias and len(self._copy.norms):
            return window  # the line search of L-BFGS does not bear moments that are taken again
        if stride is None or self._margin.get(size, 0) is None:
            return window
        with torch.no_grad(), self._copy.norms.taking() as moments:
            whole = self._copy.logits(features)
        margin = self._proven_margin(features, size, stride, moments, whole)
        if margin is None:
            return window
        voxels = np.stack(np.unravel_index(window.voxels.cpu().numpy(), size), axis=1)
        grid = cheapest_grid(size, stride, margin, voxels)
        cells = np.unique(grid.cell_of(voxels))
        chosen, share = cells, np.ones(len(cells))
        if window.keep is not None or len(self._copy.norms):
            chosen, share = _with_sample(grid, cells, labels, seed)
        if len(chosen) * math.prod(grid.side) > _WORTH * math.prod(size):
            return window
        tiled = _tiled(window, features, grid, chosen, share, voxels, moments)
        self._begin(tiled.tiles, moments)
        return tiled

    def refresh(self, tiles: Tiles, features: list[Any]) -> None:
        """Take the moments of the whole window again, with the present weights."""
        with torch.no_grad(), self._copy.norms.taking() as moments:
            self._copy.logits(features)
        self._begin(tiles, moments)

    def _begin(self, tiles: Tiles, moments: list[list[Moments]]) -> None:
        """From here on the moments of the window move as those of the sample do."""
        tiles.moments = moments
        with torch.no_grad():
            self.logits(tiles)

    def logits(self, tiles: Tiles) -> Tensor:
        """(T, C, *side) with the present weights."""
        with self._copy.norms.using(tiles.moments, tiles.shares):
            return self._copy.logits(tiles.features)

    def _proven_margin(
        self,
        features: list[Any],
        size: tuple[int, ...],
        stride: tuple[int, ...],
        moments: list[list[Moments]],
        whole: Tensor,
    ) -> int | None:
        """The least margin with which tiles have the logits of the whole window; None: none has."""
        if size in self._margin:
            return self._margin[size]
        self._margin[size] = None
        for margin in _MARGINS:
            grid = tile_grid(size, stride, margin)
            if math.prod(grid.side) >= math.prod(size):
                break
            if self._same(features, grid, moments, whole):
                self._margin[size] = margin
                break
        _log.info("windows of %s: tiles need a margin of %s", size, self._margin[size])
        return self._margin[size]

    def _same(self, features: list[Any], grid: TileGrid, moments: list[list[Moments]], whole: Tensor) -> bool:
        """Whether tiles at the window's corners and in its middle have the logits of the whole window."""
        last = math.prod(grid.cells) - 1
        cells = np.unique(np.array([0, last // 3, last // 2, 2 * last // 3, last]))
        try:
            with torch.no_grad(), self._copy.norms.using(moments, None):
                found = self._copy.logits(_cropped(features, grid, cells))
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            _log.info("the refined part does not run on tiles: %s", str(error)[:200])
            return False
        if found.shape != (len(cells), whole.shape[1], *grid.side):
            return False
        span = max(float(whole.abs().max()), 1e-6)
        for number, (cell, start) in enumerate(zip(cells, grid.start(cells), strict=True)):
            here, there = grid.slices(int(cell), start)
            difference = found[number][(slice(None), *here)] - whole[0][(slice(None), *there)]
            if float(difference.abs().max()) > _TOLERANCE * span:
                return False
        return True


def _stride(values: Any, size: tuple[int, ...]) -> tuple[int, ...] | None:
    """Least common multiple of how much coarser than the window the features are; None: they are no maps of it."""
    stride = (1,) * len(size)
    for tensor in tensors_in(values):
        sides = tuple(tensor.shape[2:])
        whole = tensor.ndim == len(size) + 2 and tensor.shape[0] == 1
        if not whole or any(s == 0 or n % s for n, s in zip(size, sides, strict=True)):
            return None
        stride = tuple(math.lcm(a, n // s) for a, n, s in zip(stride, size, sides, strict=True))
    return stride


def _cropped(features: list[Any], grid: TileGrid, cells: NDArray[np.int64]) -> list[Any]:
    """Features of tiles, one after the other along the first axis."""
    starts = grid.start(cells)

    def crop(tensor: Tensor) -> Tensor:
        coarser = np.asarray(grid.size) // np.asarray(tensor.shape[2:])
        sides = np.asarray(grid.side) // coarser
        parts = [
            tensor[(..., *(slice(int(a), int(a + n)) for a, n in zip(start // coarser, sides, strict=True)))]
            for start in starts
        ]
        return torch.cat(parts)

    return map_tensors(features, crop)


def _with_sample(
    grid: TileGrid, cells: NDArray[np.int64], labels: NDArray[Any], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The cells with scribbles, and others drawn in proportion to their share of each class; what each stands for."""
    count = math.prod(grid.cells)
    wanted = -(-_KEEP_VOXELS // math.prod(grid.core))
    share = np.zeros(count)
    number = grid.cell_of(np.argwhere(np.ones(grid.size, bool)))
    of = labels.reshape(-1)
    for label in np.unique(of):
        members = np.bincount(number[of == label], minlength=count)
        share += members / members.sum()
    share[cells] = 0.0
    if share.sum() == 0.0:
        return cells, np.ones(len(cells))
    share /= share.sum()
    drawn, times = np.unique(np.random.default_rng(seed).choice(count, wanted, p=share), return_counts=True)
    return np.concatenate([cells, drawn]), np.concatenate(
        [np.ones(len(cells)), times / (wanted * share[drawn])]
    )


def _tiled(
    window: ScribbledWindow,
    features: list[Any],
    grid: TileGrid,
    cells: NDArray[np.int64],
    share: Sequence[float],
    voxels: NDArray[np.int64],
    moments: list[list[Moments]],
) -> ScribbledWindow:
    starts = grid.start(cells)
    order = np.full(math.prod(grid.cells), -1)
    order[cells] = np.arange(len(cells))
    tile = order[grid.cell_of(voxels)]
    local = voxels - starts[tile]
    flat = np.ravel_multi_index((tile, *local.T), (len(cells), *grid.side))
    device = window.voxels.device
    shares = torch.zeros((len(cells), *grid.side), device=device)
    kept = torch.zeros_like(shares)
    for number, (cell, start) in enumerate(zip(cells, starts, strict=True)):
        here, there = grid.slices(int(cell), start)
        shares[number][here] = float(share[number])
        if window.keep is not None:
            kept[number][here] = window.keep.weight[0][there] * float(share[number])
    tiles = Tiles(_cropped(features, grid, cells), moments, shares / shares.sum())
    keep = None if window.keep is None else KeepTerm(kept, window.keep.channels)
    places = torch.from_numpy(flat.astype(np.int64)).to(device)
    return replace(window, voxels=places, keep=keep, tiles=tiles)
