"""A chart in a panel, made when there is one to show."""

from __future__ import annotations

from typing import Any

import slicer

HEIGHT = 180  # pixels


class PlotPane:
    """A place in the panel for a chart node."""

    def __init__(self, container: Any, scene: slicer.vtkMRMLScene) -> None:
        """Take an empty widget with a layout, which is hidden while there is nothing to see."""
        self._container, self._scene, self._view = container, scene, None
        self._node = slicer.vtkMRMLPlotViewNode()  # of no layout, so in no scene
        container.setVisible(False)

    def show(self, chartNode: slicer.vtkMRMLPlotChartNode | None) -> None:
        """Show a chart with its axes fitted to what it holds, or nothing."""
        if chartNode is not None and self._view is None:
            self._view = slicer.qMRMLPlotView()
            self._view.setMRMLScene(self._scene)
            self._view.setMRMLPlotViewNode(self._node)
            self._view.setFixedHeight(HEIGHT)
            self._container.layout().addWidget(self._view)
        chartId = chartNode.GetID() if chartNode is not None else None
        if self._node.GetPlotChartNodeID() != chartId:
            self._node.SetPlotChartNodeID(chartId)
        self._container.setVisible(chartNode is not None)
        if chartNode is not None:
            self.fit()

    def fit(self) -> None:
        """Let the axes follow what was added."""
        if self._view is not None:
            self._view.fitToContent()
