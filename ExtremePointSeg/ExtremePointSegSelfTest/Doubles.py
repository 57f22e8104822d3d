"""A double of the network, for tests of everything around it."""

import threading
from types import SimpleNamespace

import numpy as np

SMOOTHING = 2.0  # mm
WATER, SOFTNESS = 0.0, 20.0  # Hounsfield units


class BrightQuadrilateralDouble:
    """Double of `cueseg.predictor.ExtremePointPredictor`: no network, no torch.

    It finds what is brighter than water within the quadrilateral of the points. So the result depends on image,
    spacing, points and threshold, and it is the same whichever way the image is turned or flipped.
    """

    device_note = "CPU, by a double of the network"
    card = SimpleNamespace(intensity={"mr_percentiles": (0.5, 99.5)})

    def __init__(self):
        """Answer at once, until `gate` is cleared."""
        self.gate = threading.Event()
        self.gate.set()
        self.calls = []  # (image, modality, points, threshold, thread)
        self.released = 0  # calls that came past the gate, or gave up in front of it
        self.failure = None  # an exception to raise instead of an answer

    def set_image(self, image, modality="ct", spacing=None, intensity_range=None):
        """Take a slice in, (rows, columns); spacing is (row, column) in mm."""
        from scipy.ndimage import gaussian_filter

        self.image, self.modality = image, modality
        self.smooth = gaussian_filter(image.astype(np.float64), SMOOTHING / np.array(spacing), mode="nearest")

    def predict(self, points, threshold=None):
        """Segment within (4, 2) points (x, y)."""
        call = (self.image, self.modality, points.copy(), threshold, threading.get_ident())
        self.calls.append(call)
        opened = self.gate.wait(10)
        self.released += 1
        if not opened:
            raise RuntimeError("the test never opened the gate")
        if self.failure is not None:
            raise self.failure
        inside = quadrilateral(points, self.image.shape)
        brightness = 1 / (1 + np.exp(np.clip((WATER - self.smooth) / SOFTNESS, -50, 50)))
        probability = np.where(inside, brightness, 0.0).astype(np.float32)
        threshold = 0.5 if threshold is None else threshold
        cue = np.where(inside, 0.9, 0.2).astype(np.float32)
        return SimpleNamespace(
            mask=probability > threshold, probability=probability, cue=cue, threshold=threshold, seconds={}
        )


def quadrilateral(points, shape):
    """Pixels whose centres lie in the polygon of the points (x, y), taken in order around their middle."""
    centred = points - points.mean(0)
    ring = points[np.argsort(np.arctan2(centred[:, 1], centred[:, 0]))]
    y, x = np.mgrid[: shape[0], : shape[1]]
    inside = np.ones(shape, bool)
    for (ax, ay), (bx, by) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        inside &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
    return inside
