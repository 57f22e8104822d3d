"""The labels of one refinement: what the network calls them, where they are written and scribbled."""

from __future__ import annotations

import colorsys
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import numpy as np
import slicer

BACKGROUND, OBJECT = 0, 1  # the object: of networks that know one and the background
_BACKGROUND_COLOR = (0.55, 0.6, 0.65)
_GOLDEN_RATIO = 0.618034  # steps of the hue: neighbours in the table look different


class RowState(Enum):
    """How a label stands with the network and the result."""

    BACKGROUND = auto()
    MAPPED = auto()
    MISSING = auto()
    NEW = auto()


@dataclass
class LabelRow:
    """One label.

    :param index: its class number; those the network does not have come after those it has.
    :param resultSegmentId: segment that it is written to; "" while there is none.
    """

    index: int
    name: str
    color: tuple[float, float, float]
    isNew: bool = False
    locked: bool = False
    resultSegmentId: str = ""
    scribbleSegmentId: str = ""

    @property
    def state(self) -> RowState:
        """MISSING: the network knows the class, but the result has no segment for it."""
        if self.index == BACKGROUND:
            return RowState.BACKGROUND
        if self.isNew:
            return RowState.NEW
        return RowState.MAPPED if self.resultSegmentId else RowState.MISSING


class LabelTable:
    """Rows in the order of their class numbers; row 0 is the background."""

    def __init__(self, classes: Sequence[str] = ()) -> None:
        """Make one row per class of the network; the first one is the background."""
        self.version = 0
        self.onChange: Callable[[], None] | None = None  # one listener
        self.classCount = len(classes)
        self.rows = [LabelRow(n, name, colorOf(n)) for n, name in enumerate(classes)]

    def row(self, index: int) -> LabelRow:
        """The row of a class number.

        :raises ValueError: there is none.
        """
        if not 0 <= index < len(self.rows):
            raise ValueError(f"there is no label {index}: the table has {len(self.rows)} rows")
        return self.rows[index]

    def foreground(self) -> list[LabelRow]:
        """All rows but the background."""
        return self.rows[1:]

    def rowOfScribbleSegment(self, segmentId: str) -> LabelRow | None:
        """The row that is scribbled into this segment."""
        return next((row for row in self.rows if segmentId and row.scribbleSegmentId == segmentId), None)

    def rowNamed(self, name: str) -> LabelRow | None:
        """The row with this name, whatever its case."""
        wanted = name.strip().casefold()
        return next((row for row in self.rows if row.name.strip().casefold() == wanted), None)

    def canHold(self, name: str) -> bool:
        """Whether this is the name of a label that is not the background, or may become one."""
        return bool(name.strip()) and self.rowNamed(name) is not self.rows[BACKGROUND]

    def lockedIndices(self) -> tuple[int, ...]:
        """Class numbers whose voxels neither appear nor vanish."""
        return tuple(row.index for row in self.rows if row.locked)

    def lockedAmong(self, *arrays: Any) -> tuple[int, ...]:
        """As `lockedIndices`, without new labels that are in none of these arrays (or Nones): no run knows them."""
        found = (array for array in arrays if array is not None)
        there = set(range(self.classCount)).union(*(np.unique(array).tolist() for array in found))
        return tuple(index for index in self.lockedIndices() if index in there)

    def setLocked(self, index: int, locked: bool) -> None:
        """Lock or unlock a label.

        :raises ValueError: the background, which gives and takes the voxels of all others.
        """
        if index == BACKGROUND:
            raise ValueError("the background cannot be locked: lock the labels that are to stay as they are")
        self.row(index).locked = bool(locked)
        self.touch()

    def rename(self, index: int, name: str) -> None:
        """Give a label another name; its segments keep theirs.

        :raises ValueError: an empty name, or that of another label.
        """
        name, row = name.strip(), self.row(index)
        if not name or self.rowNamed(name) not in (None, row):
            raise ValueError(f"the name {name!r} is empty or taken: choose another one")
        row.name = name
        self.touch()

    def append(self, name: str) -> LabelRow:
        """Add a label that the network does not have.

        :raises ValueError: an empty name, or that of another label.
        """
        name = name.strip()
        if not name or self.rowNamed(name) is not None:
            raise ValueError(f"the name {name!r} is empty or taken: choose another one")
        index = len(self.rows)
        self.rows.append(LabelRow(index, name, colorOf(index), isNew=True))
        self.touch()
        return self.rows[-1]

    def follow(self, segmentationNode: slicer.vtkMRMLSegmentationNode) -> None:
        """Take over colours of the result's segments, and forget segments that were removed."""
        segmentation = segmentationNode.GetSegmentation()
        for row in self.foreground():
            segment = segmentation.GetSegment(row.resultSegmentId) if row.resultSegmentId else None
            if row.resultSegmentId and segment is None:
                row.resultSegmentId = ""
                self.touch()
            elif segment is not None and tuple(segment.GetColor()) != row.color:
                row.color = tuple(segment.GetColor())
                self.touch()

    def mapping(self) -> dict[int, str]:
        """Class number to segment of the result, for rows that have one."""
        return {row.index: row.resultSegmentId for row in self.rows if row.resultSegmentId}

    def mapAgain(self, mapping: dict[int, str]) -> None:
        """Map labels to segments that were made again; a label or segment that has another one by now keeps it."""
        taken = set(self.mapping().values())
        for row in self.foreground():
            if not row.resultSegmentId and mapping.get(row.index) not in taken:
                row.resultSegmentId = mapping.get(row.index, "")
        self.touch()

    def mapTo(self, index: int, segmentId: str) -> None:
        """Map one label to a segment ("": to none), which is no other label's then."""
        for row in self.foreground():
            if row.index == index or (segmentId and row.resultSegmentId == segmentId):
                row.resultSegmentId = segmentId if row.index == index else ""
        self.touch()

    def setMapping(self, mapping: dict[int, str]) -> None:
        """Map labels to these segments, all others to none."""
        for row in self.foreground():
            row.resultSegmentId = mapping.get(row.index, "")
        self.touch()

    def toJson(self) -> str:
        """Names, mapping and locks as text, kept with the scribbles in the scene."""
        keys = ("name", "isNew", "locked", "resultSegmentId")
        return json.dumps([{key: getattr(row, key) for key in keys} for row in self.rows])

    def restore(self, text: str) -> bool:
        """Take over what `toJson` wrote, if it was written for the same number of classes; says whether."""
        try:
            kept = json.loads(text)
            classes = [entry for entry in kept if not entry["isNew"]]
            if len(classes) != self.classCount:
                return False
            for row, entry in zip(self.rows, classes, strict=True):
                row.name = str(entry["name"])  # first, as a new label may have the name that it had
            for entry in kept[self.classCount :]:
                self.append(entry["name"])
            for row, entry in zip(self.rows, kept, strict=True):
                row.locked = bool(entry["locked"])
                row.resultSegmentId = str(entry["resultSegmentId"])
        except (ValueError, KeyError, TypeError):
            return False
        self.touch()
        return True

    def touch(self) -> None:
        """Say that something changed."""
        self.version += 1
        if self.onChange is not None:
            self.onChange()


def colorOf(index: int) -> tuple[float, float, float]:
    """The first colour of a label; the user may choose another one for its segment."""
    if index == BACKGROUND:
        return _BACKGROUND_COLOR
    return colorsys.hsv_to_rgb((0.05 + index * _GOLDEN_RATIO) % 1, 0.65, 0.95)
