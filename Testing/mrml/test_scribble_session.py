"""The refinement from nodes to nodes: initial prediction, rounds, labels, what is left alone."""

import numpy as np
import pytest

from CueSegMRML import SegmentMasks
from CueSegMRML.SegmentStates import stateOf
from refine_case import LARYNX, LIVER, SPLEEN, RefineCase
from refine_doubles import claimed
from scene_builder import GEOMETRIES, SHAPE, rotation
from ScribbleRefineLib.LabelTable import RowState
from ScribbleRefineLib.Session import NEW, SKIP

STROKE = (slice(5, 6), slice(20, 22), slice(8, 14))
ELSEWHERE = (slice(6, 7), slice(7, 9), slice(8, 14))


@pytest.fixture
def case(build):
    case = RefineCase(build)
    yield case
    case.close()


def test_the_initial_prediction_becomes_segments_named_after_the_classes(case):
    result = case.initial()
    assert case.errors == []
    names = {row.index: row.name for row in case.session.labels.rows}
    assert names == {0: "background", 1: "liver", 2: "spleen", 3: "larynx"}
    states = [row.state for row in case.session.labels.rows]
    assert states == [RowState.BACKGROUND, RowState.MAPPED, RowState.MAPPED, RowState.MISSING]
    for index in (LIVER, SPLEEN):
        np.testing.assert_array_equal(case.voxels(index), case.prediction == index)
    segmentation = case.session.segmentationNode.GetSegmentation()
    assert [segmentation.GetNthSegment(n).GetName() for n in range(2)] == ["liver", "spleen"]
    assert (result.kind, result.round, result.changedVoxels) == ("initial", 1, (case.prediction > 0).sum())
    assert result.millilitres[LIVER] == (0, pytest.approx((case.prediction == LIVER).sum() * 2 / 1000))


def test_a_round_corrects_several_labels_at_once(case):
    case.initial()
    strokes = np.full(SHAPE, -1)
    for index, box in ((LARYNX, STROKE), (0, ELSEWHERE)):
        strokes[case.paint(index, box)] = index
    result = case.refine()
    assert case.errors == []
    np.testing.assert_array_equal(case.backend.refinement.calls[-1].scribbles, strokes)
    expected = claimed(case.prediction, strokes)
    for index in (LIVER, SPLEEN, LARYNX):
        np.testing.assert_array_equal(case.voxels(index), expected == index)
    assert case.session.labels.row(LARYNX).state is RowState.MAPPED
    assert result.satisfied
    assert result.changedVoxels == (expected != case.prediction).sum()
    gained, lost = result.changedByLabel[LARYNX]
    assert (gained, lost) == ((expected == LARYNX).sum(), 0)


def test_only_segments_of_the_table_that_change_are_touched(case):
    case.initial()
    segmentation = case.session.segmentationNode
    for name in ("bone", "empty"):
        segmentation.GetSegmentation().AddEmptySegment(name, name)
    bone = np.random.default_rng(0).random(SHAPE) > 0.5
    SegmentMasks.setOnVolume(segmentation, "bone", case.volume, bone)
    spleen = case.session.labels.row(SPLEEN).resultSegmentId
    before = {name: stateOf(segmentation, name) for name in ("bone", "empty", spleen)}
    case.paint(LARYNX, STROKE)
    case.refine()
    assert {name: stateOf(segmentation, name) for name in before} == before
    np.testing.assert_array_equal(SegmentMasks.maskOnVolume(segmentation, "bone", case.volume), bone)


def test_locked_labels_stay_and_are_told_to_the_network(case):
    case.initial()
    case.session.labels.setLocked(LIVER, True)
    case.paint(SPLEEN, ELSEWHERE)  # inside the liver
    notes = case.session.checkRefine(case.settings)
    assert notes == [
        "only 'spleen' is scribbled and may spread: scribble the background too where it must not go"
    ]
    before = case.voxels(LIVER)
    case.refine()
    assert case.backend.refinement.calls[-1].locked == (LIVER,)
    np.testing.assert_array_equal(case.voxels(LIVER), before)


def test_locked_labels_stay_even_if_the_network_forgets(case, monkeypatch):
    case.initial()
    case.session.labels.setLocked(LIVER, True)
    before, other = case.voxels(LIVER), case.prediction.copy()
    case.paint(SPLEEN, STROKE)
    other[:, :, :20] = SPLEEN
    refine = type(case.backend.refinement).refine

    def forgetful(self, *args, **kwargs):
        result = refine(self, *args, **kwargs)
        result.labels = other
        return result

    monkeypatch.setattr(type(case.backend.refinement), "refine", forgetful)
    case.refine()
    np.testing.assert_array_equal(case.voxels(LIVER), before)
    np.testing.assert_array_equal(case.voxels(SPLEEN), (other == SPLEEN) & ~before)


def test_an_existing_segmentation_is_matched_by_name(case):
    segmentation = case.build.segmentation(case.volume, segments=("Spleen", "tumour", "LIVER"))
    tumour = np.zeros(SHAPE, bool)
    tumour[2:4, 2:4, 2:9] = True
    SegmentMasks.setOnVolume(segmentation, "tumour", case.volume, tumour)
    case.set_up(segmentation)
    assert [match.classIndex for match in case.session.matches()] == [SPLEEN, None, LIVER]
    notes = case.session.startFromSegmentation()
    assert notes == ["'tumour' is no label of the network and stays as it is"]
    assert case.session.labels.mapping() == {LIVER: "LIVER", SPLEEN: "Spleen"}
    case.paint(LIVER, STROKE)
    case.refine()
    np.testing.assert_array_equal(case.voxels(LIVER), claimed(case.prediction, case_strokes(case)) == LIVER)
    np.testing.assert_array_equal(SegmentMasks.maskOnVolume(segmentation, "tumour", case.volume), tumour)


def case_strokes(case) -> np.ndarray:
    return case.backend.refinement.calls[-1].scribbles


@pytest.mark.parametrize("choice", [NEW, LARYNX, SKIP])
def test_segments_can_be_mapped_by_hand(case, choice):
    segmentation = case.build.segmentation(case.volume, segments=("tumour",))
    case.set_up(segmentation)
    case.session.startFromSegmentation({"tumour": choice})
    rows = case.session.labels.rows
    where = {NEW: 4, LARYNX: LARYNX, SKIP: None}[choice]
    mapped = [row.index for row in rows if row.resultSegmentId == "tumour"]
    assert mapped == ([] if where is None else [where])
    if choice == NEW:
        assert (rows[4].name, rows[4].state) == ("tumour", RowState.NEW)
        assert case.session.startFromSegmentation({"tumour": NEW}) == []
        assert len(rows) == 5
    with pytest.raises(ValueError, match="9 is no label: choose one from 1 to"):
        case.session.startFromSegmentation({"tumour": 9})


def test_segments_without_a_name_of_their_own_are_left_as_they_are_with_a_note(case):
    segmentation = case.build.segmentation(case.volume, segments=("one", "two", "three", "four"))
    for segment, name in (("one", "tumour"), ("two", "Background"), ("three", "tumour"), ("four", " ")):
        segmentation.GetSegmentation().GetSegment(segment).SetName(name)
    case.set_up(segmentation)
    assert case.session.startFromSegmentation(unmatched=NEW) == [
        "'Background' is no label of the network and stays as it is",
        "' ' is no label of the network and stays as it is",
        "'tumour' is left out: another segment stands for the same label",
    ]
    assert case.session.labels.mapping() == {4: "one"}


def test_a_new_organ_gets_an_output_of_its_own(case):
    case.initial()
    row = case.session.newOrgan("heart")
    assert (row.index, row.state) == (4, RowState.NEW)
    case.paint(4, STROKE)
    case.refine()
    np.testing.assert_array_equal(case.voxels(4), claimed(case.prediction, case_strokes(case)) == 4)
    with pytest.raises(ValueError, match="'Heart' is empty or taken"):
        case.session.newOrgan("Heart")


def test_a_new_organ_can_reuse_a_class(case):
    case.initial()
    old, spleen = case.session.labels.row(SPLEEN).resultSegmentId, case.voxels(SPLEEN)
    row = case.session.newOrgan("heart", reuse=SPLEEN)
    assert (row.index, row.name, len(case.session.labels.rows)) == (SPLEEN, "heart", 4)
    case.paint(SPLEEN, STROKE)
    case.refine()
    node = case.session.segmentationNode
    np.testing.assert_array_equal(SegmentMasks.maskOnVolume(node, old, case.volume), spleen)
    assert case.voxels(SPLEEN)[STROKE].all()


def test_a_missing_class_gets_an_empty_segment(case):
    case.initial()
    row = case.session.addMissing(LARYNX)
    assert row.state is RowState.MAPPED
    assert case.session.addMissing(LARYNX).resultSegmentId == row.resultSegmentId
    assert not case.voxels(LARYNX).any()


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_orientation_and_transforms_make_no_difference(build, geometry):
    moved = build.transform(rotation(2, 20, (3, -4, 5)))
    turned = build.transform(rotation(0, -35, (1, 2, 3)))
    case = RefineCase(build, geometry, set_up=False)
    case.volume.SetAndObserveTransformNodeID(moved.GetID())
    segmentation = build.segmentation(case.volume, transform=moved, segments=())
    case.set_up(segmentation)
    case.initial()
    case.paint(LARYNX, STROKE)
    case.volume.SetAndObserveTransformNodeID(turned.GetID())
    segmentation.SetAndObserveTransformNodeID(turned.GetID())
    case.refine()
    assert case.errors == []
    expected = claimed(case.prediction, case_strokes(case))
    assert (case_strokes(case) == LARYNX).sum() == 12
    for index in (LIVER, SPLEEN, LARYNX):
        np.testing.assert_array_equal(case.voxels(index), expected == index)
    case.close()


def test_a_finer_segmentation_under_another_transform_is_written_where_the_volume_says(build):
    case = RefineCase(build, set_up=False)
    case.volume.SetAndObserveTransformNodeID(build.transform(rotation(1, 15, (2, 0, 1))).GetID())
    fine = build.volume(
        GEOMETRIES["lps"] @ np.diag([0.5, 0.5, 0.5, 1]), np.zeros([2 * n for n in SHAPE], np.uint8)
    )
    segmentation = build.segmentation(fine, segments=("liver",))
    segmentation.SetAndObserveTransformNodeID(case.volume.GetTransformNodeID())
    case.set_up(segmentation)
    case.session.startFromSegmentation()
    result = case.initial()
    np.testing.assert_array_equal(case.voxels(LIVER), case.prediction == LIVER)
    assert case.session.labels.row(LIVER).resultSegmentId == "liver"
    assert result.notes == []
    case.close()


def test_a_smaller_segmentation_is_cut_and_told(build):
    case = RefineCase(build, set_up=False)
    small = build.volume(GEOMETRIES["lps"], np.zeros((SHAPE[0], 12, SHAPE[2]), np.uint8))
    case.set_up(build.segmentation(small, segments=()))
    result = case.initial()
    inside = case.prediction[:, :12] == LIVER
    np.testing.assert_array_equal(case.voxels(LIVER)[:, :12], inside)
    outside = (case.prediction[:, 12:] > 0).sum()
    assert result.notes == [f"{outside} voxels lie outside the segmentation's geometry"]
    case.close()


def test_colour_volumes_reach_the_network_with_the_channels_last(build):
    image = np.random.default_rng(0).integers(0, 255, (*SHAPE, 3)).astype(np.uint8)
    case = RefineCase(build, image=image)
    case.initial()
    np.testing.assert_array_equal(case.backend.refinement.images[-1].image, image)
    assert case.backend.refinement.images[-1].spacing == (2.0, 1.0, 1.0)
    np.testing.assert_array_equal(case.voxels(SPLEEN), image.max(-1) >= 200)
    case.close()
