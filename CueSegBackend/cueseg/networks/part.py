"""Which part of an image a network must see to label a box in it much as it would within the whole.

Needs no torch.
"""

import math

from cueseg.networks.axes import flipped_axes, permutation
from cueseg.networks.card import NetworkCard

__all__ = ["part_around"]

_MARGIN = 32  # voxels of the grid, of networks that take the whole image at once
_LEVELS = 4  # and at least so many times the coarsest voxel that they work with

Voxel = tuple[int, ...]


def part_around(
    card: NetworkCard, shape: Voxel, spacing: tuple[float, ...], low: Voxel, high: Voxel
) -> tuple[Voxel, Voxel]:
    """Widen a box by what a network looks at around it, within the image.

    That is half a window, so that the blending weights of windows that are cut short at the part's border are small
    where it matters. On networks that work on the image's own grid the part begins where the coarsest voxels of the
    network begin, so that a network without windows computes the same there as on the whole image.

    Args:
        card: of the network.
        shape: of the image, (row, col) or (slice, row, col).
        spacing: mm along these axes.
        low: first voxel of the box.
        high: the voxel after its last.

    Returns:
        First voxel of the part, and the voxel after its last. Across the slices of a 2D network nothing is added.
    """
    axes = permutation(card, len(shape))
    flipped = flipped_axes(card, len(shape))
    wide_low, wide_high = list(low), list(high)
    for place in range(len(shape) - card.dims, len(shape)):
        axis, number = axes[place], place - (len(shape) - card.dims)
        margin = _margin(card, number)
        if card.spacing is not None:
            looked_at = sorted(axes[-card.dims :])
            margin = math.ceil(margin * card.spacing[looked_at.index(axis)] / spacing[axis])
        ends = low[axis] - margin, high[axis] + margin
        if card.spacing is None:
            ends = _aligned(*ends, shape[axis], card.multiple, place in flipped)
        wide_low[axis], wide_high[axis] = max(0, ends[0]), min(shape[axis], ends[1])
    return tuple(wide_low), tuple(wide_high)


def _margin(card: NetworkCard, number: int) -> int:
    """Voxels of the grid along one of the axes that the network looks at."""
    if card.patch_size is not None:
        return math.ceil(card.patch_size[number] / 2)
    return max(_MARGIN, _LEVELS * card.multiple)


def _aligned(low: int, high: int, size: int, multiple: int, is_flipped: bool) -> tuple[int, int]:
    """The ends, moved outwards until the one that the grid begins with is a whole number of multiples into it."""
    if is_flipped:
        return low, size - (size - high) // multiple * multiple
    return low // multiple * multiple, high
