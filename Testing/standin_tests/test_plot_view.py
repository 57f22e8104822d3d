"""The plot view draws the series of the chart that its node names, in their colours, and follows them."""

import numpy as np
import pytest
import slicer


def pixels(view, color):
    """Number of pixels of nearly this colour (red, green, blue in 0..1)."""
    picture = view.grab().toImage().convertToFormat(view.grab().toImage().Format.Format_RGB888)
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    colors = rows[:, : 3 * picture.width()].reshape(-1, 3)
    return int((np.abs(colors - 255 * np.array(color)).max(1) < 60).sum())


@pytest.fixture
def chart(scene):
    table = scene.AddNewNodeByClass("vtkMRMLTableNode")
    slicer.util.updateTableFromArray(table, np.array([[0, 5.0], [1, 3.0], [2, 0.0]]), ["iteration", "liver"])
    series = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", "liver")
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetPlotType(series.PlotTypeScatter)
    series.SetXColumnName("iteration")
    series.SetYColumnName("liver")
    series.SetColor(1.0, 0.0, 0.0)
    series.SetLineWidth(4)
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode")
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    return chart


@pytest.fixture
def view(scene):
    view = slicer.qMRMLPlotView()
    view.resize(300, 200)
    view.setMRMLScene(scene)
    yield view
    view.setMRMLPlotViewNode(None)
    view.delete()


def test_a_series_is_drawn_in_its_colour_when_the_node_names_its_chart(scene, view, chart):
    node = scene.AddNewNodeByClass("vtkMRMLPlotViewNode")
    view.setMRMLPlotViewNode(node)
    assert pixels(view, (1, 0, 0)) == 0
    node.SetPlotChartNodeID(chart.GetID())
    assert pixels(view, (1, 0, 0)) > 100
    chart.GetNthPlotSeriesNode(0).SetColor(0.0, 0.0, 1.0)
    assert pixels(view, (0, 0, 1)) > 100


def test_a_series_whose_column_is_missing_is_left_out(scene, view, chart):
    chart.GetNthPlotSeriesNode(0).SetYColumnName("spleen")
    node = scene.AddNewNodeByClass("vtkMRMLPlotViewNode")
    node.SetPlotChartNodeID(chart.GetID())
    view.setMRMLPlotViewNode(node)
    assert pixels(view, (1, 0, 0)) == 0


def test_a_closed_scene_leaves_an_empty_chart(scene, view, chart):
    node = scene.AddNewNodeByClass("vtkMRMLPlotViewNode")
    node.SetPlotChartNodeID(chart.GetID())
    view.setMRMLPlotViewNode(node)
    scene.Clear()
    view.setMRMLPlotViewNode(None)
    assert pixels(view, (1, 0, 0)) == 0
