"""The labelling of least energy with two labels on a pixel grid, by a minimum cut."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.energy.neighbours import contrast_weights, neighbour_offsets, pair_slices
from cueseg.energy.preflow import FlowNetwork, nothing, sink_side
from cueseg.energy.reduction import decide

_UNITS = 2**26  # of the largest cost that matters; capacities then stay below 2^31 whatever is added to them


def grid_cut(
    unary0: ArrayLike,
    unary1: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    image: ArrayLike | None = None,
    weight: float = 3.0,
    sigma: float = 0.1,
    spacing: Sequence[float] | None = None,
    connectivity: int | None = None,
    hard: ArrayLike | None = None,
    watch: Callable[[], None] = nothing,
) -> NDArray[np.bool_]:
    """Minimise sum_i unary_i(x_i) + sum_ij w_ij [x_i != x_j] exactly (Greig et al. 1989, Boykov and Jolly 2001).

    Pixels that need no flow are decided first; the rest goes to a maximum flow. Costs are rounded to whole numbers of
    2^-26 of the largest that matters, and the minimum is exact for the rounded energy: the energy as given can be
    above its minimum by at most as many such units as there are pixels and pairs.

    Args:
        unary0: (rows, cols) or (slices, rows, cols), cost of label 0 at every pixel.
        unary1: the same for label 1.
        weights: (K, *shape) as of `contrast_weights`, 0 or more; None: made from `image`.
        image: as in `contrast_weights`, with `weight`, `sigma` and `spacing`.
        weight: lambda, of neighbours without contrast.
        sigma: contrast that costs exp(-1/2), in the image's units.
        spacing: mm per pixel along each axis; None: 1.
        connectivity: 4 or 8 in two dimensions, 6 in three; None: 4 or 6.
        hard: signed integers of the shape: 0 or 1 where the label is given, -1 where it is free; None: free.
        watch: called now and then; what it raises ends the work.

    Returns:
        bool of the shape, whether a pixel has label 1.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, negative weights, other labels in `hard`.
    """
    preference = _preference(unary0, unary1)
    offsets = neighbour_offsets(preference.ndim, connectivity)
    if weights is None:
        if image is None:
            raise ValueError("neither weights nor an image is given: one of them says what a boundary costs")
        costs = contrast_weights(
            image, preference.shape, spacing, weight=weight, sigma=sigma, connectivity=connectivity
        )
    else:
        costs = _checked_weights(weights, preference.shape, offsets)
    given = _checked_hard(hard, preference.shape)
    if preference.size == 0:
        return np.zeros(preference.shape, bool)
    watch()
    return _cut(preference, costs, offsets, given, watch)


def energy_of(
    labels: ArrayLike, unary: ArrayLike, weights: ArrayLike, connectivity: int | None = None
) -> float:
    """Sum of the unary costs of labels and of the weights of neighbours with different ones.

    Args:
        labels: bool or int (rows, cols) or (slices, rows, cols), class numbers.
        unary: (classes, *shape) costs.
        weights: (K, *shape) as of `contrast_weights`.
        connectivity: as in `grid_cut`.

    Raises:
        ValueError: shapes that do not fit, a label without costs, values that are not finite, negative weights.
    """
    chosen, costs = np.asarray(labels).astype(np.int64), np.asarray(unary, np.float64)
    if costs.shape[1:] != chosen.shape:
        raise ValueError(f"unary of shape {costs.shape} must be (classes, *{chosen.shape})")
    if chosen.size and not 0 <= int(chosen.min()) <= int(chosen.max()) < len(costs):
        raise ValueError(
            f"labels hold {int(chosen.min())} to {int(chosen.max())}: unary has {len(costs)} classes"
        )
    if not np.isfinite(costs).all():
        raise ValueError("the unary costs hold NaN or infinite values")
    offsets = neighbour_offsets(chosen.ndim, connectivity)
    total = float(np.take_along_axis(costs, chosen[np.newaxis], axis=0).sum())
    for layer, offset in zip(_checked_weights(weights, chosen.shape, offsets), offsets, strict=True):
        low, high = pair_slices(offset)
        total += float(layer[low][chosen[low] != chosen[high]].sum())
    return total


def _preference(unary0: ArrayLike, unary1: ArrayLike) -> NDArray[np.float64]:
    """What label 1 costs more than label 0."""
    zero, one = np.asarray(unary0, np.float64), np.asarray(unary1, np.float64)
    if zero.shape != one.shape or zero.ndim not in (2, 3):
        raise ValueError(f"unary0 {zero.shape} and unary1 {one.shape} must have the same two or three axes")
    if not (np.isfinite(zero).all() and np.isfinite(one).all()):
        raise ValueError("the unary costs hold NaN or infinite values; give fixed labels with `hard` instead")
    return one - zero


def _checked_weights(
    weights: ArrayLike, shape: tuple[int, ...], offsets: Sequence[Sequence[int]]
) -> NDArray[np.float64]:
    costs = np.asarray(weights, np.float64)
    if costs.shape != (len(offsets), *shape):
        raise ValueError(
            f"weights must be {(len(offsets), *shape)}, a layer per direction, not {costs.shape}"
        )
    if not (np.isfinite(costs).all() and (costs >= 0).all()):
        raise ValueError("weights hold negative, NaN or infinite values: no minimum cut can have them")
    return costs


def _checked_hard(hard: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.integer] | None:
    if hard is None:
        return None
    given = np.asarray(hard)
    if given.shape != shape or not np.issubdtype(given.dtype, np.signedinteger):
        raise ValueError(
            f"hard must be signed integers of shape {shape}, not {given.dtype} of shape {given.shape}"
        )
    if given.size and not -1 <= int(given.min()) <= int(given.max()) <= 1:
        raise ValueError(
            f"hard holds {int(given.min())} to {int(given.max())}: use 0 or 1 for a label, -1 where it is free"
        )
    return given


def _cut(
    preference: NDArray[np.float64],
    costs: NDArray[np.float64],
    offsets: Sequence[tuple[int, ...]],
    hard: NDArray[np.integer] | None,
    watch: Callable[[], None],
) -> NDArray[np.bool_]:
    """The cut on a flat copy of the grid with a border, in whole numbers."""
    bordered = tuple(size + 2 for size in preference.shape)
    inner = (slice(1, -1),) * len(bordered)
    strides = [int(np.prod(bordered[axis + 1 :])) for axis in range(len(bordered))]
    steps = [sum(o * stride for o, stride in zip(offset, strides, strict=True)) for offset in offsets]
    bound = np.zeros(bordered)
    kept = np.zeros((len(offsets), *bordered))
    for layer, cost, offset in zip(kept, costs, offsets, strict=True):
        low, _ = pair_slices(offset)
        layer[inner][low] = cost[low]  # what leads out of the grid has no meaning
    flat = kept.reshape(len(offsets), -1)
    every = bound.reshape(-1)
    for layer, step in zip(flat, steps, strict=True):
        every += layer
        every[step:] += layer[:-step]
    unit = (float(every.max()) or float(np.abs(preference).max()) or 1.0) / _UNITS
    whole = [np.rint(layer / unit).astype(np.int64) for layer in flat]
    # No preference is worth more than all neighbours together: beyond that it decides anyway.
    wish = np.zeros(bordered, np.int64)
    most = bound[inner] / unit + 2 * len(offsets) + 1
    wish[inner] = np.rint(np.clip(preference / unit, -most, most)).astype(np.int64)
    if hard is not None:
        wish[inner][hard == 0] = np.ceil(most[hard == 0]).astype(np.int64)
        wish[inner][hard == 1] = -np.ceil(most[hard == 1]).astype(np.int64)
    watch()
    return _solved(wish.reshape(-1), whole, steps, watch).reshape(bordered)[inner]


def _solved(
    wish: NDArray[np.int64],
    weights: list[NDArray[np.int64]],
    steps: Sequence[int],
    watch: Callable[[], None],
) -> NDArray[np.bool_]:
    """Labels of the flat, bordered grid; its border is without meaning."""
    state = decide(wish, weights, steps)
    labels = state == 1
    members = np.flatnonzero(state < 0)
    count = len(members)
    if count:
        number = np.full(len(state), count, np.int32)
        number[members] = np.arange(count)
        neighbours = np.full((count + 1, 2 * len(steps)), count, np.int32)
        capacity = np.zeros((count + 1, 2 * len(steps)), np.int64)
        for way, (weight, step) in enumerate(zip(weights, steps, strict=True)):
            neighbours[:-1, 2 * way], capacity[:-1, 2 * way] = number[members + step], weight[members]
            neighbours[:-1, 2 * way + 1] = number[members - step]
            capacity[:-1, 2 * way + 1] = weight[members - step]
        labels[members] = sink_side(FlowNetwork(np.append(wish[members], 0), neighbours, capacity), watch)
    return labels
