"""Crop, zoom and paste back: the window around four clicks in which the network looks.

Coordinates are (x, y) pixel coordinates, integer = pixel centre; arrays are (row, col[, channel]).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

CropMode = Literal["square", "stretch"]
CROP_MODES: tuple[CropMode, ...] = ("square", "stretch")
Convert = Callable[[NDArray[Any]], NDArray[np.float32]]
FRAME_SIZE = 512  # box_size is given in the 512 x 512 frame of Khan & Shahin 2019, whatever the input size


@dataclass(frozen=True)
class Box:
    """Tight box of some points: inclusive limits in (x, y) pixel coordinates."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    @classmethod
    def around(cls, points: NDArray[np.floating]) -> "Box":
        """Box of (N, 2) points (x, y)."""
        (x_min, y_min), (x_max, y_max) = points.min(axis=0), points.max(axis=0)
        return cls(float(x_min), float(y_min), float(x_max), float(y_max))

    @property
    def size(self) -> tuple[float, float]:
        """(width, height) in pixels, counting whole pixels: a single pixel has size (1, 1)."""
        return self.x_max - self.x_min + 1.0, self.y_max - self.y_min + 1.0

    @property
    def centre(self) -> tuple[float, float]:
        """Centre (x, y)."""
        return (self.x_min + self.x_max) / 2.0, (self.y_min + self.y_max) / 2.0

    def pixels(self, shape: tuple[int, int], x_margin: float, y_margin: float) -> tuple[slice, slice]:
        """(row, col) slices of the pixels of an image of `shape` (H, W) within the box and the margins in px."""
        rows = _clamped(self.y_min - y_margin, self.y_max + y_margin, shape[0])
        cols = _clamped(self.x_min - x_margin, self.x_max + x_margin, shape[1])
        return rows, cols


@dataclass(frozen=True)
class CropWindow:
    """Axis-aligned map between an image and the network's square input.

    A point (x, y) of the image lies at ((x - centre_x) * scale_x, (y - centre_y) * scale_y) + (size - 1) / 2
    of the window. The window may leave the image; what lies outside is black.
    """

    centre: tuple[float, float]
    scale: tuple[float, float]
    size: int

    @classmethod
    def square(
        cls,
        box: Box,
        size: int,
        box_size: float = 375.0,
        spacing: tuple[float, float] | None = None,
    ) -> "CropWindow":
        """Isotropic window in which the longer box side takes `box_size` of 512 parts (paper section 2.2).

        Args:
            box: Tight box of the clicks.
            size: Side of the network's input, in pixels.
            box_size: b_m in the 512 frame: 375 at inference, 350..400 in training.
            spacing: (row, col) pixel size in mm; makes the window isotropic in mm. None: square pixels.
        """
        row_mm, col_mm = _relative_spacing(spacing)
        width, height = box.size
        zoom = box_size * size / FRAME_SIZE / max(width * col_mm, height * row_mm)
        return cls(box.centre, (zoom * col_mm, zoom * row_mm), size)

    @classmethod
    def stretch(cls, box: Box, size: int, margin: float = 50.0) -> "CropWindow":
        """Window of the box padded by `margin` px, stretched to the input (what DEXTR's weights expect)."""
        width, height = box.size
        return cls(box.centre, (size / (width + 2 * margin), size / (height + 2 * margin)), size)

    def to_window(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Image points (..., 2) as (x, y) -> window points (..., 2)."""
        centred = np.asarray(points, np.float64) - np.asarray(self.centre)
        return centred * np.asarray(self.scale) + (self.size - 1) / 2.0

    def to_image(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Window points (..., 2) as (x, y) -> image points (..., 2); inverse of `to_window`."""
        centred = np.asarray(points, np.float64) - (self.size - 1) / 2.0
        return centred / np.asarray(self.scale) + np.asarray(self.centre)

    def extract(self, image: NDArray[Any], convert: Convert | None = None) -> NDArray[np.float32]:
        """Sample the window from `image` (H, W) or (H, W, C) -> float32 (size, size[, C]), black (0) outside.

        Linear interpolation; when the window shrinks the image the kernel widens, so nothing aliases.
        `convert` (e.g. an intensity window) is applied to the part of the image that is needed, before sampling.
        """
        grid = np.arange(self.size, dtype=np.float64)
        at = self.to_image(np.stack([grid, grid], axis=-1))
        rows = _Resampling.linear(at[:, 1], image.shape[0], max(1.0, 1.0 / self.scale[1]))
        cols = _Resampling.linear(at[:, 0], image.shape[1], max(1.0, 1.0 / self.scale[0]))
        part = image[rows.start : rows.stop, cols.start : cols.stop]
        return _apply(part if convert is None else convert(part), rows, cols)

    def paste(
        self, window: NDArray[np.floating], shape: tuple[int, int], region: tuple[slice, slice] | None = None
    ) -> NDArray[np.float32]:
        """Bring a window map (size, size) back to an image of `shape` (H, W), zero outside; inverse of `extract`.

        Pixel centres are sampled, so a mask that was enlarged by `extract` returns exactly.

        Args:
            window: Map in the window, e.g. a probability.
            shape: (H, W) of the image.
            region: (row, col) slices of the image to fill; None fills all that the window covers.
        """
        rows, cols = region or (slice(0, shape[0]), slice(0, shape[1]))
        result = np.zeros(shape, np.float32)
        xs, ys = np.arange(cols.start, cols.stop), np.arange(rows.start, rows.stop)
        if xs.size == 0 or ys.size == 0:
            return result
        x_at = self.to_window(np.stack([xs, np.full_like(xs, 0)], axis=-1))[:, 0]
        y_at = self.to_window(np.stack([np.full_like(ys, 0), ys], axis=-1))[:, 1]
        row_weights = _Resampling.linear(y_at, self.size, 1.0)
        col_weights = _Resampling.linear(x_at, self.size, 1.0)
        result[rows, cols] = _apply(
            window[row_weights.start : row_weights.stop, col_weights.start : col_weights.stop],
            row_weights,
            col_weights,
        )
        return result


@dataclass(frozen=True)
class _Resampling:
    """One axis of a separable resampling: `weights` (outputs, stop - start) over source samples start..stop."""

    weights: NDArray[np.float32]
    start: int
    stop: int

    @classmethod
    def linear(cls, at: NDArray[np.float64], length: int, width: float) -> "_Resampling":
        start = int(np.clip(np.floor(at.min() - width), 0, length - 1))
        stop = int(np.clip(np.ceil(at.max() + width) + 1, start + 1, length))
        distance = np.abs(at[:, None] - np.arange(start, stop)[None, :])
        weights = np.maximum(0.0, 1.0 - distance / width) / width
        if width > 1.0:  # the widened kernel is only approximately a partition of unity
            total = (
                np.maximum(0.0, 1.0 - np.abs(at[:, None] - _around(at, width)) / width).sum(axis=1) / width
            )
            weights /= total[:, None]
        return cls(weights.astype(np.float32), start, stop)


def _around(at: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """All integer positions within `width` of each of `at`, inside the image or not, (len(at), K)."""
    reach = int(np.ceil(width)) + 1
    return np.floor(at)[:, None] + np.arange(-reach, reach + 1)[None, :]


def _apply(part: NDArray[Any], rows: _Resampling, cols: _Resampling) -> NDArray[np.float32]:
    part = np.asarray(part, np.float32)
    if part.ndim == 2:
        return rows.weights @ part @ cols.weights.T
    return np.stack([rows.weights @ part[..., c] @ cols.weights.T for c in range(part.shape[-1])], axis=-1)


def _clamped(low: float, high: float, length: int) -> slice:
    start = min(max(int(np.ceil(low - 1e-6)), 0), length)
    return slice(start, max(start, min(int(np.floor(high + 1e-6)) + 1, length)))


def _relative_spacing(spacing: tuple[float, float] | None) -> tuple[float, float]:
    if spacing is None:
        return 1.0, 1.0
    row_mm, col_mm = (float(value) for value in spacing)
    if not (np.isfinite([row_mm, col_mm]).all() and row_mm > 0 and col_mm > 0):
        raise ValueError(f"spacing must be two positive numbers (row, col) in mm, got {tuple(spacing)}")
    smallest = min(row_mm, col_mm)
    return row_mm / smallest, col_mm / smallest
