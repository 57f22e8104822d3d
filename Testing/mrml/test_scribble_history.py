"""Undo and redo bring back mask, scribbles and weights together, bit for bit."""

import numpy as np
import pytest

from CueSegMRML import SegmentMasks
from refine_case import LARYNX, LIVER, SPLEEN, RefineCase
from scene_builder import SHAPE

STROKE = (slice(5, 6), slice(20, 22), slice(8, 14))


@pytest.fixture
def case(build):
    case = RefineCase(build)
    yield case
    case.close()


def state(case: RefineCase) -> tuple:
    weights = case.session._space.history.weights
    mapping = case.session.labels.mapping()
    return case.masks(), mapping, None if weights is None else weights.number


def stroke(n: int) -> tuple[slice, slice, slice]:
    return slice(1 + n % 8, 2 + n % 8), slice(2 + n, 3 + n), slice(3 + 2 * n, 6 + 2 * n)


def test_ten_rounds_can_be_undone_and_redone_one_by_one(case):
    case.initial()
    states = [state(case)]
    for n in range(10):
        case.paint((0, LIVER, SPLEEN, LARYNX)[n % 4], stroke(n))
        case.refine()
        states.append(state(case))
    assert case.errors == []
    assert case.session.undoText == "Refine 10"
    for expected in reversed(states[:-1]):
        case.session.undo()
        assert state(case) == expected
    assert case.session.redoText == "Refine 1"
    for expected in states[1:]:
        case.session.redo()
        assert state(case) == expected
    assert not case.session.canRedo


def test_undoing_the_initial_prediction_removes_its_segments(case):
    empty = state(case)
    case.initial()
    full = state(case)
    assert case.session.undoText == "Initial prediction"
    case.session.undo()
    assert state(case) == empty
    assert case.session.labels.mapping() == {}
    case.session.redo()
    assert state(case) == full
    assert not case.session.canRedo


def test_strokes_and_edits_after_a_round_come_back_with_redo(case):
    case.initial()
    before = state(case)
    case.paint(LARYNX, STROKE)
    case.refine()
    case.paint(LIVER, stroke(2))
    after = state(case)
    case.session.undo()
    assert state(case) == before
    case.session.redo()
    assert state(case) == after


def test_what_is_painted_before_a_redo_comes_back_with_undo(case):
    case.initial()
    case.paint(LARYNX, STROKE)
    case.refine()
    case.session.undo()
    case.paint(LIVER, stroke(2))
    before = state(case)
    case.session.redo()
    assert state(case) != before
    case.session.undo()
    assert state(case) == before


def test_a_new_step_ends_what_could_be_redone(case):
    case.initial()
    case.paint(LARYNX, STROKE)
    case.refine()
    case.session.undo()
    case.paint(LIVER, stroke(2))
    case.refine()
    assert not case.session.canRedo
    with pytest.raises(ValueError, match="nothing to redo"):
        case.session.redo()


def test_an_edit_of_another_segment_survives_undo(case):
    case.initial()
    segmentation = case.session.segmentationNode.GetSegmentation()
    case.paint(LARYNX, STROKE)
    case.refine()
    segmentation.AddEmptySegment("mine", "mine")
    segmentation.GetSegment("mine").SetColor(0.1, 0.2, 0.3)
    case.session.undo()
    assert segmentation.GetSegment("mine").GetColor() == (0.1, 0.2, 0.3)


def test_weights_are_reset_in_one_step_and_come_back(case):
    case.initial()
    case.paint(LARYNX, STROKE)
    case.refine()
    with_weights = state(case)
    assert case.session.hasWeights
    case.session.resetWeights()
    assert not case.session.hasWeights
    assert state(case)[0] == with_weights[0]
    case.session.undo()
    assert state(case) == with_weights


def test_clearing_scribbles_is_one_step(case):
    case.initial()
    case.paint(LARYNX, STROKE)
    before = state(case)
    case.session.clearScribbles()
    assert case.session.scribbleCounts() == {}
    assert case.session.undoText == "Clear scribbles"
    case.session.undo()
    assert state(case) == before


def test_a_segment_that_was_removed_by_hand_comes_back_with_undo(case):
    case.initial()
    case.paint(LIVER, STROKE)
    before = case.voxels(LIVER)
    case.refine()
    assert (case.voxels(LIVER) != before).any()
    liver = case.session.labels.row(LIVER).resultSegmentId
    case.session.segmentationNode.GetSegmentation().RemoveSegment(liver)
    case.session.undo()
    np.testing.assert_array_equal(case.voxels(LIVER), before)
    assert case.session.labels.row(LIVER).resultSegmentId == liver


def test_strokes_of_another_network_come_back_with_undo_though_their_node_was_removed(case):
    case.initial()
    scribbles = case.session.scribbles
    scribbles.node.GetSegmentation().AddEmptySegment("Unused_0", "heart", (1, 0, 0))
    mask = np.zeros(SHAPE, bool)
    mask[STROKE] = True
    SegmentMasks.setOnVolume(scribbles.node, "Unused_0", case.volume, mask)
    case.paint(LIVER, stroke(1))
    case.refine()
    before = scribbles.painted()
    assert before["Unused_0"] == mask.sum()
    case.build.scene.RemoveNode(scribbles.node)
    case.session._space.follow()  # makes a new node
    case.paint(SPLEEN, stroke(2))
    case.refine()
    assert case.errors == []
    case.session.undo()
    assert scribbles.painted() == before


def test_segments_chosen_since_a_step_stay_mapped_when_it_is_undone(case):
    case.initial()
    case.paint(LIVER, STROKE)
    case.refine()
    heart = case.session.newOrgan("heart", reuse=SPLEEN).resultSegmentId
    larynx = case.session.addMissing(LARYNX).resultSegmentId
    for step in (case.session.undo, case.session.undo, case.session.redo, case.session.redo):
        step()
        mapping = case.session.labels.mapping()
        assert (mapping[SPLEEN], mapping[LARYNX]) == (heart, larynx)
    assert LIVER in mapping


def test_a_segment_that_became_another_label_since_a_step_stays_with_it_when_it_is_undone(case):
    case.initial()
    case.paint(LIVER, STROKE)
    case.refine()
    liver = case.session.labels.row(LIVER).resultSegmentId
    case.session.chooseTarget("")
    case.session.startFromSegmentation({liver: LARYNX})
    for step in (case.session.undo, case.session.redo):
        step()
        assert [n for n, segment in case.session.labels.mapping().items() if segment == liver] == [LARYNX]


def test_a_mapping_that_redo_brought_back_goes_when_it_is_undone(case):
    case.initial()
    case.paint(LIVER, STROKE)
    case.refine()
    case.session.undo()
    case.session.labels.mapTo(LIVER, "")
    unmapped = case.session.labels.mapping()
    case.session.redo()
    assert LIVER in case.session.labels.mapping()
    case.session.undo()
    assert case.session.labels.mapping() == unmapped


def test_there_is_nothing_to_undo_at_first_nor_while_running(case):
    with pytest.raises(ValueError, match="nothing to undo"):
        case.session.undo()
    case.initial()
    case.paint(LIVER, STROKE)
    case.backend.gate.clear()
    case.refine(wait=False)
    assert not case.session.canUndo
    with pytest.raises(ValueError, match="stop or cancel it first"):
        case.session.undo()
    case.session.cancel()
    assert case.session.canUndo
    case.backend.gate.set()


def test_strokes_that_are_cleared_during_a_round_stay_cleared(case):
    case.initial()
    case.paint(LARYNX, STROKE)
    case.backend.gate.clear()
    case.refine(wait=False)
    case.session.clearScribbles()
    case.backend.gate.set()
    case.wait()
    case.paint(LIVER, STROKE)
    case.refine()
    case.session.undo()
    assert case.session.scribbleCounts() == {}


def test_memory_of_the_history_is_bounded(case, monkeypatch):
    from CueSegMRML import StepHistory

    monkeypatch.setattr(StepHistory, "_BYTES", 1)
    case.initial()
    for n in range(12):
        case.paint(LIVER, stroke(n))
        case.refine()
    undone = 0
    while case.session.canUndo:
        case.session.undo()
        undone += 1
    assert undone == 10
