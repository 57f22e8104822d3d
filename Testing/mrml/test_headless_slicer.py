"""The test bed itself: `slicer.util` reads and writes through it, and scenes come and go."""

import numpy as np
import pytest
import slicer

import headless_slicer
from scene_builder import GEOMETRIES, SHAPE


def test_there_is_one_per_process(app):
    assert headless_slicer.boot() is app
    assert slicer.app.mrmlScene() is app.scene  # the stand-in puts its own application around it
    assert slicer.mrmlScene is app.scene


def test_segmentations_survive_a_file(build, tmp_path):
    volume = build.volume(GEOMETRIES["tilted"])
    segmentation = build.segmentation(volume)
    voxels = np.random.default_rng(0).random(SHAPE) > 0.5
    slicer.util.updateSegmentBinaryLabelmapFromArray(voxels.astype(np.uint8), segmentation, "liver", volume)
    path = tmp_path / "organs.seg.nrrd"
    assert slicer.util.saveNode(segmentation, str(path))
    loaded = slicer.util.loadSegmentation(str(path))
    assert list(loaded.GetSegmentation().GetSegmentIDs()) == ["liver", "spleen"]
    read = slicer.util.arrayFromSegmentBinaryLabelmap(loaded, "liver", volume)
    np.testing.assert_array_equal(read, voxels)


def test_volumes_and_points_survive_a_file(build, tmp_path):
    volume = build.volume(GEOMETRIES["thick"])
    points = build.points(np.array([(1.0, 2, 3), (4, 5, 6)]))
    assert slicer.util.saveNode(volume, str(tmp_path / "image.nrrd"))
    assert slicer.util.saveNode(points, str(tmp_path / "points.mrk.json"))
    image = slicer.util.loadVolume(str(tmp_path / "image.nrrd"))
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(image), slicer.util.arrayFromVolume(volume))
    read = slicer.util.loadMarkups(str(tmp_path / "points.mrk.json"))
    np.testing.assert_allclose(slicer.util.arrayFromMarkupsControlPoints(read), [(1, 2, 3), (4, 5, 6)])


def test_files_that_are_not_there_fail(build, tmp_path):
    with pytest.raises(RuntimeError):
        slicer.util.loadVolume(str(tmp_path / "nothing.nrrd"))


def test_types_without_a_reader_are_named(build, tmp_path):
    (tmp_path / "warp.h5").write_bytes(b"")
    with pytest.raises(ValueError, match=r"cannot load warp\.h5: no reader for TransformFile"):
        slicer.util.loadTransform(str(tmp_path / "warp.h5"))


def test_clearing_the_scene_leaves_singletons_only(build):
    build.volume(GEOMETRIES["lps"])
    build.segmentation()
    build.scene.Clear(False)
    assert slicer.util.getNodesByClass("vtkMRMLVolumeNode") == []
    assert slicer.util.getNodesByClass("vtkMRMLSegmentationNode") == []
