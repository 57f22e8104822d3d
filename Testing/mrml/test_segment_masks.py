"""Whole segments on the grid of a volume, changed from there, saved and restored; nearest-neighbour grids."""

import numpy as np
import pytest
import slicer

from CueSegMRML import Grids, SegmentMasks
from CueSegMRML.SegmentStates import restore, stateOf
from scene_builder import GEOMETRIES, SHAPE, rotation

EVERYWHERE = tuple(slice(0, size) for size in SHAPE)


def segment_in_volume(node, segment_id: str, volume) -> np.ndarray:
    """As MRML resamples it, through the world."""
    return slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, volume) > 0


def random_mask(seed: int, share: float = 0.5) -> np.ndarray:
    return np.random.default_rng(seed).random(SHAPE) < share


@pytest.fixture(params=GEOMETRIES)
def scene(request, build):
    """A volume and a segmentation under one transform."""
    transform = build.transform(rotation(1, 30, (1, 2, 3)))
    volume = build.volume(GEOMETRIES[request.param], transform=transform)
    return volume, build.segmentation(volume, transform, segments=("a", "b", "c"))


def test_masks_and_changes_are_exact_and_spare_other_segments(scene):
    volume, node = scene
    a, b = random_mask(0), random_mask(1)
    for name, mask in (("a", a), ("b", b)):
        SegmentMasks.setOnVolume(node, name, volume, mask)
    np.testing.assert_array_equal(SegmentMasks.maskOnVolume(node, "a", volume), a)
    np.testing.assert_array_equal(segment_in_volume(node, "a", volume), a)
    changed, wanted = random_mask(2, 0.1), random_mask(3)
    count = SegmentMasks.changeFromVolume(node, "a", volume, changed, wanted, EVERYWHERE)
    assert count == (changed & (wanted != a)).sum()
    np.testing.assert_array_equal(segment_in_volume(node, "a", volume), np.where(changed, wanted, a))
    np.testing.assert_array_equal(SegmentMasks.maskOnVolume(node, "b", volume), b)
    assert not SegmentMasks.maskOnVolume(node, "c", volume).any()
    assert SegmentMasks.voxelsOutside(node, volume, a, EVERYWHERE) == 0


def test_states_are_restored_exactly(scene):
    volume, node = scene
    a = random_mask(0, 0.2)
    SegmentMasks.setOnVolume(node, "a", volume, a)
    SegmentMasks.setOnVolume(node, "b", volume, ~a)
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    full, empty = stateOf(node, "a"), stateOf(node, "c")
    assert stateOf(node, "none") is None
    restore(node, "a", empty)
    assert not SegmentMasks.maskOnVolume(node, "a", volume).any()
    np.testing.assert_array_equal(SegmentMasks.maskOnVolume(node, "b", volume), ~a)
    restore(node, "a", full)
    assert stateOf(node, "a") == full
    restore(node, "a", None)
    assert node.GetSegmentation().GetSegment("a") is None
    restore(node, "a", full)
    assert stateOf(node, "a") == full
    np.testing.assert_array_equal(segment_in_volume(node, "a", volume), a)
    assert full.size < a.sum()


def test_a_finer_lattice_takes_the_label_of_the_nearest_voxel(build):
    volume = build.volume(GEOMETRIES["tilted"])
    matrix = GEOMETRIES["tilted"] @ np.diag([0.4, 0.5, 0.3, 1])
    fine = build.volume(matrix, np.zeros((30, 50, 80), np.uint8))
    node = build.segmentation(fine)
    mask = random_mask(0)
    SegmentMasks.setOnVolume(node, "liver", volume, mask)
    got = slicer.util.arrayFromSegmentBinaryLabelmap(node, "liver", fine) > 0
    k, j, i = np.indices(got.shape).reshape(3, -1)
    x, y, z = (
        np.floor(step * index + 0.5 + 1e-6).astype(int) for step, index in ((0.4, i), (0.5, j), (0.3, k))
    )
    inside = (x < SHAPE[2]) & (y < SHAPE[1]) & (z < SHAPE[0])
    expected = np.zeros(got.size, bool)
    expected[inside] = mask[z[inside], y[inside], x[inside]]
    np.testing.assert_array_equal(got.ravel(), expected)


def test_a_turned_lattice_changes_only_where_the_volume_changed(build):
    volume = build.volume(GEOMETRIES["lps"])
    lattice = build.volume(rotation(2, 30) @ GEOMETRIES["lps"])
    node = build.segmentation(lattice)
    SegmentMasks.setOnVolume(node, "liver", lattice, random_mask(0))
    changed = np.zeros(SHAPE, bool)
    changed[4:8, 10:20, 15:30] = True
    before = SegmentMasks.maskOnVolume(node, "liver", lattice)
    box = Grids.boundingBox(changed)
    SegmentMasks.changeFromVolume(node, "liver", volume, changed[box], changed[box], box)
    after = SegmentMasks.maskOnVolume(node, "liver", lattice)
    matrix = np.linalg.inv(GEOMETRIES["lps"]) @ rotation(2, 30) @ GEOMETRIES["lps"]
    here = Grids.resampled(changed, matrix, SHAPE)
    assert here.sum() > 100
    np.testing.assert_array_equal(after, before | here)


def test_voxels_beyond_the_reference_geometry_are_counted_and_not_set(build):
    volume = build.volume(GEOMETRIES["lps"])
    node = build.segmentation(build.volume(GEOMETRIES["lps"], np.zeros((SHAPE[0], 20, SHAPE[2]), np.uint8)))
    mask = random_mask(0)
    SegmentMasks.setOnVolume(node, "liver", volume, mask)
    assert SegmentMasks.voxelsOutside(node, volume, mask, EVERYWHERE) == mask[:, 20:].sum()
    found = SegmentMasks.maskOnVolume(node, "liver", volume)
    np.testing.assert_array_equal(found[:, :20], mask[:, :20])
    assert not found[:, 20:].any()


def test_a_segmentation_without_geometry_gets_that_of_its_voxels_or_of_the_volume(build):
    volume, other = build.volume(GEOMETRIES["lps"]), build.volume(GEOMETRIES["tilted"])
    node = build.segmentation()
    SegmentMasks.ensureGeometry(node, volume)
    SegmentMasks.setOnVolume(node, "liver", volume, random_mask(0))
    np.testing.assert_array_equal(segment_in_volume(node, "liver", volume), random_mask(0))
    SegmentMasks.ensureGeometry(node, other)
    assert SegmentMasks.voxelsOutside(node, volume, np.ones(SHAPE, bool), EVERYWHERE) == 0


def test_surfaces_and_bent_transforms_are_refused(build):
    node = build.segmentation(build.volume(GEOMETRIES["lps"]))
    node.SetAndObserveTransformNodeID(build.bent_transform().GetID())
    with pytest.raises(ValueError, match="non-linear transform 'bent'"):
        SegmentMasks.checkLabelmaps(node)
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    with pytest.raises(ValueError, match="closed surface: make binary labelmap"):
        SegmentMasks.checkLabelmaps(node)


@pytest.mark.parametrize("turn", [0, 17])
def test_resampling_takes_the_nearest_voxel(turn):
    array = np.random.default_rng(0).integers(1, 9, (5, 6, 7)).astype(np.int16)
    matrix = rotation(1, turn, (0.7, 1.2, -0.4)) @ np.diag([0.8, -0.7, 0.9, 1])
    matrix[:3, 3] += (0, 4, 0)
    if not turn:
        matrix[[0, 2]] = matrix[[2, 0]]  # axes permuted
    got = Grids.resampled(array, matrix, (6, 5, 8), fill=-1)
    outside = 0
    for k, j, i in np.ndindex(6, 5, 8):
        x, y, z = np.floor((matrix @ (i, j, k, 1))[:3] + 0.5).astype(int)
        inside = 0 <= x < 7 and 0 <= y < 6 and 0 <= z < 5
        outside += not inside
        assert got[k, j, i] == (array[z, y, x] if inside else -1)
    assert 0 < outside < got.size


def test_boxes_hold_what_is_true_and_nothing_more():
    mask = np.zeros((4, 5, 6), bool)
    assert Grids.boundingBox(mask) is None
    mask[1, 2, 3] = mask[2, 4, 3] = True
    assert Grids.boundingBox(mask) == (slice(1, 3), slice(2, 5), slice(3, 4))
