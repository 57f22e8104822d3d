"""Overlap of masks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def dice(mask: NDArray[Any], reference: NDArray[Any]) -> float:
    """Dice coefficient of two boolean arrays of one shape, 0..1; two empty masks agree fully (1.0).

    Raises:
        ValueError: Shapes differ.
    """
    mask, reference = np.asarray(mask, bool), np.asarray(reference, bool)
    if mask.shape != reference.shape:
        raise ValueError(f"masks must have one shape, got {mask.shape} and {reference.shape}")
    size = int(mask.sum()) + int(reference.sum())
    return 1.0 if size == 0 else 2.0 * int((mask & reference).sum()) / size
