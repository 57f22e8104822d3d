"""When a panel binds its settings: as it is shown, and as scenes come and go."""

from __future__ import annotations

import sys
from typing import Any

import slicer

SEGMENT_EVENTS = (  # of a segmentation node
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
)


class SceneEvents:
    """Mixed into the widget of a panel, before Slicer's own base classes.

    The widget has `panel`, `logic`, `setParameterNode(node or None)` and `onSceneStartClose`.
    """

    ownPackages: tuple[str, ...]  # beside those that the panels share

    def enter(self) -> None:
        """Bind the settings when the module is shown."""
        self.initializeParameterNode()

    def onReload(self) -> None:
        """Reload the packages too, not the module file alone."""
        packages = (*self.ownPackages, "CueSegBackendSelfTest", "CueSegMRML", "cueseg")
        for name in [name for name in sys.modules if name.split(".")[0] in packages]:
            del sys.modules[name]
        super().onReload()

    def onSceneStartImport(self, caller: Any, event: Any) -> None:
        """Look away while settings refer to nodes that are still to come."""
        self.setParameterNode(None)

    def onSceneChanged(self, caller: Any, event: Any) -> None:
        """Begin again with the scene as it is now."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self) -> None:
        """Bind the settings node of the scene."""
        parameterNode = self.logic.getParameterNode()
        self.panel.prepare(parameterNode)
        self.setParameterNode(parameterNode)

    def _observeScene(self, scene: Any) -> None:
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.StartImportEvent, self.onSceneStartImport)
        for event in (scene.EndCloseEvent, scene.EndImportEvent):
            self.addObserver(scene, event, self.onSceneChanged)
