"""The label table and the scribble node: names, colours, counts, contradictions, other networks."""

import numpy as np
import pytest

from CueSegMRML import Grids, SegmentMasks
from refine_case import LARYNX, LIVER, SPLEEN, RefineCase
from refine_doubles import CLASSES
from scene_builder import GEOMETRIES, SHAPE
from ScribbleRefineLib.LabelTable import LabelTable, RowState

STROKE = (slice(5, 6), slice(20, 22), slice(8, 14))


@pytest.fixture
def case(build):
    case = RefineCase(build, set_up=False)
    yield case
    case.close()


def test_scribbles_are_segments_of_another_node_in_the_same_colours(case):
    case.set_up()
    case.initial()
    node = case.session.scribbleNode
    assert node is not case.session.segmentationNode
    segmentation = node.GetSegmentation()
    names = [segmentation.GetNthSegment(n).GetName() for n in range(segmentation.GetNumberOfSegments())]
    assert names == list(CLASSES)
    assert node.GetDisplayNode().GetOpacity2DFill() < 0.5
    liver = case.session.segmentationNode.GetSegmentation().GetSegment(
        case.session.labels.row(LIVER).resultSegmentId
    )
    liver.SetColor(0.1, 0.9, 0.4)
    version = case.session.labels.version
    case.paint(LIVER, STROKE)
    case.session.checkRefine(case.settings)
    assert segmentation.GetSegment(case.session.scribbles.segmentId(LIVER)).GetColor() == (0.1, 0.9, 0.4)
    assert case.session.labels.row(LIVER).color == (0.1, 0.9, 0.4)
    assert case.session.labels.version > version
    assert case.session.labels.rowOfScribbleSegment("Scribble_1").name == "liver"
    assert case.session.labels.rowOfScribbleSegment("") is None
    case.session.scribbles.setVisible(False)
    assert not node.GetDisplayNode().GetVisibility()


def test_counts_and_news_of_scribbles(case):
    case.set_up()
    assert (case.session.scribbleCounts(), case.session.hasNewScribbles) == ({}, False)
    case.paint(0, STROKE)
    assert (case.session.scribbleCounts(), case.session.hasNewScribbles) == ({0: 12}, True)
    case.refine()
    assert not case.session.hasNewScribbles
    case.session.clearScribbles()
    case.session.undo()
    assert case.session.scribbleCounts() == {0: 12}


def test_what_is_painted_twice_is_resolved_and_told_by_name(case):
    case.set_up()
    for index in (LIVER, LARYNX):
        case.paint(index, STROKE)
    notes = case.session.checkRefine(case.settings)
    assert notes[0] == "12 pixels painted for 'liver' and for 'larynx': 'larynx', painted later, was kept"
    case.refine()
    assert (case.backend.refinement.calls[-1].scribbles == LARYNX).sum() == 12


def test_another_network_takes_over_the_scribbles_by_name(case):
    case.set_up()
    case.initial()
    for n, index in enumerate((LIVER, SPLEEN)):
        case.paint(index, (slice(n, n + 1), slice(2, 4), slice(2, 5)))
    spleen = case.session.scribbles.mask(SPLEEN)
    case.set_up(case.session.segmentationNode, network="other")
    assert [row.name for row in case.session.labels.rows] == ["background", "spleen", "heart"]
    np.testing.assert_array_equal(case.session.scribbles.mask(1), spleen)
    assert case.session.scribbleCounts() == {1: 6}
    case.set_up(case.session.segmentationNode, network="organs")
    assert case.session.scribbleCounts() == {LIVER: 6, SPLEEN: 6}
    assert not case.session.canUndo


def test_a_scribble_node_that_was_removed_is_made_again(case):
    case.set_up()
    case.paint(LIVER, STROKE)
    case.build.scene.RemoveNode(case.session.scribbleNode)
    assert case.session.scribbleNode is None
    assert case.session.scribbleCounts() == {}
    with pytest.raises(ValueError, match="nothing is scribbled"):
        case.refine()
    case.paint(LIVER, STROKE)
    assert case.refine().satisfied


def test_a_result_segment_that_was_removed_is_missing_again(case):
    case.set_up()
    case.initial()
    liver = case.session.labels.row(LIVER)
    case.session.segmentationNode.GetSegmentation().RemoveSegment(liver.resultSegmentId)
    case.paint(LIVER, STROKE)
    case.session.checkRefine(case.settings)
    assert liver.state is RowState.MISSING
    case.refine()
    assert liver.state is RowState.MAPPED


def test_labels_keep_names_apart():
    labels = LabelTable(CLASSES)
    labels.rename(1, "Leber")
    for name in ("spleen", " SPLEEN ", ""):
        with pytest.raises(ValueError, match="empty or taken"):
            labels.rename(1, name)
    with pytest.raises(ValueError, match="background cannot be locked"):
        labels.setLocked(0, True)
    with pytest.raises(ValueError, match="there is no label 7: the table has 4 rows"):
        labels.row(7)
    assert labels.rowNamed("LEBER").index == 1
    assert len({row.color for row in labels.rows}) == 4


@pytest.mark.parametrize("text", ["", "[]", "{}", "[1, 2, 3, 4]", '[{"name": "x"}]'])
def test_a_kept_table_that_does_not_fit_is_not_used(text):
    labels = LabelTable(CLASSES)
    assert not labels.restore(text)
    assert [row.name for row in labels.rows] == list(CLASSES)


def test_segments_elsewhere_do_not_share_voxels_with_scribbles(case):
    case.set_up()
    case.paint(LIVER, STROKE)
    case.initial()
    node, scribbles = case.session.segmentationNode, case.session.scribbleNode
    SegmentMasks.setOnVolume(scribbles, "Scribble_1", case.volume, np.zeros(SHAPE, bool))
    np.testing.assert_array_equal(case.voxels(LIVER), case.prediction == LIVER)
    assert node.GetSegmentation().GetSegment("Scribble_1") is None


def test_scribbles_outside_of_the_volume_are_told(case):
    case.set_up()
    far = case.build.volume(GEOMETRIES["lps"] @ Grids.shift((100, 0, 0)))
    node = case.session.scribbleNode
    node.SetReferenceImageGeometryParameterFromVolumeNode(far)
    SegmentMasks.setOnVolume(node, "Scribble_1", far, np.ones(SHAPE, bool))
    with pytest.raises(ValueError, match=r"^the scribbles of 'liver' lie outside of the volume: move them"):
        case.session.checkRefine(case.settings)
    case.paint(SPLEEN, STROKE)
    assert case.session.checkRefine(case.settings)[0] == "the scribbles of 'liver' lie outside of the volume"
