"""The label step: the labelling of least energy for given probabilities, with hard constraints. Needs no torch."""

import numpy as np
from numpy.typing import NDArray

from cueseg.bifseg.options import BifsegOptions
from cueseg.energy import contrast_weights, energy_of, grid_cut
from cueseg.energy.neighbours import neighbour_offsets

__all__ = ["LabelStep"]

_CLAMP = 1e-4  # probabilities lie between this and one minus this, so that costs stay finite


class LabelStep:
    """E(y) = sum_i phi_i + lambda sum_ij psi_ij of Wang et al. 2018, Eq. 5, minimised exactly by a minimum cut.

    phi is -log of the label's probability, psi = [y_i != y_j] exp(-(X_i - X_j)^2 / 2 sigma^2) min(spacing) / dist_ij.
    Voxels with a given label cost nothing with it and infinitely much without (Eq. 7).

    Args:
        values: (*shape, channels) intensities X in standard deviations.
        spacing: mm per voxel along each axis.
        given: signed integers (*shape), 0 or 1 where the label is given, -1 where it is free.
        options: lambda, sigma and connectivity.

    Raises:
        ValueError: a connectivity that the number of axes does not have, or values that are not finite.
    """

    def __init__(
        self,
        values: NDArray[np.float32],
        spacing: tuple[float, ...],
        given: NDArray[np.signedinteger],
        options: BifsegOptions,
    ) -> None:
        self._given = given
        self._connectivity = options.connectivity
        self._smooth = options.smoothness > 0
        if self._smooth:
            self._weights = contrast_weights(
                values,
                given.shape,
                spacing,
                weight=options.smoothness,
                sigma=options.sigma,
                connectivity=options.connectivity,
            )
        else:
            offsets = neighbour_offsets(given.ndim, options.connectivity)
            self._weights = np.zeros((len(offsets), *given.shape))

    def likelier(self, p: NDArray[np.float32]) -> NDArray[np.bool_]:
        """The likelier label of every free voxel; p (*shape) is the probability of the object."""
        return np.where(self._given < 0, p > 0.5, self._given == 1)

    def minimise(
        self, p: NDArray[np.float32], before: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], float, float]:
        """Labels of least energy.

        Args:
            p: (*shape) probability of the object.
            before: bool (*shape), labels that meet the constraints.

        Returns:
            bool (*shape), and the energies of `before` and of these labels, which is never larger.
        """
        unary = self._unary(p)
        known = energy_of(before, unary, self._weights, self._connectivity)
        if self._smooth:
            found = grid_cut(*unary, self._weights, connectivity=self._connectivity, hard=self._given)
        else:
            found = self.likelier(p)
        least = energy_of(found, unary, self._weights, self._connectivity)
        # The cut rounds costs, so of two labellings that are equally good it may give the slightly worse.
        return (found, known, least) if least <= known else (before, known, known)

    def _unary(self, p: NDArray[np.float32]) -> NDArray[np.float64]:
        one = np.clip(p.astype(np.float64), _CLAMP, 1 - _CLAMP)
        costs = -np.log(np.stack([1 - one, one]))
        costs[:, self._given >= 0] = 0
        return costs
