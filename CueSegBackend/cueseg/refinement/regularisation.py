"""Labels that follow the image's edges near the scribbles: a last step on what a refined network says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import cg

from cueseg.energy import contrast_weights, expand_labels
from cueseg.energy.neighbours import neighbour_offsets, pair_slices
from cueseg.refinement.options import REGULARISERS
from cueseg.scribbles.arrays import box_around, channels_first, check_scribbles, check_spacing, voxels_within
from cueseg.scribbles.growth_options import value_range

__all__ = ["regularised_probabilities"]

MOST_VOXELS = 2**18  # that may change: those nearest to the scribbles
_REACH = 60.0  # mm around the scribbles, in images with more voxels than that
_TEMPER = 0.5  # exponent of the network's probabilities: of what it was just taught it is too sure
_BETA = 600.0  # contrast of the walker's edges
_GAMMAS = {2: 0.1, 3: 1.0}  # weight of the network against them, in pictures and in volumes
_LAMBDA, _SIGMA = 8.0, 0.03  # of the cut; contrasts are shares of the image's range
_LEAST, _ABSENT = 1e-4, 0.01  # probability of what is impossible; below which a class is nowhere near
_TOLERANCE, _ITERATIONS = 1e-3, 500


def regularised_probabilities(
    probabilities: ArrayLike,
    image: ArrayLike,
    scribbles: ArrayLike,
    spacing: Sequence[float] | None = None,
    kind: str = "random-walker",
    *,
    allowed: ArrayLike | None = None,
) -> NDArray[np.float32]:
    """Reconcile a network's probabilities with the scribbles and with the edges of the image.

    "random-walker" solves (L + gamma I) x = gamma p for the voxels without scribble, L being the Laplacian with weights
    exp(-beta dI^2) (Grady 2005, the network being the prior). "graph-cut" minimises -log p and the contrast term of
    `contrast_weights` (Wang et al. 2018, Eq. 5), exactly for two classes and by expansion moves for more. p is the
    square root of the network's probability, brought to sums of 1. Scribbles are hard constraints of both.

    Args:
        probabilities: (K, *shape), classes that exclude each other, 0 or more; sums need not be 1.
        image: (rows, cols[, channels]) or (slices, rows, cols[, channels]); channels may come first.
        scribbles: signed integers of the shape: -1 none, k class k below K.
        spacing: mm per voxel along each axis; None: 1.
        kind: one of `REGULARISERS`.
        allowed: bool of the shape, voxels that may change; None: all. Of these the 2^18 nearest to the scribbles
            do, and of larger images none farther than 60 mm; the others have the network's values, which bound
            the rest.

    Returns:
        float32 (K, *shape); of the voxels that may change the solution, sums 1, at scribbles and of "graph-cut" 0 or 1.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, a class without probabilities, unknown kind.
    """
    if kind not in REGULARISERS:
        raise ValueError(f"kind is {kind!r}: it must be one of {', '.join(REGULARISERS)}")
    given = _checked(probabilities, image, scribbles, spacing, allowed)
    result = given.probabilities.astype(np.float32)  # a copy
    domain = _domain(given)
    if kind == "none" or domain is None:
        return result
    box, inside = domain
    part, present = _part(given, box)
    solve = _walked if kind == "random-walker" else _cut
    found = solve(part, inside)
    painted = inside & (part.scribbles >= 0)
    found[:, painted] = np.arange(len(found))[:, None] == part.scribbles[painted]
    changed = result[(slice(None), *box)]
    changed[:, inside] = 0
    for number, values in zip(present, found, strict=True):
        changed[number][inside] = values[inside]
    return result


@dataclass(frozen=True)
class _Given:
    """Checked arguments; the image is (*shape, channels)."""

    probabilities: NDArray[Any]
    image: NDArray[Any]
    scribbles: NDArray[np.integer[Any]]
    spacing: tuple[float, ...]
    allowed: NDArray[np.bool_]


def _checked(
    probabilities: ArrayLike,
    image: ArrayLike,
    scribbles: ArrayLike,
    spacing: Sequence[float] | None,
    allowed: ArrayLike | None,
) -> _Given:
    strokes = check_scribbles(scribbles)
    by_class = np.asarray(probabilities)
    if by_class.shape[1:] != strokes.shape or len(by_class) < 2:
        raise ValueError(
            f"probabilities {by_class.shape} must be (classes, *{strokes.shape}), of two classes or more"
        )
    if not (np.isfinite(by_class).all() and (by_class >= 0).all()):
        raise ValueError("the probabilities hold negative, NaN or infinite values")
    if int(strokes.max()) >= len(by_class):
        raise ValueError(
            f"scribbles hold class {int(strokes.max())}, but there are probabilities of 0 to {len(by_class) - 1} only"
        )
    values = np.moveaxis(channels_first(image, strokes.shape), 0, -1)
    if not np.isfinite(values).all():
        raise ValueError("the image holds NaN or infinite values; replace them first")
    may = np.ones(strokes.shape, bool) if allowed is None else np.asarray(allowed, bool)
    if may.shape != strokes.shape:
        raise ValueError(f"allowed has the shape {may.shape}, the scribbles {strokes.shape}")
    return _Given(by_class, values, strokes, check_spacing(spacing, strokes.ndim), may)


def _domain(given: _Given) -> tuple[tuple[slice, ...], NDArray[np.bool_]] | None:
    """A box around the voxels that may change, and which of the box they are; None: there are none."""
    painted = given.scribbles >= 0
    if not (painted & given.allowed).any():
        return None
    shape = painted.shape
    if painted.size <= MOST_VOXELS:
        return (slice(None),) * painted.ndim, given.allowed
    wide = box_around(np.nonzero(painted), voxels_within(_REACH, given.spacing, shape), shape)
    away = ndimage.distance_transform_edt(~painted[wide], sampling=given.spacing)
    away[~given.allowed[wide]] = np.inf
    if away.size > MOST_VOXELS:
        away[away > np.partition(away.reshape(-1), MOST_VOXELS - 1)[MOST_VOXELS - 1]] = np.inf
    inside = np.zeros(shape, bool)
    inside[wide] = np.isfinite(away)
    box = box_around(np.nonzero(inside), (1,) * len(shape), shape)  # neighbours outside bound the solution
    return box, inside[box]


def _part(given: _Given, box: tuple[slice, ...]) -> tuple[_Given, NDArray[np.intp]]:
    """The box alone: the classes that matter in it, tempered, with sums of 1; the image in shares of its range."""
    scribbles, raw = given.scribbles[box], given.probabilities[(slice(None), *box)]
    painted = np.unique(scribbles[scribbles >= 0])
    likely = raw.reshape(len(raw), -1).max(axis=1) >= _ABSENT
    likely[painted] = True
    present = np.flatnonzero(likely)
    prior = np.maximum(raw[present].astype(np.float64), _LEAST) ** _TEMPER
    prior /= prior.sum(axis=0)
    numbers = np.where(scribbles >= 0, np.searchsorted(present, np.maximum(scribbles, 0)), -1)
    image = given.image[box].astype(np.float64) / (value_range(given.image) or 1.0)
    return _Given(prior, image, numbers, given.spacing, given.allowed[box]), present


def _walked(given: _Given, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Where random walkers arrive first that stop at scribbles, and anywhere at the rate gamma by the prior."""
    free, painted = inside & (given.scribbles < 0), given.scribbles >= 0
    known = given.probabilities.copy()
    known[:, painted] = np.arange(len(known))[:, None] == given.scribbles[painted]
    members, gamma = np.flatnonzero(free), _GAMMAS[free.ndim]
    matrix = _neighbour_matrix(given)[members]
    degree = np.asarray(matrix.sum(axis=1)).reshape(-1) + gamma
    system = sparse.diags(degree) - matrix[:, members]
    scale = sparse.diags(1 / degree)
    fixed = np.where(free, 0.0, known).reshape(len(known), -1)
    flat = known.reshape(len(known), -1)
    for number, bound in enumerate(fixed[1:], 1):
        start = flat[number, members]
        found, failed = cg(
            system, matrix @ bound + gamma * start, x0=start, rtol=_TOLERANCE, maxiter=_ITERATIONS, M=scale
        )
        if failed:
            raise RuntimeError(f"the random walker did not converge in {_ITERATIONS} iterations")
        flat[number, members] = np.clip(found, 0, 1)
    flat[0, members] = np.maximum(1 - flat[1:, members].sum(axis=0), 0)
    return known


def _neighbour_matrix(given: _Given) -> sparse.csr_matrix:
    """Symmetric weights exp(-beta dI^2) min(spacing) / dist of all pairs of the box."""
    shape = given.scribbles.shape
    sigma = float(1 / np.sqrt(2 * _BETA))
    weights = contrast_weights(given.image, shape, given.spacing, weight=1.0, sigma=sigma)
    index = np.arange(given.scribbles.size).reshape(shape)
    pairs = [pair_slices(offset) for offset in neighbour_offsets(len(shape))]
    first = np.concatenate([index[low].reshape(-1) for low, _ in pairs])
    second = np.concatenate([index[high].reshape(-1) for _, high in pairs])
    cost = np.concatenate([layer[low].reshape(-1) for layer, (low, _) in zip(weights, pairs, strict=True)])
    both = (np.concatenate([first, second]), np.concatenate([second, first]))
    return sparse.csr_matrix((np.concatenate([cost, cost]), both), shape=(index.size, index.size))


def _cut(given: _Given, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The labels of least energy as probabilities 0 and 1."""
    shape, painted = given.scribbles.shape, given.scribbles >= 0
    prior = given.probabilities
    weights = contrast_weights(given.image, shape, given.spacing, weight=_LAMBDA, sigma=_SIGMA)
    begin = np.where(painted, given.scribbles, prior.argmax(axis=0))
    labels = expand_labels(-np.log(prior), weights, begin, inside & ~painted)
    return (np.arange(len(prior)).reshape(-1, *(1,) * len(shape)) == labels).astype(np.float64)
