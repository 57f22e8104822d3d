"""The two segments of a confidence map, each in its own frame: what the numpy and the torch drawing share.

Nothing is rotated pixel by pixel. The position along a segment and the offset from its line are each the sum
of a number that belongs to the column and one that belongs to the row, so short vectors describe the whole
map.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cueseg.extreme_points import as_complex, check_clicks, cross, order_clicks

# Shortest half of a segment (px): keeps the map finite where the segments meet at an extreme point.
MIN_SIGMA = 1.0
# Clicks that pass on an image must also pass in a window shrunk from it, so this is far below `MIN_EXTENT`
# (px).
_MIN_EXTENT_OF_MAP = 1e-6
# A pixel this near (px) to the border between two halves lies on it, whatever float64 rounding says.
_ON_BORDER = 1e-9
# Slope below which a segment is upright and each row lies on one side of the border as a whole.
_UPRIGHT = 1e-15
_PARALLEL = 1e-9
# One segment with direction (u, v), in whose frame (x, y) is (u x + v y, u y - v x). "col" and "row" hold the
# factors of the position along the segment and of the offset from its line.
_SEGMENT = np.dtype(
    [
        ("middle", np.float64, 2),  # (x, y)
        ("col", np.float64, 2),  # of x: u, -v
        ("row", np.float64, 2),  # of y: v, u
        ("half_length", np.float64),
        ("crossing", np.float64),  # position of c, 0 in the middle
        ("slope", np.float64),  # u, but never 0
        ("sigma", np.float64, 2),  # left and right of the border through c
    ]
)


@dataclass(frozen=True)
class SegmentFrames:
    """Segments left-right (0) and top-bottom (1) of N maps of shape (H, W). All lengths are in pixels.

    Attributes:
        col: (N, 2, 2, W) float64; `col + row` is the position along the segment, 0 in its middle, in [:, :,
            0] and the signed distance from its line in [:, :, 1].
        row: (N, 2, 2, H) float64.
        half_length: (N, 2) float64, half the length of the segment; a float32 number.
        sigma: (N, 2, 2) float64, scale of the pixels left and right of `border`.
        border: (N, 2, H) int64, column 0..W at which a row changes from one half of the segment to the other.
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
    records = [_segments_of(item, number, len(points), split) for number, item in enumerate(points)]
    table = np.array(records, dtype=_SEGMENT).reshape(-1, 2, 1)  # (N, segment, 1)
    middle, half_length, sigma = table["middle"], table["half_length"][..., 0], table["sigma"][..., 0, :]
    dx = np.arange(shape[1]) - middle[..., 0]  # (N, 2, W)
    dy = np.arange(shape[0]) - middle[..., 1]  # (N, 2, H)
    col = dx[:, :, np.newaxis] * np.swapaxes(table["col"], 2, 3)
    row = dy[:, :, np.newaxis] * np.swapaxes(table["row"], 2, 3)
    border = _borders(row[:, :, 0] - table["crossing"], table["slope"], middle[..., 0], shape[1])
    return SegmentFrames(col=col, row=row, half_length=half_length, sigma=sigma, border=border)


def _segments_of(
    points: NDArray[np.float64], number: int, count: int, split: bool
) -> list[tuple[object, ...]]:
    """Describe both segments of (4, 2) points, item `number` of `count`, as rows of type `_SEGMENT`."""
    clicks = as_complex(points)
    try:
        check_clicks(clicks, _MIN_EXTENT_OF_MAP)
    except ValueError as error:
        raise ValueError(f"item {number} of the batch: {error}" if count > 1 else str(error)) from error
    left, right, top, bottom = order_clicks(clicks)
    c = _crossing_point(left, right - left, top, bottom - top)
    segments = []
    for a, b in ((left, right), (top, bottom)):
        middle, half = (a + b) / 2, abs(b - a) / 2
        direction = (b - a) / (2 * half)
        crossing = ((c - middle) * direction.conjugate()).real
        u, v = direction.real, direction.imag
        slope = u if abs(u) > _UPRIGHT else _UPRIGHT
        longer_left = (crossing if slope > 0 else -crossing) if split else 0.0
        sigma = (max(half + longer_left, MIN_SIGMA), max(half - longer_left, MIN_SIGMA))
        # Positions are stretched by under 1e-7, so that float32 holds half the length exactly.
        stretch = float(np.float32(half)) / half
        along = stretch * direction
        segments.append(
            (
                (middle.real, middle.imag),
                (along.real, -v),
                (along.imag, u),
                stretch * half,
                stretch * crossing,
                stretch * slope,
                sigma,
            )
        )
    return segments


def _crossing_point(a: complex, r: complex, c: complex, s: complex) -> complex:
    """Where the segments from a along r and from c along s meet; the middle of the first if they coincide."""
    area = cross(r, s)
    if abs(area) <= _PARALLEL * abs(r) * abs(s):
        return a + r / 2
    return a + r * min(max(cross(c - a, s) / area, 0.0), 1.0)


def _borders(
    along_row: NDArray[np.float64], ux: NDArray[np.float64], middle_x: NDArray[np.float64], width: int
) -> NDArray[np.int64]:
    """Columns where rows change from one half of a segment to the other; pixels on the border lie before c.

    Args:
        along_row: (N, 2, H) position along the segment, from c, of the pixels at x = middle_x.
        ux: (N, 2, 1) x component of the direction of the segment, not 0.
        middle_x: (N, 2, 1) x of its middle.
        width: W.

    Returns:
        (N, 2, H) columns 0..W.
    """
    x = np.floor(middle_x - (along_row - _ON_BORDER) / ux) + 1
    return np.minimum(np.maximum(x, 0), width).astype(np.int64)


def exact_parts(frames: SegmentFrames) -> list[NDArray[np.float32]]:
    """Split `col` and `row` into coarse and fine float32 parts, so that little is lost where they cancel.

    The coarse parts are multiples of one power of two, chosen so that their sum is exact in float32. The sum
    of all four parts then has the relative accuracy of float32 even next to a segment, where the map is
    steepest.

    Returns:
        coarse col, coarse row, fine col, fine row, shaped as in `frames`.
    """
    largest = max(np.abs(frames.col).max(initial=1.0), np.abs(frames.row).max(initial=1.0))
    step = 2.0 ** (math.frexp(largest)[1] - 23)
    col, row = np.rint(frames.col / step) * step, np.rint(frames.row / step) * step
    return [part.astype(np.float32) for part in (col, row, frames.col - col, frames.row - row)]
