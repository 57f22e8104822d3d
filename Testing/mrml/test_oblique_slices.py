"""Views that are tilted against the voxels: image, way back to world, and the voxels that get written."""

import numpy as np
import pytest

from CueSegMRML.Slices import planeOf, sliceImage
from ExtremePointSegLib.SegmentFromPoints import segmentSlice
from scene_builder import GEOMETRIES, SHAPE, affine, rotation, segment_in_volume, to_ijk, to_world

TILTS = {"a little": rotation(0, 8), "around two axes": rotation(0, 35) @ rotation(1, 20)}
CLICKS = np.array([(-6.3, 0.4, 0), (5.7, -0.8, 0), (0.6, -4.9, 0), (-0.7, 5.2, 0)])  # mm in the view


@pytest.fixture(params=TILTS)
def tilt(request: pytest.FixtureRequest) -> np.ndarray:
    return TILTS[request.param]


def tilted_view(volume, tilt: np.ndarray) -> np.ndarray:
    """SliceToRAS through about the middle of the volume; not the very middle, to keep clear of ties."""
    middle = to_world(volume, np.array([SHAPE[::-1]]) / 2 - 0.37)[0]
    return affine(tilt[:3, :3], tuple(middle))


def in_view(view: np.ndarray, world: np.ndarray) -> np.ndarray:
    return (world - view[:3, 3]) @ view[:3, :3]


def depth_in_quadrilateral(points: np.ndarray) -> np.ndarray:
    """Distance of (N, 2) points in mm from the sides of the clicks' quadrilateral, positive inside."""
    ring = CLICKS[[0, 2, 1, 3], :2]
    sides = np.roll(ring, -1, axis=0) - ring
    inward = np.stack([-sides[:, 1], sides[:, 0]], 1) / np.linalg.norm(sides, axis=1, keepdims=True)
    return ((points[:, None] - ring) * inward).sum(2).min(1)


def box_height(volume, view: np.ndarray) -> float:
    """Height of a voxel's box along the normal of the view, mm."""
    corner, *ends = to_world(volume, np.vstack([np.zeros(3), np.eye(3)]))
    return sum(abs((end - corner) @ view[:3, 2]) for end in ends)


def test_the_image_shows_the_values_at_the_places_that_the_plane_names(build, tilt):
    """A linear ramp is interpolated without error, so every inner pixel must equal the ramp at its place."""
    k, j, i = np.indices(SHAPE)
    volume = build.volume(GEOMETRIES["thick"], (3 * i + 5 * j - 7 * k).astype(np.int16))
    plane = planeOf(volume, tilted_view(volume, tilt))
    image = sliceImage(volume, plane)
    assert plane.axis is None
    assert image.shape == plane.shape
    rows, columns = (n.ravel() for n in np.indices(plane.shape))
    places = to_ijk(volume, plane.toWorld(np.stack([columns, rows, 0 * rows], 1)))
    inner = ((places >= 0) & (places <= np.array(SHAPE[::-1]) - 1)).all(1)
    assert inner.sum() > 100
    np.testing.assert_allclose(image.ravel()[inner], (places @ [3, 5, -7])[inner], atol=1e-3)
    outer = ((places < -0.51) | (places > np.array(SHAPE[::-1]) - 0.49)).any(1)
    assert set(image.ravel()[outer]) <= {image.ravel()[~outer].min()}


def test_pixels_are_as_fine_as_the_voxels_in_the_plane(build):
    volume = build.volume(affine(np.diag([0.5, 0.5, 5.0])))
    plane = planeOf(volume, tilted_view(volume, rotation(0, 10)))
    assert plane.spacing[0] == plane.spacing[1] == pytest.approx(0.5)


def test_rows_run_down_and_columns_right_in_the_view(build, tilt):
    volume = build.volume(GEOMETRIES["ras"])
    view = tilted_view(volume, tilt)
    plane = planeOf(volume, view)
    origin, right, below = in_view(view, plane.toWorld([(0, 0, 0), (1, 0, 0), (0, 1, 0)]))
    np.testing.assert_allclose(right - origin, [plane.spacing[1], 0, 0], atol=1e-9)
    np.testing.assert_allclose(below - origin, [0, -plane.spacing[0], 0], atol=1e-9)


@pytest.mark.parametrize("name", ["ras", "thick", "tilted"])
def test_the_mask_lands_in_the_voxels_that_the_plane_cuts(build, predictor, name, tilt):
    volume = build.volume(GEOMETRIES[name], transform=build.transform(rotation(2, 15, (1, 2, 3))))
    view = tilted_view(volume, tilt)
    segmentation = build.segmentation(volume)
    clicks = CLICKS[:, :3] @ view[:3, :3].T + view[:3, 3]
    result = segmentSlice(predictor, volume, build.points(clicks), segmentation, "liver", view)
    voxels = np.indices(SHAPE[::-1]).reshape(3, -1).T
    i, j, k = voxels.T
    held = segment_in_volume(segmentation, "liver", volume)[k, j, i]
    placed = in_view(view, to_world(volume, voxels))
    cut = np.abs(placed[:, 2]) <= box_height(volume, view) / 2
    margin = depth_in_quadrilateral(placed[:, :2])
    pixel = result.plane.spacing[0] / np.sqrt(2) + 1e-6  # a voxel takes the pixel nearest to it
    assert (cut & (margin > pixel)).sum() > 20
    assert held[cut & (margin > pixel)].all()
    assert not held[~cut | (margin < -pixel)].any()


def test_a_finer_segmentation_fills_the_thickness_of_the_oblique_slice(build, predictor, tilt):
    volume = build.volume(affine(np.diag([1.0, 1.0, 2.0])))
    lattice = build.volume(affine(np.diag([0.5, 0.5, 0.5])), np.zeros((48, 60, 80), np.uint8))
    segmentation, view = build.segmentation(lattice), tilted_view(volume, tilt)
    clicks = CLICKS @ view[:3, :3].T + view[:3, 3]
    result = segmentSlice(predictor, volume, build.points(clicks), segmentation, "liver", view)
    found = segment_in_volume(segmentation, "liver", lattice)
    k, j, i = np.indices(found.shape)
    x, y, height = np.moveaxis(in_view(view, np.stack([i, j, k], -1) * 0.5), -1, 0)
    margin = depth_in_quadrilateral(np.stack([x, y], -1).reshape(-1, 2)).reshape(found.shape)
    inside = np.abs(height) <= box_height(volume, view) / 2
    pixel = result.plane.spacing[0] / np.sqrt(2) + 1e-6
    assert found[inside & (margin > pixel)].all()
    assert not found[~inside | (margin < -pixel)].any()


def test_an_oblique_mask_shows_without_holes_in_its_own_view(build, predictor, tilt):
    """Looking up the nearest voxel at every pixel of the view gives the mask back."""
    volume = build.volume(GEOMETRIES["ras"])
    view = tilted_view(volume, tilt)
    segmentation = build.segmentation(volume)
    clicks = CLICKS[:, :3] @ view[:3, :3].T + view[:3, 3]
    result = segmentSlice(predictor, volume, build.points(clicks), segmentation, "liver", view)
    rows, columns = np.nonzero(result.prediction.mask)
    places = to_ijk(volume, result.plane.toWorld(np.stack([columns, rows, 0 * rows], 1)))
    i, j, k = np.floor(places + 0.5).astype(int).T
    shown = segment_in_volume(segmentation, "liver", volume)[k, j, i]
    assert np.mean(shown) > 0.8  # the rest are pixels on the rim, whose voxel lies nearer to a pixel outside
    mask = result.prediction.mask
    assert all(s for s, r, c in zip(shown, rows, columns, strict=True) if _is_inner(mask, r, c))


def _is_inner(mask: np.ndarray, row: int, column: int) -> bool:
    around = mask[row - 1 : row + 2, column - 1 : column + 2]
    return around.shape == (3, 3) and bool(around.all())
