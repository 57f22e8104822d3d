"""Clicked slices of a segment become a volume: what is written, what stays, and what is asked of the network."""

import numpy as np
import pytest
import slicer

from cueseg.volumes import fill_between
from CueSegMRML import ContourFilling
from doubles import quadrilateral
from ExtremePointSegLib.Settings import Overwrite
from whole_volume_case import WholeVolumeCase, ring


@pytest.fixture
def case(build):
    case = WholeVolumeCase(build)
    yield case
    case.close()


def test_what_lies_between_two_clicked_slices_is_filled_and_asked_again(case):
    case.click_slices(2, scale=1.0)
    case.click_slices(8, scale=0.6)
    before = case.volume_of()
    outcome = case.fill()
    assert case.kinds() == {2: "clicked", 8: "clicked"} | dict.fromkeys(range(3, 8), "derived")
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
    assert case.kinds() == {2: "clicked", 6: "clicked"}
    case.redo()
    np.testing.assert_array_equal(case.volume_of(), after)
    assert case.kinds()[4] == "derived"
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
    assert set(case.kinds().values()) == {"clicked", "derived"}, "filled slices are made again"


def test_shapes_can_be_those_of_the_segment_editor(case):
    case.click_slices(2, scale=1.0)
    case.click_slices(6, scale=0.5)
    outcome = case.fill(useNetwork=False, fill=ContourFilling.fillGap)
    masks = case.slices().masks
    expected = ContourFilling.fillGap(masks[2], masks[6], 4, (1.0, 1.0))
    for index, mask in enumerate(expected, 3):
        np.testing.assert_array_equal(masks[index], mask)
    areas = masks[2:7].sum(axis=(1, 2))
    assert (np.diff(areas) < 0).all()
    assert set(outcome.written.values()) == {"filled"}
    case.fill()
    derived = case.slices().points(4)
    case.fill(fill=ContourFilling.fillGap)
    assert (case.slices().points(4) != derived).any(), "the network gets the points of these shapes"


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
    assert case.kinds()[5] == "given"
    outcome = case.fill()
    assert outcome.kept == [5]
    np.testing.assert_array_equal(case.volume_of()[5], brushed)
    assert case.volume_of()[4].sum() > 0
    assert outcome.result.of_kind("given") == [5]
    assert case.kinds()[5] == "given"


def test_slices_that_somebody_painted_are_filled_between_without_any_click(case):
    for k in (2, 6):
        case.paint(k, slice(8, 18), slice(10, 24))
    assert case.kinds() == {2: "given", 6: "given"}
    assert case.fill().result.calls == 3
    np.testing.assert_array_equal(case.volume_of()[2], case.volume_of()[6])
    assert case.kinds()[4] == "derived"


def test_a_slice_that_was_emptied_is_filled_again(case):
    case.click_slices(2, 8)
    case.fill()
    case.paint(5, slice(None), slice(None), False)
    assert 5 not in case.kinds()
    assert 5 in case.fill().written
    assert case.kinds()[5] == "derived"


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
    assert case.kinds()[9] == "given"


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
    assert case.kinds()[5] == "derived"


def editor_node(case):
    node = slicer.vtkMRMLSegmentEditorNode()
    node.SetSingletonTag("SegmentEditor")
    return node


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
