"""3D Slicer loads the .seg.nrrd files of the backend, and the backend those that Slicer saved."""

import numpy as np
import pytest
import slicer

from cueseg.image_files import ImageFile, Segmentation, extract_slice, read_segmentation, write_segmentation
from image_builder import rotation

SHAPE = (5, 8, 9)
IMAGE = ImageFile(np.zeros(SHAPE, np.int16), (0.5, 0.75, 2.5), (10.0, -20.0, 30.0), rotation(20))


def random_segments(rng):
    """Two segments that overlap in one slice, empty around the border."""
    segmentation = Segmentation.empty(SHAPE)
    for name, index in (("liver é", 1), ("liver é", 2), ("spleen", 2)):
        mask = np.pad(rng.random((4, 5)) > 0.4, 2)
        segmentation.set_slice(name, extract_slice(IMAGE, "stored", index), mask)
    assert len(segmentation.layers) == 2
    return segmentation


def add_volume(scene):
    ras_from_ijk = np.diag([-1, -1, 1, 1]) @ IMAGE.ijk_to_lps()
    return slicer.util.addVolumeFromArray(IMAGE.array, ijkToRAS=ras_from_ijk)


def test_slicer_shows_the_same_segments(build, tmp_path, rng):
    segmentation = random_segments(rng)
    path = tmp_path / "organs.seg.nrrd"
    write_segmentation(path, segmentation, IMAGE)
    volume = add_volume(build.scene)
    node = slicer.util.loadSegmentation(str(path))
    loaded = node.GetSegmentation()
    assert [loaded.GetNthSegment(n).GetName() for n in range(2)] == ["liver é", "spleen"]
    assert loaded.GetNthSegment(0).GetColor() == pytest.approx((0.90, 0.36, 0.30))
    for segment in segmentation.segments:
        segment_id = loaded.GetSegmentIdBySegmentName(segment.name)
        voxels = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, volume)
        np.testing.assert_array_equal(voxels, segmentation.mask_of(segment.name))


@pytest.mark.parametrize("reference", [True, False])
def test_the_backend_reads_what_slicer_saved(build, tmp_path, rng, reference):
    segmentation = random_segments(rng)
    path = tmp_path / "organs.seg.nrrd"
    write_segmentation(path, segmentation, IMAGE)
    node = slicer.util.loadSegmentation(str(path))
    if not reference:  # then Slicer saves the part that the segments take
        node.GetSegmentation().SetConversionParameter("Reference image geometry", "")
    assert slicer.util.saveNode(node, str(path))
    read = read_segmentation(path, IMAGE)
    for segment in segmentation.segments:
        np.testing.assert_array_equal(read.mask_of(segment.name), segmentation.mask_of(segment.name))
    assert [segment.fields["ID"] for segment in read.segments] == ["Segment_1", "Segment_2"]
    assert "TerminologyEntry" in read.segments[0].fields["Tags"]
