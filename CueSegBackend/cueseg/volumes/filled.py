"""A structure from its accepted slices by shape alone: needs neither a network nor torch."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from cueseg.scribbles.arrays import check_spacing
from cueseg.volumes.between import Filling, check_masks, fill_between
from cueseg.volumes.result import SliceResult, VolumeResult

__all__ = ["filled_volume"]


def filled_volume(
    given: Mapping[int, ArrayLike],
    count: int,
    spacing: tuple[float, float, float] | None = None,
    clicked: Mapping[int, ArrayLike] | None = None,
    fill: Filling | None = None,
) -> VolumeResult:
    """`fill_between` with the result of a `VolumeSession`, so that `suggest_slice` can be asked about it.

    Args:
        given: Slice number -> (rows, cols) mask, nonzero inside.
        count: Slices of the volume.
        spacing: (slice, row, col) in mm; None: 1 mm.
        clicked: Slice number -> (4 n, 2) points (x, y) that a given mask was accepted with.
        fill: Another way to fill; None: that of `fill_between`.

    Raises:
        ValueError: As `fill_between`; or a slice beyond the volume.
    """
    masks, sizes = check_masks(given), check_spacing(spacing, 3)
    if max(masks) >= count:
        raise ValueError(f"there is no slice {max(masks)}: the volume has slices 0 to {count - 1}")
    points = {index: np.asarray(found, np.float64) for index, found in (clicked or {}).items()}
    slices = {
        index: SliceResult(
            index=index,
            kind="clicked" if index in points else "given",
            mask=mask,
            points=points.get(index),
        )
        for index, mask in masks.items()
    }
    for index, mask in fill_between(masks, sizes[1:], fill).items():
        if index not in slices:
            slices[index] = SliceResult(index=index, kind="filled", mask=mask)
    shape = (count, *next(iter(masks.values())).shape)
    return VolumeResult(slices={index: slices[index] for index in sorted(slices)}, shape=shape, spacing=sizes)
