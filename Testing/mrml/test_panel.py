"""Everything below the buttons: settings and points in, slices of segments out, in the background."""

import threading
import time

import numpy as np
import pytest

from CueSegMRML import ControlPoints
from ExtremePointSegLib.Readiness import State
from ExtremePointSegLib.Settings import Overwrite
from panel_case import PanelCase
from scene_builder import clicks_in_slice, segment_in_volume, to_world, voxels_inside


@pytest.fixture
def case(build):
    case = PanelCase(build)
    yield case
    case.panel.close()


CLICKS = clicks_in_slice(2, 5)


def test_the_fourth_point_makes_the_set_complete(case):
    assert case.click(CLICKS) == [False, False, False, True]
    assert case.panel.stateOf(case.settings) is State.READY


def test_four_points_fill_their_slice(case):
    case.click(CLICKS)
    (result,), errors = case.segment()
    assert errors == []
    np.testing.assert_array_equal(case.voxels(), voxels_inside(CLICKS, 2, 5))
    assert result.edit.voxelsAdded == case.voxels().sum()


def test_the_network_is_loaded_once_and_off_the_main_thread(case):
    case.click(CLICKS)
    for _ in range(2):
        case.segment()
    ((model, thread),) = case.loaded
    assert model == case.settings.model != ""
    assert thread != threading.get_ident()
    assert case.panel.deviceText == "◐ double"


def test_a_dragged_point_corrects_the_same_undo_step(case):
    case.click(CLICKS)
    case.segment()
    moved = CLICKS.copy()
    moved[0] = (3, 14, 5)
    assert case.move(0, tuple(moved[0]))
    case.segment()
    np.testing.assert_array_equal(case.voxels(), voxels_inside(moved, 2, 5))
    case.panel.session.undo()
    assert not case.voxels().any()
    assert not case.panel.history.undoText
    case.panel.session.redo()
    np.testing.assert_array_equal(case.voxels(), voxels_inside(moved, 2, 5))


def test_nothing_happens_while_points_rest(case):
    case.click(CLICKS)
    assert not case.panel.settlePoints(case.settings)


def test_a_fifth_point_begins_a_new_set_and_a_new_undo_step(case):
    case.click(CLICKS)
    case.segment()
    other = clicks_in_slice(2, 7)
    assert case.click(other) == [False, False, False, True]
    np.testing.assert_allclose(ControlPoints.worldPoints(case.settings.points), to_world(case.volume, other))
    case.segment()
    both = voxels_inside(CLICKS, 2, 5) | voxels_inside(other, 2, 7)
    np.testing.assert_array_equal(case.voxels(), both)
    case.panel.session.undo()
    np.testing.assert_array_equal(case.voxels(), voxels_inside(CLICKS, 2, 5))


def test_a_point_on_another_slice_begins_a_new_set(case):
    case.click(CLICKS[:3])
    case.click(clicks_in_slice(2, 8)[:1])
    assert len(ControlPoints.worldPoints(case.settings.points)) == 1


def test_a_point_dragged_out_of_the_slice_is_an_error_in_words_and_no_loss(case):
    case.click(CLICKS)
    case.move(2, (*CLICKS[2][:2], 8))
    results, errors = case.segment()
    assert results == []
    assert "another slice" in str(errors[0])
    assert len(ControlPoints.worldPoints(case.settings.points)) == 4
    assert not case.voxels().any()


def test_what_is_computed_of_points_that_moved_out_of_the_slice_is_not_written(case):
    case.click(CLICKS)
    errors = []
    case.panel.start(case.settings, pytest.fail, errors.append)
    case.move(2, (*CLICKS[2][:2], 8))
    case.panel.start(case.settings, pytest.fail, errors.append)
    assert "another slice" in str(errors[0])
    assert not case.panel.queue.busy
    time.sleep(0.05)
    case.panel.queue.deliver()
    assert not case.voxels().any()


def test_clearing_the_points_leaves_the_segment_and_ends_the_set(case):
    case.click(CLICKS)
    case.segment()
    case.panel.clearPoints(case.settings)
    assert not case.panel.settlePoints(case.settings)
    assert case.panel.stateOf(case.settings) is State.NO_POINTS
    assert case.voxels().any()
    case.click(clicks_in_slice(2, 5) * (0.5, 0.5, 1))
    case.segment()
    case.panel.session.undo()
    np.testing.assert_array_equal(case.voxels(), voxels_inside(CLICKS, 2, 5))


def test_points_may_be_placed_in_any_view(case):
    clicks = clicks_in_slice(0, 17)
    case.click(clicks)
    case.segment()
    np.testing.assert_array_equal(case.voxels(), voxels_inside(clicks, 0, 17))


def test_another_segment_gets_a_step_of_its_own(case):
    case.click(CLICKS)
    case.segment()
    first = case.settings.segmentId
    case.panel.addSegment(case.settings)
    assert case.settings.segmentId != first
    case.segment()
    expected = voxels_inside(CLICKS, 2, 5)
    for segment_id in (first, case.settings.segmentId):
        found = segment_in_volume(case.settings.segmentation, segment_id, case.volume)
        np.testing.assert_array_equal(found, expected)


def test_the_overwrite_setting_reaches_the_editor(case):
    case.click(CLICKS)
    case.segment()
    first = case.settings.segmentId
    case.panel.addSegment(case.settings)
    case.settings.overwrite = Overwrite.ALL
    case.segment()
    assert not segment_in_volume(case.settings.segmentation, first, case.volume).any()


def test_errors_of_the_network_come_back_in_words(case):
    clicks = CLICKS.copy()
    clicks[:, 0] = 12
    case.click(clicks)
    results, errors = case.segment()
    assert results == []
    assert [str(e) for e in errors] == ["the points lie in one line"]


def test_cancelled_work_writes_nothing(case):
    case.click(CLICKS)
    case.panel.start(case.settings, pytest.fail, pytest.fail)
    case.panel.session.cancel()
    assert not case.panel.queue.busy
    time.sleep(0.05)
    case.panel.queue.deliver()
    assert not case.voxels().any()


def test_closing_the_scene_while_computing_is_safe(case):
    case.click(CLICKS)
    case.panel.start(case.settings, pytest.fail, pytest.fail)
    case.panel.session.closeScene()
    case.build.scene.Clear(False)
    time.sleep(0.05)
    assert case.panel.queue.deliver() == 0


def test_removing_the_segmentation_while_computing_is_safe(case):
    case.click(CLICKS)
    case.panel.start(case.settings, pytest.fail, pytest.fail)
    case.build.scene.RemoveNode(case.settings.segmentation)
    case.wait()
