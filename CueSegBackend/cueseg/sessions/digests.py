"""SHA-256 of masks, voxels and geometry, the same for the same content however it is stored. Needs no torch."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["geometry_sha256", "mask_sha256", "voxels_sha256"]

_LARGEST = float(2**31 - 1)
# Readers differ in the last bits of a matrix. The widths are odd so that no ordinary number lies on a limit.
_STEP = 1.0471e-5  # mm per voxel
_STEP_OF_ORIGIN = 1.0471e-3  # mm
_SHIFT = 0.37  # zero lies well inside of its step


def mask_sha256(mask: ArrayLike) -> str:
    """64 hex digits: of the shape as text, e.g. "12x40x40;", then of the bits, eight to a byte, in C order.

    Args:
        mask: Any shape; nonzero inside.
    """
    bits = np.asarray(mask) != 0
    digest = hashlib.sha256(("x".join(map(str, bits.shape)) + ";").encode())
    digest.update(np.packbits(bits).tobytes())
    return digest.hexdigest()


def voxels_sha256(array: NDArray[Any]) -> str:
    """64 hex digits: of the shape, then of the values layer by layer, whatever type they are stored in.

    Args:
        array: (slices, rows, cols) or (slices, rows, cols, channels), integers or floats.
    """
    digest = hashlib.sha256(("x".join(map(str, array.shape)) + ";").encode())
    for layer in array:
        whole = _as_whole_numbers(layer)
        if whole is not None:
            digest.update(b"i" + whole.tobytes())
        else:
            digest.update(b"f" + np.ascontiguousarray(layer, "<f8").tobytes())
    return digest.hexdigest()


def geometry_sha256(ijk_to_ras: ArrayLike) -> str:
    """64 hex digits: of a (4, 4) matrix from (col, row, slice) to RAS in mm, rounded to what readers agree on.

    Raises:
        ValueError: Not such a matrix.
    """
    matrix = np.asarray(ijk_to_ras, np.float64)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise ValueError(f"a geometry is a (4, 4) matrix of finite numbers, not {matrix.tolist()!r}")
    steps = np.full((3, 4), _STEP)
    steps[:, 3] = _STEP_OF_ORIGIN
    whole = np.floor(matrix[:3] / steps + _SHIFT).astype("<i8")
    return hashlib.sha256(whole.tobytes()).hexdigest()


def _as_whole_numbers(layer: NDArray[Any]) -> NDArray[np.int32] | None:
    """The layer as int32, None if that would change a value."""
    if layer.dtype.kind in "iub" and layer.dtype.itemsize < 4:
        return np.ascontiguousarray(layer, "<i4")
    if layer.size and not (np.isfinite(layer).all() and np.abs(layer).max() <= _LARGEST):
        return None
    whole = np.ascontiguousarray(layer, "<i4")
    return whole if np.array_equal(whole, layer) else None
