"""One object, or several, cut out from seven points each."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from cueseg.energy import contrast_weights, grid_cut
from cueseg.scribbles.arrays import check_spacing
from cueseg.seven_points.distances import Part, box_distances, check_volume, intensity_range, scaled
from cueseg.seven_points.expansion import (
    BACKGROUND,
    OBJECT,
    UNKNOWN,
    Cancelled,
    Progress,
    check_targets,
    watching,
)
from cueseg.seven_points.options import SevenPointsOptions
from cueseg.seven_points.shape import ellipsoid_distance
from cueseg.seven_points.target import Target, voxel_of

__all__ = ["SevenPointsResult", "segment_from_points"]

_RING = 3  # voxels around the box from which the background's intensities are learnt
_SURE = 0.5  # of the threshold: object without question
_BINS, _BLUR, _UNSEEN = 32, 1.5, 0.01  # of the histograms: number, in bins, share spread over all bins
_MOST = 8.0  # log-likelihood ratio, and log-odds of a network; beyond it neither says more


@dataclass(frozen=True, kw_only=True)
class SevenPointsResult:
    """What was cut out.

    Attributes:
        mask: bool, on the image; False outside all boxes.
        labels: uint8, on the image, as of `Expansion.labels`.
        seconds: that it took.
    """

    mask: NDArray[np.bool_]
    labels: NDArray[np.uint8]
    seconds: float


def segment_from_points(
    image: ArrayLike,
    targets: Sequence[Target],
    spacing: Sequence[float] | None = None,
    options: SevenPointsOptions | None = None,
    *,
    log_odds: ArrayLike | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> SevenPointsResult:
    """Cut objects out of a volume: exact minimum cuts, one in the box of each target.

    The energy of a labelling of a box is the sum over its object voxels of
    shape (e - extent) - intensity L - network O, and over all neighbours with different labels of the contrast weights
    of `cueseg.energy.contrast_weights`. e is `ellipsoid_distance`, L the log-likelihood ratio of the voxel's intensity,
    between what `Expansion` makes object and what surrounds the box, O are the `log_odds`; L and O are at most 8 either
    way. Voxels much nearer to the seed than the threshold are object, the faces of the box and what lies outside are
    background. This step is ours, not the paper's.

    Args:
        image: (slices, rows, cols), any units.
        targets: the objects, with six outside points each.
        spacing: mm per voxel along (slice, row, col); None: 1.
        options: None: the defaults.
        log_odds: (slices, rows, cols), of object over background, what a network says; None: no network is asked.
        progress: called after every target.
        cancelled: asked before every target, while distances are computed, and between the steps of a cut.

    Returns:
        The union of the objects, and the labels of the expansion.

    Raises:
        ValueError: as `Expansion`; log_odds of another shape than the image, or not finite.
        SevenPointsCancelled: `cancelled` answered True.
    """
    began = time.perf_counter()
    values, chosen = check_volume(image), options or SevenPointsOptions()
    steps = check_spacing(spacing, 3)
    check_targets(targets, values.shape, steps)
    word = None if log_odds is None else _checked_odds(log_odds, values.shape)
    watch = watching(cancelled)
    near = [_near(values, target, steps, chosen, watch) for target in targets]
    labels = np.full(values.shape, BACKGROUND, np.uint8)
    for part, _ in near:
        labels[part] = UNKNOWN
    for part, relative in near:
        labels[part][relative < chosen.threshold] = OBJECT
    mask = np.zeros(values.shape, bool)
    for number, (target, (part, relative)) in enumerate(zip(targets, near, strict=True), 1):
        watch()
        said = None if word is None else word[part]
        mask[part] |= _cut(values, labels, target, part, relative, said, steps, chosen, watch)
        if progress is not None:
            progress(number, len(targets))
    return SevenPointsResult(mask=mask, labels=labels, seconds=time.perf_counter() - began)


def _checked_odds(log_odds: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float32]:
    odds = np.asarray(log_odds, np.float32)
    if odds.shape != shape or not np.isfinite(odds).all():
        raise ValueError(
            f"log_odds have shape {odds.shape}: they must be finite and of the image's shape, {shape}"
        )
    return np.clip(odds, -_MOST, _MOST)


def _near(
    values: NDArray[Any],
    target: Target,
    spacing: tuple[float, ...],
    options: SevenPointsOptions,
    watch: Callable[[], None],
) -> tuple[Part, NDArray[np.float32]]:
    """The box of a target and distances from its seed relative to the largest."""
    watch()
    part, distance = box_distances(
        values, target, spacing, weight=options.weight, metric=options.metric, watch=watch
    )
    return part, distance / distance.max()


def _cut(
    values: NDArray[Any],
    labels: NDArray[np.uint8],
    target: Target,
    part: Part,
    relative: NDArray[np.float32],
    word: NDArray[np.float32] | None,
    spacing: tuple[float, ...],
    options: SevenPointsOptions,
    watch: Callable[[], None],
) -> NDArray[np.bool_]:
    low, high = intensity_range(values[part])
    level = scaled(values[part], low, high)
    out = ellipsoid_distance(target, part, spacing)
    cost = options.shape * (out - options.extent)
    if word is not None:
        cost = cost - options.network * word
    if options.intensity > 0:
        around = _surroundings(values, labels, part)
        ratio = _log_ratio(level, level[relative < options.threshold], scaled(around, low, high))
        cost = cost - options.intensity * ratio
    given = np.full(level.shape, -1, np.int8)
    given[relative < _SURE * options.threshold] = 1
    _close(given, target, part)
    watch()
    weights = contrast_weights(level, level.shape, spacing, weight=options.smoothness, sigma=options.sigma)
    return grid_cut(np.zeros_like(cost), cost, weights, hard=given, watch=watch)


def _surroundings(values: NDArray[Any], labels: NDArray[np.uint8], part: Part) -> NDArray[Any]:
    """Values just outside the box, without those of other objects; of its faces if it fills the volume."""
    wide = tuple(slice(max(0, own.start - _RING), own.stop + _RING) for own in part)
    near = values[wide]
    taken = (labels[wide] != OBJECT) & np.isfinite(near)
    inner = tuple(
        slice(own.start - more.start, own.stop - more.start) for own, more in zip(part, wide, strict=True)
    )
    if taken[inner].size == taken.size:
        inner = tuple(slice(own.start + 1, own.stop - 1) for own in inner)
    taken[inner] = False
    return near[taken]


def _close(given: NDArray[np.int8], target: Target, part: Part) -> None:
    """Faces of the box that lie in the volume are background, the seed is object."""
    for axis, (own, first, last) in enumerate(
        zip(part, *(corner[::-1] for corner in target.box), strict=True)
    ):
        face = np.moveaxis(given, axis, 0)
        if own.start == first:
            face[0] = 0
        if own.stop == last + 1:
            face[-1] = 0
    given[tuple(at - own.start for at, own in zip(voxel_of(target.seed)[::-1], part, strict=True))] = 1


def _log_ratio(
    level: NDArray[np.float32], of_object: NDArray[np.float32], of_background: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Log of how much likelier an intensity is in the object, by smoothed histograms; 0 without background."""
    if not of_background.size:
        return np.zeros(level.shape)
    inside, outside = (_histogram(values) for values in (of_object, of_background))
    return np.clip(np.log(inside / outside), -_MOST, _MOST)[_bin(level)]


def _histogram(values: NDArray[np.float32]) -> NDArray[np.float64]:
    counts = np.bincount(_bin(values), minlength=_BINS).astype(float)
    smooth = ndimage.gaussian_filter1d(counts / counts.sum(), _BLUR, mode="nearest")
    return (1 - _UNSEEN) * smooth + _UNSEEN / _BINS


def _bin(values: NDArray[np.float32]) -> NDArray[np.intp]:
    return np.minimum((values * _BINS).astype(np.intp), _BINS - 1)
