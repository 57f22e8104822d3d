"""What a panel can do at once: labels, scribbles, undo, weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ScribbleRefineLib import Checks, Results
from ScribbleRefineLib.LabelTable import OBJECT, LabelRow, colorOf
from ScribbleRefineLib.SessionState import SessionState
from ScribbleRefineLib.Workspace import SKIP, Match, Workspace


class SessionSteps(SessionState):
    """The part of `Session` that is done when the method returns."""

    def matches(self) -> list[Match]:
        """The segments, and which class has the name of each."""
        return Checks.requireReady(self._space).matches()

    def startFromSegmentation(
        self, choices: dict[str, int | str] | None = None, unmatched: str = SKIP
    ) -> list[str]:
        """Begin with the segments that are there; returns notes.

        :param choices: segment -> class number, NEW (a label that the network does not have) or SKIP (left as
            it is); segments that are not in it go to the class of their name.
        :param unmatched: NEW or SKIP for segments without one.
        """
        return Checks.requireReady(self._space).adopt(choices or {}, unmatched)

    def addMissing(self, index: int) -> LabelRow:
        """Give a class that was not found an empty segment, so that it can be scribbled and looked at."""
        space = Checks.requireReady(self._space)
        if index == Results.BACKGROUND:
            raise ValueError("the background has no segment: choose a label")
        Results.addResultSegment(space.labels, index, space.segmentationNode)
        space.follow()
        return space.labels.row(index)

    def newOrgan(self, name: str, reuse: int | None = None) -> LabelRow:
        """Add a label that the network does not have.

        :param reuse: class whose output is used for it and whose row takes the name (its segment stays as it
            is, without a label); None: the network gets one more output.
        """
        return Checks.requireReady(self._space).addOrgan(name, reuse)

    def clearScribbles(self) -> None:
        """Remove all strokes; one undo step."""
        space = Checks.requireReady(self._space)
        before = space.snapshot({}, "present")
        space.scribbles.clear()
        space.history.record("Clear scribbles", before)
        space.markRound()

    def chooseTarget(self, segmentId: str) -> None:
        """Write the object to this segment from now on; "": to a new one."""
        space = Checks.requireReady(self._space)
        space.labels.mapTo(OBJECT, segmentId)
        space.follow()

    def nextObject(self) -> None:
        """After a round for one object: no strokes, the network's own weights, a new segment; one undo step."""
        space = Checks.requireReady(self._space)
        if self.isRunning:
            raise ValueError("a run is under way: stop or cancel it first")
        history = space.history
        if history.box is None:
            return
        before = space.snapshot({}, "present")
        space.scribbles.clear()
        history.record("Next object", before)
        history.weights = history.box = None
        space.labels.mapTo(OBJECT, "")
        segments = space.segmentationNode.GetSegmentation().GetNumberOfSegments()
        space.labels.row(OBJECT).color = colorOf(OBJECT + segments)
        space.follow()
        space.markRound()

    def stop(self) -> None:
        """End the run with the best so far; its result is written."""
        self._runs.stop()

    def cancel(self) -> None:
        """End the run without a result; nothing changes."""
        self._runs.cancel()

    def undo(self) -> None:
        """Go back to before the last step: mask, scribbles and weights."""
        self._step("undo", lambda space: space.history.undo())

    def redo(self) -> None:
        """Bring back what was undone."""
        self._step("redo", lambda space: space.history.redo())

    def resetWeights(self) -> None:
        """Go back to the weights the network came with; the mask stays; one undo step."""
        space = Checks.requireReady(self._space)
        if space.history.weights is not None:
            space.history.record("Reset weights", space.snapshot({}, "kept"))
            space.history.weights = None

    def saveWeights(self, path: str) -> None:
        """Write the adapted weights, with a card that names the labels, into a small file.

        :raises ValueError: none were adapted yet, or a path that is not right.
        :raises OSError: the file cannot be written.
        """
        weights = self._space.history.weights if self._space is not None else None
        if weights is None:
            raise ValueError("no weights were adapted yet: refine first")
        names = [row.name for row in self.labels.rows][: len(weights.classes)]
        replace(weights, classes=(*names, *weights.classes[len(names) :])).save(path)

    def _step(self, kind: str, step: Callable[[Workspace], None]) -> None:
        space = Checks.requireReady(self._space)
        if self.isRunning:
            raise ValueError("a run is under way: stop or cancel it first")
        self._review.showBefore(False)
        step(space)
        space.follow()
        space.markRound()
        self._runs.recorder.history(kind, space)
