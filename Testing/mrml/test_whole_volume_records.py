"""What kinds of slices a segment remembers, and in which form: clicked ones as ever."""

import json

import numpy as np
import pytest
import slicer
import vtk

from CueSegMRML import SegmentMasks, SliceRecords, TrainingCases
from CueSegMRML.SliceRecords import SliceRecord
from panel_case import PanelCase
from scene_builder import clicks_in_slice

WEIGHTS = ("net", "ab" * 32)
POINTS = ((1.0, 2.0), (5.5, 2.25), (3.0, 1.0), (3.0, 4.0))
CLICKS = clicks_in_slice(2, 5)


@pytest.fixture
def case(build):
    case = PanelCase(build)
    case.nodes = (case.settings.segmentation, case.settings.segmentId, case.volume)
    yield case
    case.panel.close()


def fill(case, first=2, last=9):
    mask = np.zeros(case.voxels().shape, bool)
    mask[first : last + 1, 5:12, 8:20] = True
    SegmentMasks.setOnVolume(*case.nodes, mask)
    return mask


def tag(case):
    text = vtk.reference("")
    case.nodes[0].GetSegmentation().GetSegment(case.nodes[1]).GetTag(SliceRecords.TAG, text)
    return json.loads(str(text))


def test_kinds_are_kept_and_clicked_slices_are_written_as_ever(case):
    case.click(CLICKS)
    case.segment()
    (clicked,) = SliceRecords.recordsOf(*case.nodes)
    mask = fill(case)
    others = [
        SliceRecord(2, 6, POINTS, WEIGHTS, "derived"),
        SliceRecord(2, 7, (), ("", ""), "filled"),
        SliceRecord(2, 8, POINTS * 2, WEIGHTS, "propagated"),
        SliceRecord(2, 11, POINTS, WEIGHTS, "derived"),
    ]
    SliceRecords.noteAll(*case.nodes, others)
    assert SliceRecords.recordsOf(*case.nodes) == others[:3], "slice 5 was changed, and slice 11 is empty"
    notes = SliceRecords.notesOf(*case.nodes[:2])
    assert [(note.axis, note.index) for note in notes] == [(2, 5), (2, 6), (2, 7), (2, 8)]
    assert [len(entry) for entry in tag(case)] == [5, 6, 6, 6]
    assert clicked.kind == "clicked"
    mask[6, 5, 8] = False
    SegmentMasks.setOnVolume(*case.nodes, mask)
    assert [record.index for record in SliceRecords.recordsOf(*case.nodes)] == [7, 8]


def test_a_kind_that_nobody_knows_is_a_damaged_record(case):
    fill(case)
    SliceRecords.noteAll(*case.nodes, [SliceRecord(2, 6, POINTS, WEIGHTS, "derived")])
    (entry,) = tag(case)
    segment = case.nodes[0].GetSegmentation().GetSegment(case.nodes[1])
    for damaged in ([*entry[:5], "guessed"], [*entry, "derived"]):
        segment.SetTag(SliceRecords.TAG, json.dumps([damaged]))
        assert SliceRecords.recordsOf(*case.nodes) == []
    segment.SetTag(SliceRecords.TAG, json.dumps([entry]))
    assert len(SliceRecords.recordsOf(*case.nodes)) == 1


def test_a_slice_of_which_the_volume_has_none_holds_no_record(case):
    fill(case)
    segment = case.nodes[0].GetSegmentation().GetSegment(case.nodes[1])
    segment.SetTag(
        SliceRecords.TAG, json.dumps([[3, 4, [], ["", ""], 0, "filled"], [2, 99, [], ["", ""], 0]])
    )
    assert SliceRecords.recordsOf(*case.nodes) == []


def test_a_part_that_is_clicked_beside_a_derived_one_makes_no_clicked_slice(case):
    mask = np.zeros(case.voxels().shape, bool)
    mask[5, 1:4, 1:4] = True
    SegmentMasks.setOnVolume(*case.nodes, mask)
    SliceRecords.noteAll(*case.nodes, [SliceRecord(2, 5, POINTS, WEIGHTS, "derived")])
    case.settings.keepExisting = True
    case.click(CLICKS)
    case.segment()
    assert case.voxels()[5].sum() > 9
    assert SliceRecords.recordsOf(*case.nodes) == []


def test_kinds_are_saved_with_the_segmentation(case, tmp_path):
    fill(case)
    records = [
        SliceRecord(2, k, POINTS, WEIGHTS, kind) for k, kind in enumerate(("derived", "propagated"), 4)
    ]
    SliceRecords.noteAll(*case.nodes, records)
    path = str(tmp_path / "labels.seg.nrrd")
    assert slicer.util.saveNode(case.nodes[0], path)
    loaded = slicer.util.loadSegmentation(path)
    found = SliceRecords.recordsOf(loaded, loaded.GetSegmentation().GetNthSegmentID(0), case.volume)
    assert found == records


def test_a_training_set_says_where_slices_come_from(case):
    case.click(CLICKS)
    case.segment()
    mask = fill(case) | case.voxels()
    mask[5] = False
    SegmentMasks.setOnVolume(*case.nodes, mask)
    case.move(0, tuple(CLICKS[0] + (1, 0, 0)))
    case.segment()
    SliceRecords.noteAll(
        *case.nodes,
        [
            SliceRecord(2, 6, POINTS, WEIGHTS, "derived"),
            SliceRecord(2, 7, (), ("", ""), "filled"),
            SliceRecord(2, 8, POINTS, WEIGHTS, "propagated"),
        ],
    )
    labelled = TrainingCases.takeLabels(case.volume, case.nodes[0])
    origins = {o.index: o for o in TrainingCases.trainingCase(labelled, "ct").origins}
    kinds = {index: origin.origin for index, origin in origins.items()}
    assert {index: kinds[index] for index in range(4, 10)} == {
        4: "unrecorded",
        5: "clicked",
        6: "derived",
        7: "filled",
        8: "propagated",
        9: "unrecorded",
    }
    assert (origins[6].points, origins[6].weights["sha256"]) == (POINTS, WEIGHTS[1])
    assert (origins[7].points, origins[7].weights) == ((), {})
