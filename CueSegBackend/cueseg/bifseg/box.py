"""What the user gives: a box around one object and scribbles in it. Needs no torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.scribbles.arrays import NONE, check_scribbles
from cueseg.wording import counted

__all__ = ["ObjectBox", "check_box", "check_object_scribbles"]

_NAMES = "xyz"
_ON_A_PIXEL = 1e-6  # pixels by which a coordinate may miss a pixel's centre


@dataclass(frozen=True)
class ObjectBox:
    """Voxels within a box.

    Attributes:
        part: slices of the image, in the order of its axes.
        shape: spatial shape of the image.
    """

    part: tuple[slice, ...]
    shape: tuple[int, ...]

    def widened(self, margin: Sequence[int]) -> tuple[slice, ...]:
        """The slices with a margin in voxels per axis, as far as the image goes."""
        return tuple(
            slice(max(0, own.start - more), min(side, own.stop + more))
            for own, more, side in zip(self.part, margin, self.shape, strict=True)
        )

    def __str__(self) -> str:
        sides = [
            f"{name} {own.start} to {own.stop - 1}"
            for name, own in zip(_NAMES, self.part[::-1], strict=False)
        ]
        return ", ".join(sides)


def check_box(box: Sequence[Sequence[float]], shape: tuple[int, ...]) -> ObjectBox:
    """Take a box in.

    Args:
        box: ((x0, y0), (x1, y1)) or ((x0, y0, z0), (x1, y1, z1)), pixel coordinates, integer = centre, both corners
            inside; what goes beyond the image is cut off.
        shape: spatial shape of the image, (rows, cols) or (slices, rows, cols).

    Raises:
        ValueError: other numbers than these, a box without voxels, or one beside the image.
    """
    count = len(shape)
    try:
        corners = np.asarray(box, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(_wrong(box, count)) from error
    if corners.shape != (2, count) or not np.isfinite(corners).all():
        raise ValueError(_wrong(box, count))
    part = []
    for name, low, high, side in zip(_NAMES, *corners, shape[::-1], strict=False):
        first, last = int(np.ceil(low - _ON_A_PIXEL)), int(np.floor(high + _ON_A_PIXEL))
        if last < first:
            raise ValueError(
                f"the box is empty: {name} goes from {low:g} to {high:g}, which holds no pixel's centre; give the "
                "smaller corner first and the larger one second"
            )
        if last < 0 or first >= side:
            raise ValueError(
                f"the box lies beside the image: {name} goes from {low:g} to {high:g}, the image's from 0 to {side - 1}"
            )
        part.append(slice(max(first, 0), min(last + 1, side)))
    return ObjectBox(tuple(part[::-1]), tuple(shape))


def _wrong(box: object, count: int) -> str:
    corner = ["(x0, y0), (x1, y1)", "(x0, y0, z0), (x1, y1, z1)"][count - 2]
    return f"the box must be ({corner}), finite pixel coordinates of this {count}D image, not {box!r}"


def check_object_scribbles(scribbles: ArrayLike | None, box: ObjectBox) -> NDArray[np.int8]:
    """Take scribbles in.

    Args:
        scribbles: signed integers of the image's shape: -1 none, 0 background, 1 object; None: none at all.
        box: of the object.

    Returns:
        int8 of the image's shape.

    Raises:
        ValueError: another shape, type or value; the object scribbled outside the box.
    """
    if scribbles is None:
        return np.full(box.shape, NONE, np.int8)
    given = check_scribbles(scribbles)
    if given.shape != box.shape:
        raise ValueError(
            f"the scribbles have shape {given.shape}, the image {box.shape}: draw them on this image's grid"
        )
    if int(given.max()) > 1:
        raise ValueError(
            f"the scribbles hold {int(given.max())}: use 1 for the object, 0 for the background, -1 for none"
        )
    outside = int((given == 1).sum() - (given[box.part] == 1).sum())
    if outside:
        raise ValueError(
            f"{counted(outside, 'voxel')} scribbled as object outside the box ({box}): draw a larger box, "
            "or erase what lies outside"
        )
    return given.astype(np.int8)
