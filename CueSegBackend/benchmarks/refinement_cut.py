"""Minimum cuts with scipy: expansion moves for a Potts energy on the voxel grid (Boykov, Veksler, Zabih 2001)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

SCALE = 1000  # of the costs, which the flow counts in whole numbers
MOST = 2**24


def expand_labels(
    unary: NDArray[np.float32],
    image: NDArray[Any],
    labels: NDArray[Any],
    free: NDArray[np.bool_],
    spacing: tuple[float, ...],
    weight: float,
    sigma: float,
    sweeps: int = 2,
) -> NDArray[Any]:
    """Lower sum_i unary + weight sum_ij [l_i != l_j] exp(-(I_i - I_j)^2 / 2 sigma^2) min(spacing) / |ij|.

    Args:
        unary: (classes, *shape) costs.
        image: (*shape, channels).
        labels: where to begin.
        free: the voxels that may change.
        spacing: mm per voxel.
        weight: of the boundary.
        sigma: of the boundary's contrast, in the image's units.
        sweeps: most times that all labels are tried.

    Returns:
        The labels.
    """
    pairs = _pairs(image, free, spacing, weight, sigma)
    flat, node = labels.reshape(-1).copy(), np.full(labels.size, -1)
    members = np.flatnonzero(free)
    node[members] = np.arange(len(members))
    costs = unary.reshape(len(unary), -1)
    for _ in range(sweeps):
        changed = False
        for label in range(len(costs)):
            moved = _expansion(label, costs, flat, members, node, pairs)
            changed |= bool(moved.any())
            flat[members[moved]] = label
        if not changed:
            break
    return flat.reshape(labels.shape)


def _pairs(
    image: NDArray[Any], free: NDArray[np.bool_], spacing: tuple[float, ...], weight: float, sigma: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Neighbours of which at least one is free: flat indices of both and the cost of different labels."""
    index = np.arange(free.size).reshape(free.shape)
    found: list[tuple[Any, Any, Any]] = []
    for axis in range(free.ndim):
        low = tuple(slice(None, -1) if a == axis else slice(None) for a in range(free.ndim))
        high = tuple(slice(1, None) if a == axis else slice(None) for a in range(free.ndim))
        chosen = free[low] | free[high]
        jump = ((image[high][chosen] - image[low][chosen]) ** 2).mean(axis=-1)
        cost = weight * np.exp(-jump / (2 * sigma**2)) * (min(spacing) / spacing[axis])
        found.append((index[low][chosen], index[high][chosen], cost))
    first, second, cost = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return first, second, cost


def _expansion(
    label: int,
    costs: NDArray[np.float32],
    flat: NDArray[Any],
    members: NDArray[np.int64],
    node: NDArray[np.int64],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
) -> NDArray[np.bool_]:
    """Which free voxels (bool per member) take `label` in the best move."""
    first, second, cost = pairs
    n = len(members)
    keep = costs[flat[members], members].astype(np.float64)
    take = costs[label, members].astype(np.float64)
    p, q = node[first], node[second]
    for one, other, fixed in ((p, q, second), (q, p, first)):
        border = (one >= 0) & (other < 0)
        np.add.at(keep, one[border], cost[border] * (flat[members[one[border]]] != flat[fixed[border]]))
        np.add.at(take, one[border], cost[border] * (flat[fixed[border]] != label))
    inner = (p >= 0) & (q >= 0)
    p, q, cost = p[inner], q[inner], cost[inner]
    lp, lq = flat[members[p]], flat[members[q]]
    both_keep, q_takes, p_takes = cost * (lp != lq), cost * (lp != label), cost * (lq != label)
    # Kolmogorov & Zabih 2004: A + (C - A) x_p - C x_q + (B + C - A) (1 - x_p) x_q.
    np.add.at(take, p, p_takes - both_keep)
    np.add.at(take, q, -p_takes)
    low = np.minimum(keep, take)
    source, sink = n, n + 1
    every = np.arange(n)
    start = np.concatenate([np.full(n, source), every, p])
    end = np.concatenate([every, np.full(n, sink), q])
    flow = np.concatenate([take - low, keep - low, q_takes + p_takes - both_keep])
    capacity = np.minimum(np.rint(flow * SCALE), MOST).astype(np.int32)
    graph = sparse.csr_matrix((capacity, (start, end)), shape=(n + 2, n + 2))
    residual = graph - csgraph.maximum_flow(graph, source, sink).flow
    residual.data[residual.data < 0] = 0
    residual.eliminate_zeros()
    reached = csgraph.breadth_first_order(residual, source, return_predecessors=False)
    taking = np.ones(n + 2, bool)
    taking[reached] = False
    return taking[:n] & (flat[members] != label)
