"""The one history of the panel: segments and points, taken back together.

What others did to a segment between two steps is no step of this history. It stays when a step is taken back: only
voxels that the step changed become what they were.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import slicer

from CueSegMRML import SegmentMasks, SegmentStates
from CueSegMRML.SegmentStates import SegmentState
from CueSegMRML.StepHistory import StepHistory

POINTS = "points"  # what is undone when the points changed since the last step


class Part(Protocol):
    """Something beside segments that steps take back; equal states are the same state."""

    def state(self) -> Any:
        """How it is now."""

    def restore(self, state: Any) -> None:
        """Make it so again."""


@dataclass(frozen=True)
class Step:
    """One thing the user did.

    :param before: states of the parts.
    :param segments: segment -> its states before and after.
    :param segmentId: the one that was meant; others may have lost voxels to it.
    :param key: a step of the same key that follows at once takes its place; None: none does.
    """

    text: str
    before: tuple[Any, ...]
    after: tuple[Any, ...]
    volumeNode: slicer.vtkMRMLVolumeNode | None = None
    segmentationNode: slicer.vtkMRMLSegmentationNode | None = None
    segmentId: str = ""
    segments: dict[str, tuple[SegmentState | None, SegmentState | None]] = field(default_factory=dict)
    key: Hashable = None

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return sum(state.size for states in self.segments.values() for state in states if state is not None)

    @property
    def isAlive(self) -> bool:
        """Whether any of the segments is there still."""
        if not self.segments:
            return True
        if self.segmentationNode.GetScene() is None:
            return False
        segmentation = self.segmentationNode.GetSegmentation()
        return any(segmentation.GetSegment(n) is not None or None in s for n, s in self.segments.items())


class History(StepHistory):
    """Steps, and what changed since the last of them."""

    def __init__(self, *parts: Part) -> None:
        """Begin with the parts as they are; the first of them are the points that slices come from."""
        super().__init__()
        self._parts = parts
        self._open: tuple[slicer.vtkMRMLSegmentationNode, dict[str, SegmentState | None]] | None = None
        self.clear()

    def clear(self) -> None:
        """Begin again with the parts as they are."""
        self._done.clear()
        self._undone.clear()
        self._start = self._expected = self._present()

    @property
    def undoText(self) -> str:
        """What `undo` would take back; "" when there is nothing."""
        step = next((step for step in reversed(self._done) if step.isAlive), None)
        start = step.after if step is not None else self._start
        return POINTS if self._present() != start else step.text if step is not None else ""

    @property
    def redoText(self) -> str:
        """What `redo` would bring back; "" when there is nothing, or when points were changed since."""
        if self._present() != self._expected:
            return ""
        return next((step.text for step in reversed(self._undone) if step.isAlive), "")

    @contextmanager
    def step(
        self,
        text: str,
        segmentationNode: slicer.vtkMRMLSegmentationNode | None = None,
        segmentIds: Sequence[str] = (),
        volumeNode: slicer.vtkMRMLVolumeNode | None = None,
        *,
        key: Hashable = None,
        points: Any = None,
    ) -> Iterator[None]:
        """What is done in the block becomes one step, if it changes anything.

        An exception takes back what the block did to segments. Segments that are reached through `remember` belong to
        the step like those that are named.

        :param segmentIds: what the block may change; the first is what is chosen when the step is undone.
        :param key: if the last step has the same one, and nobody changed its segments since, it is taken back first
            and this one takes its place, with what was before it.
        :param points: state of the points that the step comes from: changes of points since the last step are part of
            it. None: the points, whatever they are, are no part of it.
        """
        if self._open is not None:
            raise RuntimeError(f"the step '{text}' begins within another one: end that first")
        before = self._present() if points is None else self._boundary()
        replaced = self._takeReplaced(key)
        before = replaced.before if replaced is not None else before
        self._open = segmentationNode, {}
        self.remember(segmentationNode, segmentIds)
        try:
            yield
        except BaseException:
            self._rollBack(replaced)
            raise
        finally:
            _, states = self._open
            self._open = None
        segments = {
            name: (was, SegmentStates.stateOf(segmentationNode, name)) for name, was in states.items()
        }
        segments = {name: pair for name, pair in segments.items() if pair[0] != pair[1]}
        present = self._present()
        after = present if points is None else (points, *present[1:])
        if segments or before != after:
            name = segmentIds[0] if segmentIds else ""
            self._keep(Step(text, before, after, volumeNode, segmentationNode, name, segments, key))
            self._expected = present

    def remember(self, segmentationNode: slicer.vtkMRMLSegmentationNode, segmentIds: Sequence[str]) -> None:
        """Take segments, as they are now, into the step that is under way, if there is one."""
        node, states = self._open or (None, {})
        for segmentId in segmentIds:
            if node is segmentationNode and segmentId not in states:
                states[segmentId] = SegmentStates.stateOf(segmentationNode, segmentId)

    def undo(self) -> Step:
        """Go back to before the last step, or to the points that it left if they were changed since.

        :raises ValueError: there is nothing to undo, or the segments are not stored as voxels any more.
        """
        self._drop(self._done)
        present, boundary = self._present(), self._boundary()
        if present != self._expected:
            self._undone.clear()
        if present == boundary:
            return super().undo()
        step = Step(POINTS, boundary, present)
        self._takeBack(step)
        self._undone.append(step)
        return step

    def redo(self) -> Step:
        """Bring the step that was undone last back.

        :raises ValueError: there is none, the points were changed since, or see `undo`.
        """
        self._drop(self._undone)
        if self._present() != self._expected:
            self._undone.clear()
        step = super().redo()
        if not step.segments and step.text == POINTS:
            self._done.pop()  # points that made no slice are no step, but a change since the last one
        return step

    def _boundary(self) -> tuple[Any, ...]:
        """The parts as the last step left them."""
        return self._done[-1].after if self._done else self._start

    def _present(self) -> tuple[Any, ...]:
        return tuple(part.state() for part in self._parts)

    def _takeBack(self, step: Step) -> None:
        self._carry(step, {name: (after, before) for name, (before, after) in step.segments.items()})
        self._restore(step.before)

    def _bringBack(self, step: Step) -> None:
        self._carry(step, step.segments)
        self._restore(step.after)

    def _carry(
        self, step: Step, segments: dict[str, tuple[SegmentState | None, SegmentState | None]]
    ) -> None:
        if segments:
            SegmentMasks.checkSource(step.segmentationNode)
        for name, (source, target) in segments.items():
            SegmentStates.carry(step.segmentationNode, name, source, target)

    def _restore(self, states: tuple[Any, ...]) -> None:
        for part, state in zip(self._parts, states, strict=True):
            part.restore(state)
        self._expected = self._present()

    def _takeReplaced(self, key: Hashable) -> Step | None:
        """Take the segments of the last step back if this one is to take its place."""
        last = self._done[-1] if self._done and key is not None else None
        if last is None or last.key != key or not last.isAlive:
            return None
        node = last.segmentationNode
        present = {name: SegmentStates.stateOf(node, name) for name in last.segments}
        if any(not _isSame(present[name], after) for name, (_, after) in last.segments.items()):
            return None
        for name, (before, _) in last.segments.items():
            SegmentStates.restore(node, name, before)
        return self._done.pop()

    def _rollBack(self, replaced: Step | None) -> None:
        node, states = self._open
        for name, state in states.items():
            SegmentStates.restore(node, name, state)
        if replaced is not None:
            for name, (_, after) in replaced.segments.items():
                SegmentStates.restore(node, name, after)
            self._done.append(replaced)

    def _drop(self, steps: list[Step]) -> None:
        """Forget the last steps whose segments are gone."""
        while steps and not steps[-1].isAlive:
            steps.pop()

    def _dropOldest(self) -> None:
        self._start = self._done[0].after
        super()._dropOldest()


def _isSame(a: SegmentState | None, b: SegmentState | None) -> bool:
    return a is b if a is None or b is None else a.holdsSame(b)
