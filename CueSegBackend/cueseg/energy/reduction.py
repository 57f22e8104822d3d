"""Pixels whose best label shows without any flow."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Weights = Sequence[NDArray[np.int64]]


def decide(preference: NDArray[np.int64], weights: Weights, steps: Sequence[int]) -> NDArray[np.int8]:
    """Find pixels that have the label they prefer in a best labelling.

    Of all pixels that prefer a label, one leaves if its neighbours outside cost it more than its preference is worth,
    which exposes others. Of those that stay no subset gains by changing its label, whatever the others do.

    Args:
        preference: (N,) cost of label 1 less that of label 0; in place: what decided neighbours cost is added.
        weights: (N,) per step, of a pixel and the one a step on; in place: 0 between decided and undecided.
        steps: from a pixel to half of its neighbours in the flat array, which has a border that nothing leads to.

    Returns:
        int8 (N,): 1, 0, or -1 where it is open.
    """
    state = np.where(preference > 0, 0, 1).astype(np.int8)
    against = np.zeros_like(preference)
    for weight, step in zip(weights, steps, strict=True):
        differs = np.where(state[:-step] != state[step:], weight[:-step], 0)
        against[:-step] += differs
        against[step:] += differs
    leaving = np.flatnonzero(np.abs(preference) < against)
    strength = np.abs(preference)
    while len(leaving):
        was = state[leaving]
        state[leaving] = -1
        exposed = []
        for weight, step in zip(weights, steps, strict=True):
            for others, cost in ((leaving + step, weight[leaving]), (leaving - step, weight[leaving - step])):
                held = (state.take(others) == was) & (cost > 0)
                against[others[held]] += cost[held]
                exposed.append(others[held])
        candidates = np.concatenate(exposed)
        leaving = np.unique(candidates[strength[candidates] < against[candidates]])
    _fold(state, preference, weights, steps)
    return state


def _fold(
    state: NDArray[np.int8], preference: NDArray[np.int64], weights: Weights, steps: Sequence[int]
) -> None:
    """Turn weights between decided and open pixels into preferences of the open ones."""
    opened = state < 0
    towards = np.where(state == 1, -1, 1)
    for weight, step in zip(weights, steps, strict=True):
        low, high = weight[:-step], opened[step:]
        forth = np.flatnonzero(high & ~opened[:-step] & (low > 0))
        preference[forth + step] += towards[forth] * low[forth]
        back = np.flatnonzero(opened[:-step] & ~high & (low > 0))
        preference[back] += towards[back + step] * low[back]
        low[~(opened[:-step] & high)] = 0
