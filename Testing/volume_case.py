"""A volume whose slices hold their numbers, clicks on three of them, and a predictor that counts."""

import numpy as np

from cueseg.volumes import VolumeSession
from doubles import PolygonPredictorDouble

SHAPE = (31, 60, 70)
SPACING = (3.0, 1.0, 1.5)


class CountingPredictor(PolygonPredictorDouble):
    """Remembers which slice it was asked for; slices hold their number as value.

    Attributes:
        asked: Slice numbers in order.
        blind: Slices in which it finds a single corner of the box, and nothing else.
        broken: Slice at which it fails.
    """

    def __init__(self):
        super().__init__()
        self.asked, self.blind, self.broken = [], set(), None

    def predict(self, points, threshold=None):
        index = int(self.images[-1].image[0, 0])
        self.asked.append(index)
        if index == self.broken:
            raise RuntimeError("out of memory")
        found = super().predict(points, threshold)
        if index in self.blind:
            x, y = np.round(np.min(points, axis=0)).astype(int)
            found.mask = np.zeros_like(found.mask)
            found.mask[y, x] = True
            found.probability = np.where(found.mask, np.float32(0.9), np.float32(0.3))
        return found

    def new(self):
        """Slices asked for since the last call, in order of their numbers."""
        asked, self.asked = sorted(self.asked), []
        return asked


def volume():
    return np.broadcast_to(np.arange(SHAPE[0], dtype=np.int16)[:, None, None], SHAPE)


def session_with(predictor):
    """On the volume."""
    session = VolumeSession(predictor)
    session.set_image(volume(), "ct", SPACING)
    return session


def clicks(x, y, radius):
    return [(x - radius, y), (x + radius, y), (x, y - radius), (x, y + radius)]


CLICKED = {5: clicks(20, 25, 8), 25: clicks(40, 35, 14), 15: clicks(30, 30, 11)}
