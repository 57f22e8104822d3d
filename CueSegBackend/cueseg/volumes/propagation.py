"""From an accepted slice to its neighbours: points of one mask are the clicks of the next, until a rule says stop."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cueseg.metrics import dice
from cueseg.refinement.progress import Reporter
from cueseg.volumes.options import PropagationOptions
from cueseg.volumes.parts import Mask
from cueseg.volumes.point_sets import derived_sets
from cueseg.volumes.result import Propagation, SliceResult
from cueseg.volumes.slice_network import SliceNetwork, mean_entropy

__all__ = ["propagated"]


def propagated(
    network: SliceNetwork,
    accepted: Mask,
    way: Sequence[int],
    at_its_end: str,
    options: PropagationOptions,
    reporter: Reporter,
) -> Propagation:
    """See `VolumeSession.propagate`.

    Args:
        network: Of the volume.
        accepted: (rows, cols) mask of the slice before the first of `way`.
        way: Slices to go to.
        at_its_end: What has stopped it there.
        options: How, and when to stop.
        reporter: Told before every slice.
    """
    slices: list[SliceResult] = []
    before, calls = accepted, network.calls
    for done, index in enumerate(way):
        reporter.report("propagate", done, len(way))
        found, reason = None, "user" if reporter.stopped else None
        if reason is None:
            sets, _ = derived_sets(before, options.by_parts)
            reason = None if sets else "size"
        if reason is None:
            found = _carried(network, before, index, sets, options.threshold)
            reason = _broken_rule(found, before, options)
        if reason is not None:
            return Propagation(slices, reason, index, network.calls - calls)
        slices.append(found)
        before = found.mask
    return Propagation(slices, at_its_end, None, network.calls - calls)


def _carried(
    network: SliceNetwork,
    before: Mask,
    index: int,
    sets: Sequence[NDArray[np.float64]],
    threshold: float | None,
) -> SliceResult:
    answers = [network.predict(index, points, threshold) for points in sets]
    mask = np.logical_or.reduce([found.mask for found in answers])
    return SliceResult(
        index=index,
        kind="propagated",
        mask=mask,
        probability=np.maximum.reduce([found.probability for found in answers]),
        points=np.concatenate(sets),
        entropy=float(
            np.mean(
                [mean_entropy(found.probability, points) for found, points in zip(answers, sets, strict=True)]
            )
        ),
        agreement=dice(mask, before),
    )


def _broken_rule(found: SliceResult, before: Mask, options: PropagationOptions) -> str | None:
    """Which rule of the options a slice breaks, if any."""
    share = np.count_nonzero(found.mask) / np.count_nonzero(before)
    if not options.min_area <= share <= options.max_area:
        return "area"
    if mean_probability(found.probability, found.mask) < options.min_probability:
        return "probability"
    return None


def mean_probability(probability: NDArray[np.float32], mask: Mask) -> float:
    """Mean within the mask; 0 if it is empty."""
    return float(probability[mask].mean()) if mask.any() else 0.0
