"""Clicks and drags in slice views end at the points that the slice node says, to the last digit."""

import numpy as np
import pytest
import qt
import slicer

from standin import errors
from view_case import VIEWS, ViewCase
from view_gestures import click, drag, pixel_of, ras_of, send

PIXELS = ((120, 200), (280, 190), (210, 120), (200, 290))


@pytest.fixture
def points(scene):
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "points")
    node.CreateDefaultDisplayNodes()
    return node


@pytest.fixture
def place(scene, points):
    widget = slicer.qSlicerMarkupsPlaceWidget()
    widget.setMRMLScene(scene)
    widget.setCurrentNode(points)
    widget.placeMultipleMarkups = widget.ForcePlaceMultipleMarkups
    yield widget
    widget.setPlaceModeEnabled(False)
    widget.delete()


def positions(node) -> np.ndarray:
    return slicer.util.arrayFromMarkupsControlPoints(node, world=True)


@pytest.mark.parametrize("geometry", ["ras", "thick", "tilted"])
@pytest.mark.parametrize("name", VIEWS)
def test_four_clicks_are_four_points(scene, points, place, name, geometry):
    view = ViewCase(scene, geometry).view(name)
    place.setPlaceModeEnabled(True)
    expected = [click(view, ras_of(view, pixel)) for pixel in PIXELS]
    assert np.abs(positions(points) - expected).max() == 0.0
    assert points.GetNumberOfDefinedControlPoints() == 4


def test_clicks_count_in_the_world_not_in_the_transformed_node(scene, points, place):
    case = ViewCase(scene)
    moved = case.build.transform(np.diag([-1.0, 1.0, 1.0, 1.0]))
    points.SetAndObserveTransformNodeID(moved.GetID())
    place.setPlaceModeEnabled(True)
    expected = [click(case.view("Red"), ras_of(case.view("Red"), pixel)) for pixel in PIXELS]
    assert positions(points) == pytest.approx(np.array(expected), abs=1e-9)
    local = slicer.util.arrayFromMarkupsControlPoints(points)
    assert local[:, 0] == pytest.approx(-np.array(expected)[:, 0])


def test_click_and_drag_of_slicer_util_places_a_point(scene, points, place):
    view = ViewCase(scene).view("Green")
    place.setPlaceModeEnabled(True)
    for pixel in PIXELS:
        slicer.util.clickAndDrag(view, start=pixel, end=pixel, steps=1)
    assert np.abs(positions(points) - [ras_of(view, pixel) for pixel in PIXELS]).max() == 0.0


def test_mouse_events_of_the_widget_reach_the_view(scene, points, place):
    view = ViewCase(scene).view("Yellow")
    place.setPlaceModeEnabled(True)
    left, none = qt.Qt.MouseButton.LeftButton, qt.Qt.KeyboardModifier.NoModifier
    for column, row in PIXELS:
        position = qt.QPoint(column, 399 - row)
        qt.QTest.mouseMove(view, position)
        qt.QTest.mouseClick(view, left, none, position)
    assert np.abs(positions(points) - [ras_of(view, pixel) for pixel in PIXELS]).max() == 0.0


def test_every_click_is_told_once(scene, points, place):
    view, defined = ViewCase(scene).view("Red"), []
    tag = points.AddObserver(points.PointPositionDefinedEvent, lambda *_: defined.append(1))
    place.setPlaceModeEnabled(True)
    for pixel in PIXELS:
        click(view, ras_of(view, pixel))
    points.RemoveObserver(tag)
    assert len(defined) == 4


def test_without_place_mode_a_click_places_nothing(scene, points, place):
    view = ViewCase(scene).view("Red")
    click(view, ras_of(view, PIXELS[0]))
    assert points.GetNumberOfControlPoints() == 0


def test_single_placement_ends_the_mode(scene, points, place):
    view = ViewCase(scene).view("Red")
    place.placeMultipleMarkups = place.ForcePlaceSingleMarkup
    place.setPlaceModeEnabled(True)
    click(view, ras_of(view, PIXELS[0]))
    click(view, ras_of(view, PIXELS[1]))
    assert points.GetNumberOfDefinedControlPoints() == 1
    assert not place.placeModeEnabled


def test_a_dragged_point_follows_exactly(scene, points):
    view = ViewCase(scene).view("Red")
    for pixel in PIXELS:
        points.AddControlPoint(ras_of(view, pixel))
    before = positions(points)
    drag(view, PIXELS[1], (330, 240))
    after = positions(points)
    assert np.abs(after[1] - ras_of(view, (330, 240))).max() == 0.0
    assert np.array_equal(np.delete(after, 1, 0), np.delete(before, 1, 0))


def test_a_locked_point_stays(scene, points):
    view = ViewCase(scene).view("Red")
    points.AddControlPoint(ras_of(view, PIXELS[0]))
    points.SetNthControlPointLocked(0, True)
    drag(view, PIXELS[0], (330, 240))
    assert np.abs(positions(points)[0] - ras_of(view, PIXELS[0])).max() == 0.0


def test_a_point_of_another_slice_cannot_be_grasped(scene, points):
    case = ViewCase(scene)
    view = case.view("Red")
    points.AddControlPoint(ras_of(view, PIXELS[0]))
    case.widget("Red").sliceController().setSliceOffsetValue(6.0)
    before = positions(points)
    drag(view, PIXELS[0], (330, 240))
    assert np.array_equal(positions(points), before)


def test_the_wheel_browses_slices(scene):
    case = ViewCase(scene)
    before = case.widget("Red").sliceLogic().GetSliceOffset()
    send(case.view("Red"), (200, 200), "MouseMoveEvent")
    send(case.view("Red"), (200, 200), "MouseWheelForwardEvent")
    assert case.widget("Red").sliceLogic().GetSliceOffset() - before == pytest.approx(2.0)


def test_points_show_in_the_picture(scene, points):
    view = ViewCase(scene).view("Red")
    before = view._screen.image().astype(int)
    points.AddControlPoint(ras_of(view, (150, 250)))
    changed = np.argwhere(np.abs(view._screen.image().astype(int) - before).max(2) > 30)
    row, column = 399 - 250, 150
    assert np.abs(changed - (row, column)).sum(1).min() <= 1
    assert pixel_of(view, positions(points)[0]) == (150, 250)


def test_an_exception_in_an_observer_is_seen(scene, points, place):
    view = ViewCase(scene).view("Red")

    def fail(caller, event):
        raise KeyError("in the observer")

    tag = points.AddObserver(points.PointPositionDefinedEvent, fail)
    place.setPlaceModeEnabled(True)
    with errors.expected(KeyError):
        click(view, ras_of(view, PIXELS[0]))
    points.RemoveObserver(tag)
