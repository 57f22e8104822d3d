"""What is made of seven points written into a segment: in the boxes alone, one undo step, corrected by the next."""

import numpy as np
import pytest

from CueSegMRML import SegmentMasks
from CueSegMRML.VolumeVoxels import VolumeEdit
from ExtremePointSegLib import SevenPointsMessages as Messages
from ExtremePointSegLib.SevenPoints import SegmentRequest
from ExtremePointSegLib.TargetStates import statesOf
from scene_builder import segment_in_volume
from seven_points_case import SECOND, SHAPE, SessionCase, add_target, ellipsoid, place


@pytest.fixture
def case(build):
    case = SessionCase(build)
    yield case
    case.points.close()


def segmented(case, segmentation, keepExisting=False, during=None):
    """Segment all complete targets into the segment "liver"; returns what was written, results and errors."""
    edits, errors = [], []
    request = SegmentRequest(case.volume, segmentation, "liver", keepExisting, 0, 0.2)
    states = statesOf(case.volume)
    points = case.points.pointsOf(case.volume, states)
    case.points.segment(request, points, lambda *done: edits.append(done), errors.append)
    if during is not None:
        during()
    case.wait()
    return edits, errors


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_the_objects_become_the_segment(case):
    add_target(case.volume)
    add_target(case.volume, *SECOND)
    segmentation = case.build.segmentation(case.volume)
    ((edit, result),), errors = segmented(case, segmentation)
    assert errors == []
    found = segment_in_volume(segmentation, "liver", case.volume)
    np.testing.assert_array_equal(found, result.mask)
    assert edit.voxelsAdded == found.sum()
    assert dice(found, ellipsoid() | ellipsoid(SECOND[0], (3, 3, 2))) > 0.95
    case.history.undo()
    assert not segment_in_volume(segmentation, "liver", case.volume).any()
    assert not case.history.undoText


def test_a_corrected_result_takes_the_place_of_the_one_before(case):
    node = add_target(case.volume)
    segmentation = case.build.segmentation(case.volume)
    segmented(case, segmentation)
    for number, ijk in enumerate([SECOND[0], *SECOND[1]]):
        place(node, case.volume, {number: ijk})
    segmented(case, segmentation)
    found = segment_in_volume(segmentation, "liver", case.volume)
    assert not (found & ellipsoid()).any()
    assert dice(found, ellipsoid(SECOND[0], (3, 3, 2))) > 0.9
    case.history.undo()
    assert not segment_in_volume(segmentation, "liver", case.volume).any()


def test_what_was_drawn_meanwhile_stays_outside_of_the_boxes(case):
    node = add_target(case.volume)
    segmentation = case.build.segmentation(case.volume)
    segmented(case, segmentation)
    first = segment_in_volume(segmentation, "liver", case.volume)
    drawn = np.zeros(SHAPE, bool)
    drawn[:2, :3] = True
    SegmentMasks.setOnVolume(segmentation, "liver", case.volume, first | drawn)
    for number, ijk in enumerate([SECOND[0], *SECOND[1]]):
        place(node, case.volume, {number: ijk})
    segmented(case, segmentation)
    found = segment_in_volume(segmentation, "liver", case.volume)
    assert (found & (first | drawn)).sum() == (first | drawn).sum()


def test_a_node_that_is_removed_meanwhile_is_not_written(case):
    add_target(case.volume)
    segmentation = case.build.segmentation(case.volume)
    assert segmented(case, segmentation, during=lambda: case.build.scene.RemoveNode(segmentation)) == ([], [])


def test_a_cancelled_segmentation_changes_nothing(case):
    add_target(case.volume)
    segmentation = case.build.segmentation(case.volume)
    assert segmented(case, segmentation, during=case.points.cancel) == ([], [])
    assert not segment_in_volume(segmentation, "liver", case.volume).any()


def test_a_segment_that_cannot_be_written_is_told(case):
    add_target(case.volume)
    segmentation = case.build.segmentation(case.volume, segments=("spleen",))
    edits, (error,) = segmented(case, segmentation)
    assert edits == []
    assert "has no segment 'liver'" in str(error)


def test_what_was_written_is_told():
    assert Messages.describeEdit(VolumeEdit(5, 3, 0), 1.26, str) == (
        "Segmented in 1.3 s: 5 voxels added, 3 removed."
    )
    assert "kept 2 voxels out" in Messages.describeEdit(VolumeEdit(5, 3, 2), 1.0, str)
