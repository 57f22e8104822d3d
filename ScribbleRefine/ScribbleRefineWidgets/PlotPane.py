"""The chart of a running round, shown as soon as there is a line to see."""

from CueSegMRML import PlotPane as shared


class PlotPane(shared.PlotPane):
    """A chart of iterations."""

    def show(self, chartNode):
        """Show a chart with at least two iterations, which make a line; else nothing."""
        super().show(chartNode if _iterations(chartNode) > 1 else None)


def _iterations(chartNode):
    series = chartNode.GetNthPlotSeriesNode(0) if chartNode is not None else None
    return series.GetTableNode().GetTable().GetNumberOfRows() if series is not None else 0
