"""Extreme points of a mask that nobody clicked."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["derived_points"]


def derived_points(mask: ArrayLike) -> NDArray[np.float64]:
    """The extreme points of a filled mask, for the network on that slice.

    Of the pixels that share an extreme coordinate the middle of the longest run is taken (of the first such run), which
    may lie between two pixels: the same mask always gives the same points, and a mirrored mask mirrored ones where one
    run is longest.

    Args:
        mask: (rows, cols), nonzero inside.

    Returns:
        (4, 2) float64 pixel coordinates (x, y) in the order left, right, top, bottom.

    Raises:
        ValueError: Not of two dimensions, or empty.
    """
    array = np.asarray(mask) != 0
    if array.ndim != 2:
        raise ValueError(f"mask must be (rows, cols) of one slice, not of shape {array.shape}")
    rows, cols = np.flatnonzero(array.any(axis=1)), np.flatnonzero(array.any(axis=0))
    if rows.size == 0:
        raise ValueError(f"mask of shape {array.shape} is empty: extreme points need at least one pixel")
    left, right, top, bottom = cols[0], cols[-1], rows[0], rows[-1]
    return np.array(
        [
            (left, _middle_of_run(array[:, left])),
            (right, _middle_of_run(array[:, right])),
            (_middle_of_run(array[top]), top),
            (_middle_of_run(array[bottom]), bottom),
        ],
        np.float64,
    )


def _middle_of_run(line: NDArray[np.bool_]) -> float:
    """The middle of the longest run of pixels, the first of equally long ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], line, [0]])))
    starts, stops = edges[::2], edges[1::2]
    longest = int(np.argmax(stops - starts))
    return float(starts[longest] + stops[longest] - 1) / 2
