"""Where the mask of four points ends up, against a computation that shares no code with the extension."""

import numpy as np
import pytest

from CueSegMRML.Slices import planeOf, sliceImage
from ExtremePointSegLib.SegmentFromPoints import segmentSlice
from scene_builder import (
    GEOMETRIES,
    SHAPE,
    affine,
    clicks_in_slice,
    rotation,
    segment_in_volume,
    to_ijk,
    to_world,
    view_across,
    voxels_inside,
)

AXES = {0: 17, 1: 12, 2: 5}  # voxel axis -> slice index


@pytest.fixture(params=GEOMETRIES)
def geometry(request: pytest.FixtureRequest) -> np.ndarray:
    return GEOMETRIES[request.param]


@pytest.mark.parametrize("offset", [-0.4, 0.3])  # the view need not stop at slice centres
@pytest.mark.parametrize("axis", AXES)
def test_slices_across_each_voxel_axis_land_voxel_for_voxel(build, predictor, geometry, axis, offset):
    volume, index = build.volume(geometry), AXES[axis]
    segmentation = build.segmentation(volume)
    clicks = clicks_in_slice(axis, index + offset)
    points = build.points(to_world(volume, clicks))
    view = view_across(volume, axis, tuple(clicks[0]))
    result = segmentSlice(predictor, volume, points, segmentation, "liver", view)
    expected = voxels_inside(clicks, axis, index)
    assert expected.sum() > 20
    assert (segment_in_volume(segmentation, "liver", volume) == expected).all()
    assert result.edit.voxelsAdded == expected.sum()


def test_a_view_node_in_its_standard_orientation_works_like_its_matrix(build, predictor):
    volume = build.volume(GEOMETRIES["lps"])
    segmentation = build.segmentation(volume)
    clicks = clicks_in_slice(2, 5)
    points = build.points(to_world(volume, clicks))
    matrix = affine(np.diag([-1.0, 1.0, 1.0]), (0, 0, to_world(volume, clicks)[0, 2]))
    segmentSlice(predictor, volume, points, segmentation, "liver", build.slice_view(matrix))
    assert (segment_in_volume(segmentation, "liver", volume) == voxels_inside(clicks, 2, 5)).all()


def test_a_view_turned_in_its_plane_gives_the_same_voxels(build, predictor, geometry):
    volume = build.volume(geometry)
    segmentation = build.segmentation(volume)
    clicks = clicks_in_slice(2, 5)
    points = build.points(to_world(volume, clicks))
    view = view_across(volume, 2, tuple(clicks[0]), turn=33)
    segmentSlice(predictor, volume, points, segmentation, "liver", view)
    assert (segment_in_volume(segmentation, "liver", volume) == voxels_inside(clicks, 2, 5)).all()


@pytest.mark.parametrize("scrolled", [-4, 3])
def test_the_points_and_not_the_scrolled_view_say_which_slice(build, predictor, scrolled):
    volume = build.volume(GEOMETRIES["tilted"])
    segmentation = build.segmentation(volume)
    clicks = clicks_in_slice(2, 5)
    points = build.points(to_world(volume, clicks))
    view = view_across(volume, 2, (20, 15, 5 + scrolled))
    segmentSlice(predictor, volume, points, segmentation, "liver", view)
    assert (segment_in_volume(segmentation, "liver", volume) == voxels_inside(clicks, 2, 5)).all()


@pytest.mark.parametrize("axis", AXES)
def test_linear_transforms_of_volume_segmentation_and_points_are_all_honoured(build, predictor, axis):
    volume_moved = build.transform(rotation(0, 20, (5, 6, 7)) @ rotation(2, 30))
    segmentation_moved = build.transform(rotation(1, -25, (1, 2, -3)))
    points_moved = build.transform(rotation(2, 70, (9, 0, 4)))
    volume = build.volume(GEOMETRIES["lps"], transform=volume_moved)
    segmentation = build.segmentation(volume, transform=segmentation_moved)
    clicks = clicks_in_slice(axis, AXES[axis])
    points = build.points(to_world(volume, clicks), transform=points_moved)
    view = view_across(volume, axis, tuple(clicks[0]))
    segmentSlice(predictor, volume, points, segmentation, "liver", view)
    assert (segment_in_volume(segmentation, "liver", volume) == voxels_inside(clicks, axis, AXES[axis])).all()


def test_a_transformed_volume_gives_the_network_the_image_of_the_untransformed_one(build, predictor):
    array = np.random.default_rng(3).integers(0, 100, SHAPE).astype(np.int16)
    still = build.volume(GEOMETRIES["lps"], array)
    moved = build.volume(GEOMETRIES["lps"], array, build.transform(rotation(2, 75, (5, 6, 7))))
    images = [sliceImage(v, planeOf(v, view_across(v, 2, (20, 15, 5)))) for v in (still, moved)]
    np.testing.assert_array_equal(*images)


def test_the_way_a_volume_is_stored_does_not_change_what_the_network_sees(build):
    """Flipped and permuted voxel axes of one patient give one image per slice."""
    array = np.random.default_rng(4).integers(0, 100, SHAPE).astype(np.int16)
    lps = affine(np.diag([-1.0, -1.0, 2.0]), (20, 15, -10))
    flip = affine(np.diag([-1.0, -1.0, 1.0]), (SHAPE[2] - 1, SHAPE[1] - 1, 0))
    swap = np.eye(4)[[2, 0, 1, 3]]  # i, j, k are the third, first and second index of the permuted volume
    volumes = [
        build.volume(lps, array),
        build.volume(lps @ flip, array[:, ::-1, ::-1].copy()),
        build.volume(lps @ swap, array.transpose(2, 0, 1).copy()),
    ]
    world = to_world(volumes[0], np.array([[20, 15, 5]]))[0]
    for normal in np.eye(3):
        view = affine(np.stack([np.roll(normal, 1), np.roll(normal, 2), normal], 1), tuple(world))
        images = [sliceImage(v, planeOf(v, view)) for v in volumes]
        np.testing.assert_array_equal(images[0], images[1])
        np.testing.assert_array_equal(images[0], images[2])


def test_axial_images_show_the_patients_left_on_the_right_and_the_back_below(build):
    array = np.zeros(SHAPE, np.int16)
    array[5, 2, 3] = 1  # this volume counts towards right and front: low i is left, low j the back
    volume = build.volume(affine(np.diag([1.0, 1.0, 2.0])), array)
    image = sliceImage(volume, planeOf(volume, view_across(volume, 2, (20, 15, 5))))
    assert np.argwhere(image).tolist() == [[SHAPE[1] - 1 - 2, SHAPE[2] - 1 - 3]]


@pytest.mark.parametrize(
    ("spacing", "origin"),
    [((0.5, 0.5, 0.5), 0.1), ((0.5, 0.5, 1.0), 0.0), ((2.0, 2.0, 4.0), 0.3)],
    ids=["finer", "layer on the border between slices", "coarser"],
)
def test_a_segmentation_of_another_geometry_follows_the_volumes_slice(build, predictor, spacing, origin):
    """Finer lattices get every voxel centre in the slab, coarser ones the voxels that the slice cuts."""
    volume = build.volume(affine(np.diag([1.0, 1.0, 2.0])))
    size = np.array(SHAPE[::-1]) * (1, 1, 2)
    shape = tuple(int(n) for n in np.ceil(size / spacing)[::-1])
    lattice = build.volume(affine(np.diag(spacing), (0.1, 0.1, origin)), np.zeros(shape, np.uint8))
    segmentation = build.segmentation(lattice)
    clicks = clicks_in_slice(2, 5)
    points = build.points(to_world(volume, clicks))
    segmentSlice(predictor, volume, points, segmentation, "liver", view_across(volume, 2, (20, 15, 5)))
    found = segment_in_volume(segmentation, "liver", lattice)
    k, j, i = np.indices(shape)
    x, y, w = (0.1 + spacing[0] * i, 0.1 + spacing[1] * j, (origin + spacing[2] * k) / 2 - 5)
    reach = max(1.0, spacing[2] / 2) / 2
    row, column = (
        np.clip(np.floor(n + 0.5), 0, size - 1).astype(int) for n, size in zip((y, x), SHAPE[1:], strict=True)
    )
    expected = voxels_inside(clicks, 2, 5)[5, row, column] & (w >= -reach - 1e-9) & (w < reach - 1e-9)
    assert found.sum() > 20
    np.testing.assert_array_equal(found, expected)


def test_a_second_volume_writes_into_the_segmentation_of_the_first(build, predictor):
    first = build.volume(GEOMETRIES["ras"])
    second = build.volume(GEOMETRIES["ras"] @ affine(np.diag([0.5, 0.5, 1.0]), (3, 4, 2)))
    segmentation = build.segmentation(first)
    clicks = clicks_in_slice(2, 4)
    points = build.points(to_world(second, clicks))
    segmentSlice(predictor, second, points, segmentation, "liver", view_across(second, 2, (20, 15, 4)))
    voxels = np.indices(SHAPE[::-1]).reshape(3, -1).T
    pixel = np.floor(to_ijk(second, to_world(first, voxels)) + 0.5).astype(int)
    inside = ((pixel >= 0) & (pixel < SHAPE[::-1])).all(1)
    i, j, k = voxels[inside].T
    pi, pj, pk = pixel[inside].T
    expected = np.zeros(SHAPE, bool)
    expected[k, j, i] = voxels_inside(clicks, 2, 4)[pk, pj, pi]
    assert expected.sum() > 10
    np.testing.assert_array_equal(segment_in_volume(segmentation, "liver", first), expected)
