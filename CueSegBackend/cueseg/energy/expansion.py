"""Expansion moves: labels of low energy where there are more than two (Boykov, Veksler, Zabih 2001)."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.energy.grid_cut import energy_of, grid_cut
from cueseg.energy.neighbours import neighbour_offsets, pair_slices


def expand_labels(
    unary: ArrayLike,
    weights: ArrayLike,
    labels: ArrayLike,
    free: ArrayLike | None = None,
    *,
    connectivity: int | None = None,
    sweeps: int = 3,
) -> NDArray[np.int64]:
    """Lower sum_i unary(l_i) + sum_ij w_ij [l_i != l_j] by letting one label after the other take what it wants.

    Every move is an exact minimum cut; the energy never rises. Of two labels the result is the minimum, of more at most
    twice it (Boykov et al. 2001, Theorem 6.1).

    Args:
        unary: (classes, rows, cols) or (classes, slices, rows, cols) costs.
        weights: (K, *shape) as of `contrast_weights`.
        labels: int (*shape), where to begin; free pixels have classes of `unary`, others may have any number.
        free: bool (*shape), the pixels that may change; None: all.
        connectivity: as in `grid_cut`.
        sweeps: most times that all labels are tried, 1 or more.

    Returns:
        int64 (*shape).

    Raises:
        ValueError: as `grid_cut` and `energy_of`; sweeps below 1.
    """
    costs, found = np.asarray(unary, np.float64), np.array(labels, np.int64)
    pairs = np.asarray(weights, np.float64)
    moving = np.ones(found.shape, bool) if free is None else np.asarray(free, bool)
    if moving.shape != found.shape or costs.shape[1:] != found.shape:
        raise ValueError(
            f"unary {costs.shape} and free {moving.shape} do not fit labels of shape {found.shape}"
        )
    if type(sweeps) is not int or sweeps < 1:
        raise ValueError(f"sweeps is {sweeps!r}: it must be a whole number, 1 or more")
    energy_of(np.where(moving, found, 0), costs, pairs, connectivity)  # its checks
    for _ in range(sweeps):
        before = found.copy()
        for label in range(len(costs)):
            found = _expanded(label, costs, pairs, found, moving, connectivity)
        if len(costs) == 2 or np.array_equal(before, found):
            break
    return found


def _expanded(
    label: int,
    costs: NDArray[np.float64],
    pairs: NDArray[np.float64],
    labels: NDArray[np.int64],
    free: NDArray[np.bool_],
    connectivity: int | None,
) -> NDArray[np.int64]:
    """The best labelling in which every free pixel keeps its label or takes this one.

    A pair costs E(x_p, x_q), x = 1 for taking and E(1, 1) = 0. Up to a constant that is
    (E(0, 1) + E(1, 0) - E(0, 0)) / 2 for different x, and for taking (E(1, 0) - E(0, 1) - E(0, 0)) / 2 at p and
    (E(0, 1) - E(1, 0) - E(0, 0)) / 2 at q (Kolmogorov and Zabih 2004).
    """
    keep = np.take_along_axis(costs, np.where(free, labels, 0)[np.newaxis], axis=0)[0]
    take = costs[label].copy()
    moves: NDArray[Any] = np.zeros_like(pairs)
    offsets = neighbour_offsets(labels.ndim, connectivity)
    for layer, weight, offset in zip(moves, pairs, offsets, strict=True):
        low, high = pair_slices(offset)
        first, second = labels[low], labels[high]
        none = weight[low] * (first != second)
        one, other = weight[low] * (second != label), weight[low] * (first != label)  # p takes; q takes
        layer[low] = (one + other - none) / 2
        take[low] += (one - other - none) / 2
        take[high] += (other - one - none) / 2
    taking = grid_cut(
        keep, take, moves, connectivity=connectivity, hard=np.where(free, -1, 0).astype(np.int8)
    )
    return np.where(taking, label, labels)
