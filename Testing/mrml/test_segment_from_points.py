"""The use case on nodes: what is refused, what is noticed, and what the network is given."""

import numpy as np
import pytest

from CueSegMRML.Segments import SegmentEditing
from ExtremePointSegLib.SegmentFromPoints import (
    Notice,
    SlicePredictor,
    prepareSlice,
    segmentSlice,
    writeSlice,
)
from scene_builder import (
    GEOMETRIES,
    SHAPE,
    affine,
    clicks_in_slice,
    segment_in_volume,
    to_ijk,
    to_world,
    view_across,
    voxels_inside,
)

LPS = GEOMETRIES["lps"]


def axial(volume, k: float = 5) -> np.ndarray:
    return view_across(volume, 2, (20, 15, k))


def clicked(build, volume, ijk: np.ndarray):
    return build.points(to_world(volume, ijk))


def notices_of(build, predictor, volume, ijk: np.ndarray, segmentation=None, **options) -> set[Notice]:
    segmentation = segmentation or build.segmentation(volume)
    points = clicked(build, volume, ijk)
    result = segmentSlice(predictor, volume, points, segmentation, "liver", axial(volume), **options)
    return set(result.notices)


def test_points_reach_the_network_as_pixels_of_the_slice(build):
    volume = build.volume(LPS)  # stored as it is shown, so x is i and y is j
    clicks = clicks_in_slice(2, 5)
    task = prepareSlice(volume, clicked(build, volume, clicks), axial(volume))
    np.testing.assert_allclose(task.points, clicks[:, :2], atol=1e-6)
    assert task.image.shape == task.plane.shape == SHAPE[1:]
    assert task.plane.spacing == pytest.approx((1, 1))


def test_spacing_is_row_then_column(build):
    volume = build.volume(affine(np.diag([-0.7, -0.9, 4.0])))
    clicks = clicks_in_slice(0, 17)
    task = prepareSlice(volume, clicked(build, volume, clicks), view_across(volume, 0, (17, 10, 5)))
    assert task.plane.spacing == pytest.approx((4.0, 0.9))
    assert task.plane.shape == (SHAPE[0], SHAPE[1])


@pytest.mark.parametrize("count", [0, 3, 5])
def test_any_other_number_of_points_is_refused(build, count):
    volume = build.volume(LPS)
    clicks = np.vstack([clicks_in_slice(2, 5), clicks_in_slice(2, 5)])[:count]
    with pytest.raises(ValueError, match=f"four points are needed and {count} are placed"):
        prepareSlice(volume, clicked(build, volume, clicks), axial(volume))


def test_a_point_without_position_does_not_count(build):
    volume = build.volume(LPS)
    points = clicked(build, volume, clicks_in_slice(2, 5))
    points.UnsetNthControlPointPosition(1)
    with pytest.raises(ValueError, match="3 are placed"):
        prepareSlice(volume, points, axial(volume))


def test_points_on_different_slices_are_refused_and_named(build):
    volume, clicks = build.volume(LPS), clicks_in_slice(2, 5)
    clicks[2, 2] += 2
    with pytest.raises(ValueError, match=r"point 3 of 4 lies on another slice \(2\.0 slices away\)"):
        prepareSlice(volume, clicked(build, volume, clicks), axial(volume))


def test_a_slice_outside_the_volume_is_refused(build):
    volume, clicks = build.volume(LPS), clicks_in_slice(2, SHAPE[0] + 3)
    with pytest.raises(ValueError, match="outside the volume 'image'"):
        prepareSlice(volume, clicked(build, volume, clicks), axial(volume))


def test_a_bent_volume_is_refused_with_the_remedy(build):
    volume = build.volume(LPS)
    points = clicked(build, volume, clicks_in_slice(2, 5))
    view = axial(volume)
    volume.SetAndObserveTransformNodeID(build.bent_transform().GetID())
    with pytest.raises(
        ValueError, match="'image' is in the non-linear transform 'bent': harden the transform"
    ):
        prepareSlice(volume, points, view)


def test_an_empty_volume_is_refused(build):
    empty = build.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "nothing")
    points = build.points(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="the volume 'nothing' holds no voxels"):
        prepareSlice(empty, points, np.eye(4))


def test_points_in_one_line_are_refused_before_anything_is_written(build, predictor):
    volume = build.volume(LPS)
    segmentation, editing = build.segmentation(volume), SegmentEditing(build.scene)
    editing.beforeChange = pytest.fail
    clicks = clicks_in_slice(2, 5)
    clicks[:, 0] = 12
    points = clicked(build, volume, clicks)
    with pytest.raises(ValueError, match="in one line"):
        segmentSlice(predictor, volume, points, segmentation, "liver", axial(volume), editing=editing)


def test_one_slice_is_handed_over_once_however_often_points_are_dragged(build, predictor):
    volume = build.volume(LPS)
    points = clicked(build, volume, clicks_in_slice(2, 5))
    slices = SlicePredictor(predictor)
    masks = []
    for _ in range(3):
        points.SetNthControlPointPositionWorld(
            0, *np.add(points.GetNthControlPointPositionWorld(0), (1, 0, 0))
        )
        masks.append(slices.predict(prepareSlice(volume, points, axial(volume))).mask)
    assert len(predictor.images) == 1
    assert len({mask.tobytes() for mask in masks}) == 3
    volume.GetImageData().Modified()
    slices.predict(prepareSlice(volume, points, axial(volume)))
    assert len(predictor.images) == 2


def test_mr_slices_share_the_window_of_their_volume(build, predictor):
    array = np.random.default_rng(0).gamma(2, 100, SHAPE).astype(np.float32)
    volume = build.volume(LPS, array)
    task = prepareSlice(volume, clicked(build, volume, clicks_in_slice(2, 5)), axial(volume), "mr")
    SlicePredictor(predictor).predict(task)
    low, high = np.percentile(array, (0.5, 99.5))
    assert predictor.images[0].intensity_range == pytest.approx((low, high))
    assert predictor.images[0].modality == "mr"


def test_ct_leaves_the_window_to_the_model(build, predictor):
    volume = build.volume(LPS)
    SlicePredictor(predictor).predict(
        prepareSlice(volume, clicked(build, volume, clicks_in_slice(2, 5)), axial(volume))
    )
    assert predictor.images[0].intensity_range is None


def test_colour_volumes_give_colour_images(build, predictor):
    array = np.random.default_rng(0).integers(0, 255, (*SHAPE, 3)).astype(np.uint8)
    volume, clicks = build.volume(LPS, array), clicks_in_slice(2, 5)
    segmentation, points = build.segmentation(volume), clicked(build, volume, clicks)
    segmentSlice(predictor, volume, points, segmentation, "liver", axial(volume), modality="rgb")
    np.testing.assert_array_equal(predictor.images[0].image, array[5])
    np.testing.assert_array_equal(
        segment_in_volume(segmentation, "liver", volume), voxels_inside(clicks, 2, 5)
    )


def test_colour_volumes_of_another_modality_are_refused_in_the_panels_words(build):
    volume = build.volume(LPS, np.zeros((*SHAPE, 3), np.uint8))
    points = clicked(build, volume, clicks_in_slice(2, 5))
    with pytest.raises(ValueError, match="is in color: choose 'Color image' as the modality"):
        prepareSlice(volume, points, axial(volume), modality="ct")


def test_the_image_is_a_copy_that_a_worker_may_keep(build):
    volume = build.volume(LPS)
    task = prepareSlice(volume, clicked(build, volume, clicks_in_slice(2, 5)), axial(volume))
    before = task.image.copy()
    import slicer

    slicer.util.arrayFromVolume(volume)[:] = 0
    np.testing.assert_array_equal(task.image, before)


def test_an_ordinary_result_has_nothing_to_say(build, predictor):
    assert notices_of(build, predictor, build.volume(LPS), clicks_in_slice(2, 5)) == set()


def test_small_boxes_are_noticed(build, predictor):
    clicks = clicks_in_slice(2, 5)
    clicks[:, :2] = (20, 15) + (clicks[:, :2] - (20, 15)) / 5
    assert notices_of(build, predictor, build.volume(LPS), clicks) == {Notice.SMALL_BOX}


def test_a_structure_at_the_border_is_noticed(build, predictor):
    clicks = clicks_in_slice(2, 5)
    clicks[1, 0] = SHAPE[2] - 1
    assert notices_of(build, predictor, build.volume(LPS), clicks) == {Notice.TOUCHES_BORDER}


@pytest.mark.parametrize(("shift", "expected"), [(0, set()), (2000, {Notice.UNUSUAL_INTENSITIES})])
def test_a_volume_that_is_no_ct_is_noticed(build, predictor, shift, expected):
    array = (np.random.default_rng(0).integers(-100, 200, SHAPE) + shift).astype(np.int16)
    assert notices_of(build, predictor, build.volume(LPS, array), clicks_in_slice(2, 5)) == expected


def test_a_hidden_segment_is_noticed(build, predictor):
    volume = build.volume(LPS)
    segmentation = build.segmentation(volume)
    segmentation.GetDisplayNode().SetSegmentVisibility("liver", False)
    found = notices_of(build, predictor, volume, clicks_in_slice(2, 5), segmentation)
    assert found == {Notice.SEGMENT_HIDDEN}


def test_masked_and_cut_results_are_noticed(build, predictor):
    volume = build.volume(LPS)
    lattice = build.volume(LPS, np.zeros((SHAPE[0], SHAPE[1], 20), np.uint8))
    editing = SegmentEditing(build.scene)
    editing.node.SetSourceVolumeIntensityMask(True)
    editing.node.SetSourceVolumeIntensityMaskRange(0, 300)
    found = notices_of(
        build, predictor, volume, clicks_in_slice(2, 5), build.segmentation(lattice), editing=editing
    )
    assert found == {Notice.PARTLY_MASKED, Notice.PARTLY_OUTSIDE}


def test_an_empty_mask_is_noticed(build, predictor):
    volume = build.volume(LPS)
    segmentation = build.segmentation(volume)
    task = prepareSlice(volume, clicked(build, volume, clicks_in_slice(2, 5)), axial(volume))
    prediction = SlicePredictor(predictor).predict(task)
    prediction.mask[:] = False
    result = writeSlice(SegmentEditing(build.scene), task, prediction, volume, segmentation, "liver")
    assert set(result.notices) == {Notice.EMPTY_MASK}


def test_the_shipped_network_finds_a_disk_through_nodes(build):
    """End to end: a bright disk, four clicks on its rim, the mask in the right voxels."""
    from cueseg.predictor import ExtremePointPredictor

    k, j, i = np.indices((6, 80, 90))
    disk = (i - 44) ** 2 + (j - 38) ** 2 <= 20**2
    noise = np.random.default_rng(0).normal(0, 10, disk.shape)
    volume = build.volume(LPS, (np.where(disk, 120, -60) + noise).astype(np.int16))
    segmentation = build.segmentation(volume)
    clicks = np.array([(24, 38, 3), (64, 38, 3), (44, 18, 3), (44, 58, 3)], float)
    points = clicked(build, volume, clicks)
    segmentSlice(ExtremePointPredictor(device="cpu"), volume, points, segmentation, "liver", axial(volume, 3))
    found = segment_in_volume(segmentation, "liver", volume)
    truth = disk & (k == 3)
    assert found[3].sum() == found.sum()
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.9
    assert np.abs(to_ijk(volume, to_world(volume, clicks)) - clicks).max() < 1e-9
