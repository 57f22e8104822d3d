"""Curves that grow while something runs: a table for each, its series, and one chart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import slicer

from CueSegMRML.HiddenNodes import addHidden


class Curves:
    """Hidden, unsaved nodes, made when a curve is first shown and again after the scene was closed."""

    def __init__(self, scene: slicer.vtkMRMLScene, title: str, xTitle: str) -> None:
        self._scene, self._title, self._xTitle = scene, title, xTitle
        self.chartNode: slicer.vtkMRMLPlotChartNode | None = None
        self._series: dict[str, slicer.vtkMRMLPlotSeriesNode] = {}

    def show(
        self, name: str, points: Sequence[tuple[float, float]], color: tuple[float, float, float]
    ) -> None:
        """Draw the curve through these points (x, y), instead of what it was; one point makes no line."""
        if len(points) < 2:
            return
        series = self._ensure(name, color)
        slicer.util.updateTableFromArray(
            series.GetTableNode(), np.array(points, np.float64), [self._xTitle, name]
        )
        self.chartNode.Modified()

    def remove(self) -> None:
        """Take the nodes out of the scene."""
        nodes = [self.chartNode]
        for series in self._series.values():
            nodes += [series, series.GetTableNode()]
        for node in nodes:
            if node is not None and node.GetScene() is not None:
                self._scene.RemoveNode(node)
        self.chartNode, self._series = None, {}

    def _ensure(self, name: str, color: tuple[float, float, float]) -> slicer.vtkMRMLPlotSeriesNode:
        if self.chartNode is None or self.chartNode.GetScene() is None:
            self._series = {}
            self.chartNode = addHidden(self._scene, slicer.vtkMRMLPlotChartNode(), self._title)
            self.chartNode.SetTitle(self._title)
            self.chartNode.SetXAxisTitle(self._xTitle)
            self.chartNode.SetYAxisTitle("")
        if name not in self._series:
            table = addHidden(self._scene, slicer.vtkMRMLTableNode(), f"{self._title}: {name}")
            series = addHidden(self._scene, slicer.vtkMRMLPlotSeriesNode(), name)
            series.SetAndObserveTableNodeID(table.GetID())
            series.SetPlotType(series.PlotTypeScatter)
            series.SetXColumnName(self._xTitle)
            series.SetYColumnName(name)
            series.SetLineStyle(series.LineStyleSolid)
            series.SetMarkerStyle(series.MarkerStyleNone)
            series.SetColor(*color)
            self._series[name] = series
            self.chartNode.AddAndObservePlotSeriesNodeID(series.GetID())
        return self._series[name]
