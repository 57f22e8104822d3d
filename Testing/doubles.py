"""Stand-ins for the network: fast, deterministic, and their masks depend on the points."""

from types import SimpleNamespace

import numpy as np


class PolygonPredictorDouble:
    """Double of `cueseg.predictor.ExtremePointPredictor`: its mask is the convex quadrilateral of the points.

    Attributes:
        images: Every image handed to `set_image`, with its arguments.
    """

    def __init__(self) -> None:
        self.card = SimpleNamespace(intensity={"mr_percentiles": (0.5, 99.5)}, name="polygon")
        self.device, self.device_note = "cpu", "double"
        self.images: list[SimpleNamespace] = []

    def set_image(self, image, modality="ct", spacing=None, intensity_range=None) -> None:
        self.images.append(
            SimpleNamespace(image=image, modality=modality, spacing=spacing, intensity_range=intensity_range)
        )

    def predict(self, points, threshold=None) -> SimpleNamespace:
        points = np.asarray(points, float)
        if np.ptp(points, axis=0).min() < 1:
            raise ValueError("the points lie in one line")
        shape = self.images[-1].image.shape[:2]
        mask = quadrilateral(points, shape)
        return SimpleNamespace(
            mask=mask,
            probability=mask.astype(np.float32),
            cue=np.where(mask, np.float32(1), np.float32(0.1)),
            threshold=0.5 if threshold is None else threshold,
            seconds={},
        )


def quadrilateral(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Pixels whose centres lie in the polygon of the (4, 2) points (x, y), ordered around their middle."""
    centred = points - points.mean(0)
    ring = points[np.argsort(np.arctan2(centred[:, 1], centred[:, 0]))]
    y, x = np.mgrid[: shape[0], : shape[1]]
    inside = np.ones(shape, bool)
    for (ax, ay), (bx, by) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        inside &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
    return inside
