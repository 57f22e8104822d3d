"""The network of extreme points on single slices of a volume, and what is remembered of it."""

import logging
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.extreme_points import check_points
from cueseg.geometry import Box
from cueseg.intensity import IntensityRule, Modality, check_image, check_modality
from cueseg.scribbles.arrays import check_spacing
from cueseg.volume_window import volume_window
from cueseg.volumes.point_sets import sets_of

__all__ = ["Key", "SliceNetwork", "SlicePredictor", "key_of", "keys_of", "mean_entropy", "points_of"]

Key = tuple[int, bytes, float | None]
"""Slice, one set of points, threshold: all that decides a mask of one volume."""

_log = logging.getLogger(__name__)


class SlicePredictor(Protocol):
    """What is used of `cueseg.predictor.ExtremePointPredictor`."""

    card: Any

    def set_image(
        self,
        image: ArrayLike,
        modality: Modality,
        spacing: tuple[float, float] | None,
        intensity_range: tuple[float, float] | None,
    ) -> None:
        """Take a slice in."""
        ...

    def predict(self, points: ArrayLike, threshold: float | None = None) -> Any:
        """Segment it."""
        ...


class SliceNetwork:
    """Segments slices of one volume.

    Args:
        predictor: Its own image becomes another with every call.
        image: (slices, rows, cols), or (slices, rows, cols, 3) for rgb.
        modality: "ct", "mr", "grey" or "rgb".
        spacing: (slice, row, col) in mm; None: 1 mm.

    Attributes:
        shape: (slices, rows, cols).
        spacing: (slice, row, col) in mm.
        calls: How often the network ran.

    Raises:
        ValueError: What is wrong with the image, in words.
    """

    def __init__(
        self,
        predictor: SlicePredictor,
        image: ArrayLike,
        modality: Modality = "ct",
        spacing: tuple[float, float, float] | None = None,
    ) -> None:
        check_modality(modality)
        array = np.asarray(image)
        if array.ndim != 3 + (modality == "rgb" and array.ndim == 4) or 0 in array.shape:
            raise ValueError(
                f"a {modality} volume must be (slices, rows, cols), got {array.shape}; give a picture as a volume of "
                "one slice"
            )
        check_image(
            np.zeros((1, 1, *array.shape[3:]), array.dtype), modality
        )  # values are checked slice by slice
        self.shape: tuple[int, int, int] = array.shape[:3]
        self.spacing: tuple[float, ...] = check_spacing(spacing, 3)
        self.calls = 0
        self._predictor, self._image, self._modality = predictor, array, modality
        self._limits = volume_window(array, modality, IntensityRule.from_card(predictor.card.intensity))

    def predict(self, index: int, points: NDArray[np.float64], threshold: float | None) -> Any:
        """The prediction of slice `index` from (4, 2) points (x, y); its mask may be empty.

        Raises:
            ValueError: A slice or points that cannot be used, with the slice's number.
        """
        row_col = (self.spacing[1], self.spacing[2])
        try:
            self._predictor.set_image(self._image[index], self._modality, row_col, self._limits)
            self.calls += 1
            return self._predictor.predict(points, threshold)
        except ValueError as error:
            raise ValueError(f"slice {index}: {error}") from error

    def check_index(self, index: Any) -> int:
        """The number of a slice as int, or a ValueError that says which there are."""
        if isinstance(index, bool) or not isinstance(index, int | np.integer):
            raise ValueError(f"slices are numbered 0, 1, 2, ..., not {index!r}")
        if not 0 <= index < self.shape[0]:
            raise ValueError(f"there is no slice {index}: the volume has slices 0 to {self.shape[0] - 1}")
        return int(index)


def key_of(index: int, points: ArrayLike, threshold: float | None) -> Key:
    """What a mask is remembered by.

    Raises:
        ValueError: Points that are no extreme points, with the slice's number.
    """
    try:
        return index, check_points(points).tobytes(), threshold
    except ValueError as error:
        raise ValueError(f"slice {index}: {error}") from error


def keys_of(index: int, points: ArrayLike, threshold: float | None) -> tuple[Key, ...]:
    """The same for every set of a slice; see `sets_of` and `key_of`."""
    return tuple(key_of(index, found, threshold) for found in sets_of(points))


def points_of(keys: Sequence[Key]) -> NDArray[np.float64]:
    """(4 n, 2) points (x, y) of n sets, one set after another; read-only."""
    return np.frombuffer(b"".join(points for _, points, _ in keys), np.float64).reshape(-1, 2)


def mean_entropy(probability: NDArray[np.float32], points: NDArray[np.float64]) -> float:
    """Mean entropy in bits over the pixels in the box of (4, 2) points (x, y); 0 if none of them is in the image."""
    inside = probability[Box.around(points).pixels(probability.shape, 0.0, 0.0)].astype(np.float64)
    if inside.size == 0:
        return 0.0
    p = np.clip(inside, 1e-12, 1 - 1e-12)
    return float(np.mean(-p * np.log2(p) - (1 - p) * np.log2(1 - p)))
