"""What the panel for scribbles has to hold after any sequence of actions, worked out with arrays alone.

Written from the rules in docs/ScribbleRefine.md, not from the code. What the network says is given to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

STEPS = 20
Place = tuple[str, str]  # segmentation, segment
Masks = dict[Place, np.ndarray]


@dataclass(frozen=True)
class Row:
    """One label of the table; `segment` is "" while it has none."""

    index: int
    name: str
    is_new: bool
    locked: bool
    segment: str


Rows = tuple[Row, ...]


@dataclass(frozen=True)
class Step:
    """How things were before a step, as far as it changed them; None: not at all, or for a mask: not there."""

    masks: dict[Place, np.ndarray | None]
    strokes: dict[str, np.ndarray] | None
    weights: str
    rows: tuple[Rows, Rows]  # before and after the step


class Model:
    """Segments, strokes and adapted weights, and the steps of the workspace in use.

    Attributes:
        masks: of all result segmentations.
        strokes: (result segmentation, segment of its scribbles) -> voxels, where there are any.
        rows: of the label table; None: not known until the scene is looked at.
        marked: strokes (by segment) that belong to rounds that are done.
    """

    def __init__(self, masks: Masks) -> None:
        self.masks, self.strokes, self.rows = masks, {}, None
        self.start("")

    def start(self, segmentation: str) -> None:
        """Another workspace: no history."""
        self.segmentation, self.weights = segmentation, ""
        self.done: list[Step] = []
        self.undone: list[Step] = []
        self.mark()

    def own_strokes(self) -> dict[str, np.ndarray]:
        """Strokes of the workspace, by segment."""
        return {name: mask for (node, name), mask in self.strokes.items() if node == self.segmentation}

    def set_strokes(self, strokes: dict[str, np.ndarray]) -> None:
        others = {place: mask for place, mask in self.strokes.items() if place[0] != self.segmentation}
        own = {(self.segmentation, name): mask for name, mask in strokes.items() if mask.any()}
        self.strokes = others | own

    def mark(self) -> None:
        """What is painted by now belongs to what was done."""
        self.marked = self.own_strokes()
        self.marks = getattr(self, "marks", 0) + 1

    @property
    def foreign(self) -> set[Place]:
        """Segments that are no label of the table."""
        return set(self.masks) - {(self.segmentation, row.segment) for row in self.rows or ()}

    def base(self, shape: tuple[int, ...]) -> np.ndarray:
        """Class numbers; where segments overlap the later row counts."""
        labels = np.zeros(shape, np.int16)
        for row in self.rows[1:]:
            if row.segment:
                labels[self.masks[self.segmentation, row.segment]] = row.index
        return labels

    def scribbles(self, shape: tuple[int, ...], since: dict[str, np.ndarray] | None = None) -> np.ndarray:
        """Class numbers, -1 none; where strokes cross the later row counts.

        :param since: strokes; what was painted by then is left out.
        """
        array = _painted(self.rows, self.own_strokes(), shape)
        if since is not None:
            array[array == _painted(self.rows, since, shape)] = -1
        return array

    def written(
        self, new: np.ndarray, base: np.ndarray
    ) -> tuple[dict[str, np.ndarray], dict[int, np.ndarray]]:
        """Segments after a run that came from `base` to `new`: masks by segment, and those of rows without one."""
        locked = [row.index for row in self.rows if row.locked]
        changed = (new != base) & ~np.isin(new, locked) & ~np.isin(base, locked)
        masks, added = {}, {}
        for row in self.rows[1:]:
            wanted = new == row.index
            if row.segment and not row.locked:
                old = self.masks[self.segmentation, row.segment]
                masks[row.segment] = np.where(changed, wanted, old)
            elif not row.locked and (changed & wanted).any():
                added[row.index] = changed & wanted
        return masks, added

    def record(self, masks: Masks, strokes: dict[str, np.ndarray] | None, weights: str, rows: Rows) -> None:
        """A step that makes these masks, weights and rows of the present ones.

        :param strokes: those from before the step; None if it leaves them alone.
        """
        before = {
            place: self.masks.get(place) for place in masks if not _same(self.masks.get(place), masks[place])
        }
        self.done.append(Step(before, strokes, self.weights, (self.rows, rows)))
        del self.done[:-STEPS]
        self.undone.clear()
        self.masks |= masks
        self.weights, self.rows = weights, rows

    def travel(self, back: bool) -> None:
        """Undo or redo."""
        source, target = (self.done, self.undone) if back else (self.undone, self.done)
        step = source.pop()
        strokes = None if step.strokes is None else self.own_strokes()
        present = {place: self.masks.get(place) for place in step.masks}
        unmoved = mapping(step.rows[1]) == mapping(self.rows)
        rows = with_mapping(self.rows, mapping(step.rows[0])) if unmoved else None
        target.append(Step(present, strokes, self.weights, (self.rows, rows)))
        for place, mask in step.masks.items():
            self.masks.pop(place, None)
            if mask is not None:
                self.masks[place] = mask
        if step.strokes is not None:
            self.set_strokes(step.strokes)
        self.weights, self.rows = step.weights, rows
        self.mark()

    def know_rows(self, rows: Rows) -> None:
        """The table as it was found; a step that was just travelled learns what came of it."""
        self.rows = rows
        for steps in (self.done, self.undone):
            if steps and steps[-1].rows[1] is None:
                steps[-1] = replace(steps[-1], rows=(steps[-1].rows[0], rows))


def mapping(rows: Rows | None) -> dict[int, str] | None:
    """Class number -> segment."""
    return None if rows is None else {row.index: row.segment for row in rows if row.segment}


def with_mapping(rows: Rows, segments: dict[int, str]) -> Rows:
    """The rows, mapped to other segments."""
    return tuple(replace(row, segment=segments.get(row.index, "")) for row in rows)


def by_name(pairs: Iterable[tuple[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Masks of the same name as one; empty ones are left out."""
    found: dict[str, np.ndarray] = {}
    for name, mask in pairs:
        if mask.any():
            found[name] = found[name] | mask if name in found else mask
    return found


def same_masks(one: dict, other: dict) -> list:
    """Where two dictionaries of masks differ."""
    return sorted(str(key) for key in {*one, *other} if not _same(one.get(key), other.get(key)))


def _same(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    return one is other if one is None or other is None else np.array_equal(one, other)


def _painted(rows: Rows, strokes: dict[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    array = np.full(shape, -1, np.int16)
    for row in rows:
        if f"Scribble_{row.index}" in strokes:
            array[strokes[f"Scribble_{row.index}"]] = row.index
    return array
