"""Masks that may overlap as one array of label numbers: one number for every combination that occurs."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_MASKS", "combined"]

MOST_MASKS = 63
"""One bit of an int64 for each mask, without the sign."""


def combined(
    masks: Iterable[NDArray[np.bool_]], shape: tuple[int, ...]
) -> tuple[NDArray[np.integer], list[list[int]]]:
    """Number the combinations of masks.

    Args:
        masks: Boolean arrays of that shape.
        shape: Of the masks, for the case that there are none.

    Returns:
        Labels, 0 where no mask is; and for each mask the label numbers that make it up, ascending.

    Raises:
        ValueError: More masks than `MOST_MASKS`.
    """
    bits = np.zeros(shape, np.int64)
    count = 0
    for count, mask in enumerate(masks, start=1):
        if count > MOST_MASKS:
            raise ValueError(f"at most {MOST_MASKS} segments of a file can be read: save fewer of them")
        bits |= mask.astype(np.int64) << (count - 1)
    values, inverse = np.unique(bits, return_inverse=True)
    if values[0] != 0:  # no pixel is outside all masks, yet 0 stays the number of none
        values, inverse = np.insert(values, 0, 0), inverse + 1
    labels = inverse.reshape(shape).astype(np.uint16 if len(values) <= np.iinfo(np.uint16).max else np.int32)
    numbers = [[int(k) for k in np.flatnonzero(values & (1 << bit))] for bit in range(count)]
    return labels, numbers
