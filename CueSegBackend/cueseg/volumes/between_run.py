"""One call of `VolumeSession.segment_between`: network, filling, network again."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cueseg.metrics import dice
from cueseg.refinement.progress import Reporter
from cueseg.volumes.between import fill_gap
from cueseg.volumes.derived import derived_points
from cueseg.volumes.options import VolumeOptions
from cueseg.volumes.parts import Mask
from cueseg.volumes.result import SliceResult, VolumeResult
from cueseg.volumes.slice_network import Key, SliceNetwork, key_of, large_enough, mean_entropy

__all__ = ["BetweenRun", "Memory"]


@dataclass(frozen=True)
class Memory:
    """What one call leaves for the next on the same volume; never changed in place.

    Attributes:
        found: (mask, probability) of the network by slice, points and threshold.
        gaps: Filled masks by the two clicked slices around them.
    """

    found: Mapping[Key, tuple[Mask, NDArray[np.float32]]]
    gaps: Mapping[tuple[Key, Key], list[Mask]]


class BetweenRun:
    """Segments once; `memory` then holds what this result is made of, and nothing else.

    Args:
        network: Of the volume.
        before: What is known.
        options: How to segment.
        reporter: Told before every slice that the network is run on.
    """

    def __init__(
        self, network: SliceNetwork, before: Memory, options: VolumeOptions, reporter: Reporter
    ) -> None:
        self._network, self._before, self._options, self._reporter = network, before, options, reporter
        self._found: dict[Key, tuple[Mask, NDArray[np.float32]]] = {}
        self._gaps: dict[tuple[Key, Key], list[Mask]] = {}
        self._calls = 0

    @property
    def memory(self) -> Memory:
        """For the next call."""
        return Memory(self._found, self._gaps)

    def result(self, clicked: Mapping[int, Key]) -> VolumeResult:
        """Segment from the first to the last of the clicked slices."""
        began = time.perf_counter()
        order = sorted(clicked)
        slices = self._clicked({index: clicked[index] for index in order})
        filled = self._filled(slices, clicked)
        slices |= self._between(filled)
        return VolumeResult(
            slices={index: slices[index] for index in sorted(slices)},
            shape=self._network.shape,
            spacing=self._network.spacing,
            calls=self._calls,
            reused=len(self._found) - self._calls,
            stopped=self._reporter.stopped,
            seconds=time.perf_counter() - began,
        )

    def _clicked(self, clicked: Mapping[int, Key]) -> dict[int, SliceResult]:
        slices = {}
        for done, (index, key) in enumerate(clicked.items()):
            mask, probability = self._ask(key, "clicked", done, len(clicked))
            if not mask.any():
                raise ValueError(
                    f"slice {index}: nothing reaches the threshold within the points (highest probability "
                    f"{probability.max():.2f}): check them, or lower the threshold"
                )
            slices[index] = _slice("clicked", key, mask, probability)
        return slices

    def _filled(self, slices: Mapping[int, SliceResult], clicked: Mapping[int, Key]) -> dict[int, Mask]:
        filled: dict[int, Mask] = {}
        for first, last in pairwise(slices):
            pair = clicked[first], clicked[last]
            known = self._before.gaps.get(pair)
            if known is None:
                pixel_size = self._network.spacing[1:]
                known = fill_gap(slices[first].mask, slices[last].mask, last - first, pixel_size)
                for mask in known:
                    mask.flags.writeable = False
            self._gaps[pair] = known
            filled |= dict(zip(range(first + 1, last), known, strict=True))
        return filled

    def _between(self, filled: Mapping[int, Mask]) -> dict[int, SliceResult]:
        return {
            index: self._derived(index, mask, done, len(filled))
            for done, (index, mask) in enumerate(filled.items())
        }

    def _derived(self, index: int, filled: Mask, done: int, total: int) -> SliceResult:
        as_filled = SliceResult(index=index, kind="filled", mask=filled)
        if self._options.fill_only or not large_enough(filled):
            return as_filled
        key = key_of(index, derived_points(filled), self._options.threshold)
        if self._reporter.stopped and key not in self._before.found:
            return as_filled
        mask, probability = self._ask(key, "between", done, total)
        agreement = dice(mask, filled)
        taken = mask.any() and agreement >= self._options.min_agreement
        return _slice(
            "derived" if taken else "filled", key, mask if taken else filled, probability, agreement
        )

    def _ask(self, key: Key, stage: str, done: int, total: int) -> tuple[Mask, NDArray[np.float32]]:
        """Mask and probability of a slice, from the network or from memory."""
        known = self._before.found.get(key)
        if known is None:
            self._reporter.report(stage, done, total)
            index, points, threshold = key
            found = self._network.predict(index, _points(points), threshold)
            known = found.mask, found.probability
            for array in known:
                array.flags.writeable = False
            self._calls += 1
        self._found[key] = known
        return known


def _slice(
    kind: str, key: Key, mask: Mask, probability: NDArray[np.float32], agreement: float | None = None
) -> SliceResult:
    index, points = key[0], _points(key[1])
    return SliceResult(
        index=index,
        kind=kind,
        mask=mask,
        probability=probability,
        points=points,
        entropy=mean_entropy(probability, points),
        agreement=agreement,
    )


def _points(key: bytes) -> NDArray[np.float64]:
    """(4, 2) points (x, y) of a key; read-only."""
    return np.frombuffer(key, np.float64).reshape(4, 2)
