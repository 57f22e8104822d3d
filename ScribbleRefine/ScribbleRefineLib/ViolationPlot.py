"""Scribbled voxels that still have another label, per label and iteration: a table, its series, and a chart."""

from __future__ import annotations

from collections.abc import Sequence

import slicer
import vtk

from CueSegMRML.HiddenNodes import addHidden
from ScribbleRefineLib.LabelTable import LabelRow

_ITERATION = "Iteration"


class ViolationPlot:
    """Hidden, unsaved nodes, made with the first round and filled while it runs."""

    def __init__(self, scene: slicer.vtkMRMLScene) -> None:
        self._scene = scene
        self.tableNode: slicer.vtkMRMLTableNode | None = None
        self.chartNode: slicer.vtkMRMLPlotChartNode | None = None
        self._series: list[slicer.vtkMRMLPlotSeriesNode] = []
        self._rows: list[LabelRow] = []

    def begin(self, rows: Sequence[LabelRow]) -> None:
        """Start an empty plot with a line for each of the labels."""
        self._ensureNodes()
        self._rows = list(rows)
        self._removeSeries()
        with slicer.util.NodeModify(self.tableNode):
            self.tableNode.RemoveAllColumns()
            for name in (_ITERATION, *(row.name for row in rows)):
                column = vtk.vtkFloatArray()
                column.SetName(name)
                self.tableNode.AddColumn(column)
        for row in rows:
            self._series.append(self._line(row))
            self.chartNode.AddAndObservePlotSeriesNodeID(self._series[-1].GetID())

    def add(self, iteration: int, violations: dict[int, int]) -> None:
        """Add an iteration; an iteration that is there already is replaced."""
        if self.tableNode is None or self.tableNode.GetScene() is None:
            return
        table = self.tableNode.GetTable()
        last = table.GetNumberOfRows() - 1
        values = [iteration, *(violations.get(row.index, 0) for row in self._rows)]
        if last < 0 or table.GetValue(last, 0).ToInt() != iteration:
            last = table.InsertNextBlankRow()
        for column, value in enumerate(values):
            table.SetValue(last, column, vtk.vtkVariant(float(value)))
        table.Modified()
        self.tableNode.Modified()

    def remove(self) -> None:
        """Take the nodes out of the scene."""
        self._removeSeries()
        for node in (self.chartNode, self.tableNode):
            if node is not None and node.GetScene() is not None:
                self._scene.RemoveNode(node)
        self.chartNode = self.tableNode = None

    def _ensureNodes(self) -> None:
        if self.tableNode is None or self.tableNode.GetScene() is None:
            name = "Violated scribbles"
            self.tableNode = addHidden(self._scene, slicer.vtkMRMLTableNode(), name)
        if self.chartNode is None or self.chartNode.GetScene() is None:
            self.chartNode = addHidden(self._scene, slicer.vtkMRMLPlotChartNode(), "Violated scribbles")
            self.chartNode.SetTitle("Scribbled voxels with another label")
            self.chartNode.SetXAxisTitle(_ITERATION)
            self.chartNode.SetYAxisTitle("Voxels")

    def _line(self, row: LabelRow) -> slicer.vtkMRMLPlotSeriesNode:
        series = addHidden(self._scene, slicer.vtkMRMLPlotSeriesNode(), row.name)
        series.SetAndObserveTableNodeID(self.tableNode.GetID())
        series.SetPlotType(series.PlotTypeScatter)
        series.SetXColumnName(_ITERATION)
        series.SetYColumnName(row.name)
        series.SetLineStyle(series.LineStyleSolid)
        series.SetMarkerStyle(series.MarkerStyleNone)
        series.SetColor(*row.color)
        return series

    def _removeSeries(self) -> None:
        series, self._series = self._series, []
        if self.chartNode is not None:
            self.chartNode.RemoveAllPlotSeriesNodeIDs()
        for node in series:
            if node.GetScene() is not None:
                self._scene.RemoveNode(node)
