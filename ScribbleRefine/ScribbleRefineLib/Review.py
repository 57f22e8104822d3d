"""What is shown of the runs: maps, the state before, growing scribbles, the plot, times."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import slicer

from ScribbleRefineLib import Maps
from ScribbleRefineLib.GrowthPreview import GrowthPreview
from ScribbleRefineLib.TimeLog import TABLE_NAME, TimeLog
from ScribbleRefineLib.ViolationPlot import ViolationPlot
from ScribbleRefineLib.Workspace import Workspace

_REPORT = "CueSeg.Report"  # node reference of the result segmentation


class Review:
    """Everything here can be switched off without a trace."""

    def __init__(self, scene: slicer.vtkMRMLScene, clock: Callable[[], float]) -> None:
        self.maps = Maps.Maps()
        self.growth = GrowthPreview()
        self.plot = ViolationPlot(scene)
        self.timeLog = TimeLog(clock)
        self.space: Workspace | None = None
        self._before = Maps.BeforeView()
        self._scene = scene

    def showBefore(self, shown: bool) -> None:
        """Show the result as it was before the last step that changed it, or as it is."""
        if shown and self.space is not None and self.space.isAlive:
            self._before.show(self.space.segmentationNode, self.space.history.lastSegments())
        else:
            self._before.hide()

    def showMap(
        self,
        style: Maps.OverlayStyle,
        shown: bool,
        composites: Sequence[slicer.vtkMRMLSliceCompositeNode],
    ) -> bool:
        """Show or hide one of the maps; whether it is shown now."""
        if not shown or self.space is None or not self.space.isAlive:
            self.maps.hide(style)
            return False
        return self.maps.show(style, self.space.volumeNode, composites)

    def report(self) -> slicer.vtkMRMLTableNode:
        """The table of times, a node that is saved with the scene; made if it is not there.

        :raises ValueError: nothing has been run yet.
        """
        if self.space is None or not self.timeLog.rounds:
            raise ValueError("there is nothing to report yet: run the network or refine first")
        node = self.space.segmentationNode.GetNodeReference(_REPORT)
        if node is None:
            node = self._scene.AddNewNodeByClass("vtkMRMLTableNode", TABLE_NAME)
            self.space.segmentationNode.SetNodeReferenceID(_REPORT, node.GetID())
        self.timeLog.fill(node)
        return node

    def release(self) -> None:
        """Views as they were."""
        self.maps.hide()
        self.growth.hide()
        self._before.hide()

    def forget(self) -> None:
        """Drop everything, e.g. for another volume."""
        self.release()
        self.maps.forget()
        self.plot.remove()
        self.timeLog.clear()
        self.space = None
