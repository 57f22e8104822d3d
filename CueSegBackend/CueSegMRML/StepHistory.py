"""Steps that were done and steps that were undone, in order; what a step is, its owner knows."""

from __future__ import annotations

from typing import Any, Protocol

STEPS = 20
_BYTES = 256 * 2**20  # of compressed voxels; beyond it the oldest steps go, but never the last ten
_ALWAYS_KEPT = 10


class Step(Protocol):
    """`text` says what was done."""

    text: str

    @property
    def size(self) -> int:
        """Bytes in memory, about."""


class StepHistory:
    """Base of the panels' histories, which say how a step is taken back and brought back."""

    def __init__(self) -> None:
        self._done: list[Any] = []
        self._undone: list[Any] = []

    @property
    def undoText(self) -> str:
        """What `undo` would take back; "" when there is nothing."""
        return self._done[-1].text if self._done else ""

    @property
    def redoText(self) -> str:
        """What `redo` would bring back; "" when there is nothing."""
        return self._undone[-1].text if self._undone else ""

    def undo(self) -> Step:
        """Go back to before the last step, which is returned.

        :raises ValueError: there is none.
        """
        if not self._done:
            raise ValueError("there is nothing to undo")
        self._takeBack(self._done[-1])
        self._undone.append(self._done.pop())
        return self._undone[-1]

    def redo(self) -> Step:
        """Bring the step that was undone last back, which is returned.

        :raises ValueError: there is none.
        """
        if not self._undone:
            raise ValueError("there is nothing to redo")
        self._bringBack(self._undone[-1])
        self._done.append(self._undone.pop())
        return self._done[-1]

    def _keep(self, step: Step) -> None:
        """Keep a step that was just done; what had been undone can no longer be redone."""
        self._done.append(step)
        self._undone.clear()
        while len(self._done) > STEPS or (len(self._done) > _ALWAYS_KEPT and self._size() > _BYTES):
            self._dropOldest()

    def _dropOldest(self) -> None:
        del self._done[0]

    def _size(self) -> int:
        return sum(step.size for step in self._done)

    def _takeBack(self, step: Any) -> None:
        raise NotImplementedError

    def _bringBack(self, step: Any) -> None:
        raise NotImplementedError
