"""How much each voxel's label counts in the network step (Wang et al. 2018, section III-C). Needs no torch."""

import numpy as np
from numpy.typing import NDArray

from cueseg.bifseg.options import BifsegOptions
from cueseg.scribbles.geodesic import geodesic_distance
from cueseg.scribbles.growth_options import value_range

__all__ = ["Nearness", "voxel_weights"]

_LENGTH = (
    0.01  # standard deviations that a voxel's shortest side counts: no way through even tissue is endless
)


class Nearness:
    """Which voxels are close to the scribbles of each label.

    G is the geodesic distance of the crop: the sum of the intensity steps along the cheapest way. A voxel's shortest
    side counts 0.01 standard deviations: where the image is constant a scribble reaches 20 voxels, not everywhere.

    Args:
        values: (*shape, channels) intensities in standard deviations.
        scribbles: signed integers (*shape): -1 none, 0 background, 1 object.
        spacing: mm per voxel along each axis.
        epsilon: distance below which a voxel is close.

    Attributes:
        to_background: bool (*shape).
        to_object: bool (*shape).
    """

    def __init__(
        self,
        values: NDArray[np.float32],
        scribbles: NDArray[np.signedinteger],
        spacing: tuple[float, ...],
        epsilon: float,
    ) -> None:
        steps = tuple(_LENGTH * mm / min(spacing) for mm in spacing)
        scale = value_range(np.moveaxis(values, -1, 0))  # undoes the one within `geodesic_distance`
        self.to_background, self.to_object = (
            self._close(values, scribbles == label, steps, scale, epsilon) for label in (0, 1)
        )

    @staticmethod
    def _close(
        values: NDArray[np.float32],
        seeds: NDArray[np.bool_],
        steps: tuple[float, ...],
        scale: float,
        epsilon: float,
    ) -> NDArray[np.bool_]:
        if epsilon == 0 or not seeds.any():
            return np.zeros(seeds.shape, bool)
        return geodesic_distance(values, seeds, steps, scale, limit=epsilon) < np.float32(epsilon)


def voxel_weights(
    p: NDArray[np.float32],
    labels: NDArray[np.bool_],
    scribbles: NDArray[np.signedinteger],
    outside: NDArray[np.bool_],
    near: Nearness,
    options: BifsegOptions,
) -> NDArray[np.float32]:
    """w(i): omega on scribbles, 0 where the label is uncertain, 1 elsewhere; all arrays (*shape).

    Uncertain are the voxels with t0 < p < t1, and those close to a scribble of the other label than their own.

    Args:
        p: probability of the object.
        labels: whether a voxel is labelled object.
        scribbles: -1 none, 0 background, 1 object.
        outside: voxels outside the box, of which it is certain that they are background.
        near: voxels close to the scribbles.
        options: thresholds, omega and weighting.

    Returns:
        float32 (*shape).
    """
    weights = np.ones(p.shape, np.float32)
    if options.weighting == "uniform":
        return weights
    uncertain = (p > options.t0) & (p < options.t1)
    uncertain |= np.where(labels, near.to_background, near.to_object)
    weights[uncertain & ~outside] = 0
    weights[scribbles >= 0] = options.omega
    return weights
