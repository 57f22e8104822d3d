"""Derived points in the views: on which slices they are, whose node they are, and what a drag makes of them."""

import numpy as np
import pytest
import slicer

from CueSegMRML import ControlPoints
from ExtremePointSegLib.WholeVolumePoints import DerivedPoints
from scene_builder import rotation, to_ijk, to_world
from whole_volume_case import WholeVolumeCase, ring


@pytest.fixture
def case(build):
    case = WholeVolumeCase(build)
    case.derived = DerivedPoints(build.scene)
    yield case
    case.close()


def show(case, moved=None):
    views = slicer.util.getNodesByClass("vtkMRMLSliceNode", case.build.scene)
    case.derived.show(case.slices(), moved, views, case.volume)


def drag(case, number, ijk):
    case.derived.node.SetNthControlPointPositionWorld(number, *to_world(case.volume, np.array([ijk]))[0])


def test_points_of_the_slices_that_were_made_are_shown(case):
    case.click_slices(2, 6)
    show(case)
    assert case.derived.node is None
    case.fill()
    case.carry_on(1)
    show(case)
    slices = case.slices()
    made = slices.of("derived", "propagated")
    assert made[:4] == [3, 4, 5, 7]
    expected = np.concatenate([slices.stack.worldPoints(slices.points(k), k) for k in made])
    np.testing.assert_allclose(ControlPoints.worldPoints(case.derived.node), expected, atol=1e-9)
    assert not any(case.derived.node.GetNthControlPointSelected(n) for n in range(len(expected)))


def test_the_node_is_hidden_unsaved_and_leaves_nothing(case):
    case.click_slices(2, 6)
    case.fill()
    count = case.build.scene.GetNumberOfNodes()
    show(case)
    node = case.derived.node
    display = node.GetDisplayNode()
    assert node.GetHideFromEditors()
    assert [found.GetSaveWithScene() for found in (node, display)] == [False, False]
    assert (display.GetVisibility3D(), display.GetPointLabelsVisibility()) == (False, False)
    shown = {case.build.scene.GetNodeByID(name).GetName() for name in display.GetViewNodeIDs()}
    assert shown & {"View0", "View1", "View2"} == {"View2"}
    case.derived.hide()
    assert case.build.scene.GetNumberOfNodes() == count


def test_a_drag_tells_the_slice_and_all_its_points(case):
    case.click_slices(2, 6)
    case.fill()
    show(case)
    assert case.derived.moved() is None
    before = case.slices().points(4)
    left = int(np.argmin(before[:, 0]))
    place = to_ijk(case.volume, ControlPoints.worldPoints(case.derived.node))[4 + left]
    drag(case, 4 + left, place + np.array([-3, 1, 0.4]))
    index, points = case.derived.moved()
    assert index == 4
    changed = np.flatnonzero(np.abs(points - before).max(axis=1) > 0.01)
    assert changed.tolist() == [left]
    show(case)
    assert case.derived.moved() is None, "shown again, it is where it belongs"


def test_a_moved_slice_stays_in_hand(case):
    case.click_slices(2, 6)
    case.fill()
    show(case)
    case.move(4, ring(4, scale=1.2))
    show(case)
    assert len(ControlPoints.worldPoints(case.derived.node)) == 8, "a clicked slice has its own points"
    show(case, moved=4)
    selected = [case.derived.node.GetNthControlPointSelected(n) for n in range(12)]
    assert selected == [False] * 4 + [True] * 4 + [False] * 4


def test_a_view_across_another_axis_or_an_oblique_one_shows_none(case):
    case.click_slices(2, 6)
    case.fill()
    across = case.build.scene.GetFirstNodeByName("View0")
    case.derived.show(case.slices(), None, [across], case.volume)
    assert case.derived.node is None
    view = case.build.scene.GetFirstNodeByName("View2")
    tilted = rotation(0, 10) @ slicer.util.arrayFromVTKMatrix(view.GetSliceToRAS())
    oblique = case.build.slice_view(tilted, "Oblique")
    case.derived.show(case.slices(), None, [oblique], case.volume)
    assert case.derived.node is None


def test_points_of_parts_and_of_another_segment(case):
    case.settings.keepExisting = True
    for index in (3, 6):
        case.click_slices(index, center=(9.0, 14.0), scale=0.7)
        case.click_slices(index, center=(29.0, 14.0), scale=0.8)
    case.fill()
    show(case)
    assert len(ControlPoints.worldPoints(case.derived.node)) == 16
    case.panel.addSegment(case.settings)
    show(case)
    assert case.derived.node is None


def test_a_scene_that_was_closed_took_the_node_along(case):
    case.click_slices(2, 6)
    case.fill()
    show(case)
    case.build.scene.RemoveNode(case.derived.node)
    assert case.derived.moved() is None
    show(case)
    assert len(ControlPoints.worldPoints(case.derived.node)) == 12
