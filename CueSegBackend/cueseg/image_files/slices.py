"""Cut a slice out of a volume along an anatomical axis, and put a mask back where it came from."""

import logging
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.image_files.reading import ImageFile

AXES = ("axial", "coronal", "sagittal", "stored")
"""Names for `extract_slice`; "stored" means slices as they are stored, whatever their orientation."""

LARGEST_ANGLE = 30.0  # degrees; a slice tilted more than this is hardly what its name says

_LPS_OF_AXIS = {"sagittal": 0, "coronal": 1, "axial": 2}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageSlice:
    """A slice and where it came from.

    Its pixel coordinates are array indices of the stored volume: x = column, y = row of `pixels`, an integer
    is a pixel centre, nothing is flipped. Slices across array axis 0 have the (rows, cols) of the volume,
    across axis 1 (slices, cols), across axis 2 (slices, rows).

    Attributes:
        pixels: (H, W) or (H, W, 3), a view of the volume.
        spacing: (row, col) pixel size in mm.
        axis: Name asked for, one of `AXES`.
        array_axis: Axis of the (slices, rows, cols) array that it cuts.
        index: Position along that axis.
    """

    pixels: NDArray[Any]
    spacing: tuple[float, float]
    axis: str
    array_axis: int
    index: int


def extract_slice(image: ImageFile, axis: str, index: int) -> ImageSlice:
    """Cut slice `index` (counted from 0, as stored) across an axis.

    The anatomical axes are matched to the array axes by the direction matrix, each to the one most parallel
    to it, all three different; where they differ by more than 30 degrees the log says so.

    Args:
        image: Volume or picture.
        axis: "axial", "coronal", "sagittal", or "stored" for array axis 0.
        index: 0 .. number of slices - 1.

    Raises:
        ValueError: An unknown axis, an index out of range (which the message gives), or a picture cut across
            its pixels.
    """
    array_axis, angle = resolve_axis(image, axis)
    if image.picture and array_axis != 0:
        raise ValueError(f"{image.name} is a picture and has no {axis} slices: leave the axis out")
    count = image.shape[array_axis]
    if not 0 <= index < count:
        raise ValueError(
            f"{image.name} has {count} {axis} slices, from 0 to {count - 1}; there is no slice {index}"
        )
    if angle > LARGEST_ANGLE:
        _log.warning("%s lies oblique: its %s slices are tilted by %.0f degrees", image.name, axis, angle)
    row, col = (image.spacing[2 - i] for i in range(3) if i != array_axis)
    return ImageSlice(_cut(image.array, array_axis, index), (row, col), axis, array_axis, index)


def slice_count(image: ImageFile, axis: str) -> int:
    """How many slices an image has across an axis of `AXES`."""
    return image.shape[resolve_axis(image, axis)[0]]


def resolve_axis(image: ImageFile, axis: str) -> tuple[int, float]:
    """The array axis that an axis name means, and the angle between both in degrees.

    Raises:
        ValueError: An unknown name.
    """
    if axis not in AXES:
        raise ValueError(f"unknown axis {axis!r}; choose one of {', '.join(AXES)}")
    if axis == "stored":
        return 0, 0.0
    columns = np.reshape(image.direction, (3, 3))
    cosines = np.abs(columns / np.linalg.norm(columns, axis=0))  # (LPS, xyz of the array)
    best = max(permutations(range(3)), key=lambda order: sum(cosines[lps, order[lps]] for lps in range(3)))
    lps = _LPS_OF_AXIS[axis]
    angle = np.degrees(np.arccos(np.clip(cosines[lps, best[lps]], 0.0, 1.0)))
    return 2 - best[lps], float(angle)


def place_mask(image: ImageFile, where: ImageSlice, mask: ArrayLike) -> NDArray[np.uint8]:
    """A labelmap (slices, rows, cols) of the image, 1 where the slice's mask is, 0 elsewhere.

    Args:
        image: Image that `where` was cut from.
        where: The slice.
        mask: (H, W), nonzero inside.

    Raises:
        ValueError: The mask has another shape than the slice.
    """
    labels = np.zeros(image.shape, np.uint8)
    slice_view(labels, where)[...] = checked_mask(mask, where)
    return labels


def slice_view(volume: NDArray[Any], where: ImageSlice) -> NDArray[Any]:
    """The (H, W) part of a (slices, rows, cols) array that a slice takes, to write into."""
    return _cut(volume, where.array_axis, where.index)


def checked_mask(mask: ArrayLike, where: ImageSlice) -> NDArray[np.bool_]:
    """The mask as bool, or a ValueError if its shape is not that of the slice."""
    array = np.asarray(mask) != 0
    expected = where.pixels.shape[:2]
    if array.shape != expected:
        raise ValueError(f"the mask has shape {array.shape}, but the slice it is for has {expected}")
    return array


def _cut(volume: NDArray[Any], array_axis: int, index: int) -> NDArray[Any]:
    selection: list[int | slice] = [slice(None)] * 3
    selection[array_axis] = index
    return volume[tuple(selection)]
