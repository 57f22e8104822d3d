"""qMRMLPlotView: a chart of series of table columns, as `vtkMRMLPlotViewNode` says; drawn by VTK off screen."""

from typing import Any, ClassVar

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets

from standin.offscreen import OffscreenWindow
from standin.rendered_view import ScreenWidget
from standin.scene_widget import SCENE_CHANGED, SceneFollower

SIZE = (400, 200)
_PLOTS = {
    slicer.vtkMRMLPlotSeriesNode.PlotTypeLine: vtk.vtkPlotLine,
    slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter: vtk.vtkPlotLine,
    slicer.vtkMRMLPlotSeriesNode.PlotTypeBar: vtk.vtkPlotBar,
    slicer.vtkMRMLPlotSeriesNode.PlotTypeScatterBar: vtk.vtkPlotBar,
}


class qMRMLPlotView(SceneFollower, ScreenWidget):
    """Draws lines, points and bars with the colours of their series; no selection, no panning, no export."""

    slicer_class = "qMRMLPlotView"
    slicer_signals: ClassVar = {SCENE_CHANGED: "mrmlSceneChanged"}
    mrmlSceneChanged = QtCore.Signal(object)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._view_node = self._chart_node = None
        self._screen = OffscreenWindow(SIZE)
        self._view = vtk.vtkContextView()
        self._view.SetRenderWindow(self._screen.window)
        self._chart = vtk.vtkChartXY()
        self._view.GetScene().AddItem(self._chart)

    def setMRMLPlotViewNode(self, node: Any) -> None:
        """Show the chart of this view node, and follow it."""
        if node is self._view_node:
            return
        self._unwatch()
        self._view_node = node
        if node is not None:
            self._watch(node, vtk.vtkCommand.ModifiedEvent, self._follow_chart)
        self._follow_chart()

    def fitToContent(self) -> None:
        self._chart.RecalculateBounds()
        self._redraw()

    def _follow_scene(self, scene: Any) -> None:
        self._follow_chart()
        self.mrmlSceneChanged.emit(scene)

    def _follow_chart(self) -> None:
        node = None
        if self._view_node is not None and self._view_node.GetPlotChartNodeID() and self._scene:
            node = self._scene.GetNodeByID(self._view_node.GetPlotChartNodeID())
        if node is not self._chart_node:
            if self._chart_node is not None:
                self._unwatch(self._chart_node)
            self._chart_node = node
            if node is not None:
                self._watch(node, vtk.vtkCommand.ModifiedEvent, self._fill)
        self._fill()

    def _fill(self) -> None:
        """As in Slicer, a series without its table or column is left out."""
        self._chart.ClearPlots()
        node = self._chart_node
        for index in range(node.GetNumberOfPlotSeriesNodes() if node is not None else 0):
            self._add(node.GetNthPlotSeriesNode(index))
        if node is not None:
            self._chart.SetTitle(node.GetTitle() or "" if node.GetTitleVisibility() else "")
            self._chart.SetShowLegend(bool(node.GetLegendVisibility()))
            for axis, title in (
                (vtk.vtkAxis.BOTTOM, node.GetXAxisTitle()),
                (vtk.vtkAxis.LEFT, node.GetYAxisTitle()),
            ):
                self._chart.GetAxis(axis).SetTitle(title or "")
        self.fitToContent()

    def _add(self, series: Any) -> None:
        table = series.GetTableNode() if series is not None else None
        if table is None or table.GetTable().GetColumnByName(series.GetYColumnName() or "") is None:
            return
        plot = _PLOTS[series.GetPlotType()]()
        x = series.GetXColumnName() if series.IsXColumnRequired() else series.GetYColumnName()
        plot.SetUseIndexForXSeries(not series.IsXColumnRequired())
        plot.SetInputData(table.GetTable(), x, series.GetYColumnName())
        plot.SetColorF(*series.GetColor())
        plot.SetWidth(series.GetLineWidth())
        plot.SetLabel(series.GetName() or series.GetYColumnName())
        self._chart.AddPlot(plot)

    def _redraw(self) -> None:
        self._screen.invalidate()
        self.update()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        self._screen.resize(max(event.size().width(), 1), max(event.size().height(), 1))
