"""Runs over the slices of a segment: carried on, cancelled, failing, and overtaken by other changes."""

import threading

import numpy as np
import pytest

from cueseg.sessions.record_file import parse_record
from CueSegMRML import ContourFilling, SegmentMasks
from whole_volume_case import WholeVolumeCase


@pytest.fixture
def case(build):
    case = WholeVolumeCase(build)
    yield case
    case.close()


@pytest.fixture
def boxes(case, monkeypatch):
    """The network finds the box of the points, so that masks neither grow nor shrink."""
    found = case.predictor.predict

    def predict(points, threshold=None):
        prediction = found(points, threshold)
        (left, top), (right, bottom) = np.round(np.min(points, 0)), np.round(np.max(points, 0))
        rows, cols = np.indices(prediction.mask.shape)
        prediction.mask = (cols >= left) & (cols <= right) & (rows >= top) & (rows <= bottom)
        prediction.probability = prediction.mask.astype(np.float32)
        return prediction

    monkeypatch.setattr(case.predictor, "predict", predict)


@pytest.mark.parametrize("direction", [1, -1])
def test_the_last_slice_is_carried_on(case, boxes, direction):
    case.click_slices(5, 6)
    outcome = case.carry_on(direction)
    start = 6 if direction > 0 else 5
    expected = [start + direction * n for n in (1, 2, 3, 4)]
    assert list(outcome.written) == expected
    assert outcome.result.stopped_by == "most"
    assert [case.kinds()[k] for k in expected] == ["propagated"] * 4
    outcome = case.carry_on(direction)
    assert outcome.result.stopped_by == "end"
    assert len(outcome.written) == 1
    nothing = case.carry_on(direction)
    assert (nothing.written, nothing.edit) == ({}, None)
    case.undo()
    assert len(case.kinds()) == 6


def test_what_was_carried_on_is_replaced_when_it_comes_to_lie_between(case):
    case.click_slices(2)
    case.carry_on(1)
    case.click_slices(9)
    outcome = case.fill()
    assert list(outcome.written) == list(range(3, 9))
    assert set(case.kinds().values()) == {"clicked", "derived"}


def test_cancelling_takes_effect_within_one_slice(case):
    case.click_slices(1, 9)
    started, gate = threading.Event(), threading.Event()
    predict, calls = case.predictor.predict, []

    def slow(points, threshold=None):
        calls.append(1)
        if len(calls) == 3:
            started.set()
            assert gate.wait(5)
        return predict(points, threshold)

    case.predictor.predict = slow
    before = case.volume_of()
    case.start_filling()
    assert started.wait(5)
    case.whole.cancel()
    gate.set()
    case.wait_for_volume()
    case.click_slices(10)  # on the same thread: the run has ended
    assert len(calls) == 4
    assert (case.outcomes, case.errors) == ([], [])
    np.testing.assert_array_equal(case.volume_of()[1:10], before[1:10])
    case.predictor.predict = predict
    assert case.fill().result.calls == 7


def test_progress_is_told_slice_by_slice(case):
    case.click_slices(2, 6)
    case.fill()
    assert case.news == [("between", n, 3) for n in range(3)]


def test_nothing_is_written_over_a_segment_that_changed_meanwhile(case):
    case.click_slices(2, 6)
    gate, predict = threading.Event(), case.predictor.predict

    def slow(points, threshold=None):
        assert gate.wait(5)
        return predict(points, threshold)

    case.predictor.predict = slow
    case.start_filling()
    case.paint(4, slice(8, 18), slice(10, 24))
    painted = case.volume_of()
    gate.set()
    case.wait_for_volume()
    (error,) = case.errors
    assert "the segment was changed meanwhile" in str(error)
    np.testing.assert_array_equal(case.volume_of(), painted)


def test_a_removed_segment_or_node_is_no_place_to_write(case):
    case.click_slices(2, 6)
    case.start_filling()
    case.nodes[0].GetSegmentation().RemoveSegment(case.nodes[1])
    case.wait_for_volume()
    assert "the segment was changed meanwhile" in str(case.errors.pop())
    case.panel.addSegment(case.settings)
    case.click_slices(2, 6)
    case.start_filling()
    case.build.scene.RemoveNode(case.nodes[0])
    case.wait_for_volume()
    assert (case.errors, case.outcomes) == ([], [])


def test_another_segment_of_the_same_labelmap_may_change_meanwhile(case):
    first = case.settings.segmentId
    case.panel.addSegment(case.settings)
    case.click_slices(2, 6)
    case.start_filling()
    mask = np.zeros(case.volume_of().shape, bool)
    mask[0, :3, :3] = True
    SegmentMasks.setOnVolume(case.nodes[0], first, case.volume, mask)
    case.outcome()
    assert case.kinds()[4] == "derived"


def test_a_failure_of_the_network_is_told_and_changes_nothing(case):
    case.click_slices(2, 6)
    before = case.volume_of()

    def fail(points, threshold=None):
        raise RuntimeError("out of memory")

    case.predictor.predict = fail
    case.start_filling()
    case.wait_for_volume()
    assert [str(error) for error in case.errors] == ["out of memory"]
    np.testing.assert_array_equal(case.volume_of(), before)


def test_what_the_segment_editor_filled_is_recorded_as_it_is(case):
    records = case.panel.session.recorder.records
    records.isOn = True
    case.click_slices(2, scale=1.0)
    case.click_slices(6, scale=0.5)
    case.fill()
    case.fill(fill=ContourFilling.fillGap)
    record, _ = parse_record(records.node.GetText())
    assert [action["action"] for action in record.actions][-2:] == ["volume", "given"]
