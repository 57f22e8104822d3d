"""Settings of the segmentation of an object from seven points."""

from dataclasses import dataclass

import numpy as np

from cueseg.map_options import is_number
from cueseg.seven_points.distances import METRICS
from cueseg.seven_points.expansion import DEFAULT_THRESHOLD, DEFAULT_WEIGHT, check_threshold

__all__ = ["SevenPointsOptions"]


@dataclass(frozen=True, kw_only=True)
class SevenPointsOptions:
    """How an object is cut out; values are checked on construction.

    Attributes:
        threshold: as in `Expansion.labels`; intensities of the object are learnt from what it makes object.
        weight: as in `Expansion`.
        metric: as in `Expansion`.
        shape: weight of the ellipsoid, costs per its half side that a voxel lies farther out than `extent`.
        extent: where the ellipsoid says nothing, in its half sides.
        intensity: weight of the log-likelihood ratio of intensities; 0: they say nothing.
        smoothness: weight of the boundary term; 0: none.
        network: weight of the log-odds of a network, where they are given.
        sigma: contrast that lowers the boundary's cost to exp(-1/2), in the range of intensities of the box.

    Raises:
        ValueError: a value that is not allowed; the message names it and what is allowed.
    """

    threshold: float = DEFAULT_THRESHOLD
    weight: float = DEFAULT_WEIGHT
    metric: str = "box"
    shape: float = 8.0
    extent: float = 0.9
    intensity: float = 0.75
    smoothness: float = 0.25
    network: float = 0.1
    sigma: float = 0.1

    def __post_init__(self) -> None:
        check_threshold(self.threshold)
        if self.metric not in METRICS:
            raise ValueError(f"metric is {self.metric!r}: it must be one of {', '.join(map(repr, METRICS))}")
        for name in ("weight", "shape", "intensity", "smoothness", "network"):
            _check(name, getattr(self, name), zero=True)
        for name in ("extent", "sigma"):
            _check(name, getattr(self, name), zero=False)


def _check(name: str, value: object, zero: bool) -> None:
    if not (is_number(value) and 0 <= value < np.inf) or (value == 0 and not zero):
        bound = "0 or more" if zero else "above 0"
        raise ValueError(f"{name} is {value!r}: it must be a number, {bound}")
