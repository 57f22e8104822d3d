"""What is shown of the runs: maps, the state before, growing scribbles, the plot, times."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import slicer

from CueSegMRML import ReportTable
from CueSegMRML.SessionRecords import SessionRecords
from CueSegMRML.TimeLog import TimeLog
from ScribbleRefineLib import Maps
from ScribbleRefineLib.GrowthPreview import GrowthPreview
from ScribbleRefineLib.ViolationPlot import ViolationPlot
from ScribbleRefineLib.Workspace import Workspace

TABLE_NAME = "ScribbleRefine report"
STAGES = ("load", "features", "optimise", "predict", "write")
_REPORT = "CueSeg.Report"  # node reference of the result segmentation
_SEGMENTS = "CueSeg.SegmentReport"  # the same


class Review:
    """Everything here can be switched off without a trace."""

    def __init__(self, scene: slicer.vtkMRMLScene, clock: Callable[[], float]) -> None:
        self.maps = Maps.Maps()
        self.growth = GrowthPreview()
        self.plot = ViolationPlot(scene)
        self.timeLog = TimeLog(clock, STAGES, "features")  # whatever else is done before it optimises
        self.records = SessionRecords(scene, "network")
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

    def report(self, bySegment: bool = False) -> slicer.vtkMRMLTableNode:
        """The table of times, a node that is saved with the scene; made if it is not there.

        :param bySegment: a line for each label instead of one for each round.
        :raises ValueError: nothing has been run yet.
        """
        rows = self.reportRows(bySegment)
        role, name = (_SEGMENTS, f"{TABLE_NAME} by label") if bySegment else (_REPORT, TABLE_NAME)
        node = ReportTable.tableOf(self._scene, self.space.segmentationNode, role, name)
        ReportTable.fillTable(node, rows)
        return node

    def reportRows(self, bySegment: bool = False) -> list[list[str]]:
        """The texts of `report`, titles first; raises as it does."""
        if self.space is None or not self.timeLog.rounds:
            raise ValueError("there is nothing to report yet: run the network or refine first")
        return self.timeLog.segmentRows() if bySegment else self.timeLog.rows()

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
        self.records.forget()
        self.space = None
