"""Undo and redo of mask, scribbles and weights as one step."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import slicer

from CueSegMRML import SegmentStates
from CueSegMRML.SegmentStates import SegmentState
from CueSegMRML.StepHistory import StepHistory
from ScribbleRefineLib.LabelTable import OBJECT, LabelTable
from ScribbleRefineLib.ScribbleNodes import ScribbleNodes


@dataclass(frozen=True)
class BoxRound:
    """The object that the last round was about.

    :param key: equal for equal boxes in equal images.
    :param segmentId: segment that it was written to; "" if nothing was.
    """

    key: Hashable
    segmentId: str


@dataclass(frozen=True)
class Snapshot:
    """How things were at one time, as far as a step changed them.

    :param segments: segments of the result; None for one that was not there.
    :param mapping: class number to segment of the result.
    :param scribbles: all scribbles; None when the step leaves them alone.
    :param box: what `History.box` was.
    """

    segments: dict[str, SegmentState | None]
    mapping: dict[int, str]
    scribbles: dict[str, SegmentState | None] | None
    weights: Any = None
    box: BoxRound | None = None

    @property
    def size(self) -> int:
        """Bytes in memory, about, without the weights."""
        states = [*self.segments.values(), *(self.scribbles or {}).values()]
        return sum(state.size for state in states if state is not None)


@dataclass(frozen=True)
class Mark:
    """The scribbles at one time.

    :param number: equal as long as no round was marked in between.
    :param painted: as an array, None while there is no label table.
    """

    number: int
    stamp: tuple
    states: dict[str, SegmentState | None]
    painted: Any


@dataclass
class Step:
    """One thing the user did; `before` brings back what was, `after` what came of it (known once undone)."""

    text: str
    before: Snapshot
    after: Snapshot | None = field(default=None)
    mapped: dict[int, str] = field(default_factory=dict)  # what redo mapped that was not mapped before it

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return self.before.size


class History(StepHistory):
    """The steps of one result segmentation."""

    def __init__(
        self,
        segmentationNode: slicer.vtkMRMLSegmentationNode,
        labels: LabelTable,
        scribbles: ScribbleNodes,
    ) -> None:
        super().__init__()
        self._node, self._labels, self._scribbles = segmentationNode, labels, scribbles
        self.weights: Any = None  # of the network as it is now adapted; None: as it came
        self.box: BoxRound | None = None  # that they were adapted to; None: to no single object

    def record(self, text: str, before: Snapshot) -> None:
        """Keep a step that was just done; what had been undone can no longer be redone."""
        self._keep(Step(text, before))

    def lastSegments(self) -> dict[str, SegmentState | None]:
        """States of the segments before the last step that changed any; empty when there is none."""
        return next((step.before.segments for step in reversed(self._done) if step.before.segments), {})

    def _takeBack(self, step: Step) -> None:
        step.after = self._present(step.before)
        for index, segmentId in self._labels.mapping().items():
            if step.mapped.get(index) == segmentId:
                self._labels.mapTo(index, "")
        self._restore(step.before)

    def _bringBack(self, step: Step) -> None:
        step.before = self._present(step.after)  # with what was painted since it was taken back
        self._restore(step.after)
        mapped = self._labels.mapping().items() - step.before.mapping.items()
        step.after, step.mapped = None, dict(mapped)

    def _present(self, like: Snapshot) -> Snapshot:
        return Snapshot(
            {segmentId: SegmentStates.stateOf(self._node, segmentId) for segmentId in like.segments},
            self._labels.mapping(),
            None if like.scribbles is None else self._scribbles.states(),
            self.weights,
            self.box,
        )

    def _restore(self, snapshot: Snapshot) -> None:
        for segmentId, state in snapshot.segments.items():
            SegmentStates.restore(self._node, segmentId, state)
        self._labels.mapAgain(
            {
                index: segmentId
                for index, segmentId in snapshot.mapping.items()
                if snapshot.segments.get(segmentId) is not None
            }
        )
        self._labels.follow(self._node)
        if snapshot.scribbles is not None:
            self._scribbles.restore(snapshot.scribbles)
        self.weights, self.box = snapshot.weights, snapshot.box
        if self.box is not None and self._node.GetSegmentation().GetSegment(self.box.segmentId) is not None:
            self._labels.mapTo(OBJECT, self.box.segmentId)
