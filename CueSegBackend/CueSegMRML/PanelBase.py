"""What the panels have in common below their buttons: packages, a worker, the scene."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import slicer

from CueSegMRML import Requirements
from CueSegMRML.BackgroundTask import TaskQueue

NOTHING, GPU, CPU, WARNING = "○", "●", "◐", "▲"  # before the words of the device row


class PanelBase:
    """One panel on one scene.

    Its `session` has `deviceNote`, what the network computes on once it is known, and `freeMemory()`.
    """

    session: Any
    deviceUnknown: str  # what to say before that

    def __init__(self, scene: slicer.vtkMRMLScene, requester: str) -> None:
        """Look for packages; import none of them.

        :param requester: name of the module, shown in the question before an installation.
        """
        self.queue = TaskQueue(requester)
        self.memoryHolders: list[Callable[[], None]] = []  # what else drops what it keeps, when asked
        self._scene, self._requester = scene, requester
        self.checkPackages()

    @property
    def missingText(self) -> str:
        """What to install and where; empty when all is there."""
        return Requirements.describeMissing(self._missing)

    @property
    def deviceText(self) -> str:
        """What the network computes on, and why; a sign before the words, never alone."""
        if self._missing:
            return f"{NOTHING} PyTorch is not installed"
        note = self.session.deviceNote
        return f"{_sign(note)} {note or self.deviceUnknown}"

    def checkPackages(self) -> None:
        """Look again for the packages."""
        self._missing = Requirements.missingRequirements()

    def install(self) -> None:
        """Install what is missing, after asking; see `Requirements.install` for the errors."""
        try:
            Requirements.install(self._requester)
        finally:
            self.checkPackages()

    def freeMemory(self) -> None:
        """Drop networks and what they computed; they are loaded again when needed.

        :raises ValueError: a computation is under way.
        """
        if self.queue.busy:
            raise ValueError("a computation is under way: wait for it or cancel it, then free the memory")
        for drop in (self.session.freeMemory, *self.memoryHolders):
            drop()
        if "torch" in sys.modules:
            from cueseg.device import free_cached_memory

            free_cached_memory()

    def _nodes(self, kind: str) -> list[Any]:
        return slicer.util.getNodesByClass(kind, self._scene)

    def _shownVolume(self) -> slicer.vtkMRMLScalarVolumeNode | None:
        """The background of the slice views, unless they differ; no guessing."""
        shown = {node.GetBackgroundVolumeID() for node in self._nodes("vtkMRMLSliceCompositeNode")} - {None}
        return self._scene.GetNodeByID(shown.pop()) if len(shown) == 1 else None


def _sign(note: str) -> str:
    if not note:
        return NOTHING
    if "memory" in note:
        return WARNING
    return GPU if note.startswith("GPU") else CPU
