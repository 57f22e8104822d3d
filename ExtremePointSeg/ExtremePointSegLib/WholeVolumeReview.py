"""What is known of a segment since it was made into a volume: where it is unsure or out of date, where to look next."""

from __future__ import annotations

import zlib
from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ExtremePointSegLib.WholeVolumeSlices import SegmentSlices, slicesOf

if TYPE_CHECKING:
    from cueseg.volumes import VolumeResult
    from ExtremePointSegLib.WholeVolumeWriting import VolumeOutcome

_MADE = ("derived", "propagated")


@dataclass
class Review:
    """Of one segment across one axis.

    :param entropies: (slice, points of its record) -> mean entropy.
    :param gaps: accepted slices beside each other and a checksum from one to the other, as they ever were filled.
    :param seen: slices that were suggested since then.
    """

    entropies: dict[tuple[int, tuple], float] = field(default_factory=dict)
    gaps: set[tuple[int, int, int]] = field(default_factory=set)
    seen: list[int] = field(default_factory=list)


class Reviews:
    """One for each segment that was worked on, kept while others are chosen."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Review] = {}

    def clear(self) -> None:
        """Forget everything, e.g. when the scene closes."""
        self._known.clear()

    def take(self, outcome: VolumeOutcome) -> None:
        """Learn from a run; the segment is as the run left it."""
        nodes = outcome.nodes
        now = slicesOf(*nodes, axis=outcome.slices.stack.axis)
        review = self._of(nodes, now)
        review.seen.clear()
        made = getattr(outcome.result, "slices", None)
        if isinstance(made, dict):
            review.gaps.update(_gaps(now))
        items = made.values() if isinstance(made, dict) else made or []
        for item in items:
            record = now.records.get(item.index)
            if record is not None and record.kind in _MADE and item.entropy is not None:
                review.entropies[item.index, record.points] = item.entropy

    def outdated(self, nodes: tuple, slices: SegmentSlices) -> list[int]:
        """Slices whose accepted neighbours changed since they were filled; none before the first filling."""
        review = self._of(nodes, slices)
        if not review.gaps:
            return []
        changed = [gap for gap in _gaps(slices) if gap not in review.gaps]
        return [n for first, last, _ in changed for n in range(first + 1, last) if n in slices.kinds]

    def ranked(self, nodes: tuple, slices: SegmentSlices) -> list[int]:
        """Slices to look at, the one that most needs it first."""
        from cueseg.volumes import ranked_slices

        return ranked_slices(self._result(nodes, slices)) if slices.accepted else []

    def suggested(self, nodes: tuple, slices: SegmentSlices) -> int | None:
        """The slice to look at now; None: there is none."""
        ranked, review = self.ranked(nodes, slices), self._of(nodes, slices)
        left = [index for index in ranked if index not in review.seen]
        return next(iter(left or ranked), None)

    def next(self, nodes: tuple, slices: SegmentSlices) -> int | None:
        """The same; asked again it is the one after it, and after the last the first."""
        found, review = self.suggested(nodes, slices), self._of(nodes, slices)
        if found in review.seen:
            review.seen.clear()
        if found is not None:
            review.seen.append(found)
        return found

    def _of(self, nodes: tuple, slices: SegmentSlices) -> Review:
        segmentationNode, segmentId, volumeNode = nodes
        key = (segmentationNode.GetID(), segmentId, volumeNode.GetID(), slices.stack.axis)
        return self._known.setdefault(key, Review())

    def _result(self, nodes: tuple, slices: SegmentSlices) -> VolumeResult:
        """The segment as it is, for `cueseg.volumes`; where nothing is known of the network it counts as unsure."""
        from cueseg.volumes import SliceResult, VolumeResult

        entropies, accepted = self._of(nodes, slices).entropies, slices.accepted
        items = {}
        for index in sorted({*slices.kinds, *slices.between}):
            record = slices.records.get(index)
            entropy = entropies.get((index, record.points)) if record is not None else None
            made = "filled" if entropy is None else "derived"
            kind = slices.kinds[index] if index in accepted else made
            items[index] = SliceResult(index=index, kind=kind, mask=slices.masks[index], entropy=entropy)
        return VolumeResult(slices=items, shape=slices.masks.shape, spacing=slices.stack.spacing)


def _gaps(slices: SegmentSlices) -> list[tuple[int, int, int]]:
    return [
        (first, last, zlib.crc32(np.packbits(slices.masks[first : last + 1]).tobytes()))
        for first, last in pairwise(slices.accepted)
    ]
