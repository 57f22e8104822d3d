"""Checks of the arrays that all functions on scribbles take."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

NONE = -1  # value of a pixel without scribble


def check_scribbles(scribbles: ArrayLike) -> NDArray[np.integer[Any]]:
    """Return scribbles as an integer array of two or three axes.

    Raises:
        ValueError: another type or number of axes, or a value below -1.
    """
    array = np.asarray(scribbles)
    if not np.issubdtype(array.dtype, np.signedinteger):
        raise ValueError(f"scribbles must be signed integers (-1 none, k class k), not {array.dtype}")
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ValueError(
            f"scribbles must be (rows, cols) or (slices, rows, cols), none of them 0, not {array.shape}"
        )
    if int(array.min()) < NONE:
        raise ValueError(f"scribbles hold {int(array.min())}; use -1 for no scribble and k for class k")
    return array


def check_spacing(spacing: Sequence[float] | None, ndim: int) -> tuple[float, ...]:
    """Return the spacing in mm per axis; None is 1 mm along every axis.

    Raises:
        ValueError: not `ndim` finite numbers above 0.
    """
    if spacing is None:
        return (1.0,) * ndim
    values = np.asarray(spacing, float)
    if values.shape != (ndim,) or not np.all(np.isfinite(values) & (values > 0)):
        raise ValueError(
            f"spacing must be {ndim} numbers above 0 (mm per axis of the array), not {spacing!r}"
        )
    return tuple(values.tolist())


def channels_first(image: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """View an image as (channels, *shape); its channels may stand last, first or be absent.

    Raises:
        ValueError: not a numeric array, or its spatial axes are not `shape`.
    """
    array = np.asarray(image)
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == bool) or np.iscomplexobj(array):
        raise ValueError(f"the image must hold real numbers, not {array.dtype}")
    if array.shape == shape:
        return array[np.newaxis]
    if array.shape[:-1] == shape:
        return np.moveaxis(array, -1, 0)
    if array.shape[1:] == shape:
        return array
    raise ValueError(f"scribbles of shape {shape} do not lie on an image of shape {array.shape}")


def box_around(mask_or_indices: tuple[NDArray[Any], ...], margin: Sequence[int], shape: tuple[int, ...]):
    """Slices of the box around index arrays (as of `numpy.nonzero`), widened by `margin` within `shape`."""
    return tuple(
        slice(max(0, int(index.min()) - pad), min(size, int(index.max()) + pad + 1))
        for index, pad, size in zip(mask_or_indices, margin, shape, strict=True)
    )


def voxels_within(radius: float, spacing: Sequence[float], shape: tuple[int, ...]) -> list[int]:
    """Voxels along each axis that a radius in mm (may be infinite) covers, at most the axis itself."""
    return [
        int(min(size, np.ceil(radius / step))) if np.isfinite(radius) else size
        for step, size in zip(spacing, shape, strict=True)
    ]
