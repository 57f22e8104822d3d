"""Images that stay on disk until they are needed, for data that do not fit into the memory."""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np

from cueseg.datasets.entries import Entry
from cueseg.training.cases import Case, read_case, read_entries
from cueseg.training.loop_options import LoopOptions

__all__ = ["CaseStore", "Chosen", "stored_cases"]

_Case = TypeVar("_Case")


class CaseStore(Sequence[_Case]):
    """A list of images of which at most `budget` bytes stay in memory, those used last.

    Args:
        readers: One per image; called again after the image was dropped, it must give the same.
        budget: Bytes; with 0 every use reads the image anew.
    """

    def __init__(self, readers: Sequence[Callable[[], _Case]], budget: float) -> None:
        self._readers, self.budget = list(readers), budget
        self._held: OrderedDict[int, _Case] = OrderedDict()
        self._bytes: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._readers)

    @overload
    def __getitem__(self, index: int) -> _Case: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[_Case]: ...
    def __getitem__(self, index: int | slice) -> Any:
        """An image, from memory or from disk."""
        if isinstance(index, slice):
            return Chosen(self, range(len(self))[index])
        number = range(len(self))[index]
        if number in self._held:
            self._held.move_to_end(number)
            return self._held[number]
        case = self._readers[number]()
        self._bytes[number] = _bytes_of(case)
        self._held[number] = case
        while self._held and self.held_bytes > self.budget:
            self._held.popitem(last=False)
        return case

    @property
    def held_bytes(self) -> int:
        """Bytes of the images in memory."""
        return sum(self._bytes[number] for number in self._held)


class Chosen(Sequence[_Case]):
    """Some of a sequence, by number, without touching the others."""

    def __init__(self, cases: Sequence[_Case], numbers: Sequence[int]) -> None:
        self._cases, self._numbers = cases, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: Any) -> Any:
        """The image at a place among the chosen."""
        if isinstance(index, slice):
            return Chosen(self._cases, self._numbers[index])
        return self._cases[self._numbers[index]]

    def __iter__(self) -> Iterator[_Case]:
        return (self._cases[number] for number in self._numbers)


def stored_cases(
    manifest: str | Path,
    split: str,
    options: LoopOptions,
    convert: Callable[[Case], Any] | None = None,
    classes: set[str] | None = None,
    groups: set[str] | None = None,
) -> Sequence[Any]:
    """The images of a split, all in memory, or read when needed where the recipe sets `memory_gib`.

    Args:
        manifest: Path of it.
        split: "train" or "val".
        options: The recipe. Every worker holds images of its own, so they share the memory.
        convert: What is made of a case as it is read; None: the case itself.
        classes: Only images that have one of these; None: all.
        groups: Only images of these data sets; None: all.

    Raises:
        ValueError: Not a manifest, or nothing of that split in it.
    """
    entries = [
        entry
        for entry in read_entries(manifest, split, groups)
        if classes is None or classes & set(entry["classes"])
    ]
    readers = [partial(_read, Path(manifest).parent, entry, convert) for entry in entries]
    if options.memory_gib < 0:
        return [read() for read in readers]
    return CaseStore(readers, options.memory_gib * 2**30 / max(1, options.workers))


def _read(folder: Path, entry: Entry, convert: Callable[[Case], Any] | None) -> Any:
    case = read_case(folder, entry)
    return case if convert is None else convert(case)


def _bytes_of(case: Any) -> int:
    """Of the arrays in a dataclass, and of those in its tuples."""
    parts = [
        part for value in vars(case).values() for part in (value if isinstance(value, tuple) else (value,))
    ]
    return sum(part.nbytes if isinstance(part, np.ndarray) else sys.getsizeof(part) for part in parts)
