"""One window for all slices of a volume, whose own percentiles would differ from slice to slice."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.intensity import IntensityRule, Modality

__all__ = ["volume_window"]

LARGEST_SAMPLE = 1_000_000  # voxels that the percentiles are taken from


def volume_window(array: NDArray[Any], modality: Modality, rule: IntensityRule) -> tuple[float, float] | None:
    """(black, white) of an MR volume of any shape; None for other images, and where the values say nothing."""
    if modality != "mr":
        return None
    values = array.reshape(-1)[:: max(1, array.size // LARGEST_SAMPLE)]
    values = values[np.isfinite(values)]
    if values.size == 0:
        return None
    low, high = rule.range_of(values, "mr")
    return (low, high) if low < high else None
