"""Cue maps from clicks, drawn with numpy: the confidence map and the Gaussian points.

The confidence map is that of Khan & Shahin 2019 (MICCAI, arXiv 1906.02421), Eq. 3-5. The segments left-right
(1-2) and top-bottom (3-4) meet in a point c. d_12 and d_34 are the distances of a pixel to the two closed
segments, each divided by the length of that half of the segment, up to c, on whose side the pixel lies. Then

    f = 1 / (1 + tau d1 d2),   d1 = min(d_12, d_34),   d2 = sqrt(d_12^2 + d_34^2)  (or d_12 + d_34).
"""

import threading

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.extreme_points import check_coordinates, four_points
from cueseg.map_options import check_shape, is_number, resolve_options
from cueseg.segment_frames import SegmentFrames, exact_parts, segment_frames

# Narrowest Gaussian (px): finer ones fall between the pixels.
MIN_FWHM = 1e-2
# Pixels drawn at a time: the working arrays stay in a core's second-level cache.
_BLOCK_PIXELS = 65536
# The working arrays of each thread: touching fresh memory would cost as much as a third of the arithmetic.
_working = threading.local()


def confidence_map(
    points: ArrayLike,
    shape: tuple[int, int],
    *,
    preset: str = "paper",
    tau: float | None = None,
    norm: str | None = None,
    sigma: str | None = None,
    scale: str | None = None,
) -> NDArray[np.float32]:
    """Draw the confidence map of four extreme points (Khan & Shahin 2019, Eq. 3-5).

    Args:
        points: (4, 2) clicks (x, y) in pixels, in any order, also between pixels or outside the image.
        shape: (H, W) of the map.
        preset: "paper" (the printed definition) or "code" (what the authors' program draws); see
            `cueseg.map_options`.
        tau: factor, replaces that of the preset.
        norm: "l2" or "l1", replaces that of the preset.
        sigma: "split" or "mean", replaces that of the preset.
        scale: "unit" or "minmax255", replaces that of the preset.

    Returns:
        (H, W) float32, finite. In (0, 1] and 1 on both segments for scale "unit"; 0..255 for "minmax255", all
        0 if the map is constant.

    Raises:
        ValueError: clicks that `cueseg.extreme_points.check_points` refuses, an unknown option or a bad
            shape.
    """
    options = resolve_options(preset, tau=tau, norm=norm, sigma=sigma, scale=scale)
    height, width = check_shape(shape)
    clicks = four_points(points)[np.newaxis]
    frames = segment_frames(clicks, (height, width), split=options.sigma == "split")
    segments = _segment_distances(frames, options.tau)
    image = np.empty((height, width), np.float32)
    rows = max(1, min(height, _BLOCK_PIXELS // width))
    buffers = _working_arrays(rows, width)
    for first in range(0, height, rows):
        block = image[first : first + rows]
        second, spare = buffers[:, : len(block)]
        segments[0].draw(block, spare, first)
        segments[1].draw(second, spare, first)
        _combine(block, second, spare, options.norm)
    return image if options.scale == "unit" else _stretch(image)


def _working_arrays(rows: int, width: int) -> NDArray[np.float32]:
    """Two arrays (2, R, W) for one block: the same memory at every call from a thread, with any content."""
    if rows * width > _BLOCK_PIXELS:  # a single very wide row
        return np.empty((2, rows, width), np.float32)
    if not hasattr(_working, "memory"):
        _working.memory = np.empty(2 * _BLOCK_PIXELS, np.float32)
    return _working.memory[: 2 * rows * width].reshape(2, rows, width)


def _segment_distances(frames: SegmentFrames, tau: float) -> list["_SegmentDistance"]:
    """Prepare the drawing of both segments of the only map in `frames`."""
    col, row, col_fine, row_fine = exact_parts(frames)
    # left @ right is row[:, None] + col: the fastest way to add them up, and in the order that loses least.
    left = np.ones((*row.shape[1:], 4), np.float32)
    left[..., 0], left[..., 2] = row[0], row_fine[0]
    right = np.ones((2, 2, 4, col.shape[-1]), np.float32)
    right[..., 1, :], right[..., 3, :] = col[0], col_fine[0]
    # Scaling both squared distances by tau scales d1 d2 by tau.
    weight = (tau / frames.sigma[0] ** 2).astype(np.float32)
    return [
        _SegmentDistance(left[k], right[k], frames.half_length[0, k], weight[k], frames.border[0, k])
        for k in range(2)
    ]


class _SegmentDistance:
    """Draws tau D^2 / sigma^2 for one segment, block of rows by block of rows."""

    def __init__(
        self,
        left: NDArray[np.float32],
        right: NDArray[np.float32],
        half: float,
        weight: NDArray[np.float32],
        border: NDArray[np.int64],
    ) -> None:
        """Take (2, H, 4) and (2, 4, W) factors of position and offset, half the length, weights, borders."""
        self._left, self._right, self._weight, self._border = left, right, weight, border
        self._half = np.float32(half)

    def draw(self, out: NDArray[np.float32], spare: NDArray[np.float32], first: int) -> None:
        """Fill `out` (R, W) with the rows from `first` on; `spare` (R, W) is overwritten."""
        rows = slice(first, first + len(out))
        beyond = self._reaches_beyond_ends(rows)
        if beyond:
            np.matmul(self._left[0, rows], self._right[0], out=spare)
            np.clip(spare, -self._half, self._half, out=out)
            np.subtract(spare, out, out=spare)
            np.square(spare, out=spare)
        np.matmul(self._left[1, rows], self._right[1], out=out)
        np.square(out, out=out)
        if beyond:
            np.add(out, spare, out=out)
        np.multiply(out, self._weights(rows), out=out)

    def _reaches_beyond_ends(self, rows: slice) -> bool:
        """Whether a pixel of the rows lies beyond an end of the segment: then a corner of them does."""
        row, col = self._left[0, rows, 0], self._right[0, 1]
        return max(abs(r + c) for r in (row[0], row[-1]) for c in (col[0], col[-1])) > self._half - 1

    def _weights(self, rows: slice) -> NDArray[np.float32] | np.float32:
        """Give tau / sigma^2 for the half of the segment on whose side each pixel of the rows lies."""
        left, right = self._weight
        width, border = self._right.shape[-1], self._border[rows]
        if left == right or border[0] == border[-1] == 0:
            return right
        if border[0] == border[-1] == width:
            return left
        # Any row of weights is a window of one line that holds `left` W times and then `right` W times.
        line = np.repeat(self._weight, width)
        windows = np.ndarray((width + 1, width), line.dtype, line, 0, line.strides * 2)
        return windows[width - border]


def _combine(
    first: NDArray[np.float32], second: NDArray[np.float32], spare: NDArray[np.float32], norm: str
) -> None:
    """Turn tau d_12^2 in `first` and tau d_34^2 in `second` into f in `first`, with a single square root."""
    np.minimum(first, second, out=spare)
    if norm == "l2":  # d1 d2 = sqrt(min(d12^2, d34^2) (d12^2 + d34^2))
        np.add(first, second, out=first)
        np.multiply(first, spare, out=first)
        np.sqrt(first, out=first)
    else:  # d1 d2 = min(d12^2, d34^2) + d12 d34
        np.multiply(first, second, out=first)
        np.sqrt(first, out=first)
        np.add(first, spare, out=first)
    np.add(first, np.float32(1), out=first)
    np.divide(np.float32(1), first, out=first)


def _stretch(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stretch to 0..255 in place; a constant map becomes 0."""
    low, high = image.min(), image.max()
    np.subtract(image, low, out=image)
    if high > low:
        np.multiply(image, np.float32(255) / (high - low), out=image)
        np.minimum(image, np.float32(255), out=image)
    return image


def gaussian_points(points: ArrayLike, shape: tuple[int, int], sigma: float = 10.0) -> NDArray[np.float32]:
    """Draw a Gaussian spot at every point, the cue of DEXTR (Maninis et al. 2018).

    Args:
        points: (K, 2) points (x, y) in pixels, K of 1 or more, also between pixels or outside the image.
        shape: (H, W) of the map.
        sigma: full width at half maximum in pixels, as DEXTR counts it: 0.5 is reached at sigma / 2.

    Returns:
        (H, W) float32 in 0..1: exp(-4 ln 2 d^2 / sigma^2) for the distance d to the nearest point.

    Raises:
        ValueError: points that are not (K, 2) finite coordinates, or a bad shape or sigma.
    """
    height, width = check_shape(shape)
    array = check_coordinates(points)
    if array.ndim != 2:
        raise ValueError(f"points must be a (K, 2) array of (x, y), not of shape {array.shape}")
    col, row = gaussian_factors(array, (height, width), sigma)
    image = np.zeros((height, width), np.float32)
    for across, down in zip(col, row, strict=True):
        np.maximum(image, np.multiply.outer(down, across), out=image)
    return image


def gaussian_factors(
    points: NDArray[np.float64], shape: tuple[int, int], sigma: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Column (..., K, W) and row (..., K, H) factors of the spots of (..., K, 2) float64 points."""
    if not (is_number(sigma) and MIN_FWHM <= sigma < np.inf):
        raise ValueError(f"sigma must be a finite width of {MIN_FWHM:g} px or more, not {sigma!r}")
    factors = []
    for axis, size in ((0, shape[1]), (1, shape[0])):
        distance = (np.arange(size) - points[..., axis, np.newaxis]) / sigma
        factors.append(np.exp(-4 * np.log(2) * distance**2).astype(np.float32))
    return factors[0], factors[1]
