"""The two segments of a confidence map, each in its own frame: what the numpy and the torch drawing share.

Nothing is rotated pixel by pixel. The position along a segment and the offset from its line are each the sum of a
number that belongs to the column and one that belongs to the row, so short vectors describe the whole map.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cueseg.extreme_points import check_point_batch, cross, order_point_batch, to_complex

# Shortest half of a segment (px): keeps the map finite where the segments meet at an extreme point.
MIN_SIGMA = 1.0
# Clicks that pass on an image must also pass in a window shrunk from it, so this is far below `MIN_EXTENT` (px).
_MIN_EXTENT_OF_MAP = 1e-6
# A pixel this near (px) to the border between two halves lies on it, whatever float64 rounding says.
_ON_BORDER = 1e-9
# Slope below which a segment is upright and each row lies on one side of the border as a whole.
_UPRIGHT = 1e-15
_PARALLEL = 1e-9


@dataclass(frozen=True)
class SegmentFrames:
    """Segments left-right (0) and top-bottom (1) of N maps of shape (H, W). All lengths are in pixels.

    Attributes:
        col: (N, 2, 2, W) float64; `col + row` is the position along the segment, 0 in its middle, in [:, :, 0]
            and the signed distance from its line in [:, :, 1].
        row: (N, 2, 2, H) float64.
        half_length: (N, 2) float64, half the length of the segment.
        sigma: (N, 2, 2) float64, scale of the pixels left and right of `border`.
        border: (N, 2, H) int64, column 0..W at which each row changes from one half of the segment to the other;
            0 where both halves have the same sigma.
    """

    col: NDArray[np.float64]
    row: NDArray[np.float64]
    half_length: NDArray[np.float64]
    sigma: NDArray[np.float64]
    border: NDArray[np.int64]


def segment_frames(points: NDArray[np.float64], shape: tuple[int, int], *, split: bool) -> SegmentFrames:
    """Check and order N sets of clicks and describe their segments.

    Args:
        points: (N, 4, 2) float64 clicks (x, y).
        shape: (H, W) of the maps.
        split: whether each half of a segment has its own sigma; otherwise both have the mean.

    Raises:
        ValueError: as `cueseg.extreme_points.check_points`, except that the box may be as thin as 1e-6 px.
    """
    check_point_batch(points, _MIN_EXTENT_OF_MAP)
    ends = to_complex(order_point_batch(points)).reshape(-1, 2, 2)  # (N, segment, end)
    start, span = ends[..., 0], ends[..., 1] - ends[..., 0]  # (N, 2) complex
    length = np.abs(span)
    direction, middle, half = span / length, start + span / 2, length / 2
    dx = np.arange(shape[1]) - middle.real[..., np.newaxis]  # (N, 2, W)
    dy = np.arange(shape[0]) - middle.imag[..., np.newaxis]  # (N, 2, H)
    # (x, y) in the frame of direction (u, v) is (u x + v y, u y - v x).
    col = dx[:, :, np.newaxis] * _as_columns(direction.conj())  # factors u and -v
    row = dy[:, :, np.newaxis] * _as_columns(1j * direction.conj())  # factors v and u
    sigma = half[..., np.newaxis].repeat(2, axis=-1)
    border = np.zeros(dy.shape, np.int64)
    if split:
        crossing = ((_crossing_point(start, span) - middle) * direction.conj()).real
        border = _borders(row[:, :, 0] - crossing[..., np.newaxis], direction.real, middle.real, shape[1])
        left_is_longer_by = np.where(direction.real < 0, -crossing, crossing)
        sigma[..., 0] += left_is_longer_by
        sigma[..., 1] -= left_is_longer_by
    return SegmentFrames(col=col, row=row, half_length=half, sigma=np.maximum(sigma, MIN_SIGMA), border=border)


def _as_columns(values: NDArray[np.complex128]) -> NDArray[np.float64]:
    """(N, 2) complex numbers to real and imaginary parts (N, 2, 2, 1)."""
    return values.view(np.float64).reshape(*values.shape, 2, 1)


def _crossing_point(start: NDArray[np.complex128], span: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Where two segments given by (N, 2) starts and spans meet, (N, 1); the middle of the first if they coincide."""
    area = cross(span[:, 0], span[:, 1])
    parallel = np.abs(area) <= _PARALLEL * np.abs(span[:, 0] * span[:, 1])
    t = cross(start[:, 1] - start[:, 0], span[:, 1]) / np.where(parallel, 1.0, area)
    t = np.where(parallel, 0.5, np.minimum(np.maximum(t, 0.0), 1.0))
    return (start[:, 0] + t * span[:, 0])[:, np.newaxis]


def _borders(
    along_row: NDArray[np.float64], ux: NDArray[np.float64], middle_x: NDArray[np.float64], width: int
) -> NDArray[np.int64]:
    """Columns 0..W where rows change from one half of a segment to the other; pixels on the border lie before c.

    Args:
        along_row: (N, 2, H) position along the segment, from c, of the pixels at x = middle_x.
        ux: (N, 2) x component of the direction of the segment.
        middle_x: (N, 2) x of its middle.
        width: W.
    """
    steep = np.where(np.abs(ux) < _UPRIGHT, _UPRIGHT, ux)[..., np.newaxis]
    x = middle_x[..., np.newaxis] - (along_row - _ON_BORDER) / steep
    return np.minimum(np.maximum(np.floor(x) + 1, 0), width).astype(np.int64)


def exact_parts(frames: SegmentFrames) -> list[NDArray[np.float32]]:
    """Split `col` and `row` into coarse and fine float32 parts, so that little is lost where they cancel.

    The coarse parts are multiples of one power of two, chosen so that their sum is exact in float32. The sum of
    all four parts then has the relative accuracy of float32 even next to a segment, where the map is steepest.

    Returns:
        coarse col, coarse row, fine col, fine row, shaped as in `frames`.
    """
    largest = max(np.abs(frames.col).max(), np.abs(frames.row).max(), 1.0)
    step = 2.0 ** (math.frexp(largest)[1] - 23)
    col, row = np.rint(frames.col / step) * step, np.rint(frames.row / step) * step
    return [part.astype(np.float32) for part in (col, row, frames.col - col, frames.row - row)]
