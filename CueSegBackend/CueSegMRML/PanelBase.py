"""What the panels have in common below their buttons: packages, a worker, the scene."""

from __future__ import annotations

from typing import Any

import slicer

from CueSegMRML import Requirements
from CueSegMRML.BackgroundTask import TaskQueue


class PanelBase:
    """One panel on one scene; its `session` has `deviceNote`, what the network computes on once it is known."""

    session: Any
    deviceUnknown: str  # what to say before that

    def __init__(self, scene: slicer.vtkMRMLScene, requester: str) -> None:
        """Look for packages; import none of them.

        :param requester: name of the module, shown in the question before an installation.
        """
        self.queue = TaskQueue(requester)
        self._scene, self._requester = scene, requester
        self.checkPackages()

    @property
    def missingText(self) -> str:
        """What to install and where; empty when all is there."""
        return Requirements.describeMissing(self._missing)

    @property
    def deviceText(self) -> str:
        """What the network computes on, and why."""
        return "PyTorch is not installed" if self._missing else self.session.deviceNote or self.deviceUnknown

    def checkPackages(self) -> None:
        """Look again for the packages."""
        self._missing = Requirements.missingRequirements()

    def install(self) -> None:
        """Install what is missing, after asking; see `Requirements.install` for the errors."""
        try:
            Requirements.install(self._requester)
        finally:
            self.checkPackages()

    def _nodes(self, kind: str) -> list[Any]:
        return slicer.util.getNodesByClass(kind, self._scene)

    def _shownVolume(self) -> slicer.vtkMRMLScalarVolumeNode | None:
        """The background of the slice views, unless they differ; no guessing."""
        shown = {node.GetBackgroundVolumeID() for node in self._nodes("vtkMRMLSliceCompositeNode")} - {None}
        return self._scene.GetNodeByID(shown.pop()) if len(shown) == 1 else None
