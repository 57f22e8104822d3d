"""A slice of a segment knows which clicks made it, as long as nothing else has changed it."""

import numpy as np
import pytest
import slicer

from CueSegMRML import SegmentMasks, SliceRecords
from panel_case import PanelCase
from scene_builder import GEOMETRIES, clicks_in_slice, view_across

CLICKS = clicks_in_slice(2, 5)


@pytest.fixture
def case(build):
    case = PanelCase(build)
    yield case
    case.panel.close()


def records(case):
    settings = case.settings
    return SliceRecords.recordsOf(settings.segmentation, settings.segmentId, settings.inputVolume)


def segment(case, clicks):
    case.click(clicks)
    results, errors = case.segment()
    assert errors == []
    return results


def test_the_clicks_and_the_weights_are_kept_with_the_slice(case):
    segment(case, CLICKS)
    (record,) = records(case)
    assert (record.axis, record.index) == (2, 5)
    np.testing.assert_allclose(record.points, CLICKS[:, :2], atol=0.01)
    (card,) = [card for card in case.panel.models if card.name == case.settings.model]
    assert record.weights == (card.name, card.sha256)


@pytest.mark.parametrize("geometry", sorted(GEOMETRIES))
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_clicks_are_voxels_of_the_volume_whatever_the_view(build, geometry, axis):
    volume = build.volume(GEOMETRIES[geometry])
    clicks = clicks_in_slice(axis, 4)
    view = build.slice_view(view_across(volume, axis, (20, 15, 4)), f"{geometry}{axis}")
    case = PanelCase(build)
    case.volume = case.settings.inputVolume = volume
    case.panel._views = lambda: [view]
    case.settings.segmentation = None
    case.panel.addSegment(case.settings)
    segment(case, clicks)
    (record,) = records(case)
    case.panel.close()
    assert (record.axis, record.index) == (axis, 4)
    np.testing.assert_allclose(record.points, np.delete(clicks, axis, axis=1), atol=0.01)


def test_a_slice_that_was_changed_otherwise_is_not_believed(case):
    segment(case, CLICKS)
    mask = case.voxels()
    k, j, i = np.argwhere(mask)[0]
    mask[k, j, i] = False
    nodes = (case.settings.segmentation, case.settings.segmentId, case.volume)
    SegmentMasks.setOnVolume(*nodes, mask)
    assert records(case) == []
    mask[k, j, i] = True
    SegmentMasks.setOnVolume(*nodes, mask)
    assert len(records(case)) == 1


def test_undo_and_redo_take_the_record_along(case):
    segment(case, CLICKS)
    segment(case, clicks_in_slice(2, 7))
    assert [record.index for record in records(case)] == [5, 7]
    case.panel.session.undo()
    assert [record.index for record in records(case)] == [5]
    case.panel.session.redo()
    assert [record.index for record in records(case)] == [5, 7]


def test_a_corrected_set_replaces_its_clicks(case):
    segment(case, CLICKS)
    moved = CLICKS.copy()
    moved[0] = (3, 14, 5)
    case.move(0, tuple(moved[0]))
    case.segment()
    (record,) = records(case)
    np.testing.assert_allclose(record.points, moved[:, :2], atol=0.01)


def test_parts_of_one_structure_have_the_clicks_of_all_sets(case):
    case.settings.keepExisting = True
    half = CLICKS.copy()
    half[:, 0] = half[:, 0] / 2
    segment(case, half)
    other = half + np.array([18, 0, 0])
    segment(case, other)
    (record,) = records(case)
    np.testing.assert_allclose(record.points, np.vstack([half, other])[:, :2], atol=0.01)
    case.move(0, tuple(other[0] + np.array([1, 0, 0])))
    case.segment()
    (record,) = records(case)
    assert len(record.points) == 8
    np.testing.assert_allclose(record.points[4], other[0, :2] + np.array([1, 0]), atol=0.01)


def test_a_part_beside_something_unknown_is_not_called_clicked(case):
    mask = np.zeros(case.voxels().shape, bool)
    mask[5, 1:3, 1:3] = True
    SegmentMasks.setOnVolume(case.settings.segmentation, case.settings.segmentId, case.volume, mask)
    case.settings.keepExisting = True
    segment(case, CLICKS)
    assert case.voxels().sum() > 4
    assert records(case) == []


def test_an_empty_result_leaves_no_record(case):
    segment(case, CLICKS)
    found = case.predictor.predict

    def nothing(points, threshold=None):
        prediction = found(points, threshold)
        prediction.mask[:] = False
        return prediction

    case.predictor.predict = nothing
    case.move(0, (3, 14, 5))
    _, errors = case.segment()
    assert errors == []
    assert not case.voxels().any()
    assert records(case) == []


def test_records_are_saved_with_the_segmentation(case, tmp_path, build):
    for index in (3, 5, 8):
        segment(case, clicks_in_slice(2, index))
    before = records(case)
    path = str(tmp_path / "labels.seg.nrrd")
    assert slicer.util.saveNode(case.settings.segmentation, path)
    loaded = slicer.util.loadSegmentation(path)
    segment_id = loaded.GetSegmentation().GetNthSegmentID(0)
    assert SliceRecords.recordsOf(loaded, segment_id, case.volume) == before
    assert len(before) == 3


def test_another_volume_and_a_damaged_tag_have_no_records(case, build):
    segment(case, CLICKS)
    other = build.volume(GEOMETRIES["thick"])
    settings = case.settings
    assert SliceRecords.recordsOf(settings.segmentation, settings.segmentId, other) == []
    found = settings.segmentation.GetSegmentation().GetSegment(settings.segmentId)
    for text in ("[", "[[1]]", "{}", '[["a",2,[],[],3]]'):
        found.SetTag(SliceRecords.TAG, text)
        assert records(case) == []
