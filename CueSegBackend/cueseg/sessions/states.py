"""What the segments were after every action, and what an action makes of them. Needs no torch."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.sessions.digests import mask_sha256
from cueseg.sessions.planes import StackView
from cueseg.sessions.run_length import decode_runs

__all__ = ["Masks", "States", "labels_of", "with_labels", "with_runs", "with_stack"]

Masks = dict[str, NDArray[np.bool_]]
"""Number of a segment -> (slices, rows, cols)."""


class States:
    """Masks after every action, kept small; number 0 is before the first, when all are empty.

    Args:
        shape: (slices, rows, cols) of the volume.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self._kept: list[dict[str, NDArray[np.uint8]]] = [{}]
        self._open: dict[int, Masks] = {0: {}}  # the last states as they are looked at most
        self._digests: list[dict[str, str]] = [{}]
        self._empty = mask_sha256(np.zeros(shape, bool))

    @property
    def last(self) -> int:
        """Number of the last state."""
        return len(self._kept) - 1

    def empty(self) -> NDArray[np.bool_]:
        """A mask without a voxel."""
        return np.zeros(self.shape, bool)

    def masks(self, number: int) -> Masks:
        """All masks of a state; read-only.

        Raises:
            ValueError: There is no such state.
        """
        if not 0 <= number <= self.last:
            raise ValueError(f"there is no state {number!r}, only 0 to {self.last}: the record was damaged")
        if number not in self._open:
            size = int(np.prod(self.shape))
            found = {key: np.unpackbits(bits, count=size) for key, bits in self._kept[number].items()}
            return {key: bits.reshape(self.shape).view(bool) for key, bits in found.items()}
        return dict(self._open[number])

    def add(self, masks: Masks, begin: int) -> dict[str, str]:
        """Keep a state that differs from the state `begin` in these masks; returns their SHA-256."""
        kept, digests, opened = dict(self._kept[begin]), dict(self._digests[begin]), self.masks(begin)
        for key, mask in masks.items():
            kept[key], digests[key], opened[key] = np.packbits(mask), mask_sha256(mask), mask.copy()
            opened[key].flags.writeable = False
        self._open = {self.last: self.masks(self.last), self.last + 1: opened}
        self._kept.append(kept)
        self._digests.append(digests)
        return {key: digests[key] for key in masks}

    def digest(self, number: int, key: str) -> str:
        """SHA-256 of a mask in a state; a segment that came later is empty."""
        return self._digests[number].get(key, self._empty)

    def find(self, digests: Mapping[str, str]) -> int | None:
        """Number of the newest state but the last in which all segments have these SHA-256; None if there is none."""
        keys = {key for state in self._digests for key in state} | set(digests)
        wanted = {key: digests.get(key, self.digest(self.last, key)) for key in keys}
        for number in reversed(range(self.last)):
            if all(self.digest(number, key) == value for key, value in wanted.items()):
                return number
        return None


def with_stack(
    masks: Masks,
    action: Mapping[str, Any],
    view: StackView,
    made: Mapping[int, NDArray[np.bool_]],
    shape: tuple[int, int, int],
) -> Masks:
    """What a segment and those it overwrites become when slices are written.

    Args:
        masks: Of all segments; not changed.
        action: With the fields segment, keep and overwritten.
        view: In which the slices are numbered.
        made: Number of a slice -> (rows, cols).
        shape: (slices, rows, cols) of the volume.
    """
    target = masks.get(action["segment"], np.zeros(shape, bool)).copy()
    changed = {action["segment"]: target}
    for key in action["overwritten"]:
        changed[key] = masks.get(key, np.zeros(shape, bool)).copy()
    for index, mask in made.items():
        seen = view.of(target)[index]
        seen[...] = (seen | mask) if action["keep"] else mask
        for key in action["overwritten"]:
            view.of(changed[key])[index][mask] = False
    return changed


def with_labels(
    masks: Masks, classes: Mapping[str, str], locked: Iterable[int], labels: NDArray[np.integer]
) -> Masks:
    """What the segments become when labels replace those that they stand for.

    Args:
        masks: Of all segments; not changed.
        classes: Class number as text -> number of its segment.
        locked: Class numbers that stay as they are.
        labels: (slices, rows, cols) class numbers.
    """
    base, fixed = labels_of(masks, classes, labels.shape), list(locked)
    changed = labels != base
    if fixed:
        changed &= ~np.isin(labels, fixed) & ~np.isin(base, fixed)
    found: Masks = {}
    for number, key in classes.items():
        if int(number) not in fixed:
            mask = masks.get(key, np.zeros(labels.shape, bool)).copy()
            mask[changed] = labels[changed] == int(number)
            found[key] = mask
    return found


def labels_of(masks: Masks, classes: Mapping[str, str], shape: tuple[int, ...]) -> NDArray[np.int16]:
    """(slices, rows, cols) class numbers, 0 where no segment is; where segments overlap, the higher class."""
    labels = np.zeros(shape, np.int16)
    for number in sorted(map(int, classes)):
        mask = masks.get(classes[str(number)])
        if mask is not None:
            labels[mask] = number
    return labels


def with_runs(masks: Masks, runs: Mapping[str, list[int]], shape: tuple[int, int, int]) -> Masks:
    """The masks with voxels turned over that runs name, which is what other tools made of them."""
    found = dict(masks)
    for key, lengths in runs.items():
        found[key] = found.get(key, np.zeros(shape, bool)) ^ decode_runs(lengths, shape)
    return found
