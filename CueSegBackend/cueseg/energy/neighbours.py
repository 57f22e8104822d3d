"""Which pixels of a grid are neighbours, and what it costs to give them different labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.map_options import is_number
from cueseg.scribbles.arrays import channels_first, check_spacing

_OFFSETS = {
    4: ((0, 1), (1, 0)),
    8: ((0, 1), (1, 0), (1, 1), (1, -1)),
    6: ((0, 0, 1), (0, 1, 0), (1, 0, 0)),
}
_DIMENSIONS = {4: 2, 8: 2, 6: 3}


def neighbour_offsets(ndim: int, connectivity: int | None = None) -> tuple[tuple[int, ...], ...]:
    """Steps to half of a pixel's neighbours; the other half are the same steps back.

    Args:
        ndim: 2 or 3.
        connectivity: 4 or 8 in two dimensions, 6 in three; None: 4 or 6.

    Raises:
        ValueError: a connectivity that the dimension does not have.
    """
    chosen = {2: 4, 3: 6}.get(ndim) if connectivity is None else connectivity
    if _DIMENSIONS.get(chosen) != ndim:
        raise ValueError(
            f"connectivity is {connectivity!r} for {ndim} dimensions: it must be 4 or 8 for (rows, cols), "
            "6 for (slices, rows, cols)"
        )
    return _OFFSETS[chosen]


def pair_slices(offset: Sequence[int]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Both ends of all pairs that are `offset` apart, as two views of an array."""
    low = tuple(slice(max(0, -o), min(0, -o) or None) for o in offset)
    high = tuple(slice(max(0, o), min(0, o) or None) for o in offset)
    return low, high


def contrast_weights(
    image: ArrayLike,
    shape: tuple[int, ...],
    spacing: Sequence[float] | None = None,
    *,
    weight: float,
    sigma: float,
    connectivity: int | None = None,
) -> NDArray[np.float64]:
    """Cost of different labels at neighbours: weight exp(-(I_i - I_j)^2 / 2 sigma^2) min(spacing) / dist_ij.

    The contrast-sensitive term of Boykov and Jolly (2001), as in Wang et al. (2018), Eq. 5; distances are in mm,
    relative to the smallest spacing. Of an image with channels the squared difference is their mean.

    Args:
        image: (rows, cols) or (slices, rows, cols), with channels last or first if it has any.
        shape: of the grid.
        spacing: mm per pixel along each axis; None: 1.
        weight: of neighbours without contrast (lambda), 0 or more.
        sigma: contrast that costs exp(-1/2), in the image's units, above 0.
        connectivity: as in `neighbour_offsets`.

    Returns:
        float64 (K, *shape), one layer per offset of `neighbour_offsets`, at the pixel from which the offset leads to
        its neighbour; 0 where it leads out of the grid.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, a bad spacing, weight or sigma.
    """
    _check_number("weight", weight, 0.0)
    _check_number("sigma", sigma, np.finfo(float).tiny)
    offsets = neighbour_offsets(len(shape), connectivity)
    steps = np.asarray(check_spacing(spacing, len(shape)))
    values: NDArray[Any] = channels_first(image, shape).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("the image holds NaN or infinite values; replace them first")
    result = np.zeros((len(offsets), *shape))
    for layer, offset in zip(result, offsets, strict=True):
        low, high = pair_slices(offset)
        jump = ((values[(slice(None), *high)] - values[(slice(None), *low)]) ** 2).mean(axis=0)
        away = float(np.linalg.norm(steps * offset))
        layer[low] = weight * np.exp(-jump / (2 * sigma**2)) * (steps.min() / away)
    return result


def _check_number(name: str, value: float, least: float) -> None:
    if not (is_number(value) and least <= value < np.inf):
        bound = "0 or more" if least == 0 else "above 0"
        raise ValueError(f"{name} is {value!r}: it must be a number, {bound}")
