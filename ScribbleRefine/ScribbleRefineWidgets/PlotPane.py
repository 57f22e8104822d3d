"""The chart of a running round, made when there is one to show."""

import slicer

HEIGHT = 180  # pixels


class PlotPane:
    """A place in the panel for a chart node."""

    def __init__(self, container, scene):
        """Take an empty widget with a layout."""
        self._container, self._scene, self._view = container, scene, None
        self._node = slicer.vtkMRMLPlotViewNode()  # of no layout, so in no scene

    def show(self, chartNode):
        """Show a chart with at least two iterations, which make a line; else nothing."""
        chartNode = chartNode if _iterations(chartNode) > 1 else None
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

    def fit(self):
        """Let the axes follow what was added."""
        if self._view is not None:
            self._view.fitToContent()


def _iterations(chartNode):
    series = chartNode.GetNthPlotSeriesNode(0) if chartNode is not None else None
    return series.GetTableNode().GetTable().GetNumberOfRows() if series is not None else 0
