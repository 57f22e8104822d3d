"""Clicked slices of a segment become a volume: what is written, what stays, and what is asked of the network."""

import threading

import numpy as np
import pytest
import slicer

from cueseg.volumes import fill_between
from CueSegMRML import SegmentMasks, SliceRecords
from doubles import quadrilateral
from ExtremePointSegLib.Settings import Overwrite
from whole_volume_case import WholeVolumeCase, ring


@pytest.fixture
def case(build):
    case = WholeVolumeCase(build)
    yield case
    case.close()


def kinds(case, **choice):
    return case.slices(**choice).kinds


def test_what_lies_between_two_clicked_slices_is_filled_and_asked_again(case):
    case.click_slices(2, scale=1.0)
    case.click_slices(8, scale=0.6)
    before = case.volume_of()
    outcome = case.fill()
    assert kinds(case) == {2: "clicked", 8: "clicked"} | dict.fromkeys(range(3, 8), "derived")
    assert outcome.written == dict.fromkeys(range(3, 8), "derived")
    after = case.volume_of()
    np.testing.assert_array_equal(after[[2, 8]], before[[2, 8]])
    assert not after[[0, 1, 9, 10, 11]].any()
    slices = case.slices()
    filled = fill_between({k: slices.masks[k] for k in (2, 8)}, slices.stack.spacing[1:])
    for index in range(3, 8):
        expected = quadrilateral(slices.points(index), slices.masks[index].shape)
        np.testing.assert_array_equal(slices.masks[index], expected)
        rows, cols = np.nonzero(filled[index])
        found = slices.points(index)
        assert (found[:2, 0].tolist(), found[2:, 1].tolist()) == (
            [cols.min(), cols.max()],
            [rows.min(), rows.max()],
        )
    assert outcome.result.calls == 5


def test_the_network_sees_slices_as_in_the_views(case):
    case.click_slices(3, 5)
    seen = case.predictor.images[-1]
    case.fill()
    derived = case.predictor.images[-1]
    assert (derived.modality, derived.spacing) == (seen.modality, seen.spacing)
    np.testing.assert_array_equal(derived.image, case.slices().stack.images(array_of(case))[4])
    np.testing.assert_array_equal(seen.image, case.slices().stack.images(array_of(case))[5])
    count = len(case.predictor.images)
    case.click_slices(5, scale=0.9)
    assert len(case.predictor.images) == count + 1, (
        "the slice that was clicked last is not the network's any more"
    )


def array_of(case):
    return slicer.util.arrayFromVolume(case.volume)


def test_a_run_is_one_step_and_points_stay(case):
    case.click_slices(2, 6)
    before, points = case.volume_of(), case.settings.points.GetNumberOfControlPoints()
    case.fill()
    after = case.volume_of()
    case.undo()
    np.testing.assert_array_equal(case.volume_of(), before)
    assert kinds(case) == {2: "clicked", 6: "clicked"}
    case.redo()
    np.testing.assert_array_equal(case.volume_of(), after)
    assert kinds(case)[4] == "derived"
    assert case.settings.points.GetNumberOfControlPoints() == points == 4


def test_without_the_network_shapes_are_filled(case):
    case.click_slices(2, scale=1.0)
    case.click_slices(6, scale=0.5)
    calls = len(case.predictor.images)
    outcome = case.fill(useNetwork=False)
    assert len(case.predictor.images) == calls
    slices = case.slices()
    filled = fill_between({k: slices.masks[k] for k in (2, 6)}, slices.stack.spacing[1:])
    for index in (3, 4, 5):
        np.testing.assert_array_equal(slices.masks[index], filled[index])
    assert set(outcome.written.values()) == {"filled"}
    assert slices.records[4].weights == ("", "")
    case.fill()
    assert set(kinds(case).values()) == {"clicked", "derived"}, "filled slices are made again"


def test_only_what_changed_is_computed_again(case):
    case.click_slices(1, 5, 9)
    assert case.fill().result.calls == 6
    again = case.fill().result
    assert (again.calls, again.reused) == (0, 6)
    case.click_slices(9, scale=0.4)
    assert case.fill().result.calls == 3
    case.settings.threshold = 0.4
    assert case.fill().result.calls == 6


def test_a_slice_that_was_brushed_is_given_and_not_overwritten(case):
    case.click_slices(2, 8)
    case.fill()
    case.paint(5, slice(10, 12), slice(2, 30))
    brushed = case.volume_of()[5]
    assert kinds(case)[5] == "given"
    outcome = case.fill()
    assert outcome.kept == [5]
    np.testing.assert_array_equal(case.volume_of()[5], brushed)
    assert case.volume_of()[4].sum() > 0
    assert outcome.result.of_kind("given") == [5]
    assert kinds(case)[5] == "given"


def test_slices_that_somebody_painted_are_filled_between_without_any_click(case):
    for k in (2, 6):
        case.paint(k, slice(8, 18), slice(10, 24))
    assert kinds(case) == {2: "given", 6: "given"}
    assert case.fill().result.calls == 3
    np.testing.assert_array_equal(case.volume_of()[2], case.volume_of()[6])
    assert kinds(case)[4] == "derived"


def test_a_slice_that_was_emptied_is_filled_again(case):
    case.click_slices(2, 8)
    case.fill()
    case.paint(5, slice(None), slice(None), False)
    assert 5 not in kinds(case)
    assert 5 in case.fill().written
    assert kinds(case)[5] == "derived"


def test_other_segments_and_slices_beyond_stay(case):
    first = case.settings.segmentId
    case.paint(5, slice(0, 30), slice(0, 40))
    other = case.volume_of(first)
    case.panel.addSegment(case.settings)
    case.click_slices(3, 7)
    case.paint(9, slice(8, 18), slice(10, 24))
    case.fill()
    np.testing.assert_array_equal(case.volume_of(first), other)
    beyond = case.volume_of()[10:]
    assert not beyond.any()
    assert kinds(case)[9] == "given"


def test_overwriting_and_masking_are_those_of_the_panel(case):
    first = case.settings.segmentId
    case.paint(5, slice(0, 30), slice(0, 40))
    everywhere = case.volume_of(first)
    case.panel.addSegment(case.settings)
    case.click_slices(3, 7)
    case.settings.overwrite = Overwrite.ALL
    case.fill()
    mine = case.volume_of()
    np.testing.assert_array_equal(case.volume_of(first), everywhere & ~mine)
    case.undo()
    np.testing.assert_array_equal(case.volume_of(first), everywhere)


def test_the_editable_area_of_the_segment_editor_holds(case):
    case.click_slices(3, 7)
    node = case.build.scene.AddNode(editor_node(case))
    node.SetAndObserveSegmentationNode(case.nodes[0])
    node.SetAndObserveSourceVolumeNode(case.volume)
    node.SetSourceVolumeIntensityMask(True)
    node.SetSourceVolumeIntensityMaskRange(0, 1000)
    outcome = case.fill()
    between = case.volume_of()[4:7]
    assert between.any()
    assert (array_of(case)[4:7][between] >= 0).all()
    assert outcome.edit.voxelsRefused > 0
    assert kinds(case)[5] == "derived"


def editor_node(case):
    node = slicer.vtkMRMLSegmentEditorNode()
    node.SetSingletonTag("SegmentEditor")
    return node


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
    assert [kinds(case)[k] for k in expected] == ["propagated"] * 4
    outcome = case.carry_on(direction)
    assert outcome.result.stopped_by == "end"
    assert len(outcome.written) == 1
    nothing = case.carry_on(direction)
    assert (nothing.written, nothing.edit) == ({}, None)
    case.undo()
    assert len(kinds(case)) == 6


def test_what_was_carried_on_is_replaced_when_it_comes_to_lie_between(case):
    case.click_slices(2)
    case.carry_on(1)
    case.click_slices(9)
    outcome = case.fill()
    assert list(outcome.written) == list(range(3, 9))
    assert set(kinds(case).values()) == {"clicked", "derived"}


def test_moved_points_make_a_clicked_slice(case):
    case.click_slices(2, 8)
    case.fill()
    before = case.volume_of()
    outcome = case.move(5, ring(5, scale=1.3))
    assert outcome.written == {5: "clicked"}
    after = case.volume_of()
    np.testing.assert_array_equal(np.delete(after, 5, 0), np.delete(before, 5, 0))
    assert after[5].sum() > before[5].sum()
    assert case.slices().records[5].points[0] == pytest.approx((18 - 9.1, 14 + 0.52), abs=0.01)
    assert case.whole.reviews.outdated(case.nodes, case.slices()) == [3, 4, 6, 7]
    case.move(5, ring(5, scale=1.4))
    assert case.fill().result.calls == 4
    assert case.whole.reviews.outdated(case.nodes, case.slices()) == []
    case.undo()
    assert case.whole.reviews.outdated(case.nodes, case.slices()) != []
    case.undo()
    np.testing.assert_array_equal(case.volume_of(), before)
    assert kinds(case)[5] == "derived", "both drags are one step"


def test_parts_of_a_slice_keep_their_own_points(case):
    case.settings.keepExisting = True
    left, right = {"center": (9.0, 14.0), "scale": 0.7}, {"center": (29.0, 14.0), "scale": 0.8}
    for index in (3, 7):
        case.click_slices(index, **left)
        case.click_slices(index, **right)
    case.settings.keepExisting = False
    outcome = case.fill()
    assert outcome.result.calls == 6
    slices = case.slices()
    for index in (4, 5, 6):
        assert slices.points(index).shape == (8, 2)
        parts = [quadrilateral(p, slices.masks[index].shape) for p in np.split(slices.points(index), 2)]
        np.testing.assert_array_equal(slices.masks[index], parts[0] | parts[1])
        assert not (parts[0] & parts[1]).any()
    moved = np.vstack([ring(5, **left), ring(5, center=(29.0, 14.0), scale=1.0)])
    case.move(5, moved)
    assert len(case.slices().records[5].points) == 8
    assert case.fill().result.calls == 2 * 2 - 2, "only the parts beside the one that moved"


def test_segments_keep_what_is_known_of_them(case):
    case.click_slices(2, 6)
    case.fill()
    first = case.settings.segmentId
    case.panel.addSegment(case.settings)
    case.click_slices(3, 8, scale=0.7)
    case.fill()
    suggested = case.whole.reviews.next(case.nodes, case.slices())
    case.settings.segmentId = first
    assert case.fill().result.calls == 0
    assert case.whole.reviews.next(case.nodes, case.slices()) == 4
    assert suggested in (5, 6)


def test_suggestions_go_on_from_slice_to_slice_and_begin_again(case):
    reviews = case.whole.reviews
    assert reviews.next(case.nodes, case.slices()) is None
    case.click_slices(2, 8)
    assert reviews.next(case.nodes, case.slices()) == 5, "also before anything was filled"
    case.fill()
    seen = [reviews.next(case.nodes, case.slices()) for _ in range(6)]
    assert sorted(seen[:5]) == [3, 4, 5, 6, 7]
    assert seen[5] == seen[0]


def test_the_axis_with_most_clicked_slices_is_chosen(case):
    case.click_slices(3, 7)
    case.click_set(ring(32, center=(14.0, 5.0), scale=0.25, axis=0))
    slices = case.slices()
    assert slices.stack.axis == 2
    assert slices.kinds == {3: "clicked", 7: "clicked"}, "a sagittal slice is no painted line in axial ones"
    assert case.slices(axis=0).of("clicked") == [32]
    sagittal = case.volume_of()[:, :, 32]
    case.fill()
    np.testing.assert_array_equal(case.volume_of()[:, :, 32], sagittal)
    assert SliceRecords.recordsOf(*case.nodes)[0].axis == 0, "it still holds"


def test_slices_that_cross_are_not_clicked_ones_any_more_but_filled_between(case):
    case.click_slices(3, 7)
    case.click_set(ring(20, center=(14.0, 6.0), scale=0.4, axis=0))
    slices = case.slices()
    assert (slices.stack.axis, slices.kinds) == (2, {3: "given", 7: "given"})
    before = case.volume_of()
    assert list(case.fill().written) == [4, 5, 6]
    np.testing.assert_array_equal(case.volume_of()[:, :, 20], before[:, :, 20])
    np.testing.assert_array_equal(case.volume_of()[[3, 7]], before[[3, 7]])


def test_of_axes_with_as_many_slices_the_preferred_one_is_chosen(case):
    case.click_slices(3)
    case.click_set(ring(32, center=(14.0, 8.0), scale=0.3, axis=0))
    assert case.slices().stack.axis == 2
    assert case.slices(preferred=0).stack.axis == 0


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
    assert kinds(case)[4] == "derived"


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
