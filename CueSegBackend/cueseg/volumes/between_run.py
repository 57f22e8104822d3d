"""One call of `VolumeSession.segment_between`: network, filling, network again."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cueseg.metrics import dice
from cueseg.refinement.progress import Reporter
from cueseg.volumes.between import Filling, fill_gap
from cueseg.volumes.options import VolumeOptions
from cueseg.volumes.parts import Mask
from cueseg.volumes.point_sets import derived_sets, has_parts
from cueseg.volumes.result import SliceResult, VolumeResult
from cueseg.volumes.slice_network import Key, SliceNetwork, key_of, mean_entropy, points_of

__all__ = ["Accepted", "BetweenRun", "Memory"]

Answer = tuple[Mask, NDArray[np.float32]]
"""(mask, probability) of the network for one set of points, (rows, cols) each."""

End = tuple[tuple[Key, ...], bytes]
"""What a filled gap depends on at either end: the points, and the mask if it was given."""


@dataclass(frozen=True)
class Accepted:
    """A slice that others come from.

    Attributes:
        keys: Its sets of points; none if it was only given.
        mask: (rows, cols) bool that is taken as it is; None: the network is asked.
    """

    keys: tuple[Key, ...] = ()
    mask: Mask | None = None

    @property
    def end(self) -> End:
        """For the memory of gaps."""
        return self.keys, b"" if self.mask is None else hashlib.sha256(np.packbits(self.mask)).digest()

    @property
    def has_parts(self) -> bool:
        """Whether the structure is in parts with points of their own; clicks say so, without any the mask does."""
        return len(self.keys) > 1 if self.keys else self.mask is not None and has_parts(self.mask)


@dataclass(frozen=True)
class Memory:
    """What one call leaves for the next on the same volume; never changed in place.

    Attributes:
        found: What the network answered, by slice, set of points and threshold.
        gaps: Filled masks by the two slices around them.
    """

    found: Mapping[Key, Answer]
    gaps: Mapping[tuple[int, int, End, End], list[Mask]]


class BetweenRun:
    """Segments once; `memory` then holds what this result is made of, and nothing else.

    Args:
        network: Of the volume.
        before: What is known.
        options: How to segment.
        reporter: Told every time before the network is run.
        fill: How to fill between two slices.
    """

    def __init__(
        self,
        network: SliceNetwork,
        before: Memory,
        options: VolumeOptions,
        reporter: Reporter,
        fill: Filling = fill_gap,
    ) -> None:
        self._network, self._before, self._options, self._reporter = network, before, options, reporter
        self._fill = fill
        self._found: dict[Key, Answer] = {}
        self._gaps: dict[tuple[int, int, End, End], list[Mask]] = {}
        self._calls = 0

    @property
    def memory(self) -> Memory:
        """For the next call."""
        return Memory(self._found, self._gaps)

    def result(self, accepted: Mapping[int, Accepted]) -> VolumeResult:
        """Segment from the first to the last of these slices."""
        began = time.perf_counter()
        accepted = {index: accepted[index] for index in sorted(accepted)}
        slices = self._ends(accepted)
        filled = self._filled(slices, accepted)
        slices |= self._between(filled, accepted)
        return VolumeResult(
            slices={index: slices[index] for index in sorted(slices)},
            shape=self._network.shape,
            spacing=self._network.spacing,
            calls=self._calls,
            reused=len(self._found) - self._calls,
            stopped=self._reporter.stopped,
            seconds=time.perf_counter() - began,
        )

    def _ends(self, accepted: Mapping[int, Accepted]) -> dict[int, SliceResult]:
        slices, done, total = {}, 0, sum(item.mask is None for item in accepted.values())
        for index, item in accepted.items():
            if item.mask is not None:
                points = points_of(item.keys) if item.keys else None
                kind = "clicked" if item.keys else "given"
                slices[index] = SliceResult(index=index, kind=kind, mask=item.mask, points=points)
                continue
            answers = [self._ask(key, "clicked", done, total) for key in item.keys]
            _check_found(index, answers)
            slices[index] = _slice("clicked", item.keys, answers)
            done += 1
        return slices

    def _filled(
        self, slices: Mapping[int, SliceResult], accepted: Mapping[int, Accepted]
    ) -> dict[int, tuple[Mask, bool]]:
        """Number of every slice between -> its filled mask, and whether parts get points of their own."""
        filled: dict[int, tuple[Mask, bool]] = {}
        for first, last in pairwise(accepted):
            ends = accepted[first], accepted[last]
            gap = (first, last, ends[0].end, ends[1].end)
            known = self._before.gaps.get(gap)
            if known is None:
                pixel_size = self._network.spacing[1:]
                known = self._fill(slices[first].mask, slices[last].mask, last - first, pixel_size)
                for mask in known:
                    mask.flags.writeable = False
            self._gaps[gap] = known
            by_parts = any(end.has_parts for end in ends)
            filled |= {index: (mask, by_parts) for index, mask in enumerate(known, first + 1)}
        return filled

    def _between(
        self, filled: Mapping[int, tuple[Mask, bool]], accepted: Mapping[int, Accepted]
    ) -> dict[int, SliceResult]:
        return {
            index: self._derived(index, mask, by_parts, done, len(filled))
            for done, (index, (mask, by_parts)) in enumerate(filled.items())
        }

    def _derived(self, index: int, filled: Mask, by_parts: bool, done: int, total: int) -> SliceResult:
        as_filled = SliceResult(index=index, kind="filled", mask=filled)
        if self._options.fill_only:
            return as_filled
        sets, rest = derived_sets(filled, by_parts)
        keys = tuple(key_of(index, points, self._options.threshold) for points in sets)
        if not keys or (self._reporter.stopped and not all(key in self._before.found for key in keys)):
            return as_filled
        answers = [self._ask(key, "between", done, total) for key in keys]
        found = _slice("derived", keys, answers, rest)
        agreement = dice(found.mask, filled)
        taken = found.mask.any() and agreement >= self._options.min_agreement
        changes = {} if taken else {"kind": "filled", "mask": filled}
        return replace(found, agreement=agreement, **changes)

    def _ask(self, key: Key, stage: str, done: int, total: int) -> Answer:
        """The network's answer to one set, or what is known of it."""
        known = self._before.found.get(key)
        if known is None:
            self._reporter.report(stage, done, total)
            index, _, threshold = key
            found = self._network.predict(index, points_of((key,)), threshold)
            known = found.mask, found.probability
            for array in known:
                array.flags.writeable = False
            self._calls += 1
        self._found[key] = known
        return known


def _check_found(index: int, answers: Sequence[Answer]) -> None:
    """Somebody clicked something there, with every set."""
    for number, (mask, probability) in enumerate(answers, 1):
        if not mask.any():
            which = f", set {number} of {len(answers)}" if len(answers) > 1 else ""
            raise ValueError(
                f"slice {index}{which}: nothing reaches the threshold within the points (highest probability "
                f"{probability.max():.2f}): check them, or lower the threshold"
            )


def _slice(
    kind: str, keys: Sequence[Key], answers: Sequence[Answer], rest: Mask | None = None
) -> SliceResult:
    """A slice of the network: the union of its answers, and of a rest that it was not asked about."""
    mask, probability = answers[0]
    if len(answers) > 1 or (rest is not None and rest.any()):
        mask = np.logical_or.reduce([found for found, _ in answers] + ([] if rest is None else [rest]))
        probability = np.maximum.reduce([found for _, found in answers])
        mask.flags.writeable = probability.flags.writeable = False
    entropies = [
        mean_entropy(found, points_of((key,))) for key, (_, found) in zip(keys, answers, strict=True)
    ]
    return SliceResult(
        index=keys[0][0],
        kind=kind,
        mask=mask,
        probability=probability,
        points=points_of(keys),
        entropy=float(np.mean(entropies)),
    )
