"""Which slice to click next. Needs no torch."""

import numpy as np

from cueseg.volumes.result import ACCEPTED, SliceResult, VolumeResult

__all__ = ["ranked_slices", "suggest_slice", "suggestion_scores"]


def suggest_slice(result: VolumeResult) -> int | None:
    """The slice that most needs clicks: uncertain, far from accepted ones, of another size than the nearest of them.

    Returns:
        Its number; None if nothing lies between the accepted (clicked or given) slices. Of equals the one nearest to
        the middle of the structure, then the first.
    """
    return next(iter(ranked_slices(result)), None)


def ranked_slices(result: VolumeResult) -> list[int]:
    """All slices that `suggest_slice` chooses from, the one that most needs clicks first."""
    scores = suggestion_scores(result)
    middle = (min(result.slices) + max(result.slices)) / 2 if scores else 0.0
    return sorted(scores, key=lambda index: (-scores[index], abs(index - middle), index))


def suggestion_scores(result: VolumeResult) -> dict[int, float]:
    """Number of every slice that was neither clicked nor given -> how much it needs clicks.

    The product of its uncertainty, the distance in mm to the nearest of those, and 1 plus the size of the natural
    logarithm of the ratio of their areas. The uncertainty is the entropy; 1 where the network's mask was not taken, or
    the network not asked.
    """
    accepted = np.array(result.accepted)
    scores = {}
    for index, item in result.slices.items():
        if item.kind in ACCEPTED:
            continue
        nearest = result.slices[int(accepted[np.argmin(np.abs(accepted - index))])]
        distance = abs(index - nearest.index) * result.spacing[0]
        scores[index] = _uncertainty(item) * distance * (1 + _size_change(item, nearest))
    return scores


def _uncertainty(item: SliceResult) -> float:
    return item.entropy if item.kind == "derived" and item.entropy is not None else 1.0


def _size_change(item: SliceResult, nearest: SliceResult) -> float:
    """An empty mask counts as one pixel."""
    area, other = (max(1, int(np.count_nonzero(one.mask))) for one in (item, nearest))
    return abs(float(np.log(area / other)))
