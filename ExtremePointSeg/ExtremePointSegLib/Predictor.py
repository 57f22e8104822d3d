"""What this module needs of `cueseg.predictor.ExtremePointPredictor`; arrays only, for a worker thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np


class Card(Protocol):
    """The weights' card: `intensity["mr_percentiles"]` are the percentiles that become black and white."""

    intensity: Mapping[str, Any]


class Prediction(Protocol):
    """`mask` bool, `probability` and `cue` float32 in 0..1, all (rows, columns)."""

    mask: np.ndarray
    probability: np.ndarray
    cue: np.ndarray
    threshold: float
    seconds: dict[str, float]


class Predictor(Protocol):
    """Takes a slice image once, then any number of point sets in its pixel coordinates.

    `device_note` says in words what it computes on, and why.
    """

    card: Card
    device_note: str

    def set_image(
        self,
        image: np.ndarray,
        modality: str,
        spacing: tuple[float, float] | None,
        intensity_range: tuple[float, float] | None,
    ) -> None:
        """Take a slice in; spacing is (row, column) in mm, intensity_range what becomes black and white."""
        ...

    def predict(self, points: np.ndarray, threshold: float | None) -> Prediction:
        """Segment within (4, 2) points (x, y); None takes the model's own threshold."""
        ...


def loadPredictor(model: str) -> Predictor:
    """The network of an installed model; takes seconds and imports torch, so call it on the worker thread."""
    from cueseg.predictor import ExtremePointPredictor

    return ExtremePointPredictor(model, device="auto")
