"""Pixels that were painted for two classes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.scribbles.arrays import NONE


def resolve_contradictions(
    layers: Sequence[tuple[int, ArrayLike]],
) -> tuple[NDArray[np.int16], list[str]]:
    """Lay scribble masks over each other; where two claim a pixel, the one that comes later wins.

    Args:
        layers: (class, mask) pairs in the order in which they were painted; masks of one shape, true where the
            class was painted. A class may occur more than once.

    Returns:
        Scribbles (int16, -1 none), and a sentence for every pair of classes that claimed the same pixels.

    Raises:
        ValueError: no layers, masks of different shapes, or a class that is not a whole number from 0 to 32767.
    """
    if not layers:
        raise ValueError("there are no scribbles; paint at least one stroke")
    masks = [np.asarray(mask, bool) for _, mask in layers]
    shapes = {mask.shape for mask in masks}
    if len(shapes) > 1:
        raise ValueError(f"scribble masks must have one shape, not {sorted(shapes)}")
    scribbles = np.full(masks[0].shape, NONE, np.int16)
    lost: dict[tuple[int, int], int] = {}
    for (number, _), mask in zip(layers, masks, strict=True):
        label = _class_number(number)
        overwritten = scribbles[mask]
        for loser in np.unique(overwritten[(overwritten != NONE) & (overwritten != label)]):
            pair = (int(loser), label)
            lost[pair] = lost.get(pair, 0) + int((overwritten == loser).sum())
        scribbles[mask] = label
    notes = [
        f"{count} pixel{'s' * (count != 1)} painted for class {loser} and for class {winner}: "
        f"class {winner}, painted later, was kept"
        for (loser, winner), count in lost.items()
    ]
    return scribbles, notes


def _class_number(number: int) -> int:
    if isinstance(number, bool) or int(number) != number or not 0 <= number <= np.iinfo(np.int16).max:
        raise ValueError(f"a class must be a whole number from 0 to 32767, not {number!r}")
    return int(number)
