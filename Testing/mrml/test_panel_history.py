"""Undo and redo of segments by steps: what a step holds, what takes its place, what others did meanwhile."""

import numpy as np
import pytest
import slicer

from CueSegMRML.StepHistory import STEPS
from editing_case import LEFT, MIDDLE, EditingCase, box, in_slice
from ExtremePointSegLib.History import History
from scene_builder import GEOMETRIES, affine, segment_in_volume

ELSEWHERE = in_slice(box(slice(20, 25), slice(30, 38)), 8)


class HistoryCase(EditingCase):
    """Writes are steps of a history."""

    def __init__(self, build) -> None:
        super().__init__(build)
        self.history = History()
        self.editing.beforeChange = self.history.remember

    def overwrite(self) -> None:
        self.editing.node.SetOverwriteMode(self.editing.node.OverwriteAllSegments)

    def step(self, mask, key=None, segment_id="liver", **options):
        with self.history.step("slice", self.segmentation, [segment_id], self.volume, key=key):
            return self.write(mask, segment_id, **options)


@pytest.fixture
def case(build) -> HistoryCase:
    return HistoryCase(build)


def test_undo_and_redo_restore_every_segment(case):
    case.overwrite()
    assert not case.history.undoText
    case.step(MIDDLE)
    assert case.history.undoText == "slice"
    case.history.undo()
    assert not case.voxels().any()
    np.testing.assert_array_equal(case.voxels("spleen"), case.spleen)
    case.history.redo()
    np.testing.assert_array_equal(case.voxels(), in_slice(MIDDLE))
    np.testing.assert_array_equal(case.voxels("spleen"), case.spleen & ~in_slice(MIDDLE))


def test_as_many_steps_as_promised_can_be_undone_one_by_one(case):
    masks = [box(slice(2, 4 + n), slice(3, 9)) for n in range(STEPS + 2)]
    for mask in masks:
        case.step(mask)
    for mask in masks[-2 : -STEPS - 2 : -1]:
        case.history.undo()
        np.testing.assert_array_equal(case.voxels(), in_slice(mask))
    assert not case.history.undoText
    assert STEPS >= 10
    with pytest.raises(ValueError, match="nothing to undo"):
        case.history.undo()


def test_a_step_of_the_same_key_takes_the_place_and_gives_back_what_was_taken_from_others(case):
    case.overwrite()
    case.step(MIDDLE, key=1)
    case.step(LEFT, key=1)
    np.testing.assert_array_equal(case.voxels(), in_slice(LEFT))
    np.testing.assert_array_equal(case.voxels("spleen"), case.spleen)
    case.history.undo()
    assert not case.voxels().any()
    assert not case.history.undoText


def test_what_somebody_painted_in_between_begins_a_new_step(case):
    case.step(LEFT, key=1)
    case.fill("liver", in_slice(LEFT) | ELSEWHERE)
    case.step(MIDDLE, key=1)
    np.testing.assert_array_equal(case.voxels(), in_slice(MIDDLE) | ELSEWHERE)
    case.history.undo()
    np.testing.assert_array_equal(case.voxels(), in_slice(LEFT) | ELSEWHERE)


def test_a_step_after_undo_is_a_new_one(case):
    case.step(LEFT, key=1)
    case.step(MIDDLE, key=2)
    case.history.undo()
    case.step(MIDDLE, key=2)
    case.history.undo()
    np.testing.assert_array_equal(case.voxels(), in_slice(LEFT))


def test_what_others_painted_stays_when_a_step_is_undone_and_redone(case):
    case.overwrite()
    case.step(MIDDLE)
    erased = in_slice(box(slice(8, 18), slice(15, 17)))
    case.fill("liver", (in_slice(MIDDLE) | ELSEWHERE) & ~erased)
    spleen = case.voxels("spleen") | in_slice(box(slice(0, 3), slice(0, 3)), 1)
    case.fill("spleen", spleen)
    case.history.undo()
    np.testing.assert_array_equal(case.voxels(), ELSEWHERE)
    np.testing.assert_array_equal(case.voxels("spleen"), spleen | case.spleen)
    case.history.redo()
    np.testing.assert_array_equal(case.voxels(), in_slice(MIDDLE) | ELSEWHERE)
    np.testing.assert_array_equal(case.voxels("spleen"), spleen)


def test_what_others_painted_stays_on_other_voxels_too(case):
    case.step(LEFT)
    halves = affine(np.eye(3) / 2, (-0.25, -0.25, -0.25))
    finer = case.build.volume(GEOMETRIES["lps"] @ halves, np.zeros((24, 60, 80), np.uint8))
    doubled = np.kron(in_slice(LEFT) | ELSEWHERE, np.ones((2, 2, 2), bool))
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        doubled.astype(np.uint8), case.segmentation, "liver", finer
    )
    case.history.undo()
    np.testing.assert_array_equal(case.voxels(), ELSEWHERE)
    assert segment_in_volume(case.segmentation, "liver", finer).sum() == 8 * ELSEWHERE.sum()


def test_a_segment_that_was_removed_stays_removed(case):
    case.step(LEFT)
    case.step(LEFT, segment_id="tumour")
    case.segmentation.GetSegmentation().RemoveSegment("tumour")
    assert case.history.undo().segmentId == "liver"
    assert not case.voxels().any()
    assert case.segmentation.GetSegmentation().GetSegment("tumour") is None
    case.history.redo()
    case.build.scene.RemoveNode(case.segmentation)
    assert (case.history.undoText, case.history.redoText) == ("", "")


def test_a_segment_that_the_step_added_goes_and_comes(case):
    segmentation = case.segmentation.GetSegmentation()
    with case.history.step("new", case.segmentation, ["new"]):
        segmentation.AddEmptySegment("new", "new one", (1.0, 0.0, 0.5))
        case.write(LEFT, "new")
    case.history.undo()
    assert segmentation.GetSegment("new") is None
    case.history.redo()
    assert segmentation.GetSegment("new").GetName() == "new one"
    np.testing.assert_array_equal(case.voxels("new"), in_slice(LEFT))


def test_an_error_takes_back_what_was_done_and_leaves_no_step(case):
    case.overwrite()
    case.step(LEFT, key=1)

    def interrupted():
        with case.history.step("slice", case.segmentation, ["liver"], key=1):
            case.write(MIDDLE)
            raise ValueError("interrupted")

    with pytest.raises(ValueError, match="interrupted"):
        interrupted()
    np.testing.assert_array_equal(case.voxels(), in_slice(LEFT))
    np.testing.assert_array_equal(case.voxels("spleen"), case.spleen)
    case.history.undo()
    assert not case.voxels().any()
    assert not case.history.undoText


def test_nothing_changed_is_no_step(case):
    case.step(LEFT)
    case.step(LEFT)
    case.history.undo()
    assert not case.history.undoText


def test_a_step_within_a_step_is_refused(case):
    with (
        pytest.raises(RuntimeError, match="'inner' begins within"),
        case.history.step("outer"),
        case.history.step("inner"),
    ):
        pass
    case.step(LEFT)
    assert case.history.undoText == "slice"


def test_erasing_within_one_segment_gives_it_the_voxels_and_undo_takes_them(case):
    case.overwrite()
    case.fill("liver", in_slice(LEFT))
    node = case.editing.node
    node.SetMaskMode(case.segmentation.EditAllowedInsideSingleSegment)
    node.SetMaskSegmentID("spleen")
    before = case.voxels(), case.voxels("spleen")
    case.fill("spleen", before[1] | in_slice(LEFT))
    masked = case.voxels("spleen")
    case.step(np.zeros_like(LEFT))
    case.history.undo()
    np.testing.assert_array_equal(case.voxels(), before[0])
    np.testing.assert_array_equal(case.voxels("spleen"), masked)


def test_segments_that_are_no_voxels_any_more_are_refused_and_the_step_stays(case):
    case.step(LEFT)
    segmentation = case.segmentation.GetSegmentation()
    segmentation.CreateRepresentation("Closed surface")
    segmentation.SetSourceRepresentationName("Closed surface")
    with pytest.raises(ValueError, match="make binary labelmap its source representation"):
        case.history.undo()
    assert case.history.undoText == "slice"


def test_a_segment_that_went_before_its_slice_came_is_an_error_in_words_alone(case, capfd):
    def late():
        case.segmentation.GetSegmentation().RemoveSegment("tumour")
        case.step(LEFT, segment_id="tumour")

    with pytest.raises(ValueError, match="has no segment 'tumour'"):
        late()
    assert "cannot be found" not in capfd.readouterr().err
    assert not case.history.undoText
