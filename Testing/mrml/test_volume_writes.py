"""A part of a volume written into a segment: what changes, what is kept out, one undo step."""

import numpy as np
import pytest
import slicer

from CueSegMRML import SegmentMasks
from CueSegMRML.Segments import SegmentEditing
from CueSegMRML.VolumeVoxels import writeVolume
from scene_builder import GEOMETRIES, rotation, segment_in_volume
from seven_points_case import SHAPE, bright_volume, ellipsoid

LIVER, SPLEEN = "liver", "spleen"


def block(*bounds):
    """(K, J, I) bool: a straight block, bounds as slices."""
    mask = np.zeros(SHAPE, bool)
    mask[bounds] = True
    return mask


EVERYWHERE = np.ones(SHAPE, bool)
PART = block(slice(2, 13), slice(5, 25), slice(4, 30))


@pytest.fixture
def editing(build):
    return SegmentEditing(build.scene)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_segment_becomes_the_mask(build, editing, geometry):
    volume = bright_volume(build, geometry, build.transform(rotation(0, 15, (3, 4, 5))))
    segmentation = build.segmentation(volume, volume.GetParentTransformNode())
    edit = writeVolume(editing, segmentation, LIVER, volume, ellipsoid(), PART)
    np.testing.assert_array_equal(segment_in_volume(segmentation, LIVER, volume), ellipsoid() & PART)
    assert (edit.voxelsAdded, edit.voxelsRemoved) == ((ellipsoid() & PART).sum(), 0)


def test_only_the_part_changes(build, editing):
    volume = bright_volume(build)
    segmentation = build.segmentation(volume)
    before = block(slice(0, 16), slice(3, 12), slice(0, 36))
    SegmentMasks.setOnVolume(segmentation, LIVER, volume, before)
    edit = writeVolume(editing, segmentation, LIVER, volume, ellipsoid(), PART)
    after = np.where(PART, ellipsoid(), before)
    np.testing.assert_array_equal(segment_in_volume(segmentation, LIVER, volume), after)
    assert edit.voxelsRemoved == (before & ~after).sum() > 0


def test_what_the_segment_holds_can_be_kept(build, editing):
    volume = bright_volume(build)
    segmentation = build.segmentation(volume)
    before = block(slice(4, 8), slice(3, 9), slice(0, 36))
    SegmentMasks.setOnVolume(segmentation, LIVER, volume, before)
    edit = writeVolume(editing, segmentation, LIVER, volume, ellipsoid(), EVERYWHERE, keepExisting=True)
    np.testing.assert_array_equal(segment_in_volume(segmentation, LIVER, volume), before | ellipsoid())
    assert edit.voxelsRemoved == 0


def test_masking_and_overwriting_are_those_of_the_editor(build, editing):
    volume = bright_volume(build)
    segmentation = build.segmentation(volume)
    SegmentMasks.setOnVolume(segmentation, SPLEEN, volume, PART)
    values = slicer.util.arrayFromVolume(volume)
    editing.node.SetSourceVolumeIntensityMask(True)
    editing.node.SetSourceVolumeIntensityMaskRange(50, 1000)
    editing.node.SetOverwriteMode(editing.node.OverwriteAllSegments)
    edit = writeVolume(editing, segmentation, LIVER, volume, PART, PART)
    bright = PART & (values >= 50)
    np.testing.assert_array_equal(segment_in_volume(segmentation, LIVER, volume), bright)
    np.testing.assert_array_equal(segment_in_volume(segmentation, SPLEEN, volume), PART & ~bright)
    assert edit.voxelsRefused == (PART & ~bright).sum()


def test_segments_may_overlap(build, editing):
    volume = bright_volume(build)
    segmentation = build.segmentation(volume)
    SegmentMasks.setOnVolume(segmentation, SPLEEN, volume, PART)
    writeVolume(editing, segmentation, LIVER, volume, ellipsoid(), PART)
    np.testing.assert_array_equal(segment_in_volume(segmentation, SPLEEN, volume), PART)


def test_a_segmentation_of_finer_voxels_gets_them_from_the_nearest(build, editing):
    volume = bright_volume(build)
    finer = build.volume(
        GEOMETRIES["lps"] @ np.diag([0.5, 0.5, 0.5, 1.0]), np.zeros([2 * n for n in SHAPE], np.uint8)
    )
    segmentation = build.segmentation(finer)
    writeVolume(editing, segmentation, LIVER, volume, ellipsoid(), PART)
    found = segment_in_volume(segmentation, LIVER, finer)
    k, j, i = (np.floor(n / 2 + 0.5).astype(int) for n in np.indices(found.shape))
    inside = (k < SHAPE[0]) & (j < SHAPE[1]) & (i < SHAPE[2])
    wanted = np.zeros(found.shape, bool)
    wanted[inside] = ellipsoid()[k[inside], j[inside], i[inside]]
    np.testing.assert_array_equal(found, wanted)


def test_what_cannot_be_written_says_so_before_anything_changes(build, editing):
    editing.beforeChange = pytest.fail
    volume = bright_volume(build)
    far = build.volume(GEOMETRIES["lps"])
    far.SetOrigin(900, 900, 900)
    segmentation = build.segmentation(far)
    with pytest.raises(ValueError, match="outside the geometry of the segmentation 'segmentation': choose"):
        writeVolume(editing, segmentation, LIVER, volume, ellipsoid(), PART)
    with pytest.raises(ValueError, match="has no segment 'kidney'"):
        writeVolume(editing, build.segmentation(volume), "kidney", volume, ellipsoid(), PART)
