"""From an accepted slice to its neighbours: points of one mask are the clicks of the next, until a rule says stop."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cueseg.metrics import dice
from cueseg.refinement.progress import Reporter
from cueseg.volumes.derived import derived_points
from cueseg.volumes.options import PropagationOptions
from cueseg.volumes.parts import Mask
from cueseg.volumes.result import Propagation, SliceResult
from cueseg.volumes.slice_network import SliceNetwork, large_enough, mean_entropy

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
        if reason is None and not large_enough(before):
            reason = "size"
        if reason is None:
            found = _carried(network, before, index, options.threshold)
            reason = _broken_rule(found, before, options)
        if reason is not None:
            return Propagation(slices, reason, index, network.calls - calls)
        slices.append(found)
        before = found.mask
    return Propagation(slices, at_its_end, None, network.calls - calls)


def _carried(network: SliceNetwork, before: Mask, index: int, threshold: float | None) -> SliceResult:
    points = derived_points(before)
    found = network.predict(index, points, threshold)
    return SliceResult(
        index=index,
        kind="propagated",
        mask=found.mask,
        probability=found.probability,
        points=points,
        entropy=mean_entropy(found.probability, points),
        agreement=dice(found.mask, before),
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
