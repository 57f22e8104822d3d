"""One slice of one segment: neighbours, masking, overwrite modes, history of the Segment Editor."""

import numpy as np
import pytest
import slicer

from CueSegMRML.Segments import SegmentEditing
from editing_case import EVERYWHERE, LEFT, MIDDLE, SLICE, EditingCase, in_slice
from scene_builder import GEOMETRIES, SHAPE, segment_in_volume


@pytest.fixture
def case(build) -> EditingCase:
    return EditingCase(build)


def test_only_the_slice_of_the_segment_changes(case):
    before = np.random.default_rng(0).random(SHAPE) > 0.5
    before[case.spleen] = False
    case.fill("liver", before)
    case.write(LEFT)
    expected = before.copy()
    expected[SLICE] = LEFT
    np.testing.assert_array_equal(case.voxels(), expected)
    np.testing.assert_array_equal(case.voxels("spleen"), case.spleen)
    assert not case.voxels("tumour").any()


def test_the_report_counts_what_was_gained_and_lost(case):
    case.fill("liver", in_slice(LEFT))
    edit = case.write(MIDDLE)
    assert (edit.voxelsAdded, edit.voxelsRemoved) == (MIDDLE.sum(), LEFT.sum())
    assert (edit.voxelsRefused, edit.pixelsOutside) == (0, 0)


def test_existing_parts_can_be_kept(case):
    case.write(LEFT)
    case.write(MIDDLE, keepExisting=True)
    np.testing.assert_array_equal(case.voxels(), in_slice(LEFT | MIDDLE))


def test_an_empty_mask_clears_the_slice(case):
    case.fill("liver", in_slice(LEFT) | in_slice(LEFT, 4))
    case.write(np.zeros_like(LEFT))
    np.testing.assert_array_equal(case.voxels(), in_slice(LEFT, 4))


def test_segments_may_overlap_unless_the_panel_says_otherwise(case):
    case.write(MIDDLE)
    np.testing.assert_array_equal(case.voxels(), in_slice(MIDDLE))
    np.testing.assert_array_equal(case.voxels("spleen"), case.spleen)


def test_overwriting_all_takes_the_voxels_from_the_other_segments_of_that_slice(case):
    case.editing.node.SetOverwriteMode(case.editing.node.OverwriteAllSegments)
    case.write(MIDDLE)
    np.testing.assert_array_equal(case.voxels(), in_slice(MIDDLE))
    np.testing.assert_array_equal(case.voxels("spleen"), case.spleen & ~in_slice(MIDDLE))


@pytest.mark.parametrize("visible", [True, False])
def test_overwriting_visible_segments_spares_hidden_ones(case, visible):
    case.editing.node.SetOverwriteMode(case.editing.node.OverwriteVisibleSegments)
    case.segmentation.GetDisplayNode().SetSegmentVisibility("spleen", visible)
    case.write(MIDDLE)
    taken = in_slice(MIDDLE) if visible else np.zeros(SHAPE, bool)
    np.testing.assert_array_equal(case.voxels("spleen"), case.spleen & ~taken)


def test_the_editable_area_is_honoured_and_reported(case):
    case.editing.node.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedInsideSingleSegment)
    case.editing.node.SetMaskSegmentID("spleen")
    edit = case.write(MIDDLE)
    inside = in_slice(MIDDLE) & case.spleen
    np.testing.assert_array_equal(case.voxels(), inside)
    assert edit.voxelsRefused == MIDDLE.sum() - inside.sum()


def test_the_intensity_range_is_honoured(case):
    array = slicer.util.arrayFromVolume(case.volume)
    case.editing.node.SetSourceVolumeIntensityMask(True)
    case.editing.node.SetSourceVolumeIntensityMaskRange(0, 100)
    edit = case.write(LEFT)
    expected = in_slice(LEFT) & (array >= 0) & (array <= 100)
    assert 0 < expected.sum() < LEFT.sum()
    np.testing.assert_array_equal(case.voxels(), expected)
    assert edit.voxelsRefused == LEFT.sum() - expected.sum()


def test_masking_set_in_the_segment_editor_is_taken_over_for_the_same_segmentation_only(case):
    other = slicer.vtkMRMLSegmentEditorNode()
    other.SetSingletonTag("SegmentEditor")
    other = case.build.scene.AddNode(other)
    other.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedInsideSingleSegment)
    other.SetMaskSegmentID("spleen")
    case.editing.followSegmentEditor(case.segmentation, case.volume)
    assert case.editing.node.GetMaskMode() == slicer.vtkMRMLSegmentationNode.EditAllowedEverywhere
    other.SetAndObserveSegmentationNode(case.segmentation)
    case.editing.followSegmentEditor(case.segmentation, case.volume)
    case.write(MIDDLE)
    np.testing.assert_array_equal(case.voxels(), in_slice(MIDDLE) & case.spleen)
    np.testing.assert_array_equal(case.voxels("spleen"), case.spleen)


def test_a_segmentation_without_geometry_gets_the_volumes(case):
    segmentation = case.build.segmentation()
    case.editing.writeSlice(segmentation, "liver", case.volume, case.plane, LEFT)
    np.testing.assert_array_equal(segment_in_volume(segmentation, "liver", case.volume), in_slice(LEFT))


def test_a_mask_partly_outside_the_segmentation_is_cut_and_reported(case):
    lattice = case.build.volume(GEOMETRIES["lps"], np.zeros((SHAPE[0], SHAPE[1], 20), np.uint8))
    segmentation = case.build.segmentation(lattice)
    edit = case.editing.writeSlice(segmentation, "liver", case.volume, case.plane, EVERYWHERE)
    assert edit.pixelsOutside == SHAPE[1] * (SHAPE[2] - 20)
    assert edit.voxelsAdded == SHAPE[1] * 20


def test_a_mask_outside_the_segmentation_is_refused_and_changes_nothing(case):
    lattice = case.build.volume(GEOMETRIES["lps"], np.zeros((2, 30, 40), np.uint8))
    segmentation = case.build.segmentation(lattice)
    case.editing.beforeChange = pytest.fail
    with pytest.raises(ValueError, match="outside the geometry of the segmentation"):
        case.editing.writeSlice(segmentation, "liver", case.volume, case.plane, LEFT)


def test_unknown_segments_wrong_shapes_and_surfaces_are_refused(case):
    with pytest.raises(ValueError, match="no segment 'kidney'"):
        case.write(LEFT, "kidney")
    with pytest.raises(ValueError, match=r"shape \(4, 4\)"):
        case.write(np.zeros((4, 4), bool))
    case.segmentation.CreateClosedSurfaceRepresentation()
    case.segmentation.GetSegmentation().SetSourceRepresentationName("Closed surface")
    with pytest.raises(ValueError, match="closed surface: make binary labelmap its source"):
        case.write(LEFT)


def test_a_bent_segmentation_is_refused_with_the_remedy(case):
    case.segmentation.SetAndObserveTransformNodeID(case.build.bent_transform().GetID())
    case.editing.beforeChange = pytest.fail
    with pytest.raises(ValueError, match="non-linear transform 'bent': harden"):
        case.write(LEFT)


def test_the_segment_editors_intensity_range_counts_for_its_own_source_volume_only(case):
    other = slicer.vtkMRMLSegmentEditorNode()
    other.SetSingletonTag("SegmentEditor")
    other = case.build.scene.AddNode(other)
    other.SetAndObserveSegmentationNode(case.segmentation)
    other.SetSourceVolumeIntensityMask(True)
    other.SetSourceVolumeIntensityMaskRange(0, 100)
    for source, counts in ((None, False), (case.volume, True)):
        other.SetAndObserveSourceVolumeNode(source)
        case.editing.followSegmentEditor(case.segmentation, case.volume)
        assert case.editing.node.GetSourceVolumeIntensityMask() == counts
    assert case.editing.node.GetSourceVolumeIntensityMaskRange() == (0, 100)


def test_editors_leave_one_hidden_unsaved_node_behind(case):
    count = case.build.scene.GetNumberOfNodes()
    again = SegmentEditing(case.build.scene)
    assert again.node is case.editing.node
    assert case.build.scene.GetNumberOfNodes() == count
    assert again.node.GetHideFromEditors()
    assert not again.node.GetSaveWithScene()


def test_an_editor_whose_node_was_removed_goes_on(case):
    case.build.scene.RemoveNode(case.editing.node)
    case.write(LEFT)
    np.testing.assert_array_equal(case.voxels(), in_slice(LEFT))
    assert case.editing.node.GetScene() is case.build.scene


def test_closing_the_scene_lets_go_of_its_nodes(case):
    case.write(LEFT)
    case.editing.forget()
    assert case.editing.node.GetSegmentationNode() is None
    assert case.editing.node.GetSourceVolumeNode() is None


def test_segments_that_a_change_may_reach_are_named_before_it(case):
    named = []
    case.editing.beforeChange = lambda node, names: named.append((names, case.voxels("spleen").any()))
    case.write(MIDDLE)
    case.editing.node.SetOverwriteMode(case.editing.node.OverwriteAllSegments)
    case.write(LEFT, "tumour")
    case.write(MIDDLE, "tumour")
    assert named[0] == (["liver"], True)
    assert [set(names) for names, _ in named[1:]] == [{"tumour"}, {"tumour"}, {"tumour", "liver", "spleen"}]
