"""A labelled volume of the scene, written for training, lies where it lay and says where its slices come from."""

import json

import numpy as np
import pytest
import slicer

from cueseg.image_files import extract_slice, read_image
from CueSegMRML import SegmentMasks, SliceRecords, Slices
from CueSegMRML.TrainingCases import caseId, takeLabels, trainingCase
from ExtremePointSegLib.TrainingSet import addCase
from scene_builder import GEOMETRIES, SHAPE, clicks_in_slice, rotation, to_ijk, to_world, view_across

WEIGHTS = ("some", "0" * 64)


@pytest.fixture
def bodies(rng):
    liver, spleen = np.zeros((2, *SHAPE), bool)
    liver[2:6, 4:20, 5:20] = rng.random((4, 16, 15)) > 0.3
    spleen[4:9, 10:26, 22:35] = True  # beside the liver, not over it
    return {"liver": liver, "spleen": spleen}


def labelled(build, geometry, bodies, transform=None):
    volume = build.volume(GEOMETRIES[geometry], transform=transform)
    segmentation = build.segmentation(volume, transform, tuple(bodies))
    for name, mask in bodies.items():
        SegmentMasks.setOnVolume(segmentation, name, volume, mask)
    return volume, segmentation


def written(tmp_path, case, suffix=".nii.gz", layout="nnunet"):
    folder = tmp_path / "set"
    addCase(folder, case, layout, suffix)
    record = json.loads((folder / "provenance" / f"{case.id}.json").read_text(encoding="utf-8"))
    return folder, record["slices"]


def at_voxels_of(volume, loaded):
    """(K, J, I) values of a loaded volume, whose axes may be in another order, where those of `volume` are."""
    ijk = np.indices(SHAPE[::-1]).reshape(3, -1).T
    found = to_ijk(loaded, to_world(volume, ijk))
    np.testing.assert_allclose(found, found.round(), atol=1e-3)
    i, j, k = found.round().astype(int).T
    return slicer.util.arrayFromVolume(loaded)[k, j, i].reshape(SHAPE[::-1]).transpose(2, 1, 0)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
@pytest.mark.parametrize("geometry", sorted(GEOMETRIES))
def test_image_and_labels_load_where_they_were(build, tmp_path, bodies, geometry, suffix):
    volume, segmentation = labelled(build, geometry, bodies, build.transform(rotation(1, 20, (5, 6, 7))))
    folder, _ = written(tmp_path, trainingCase(takeLabels(volume, segmentation), "ct"), suffix)
    image = slicer.util.loadVolume(str(folder / f"imagesTr/image_0000{suffix}"))
    labels = slicer.util.loadLabelVolume(str(folder / f"labelsTr/image{suffix}"))
    volume.SetAndObserveTransformNodeID(None)  # files lie where the volume does before its transform
    np.testing.assert_array_equal(at_voxels_of(volume, image), slicer.util.arrayFromVolume(volume))
    numbers = at_voxels_of(volume, labels)
    for number, mask in enumerate(bodies.values(), start=1):
        np.testing.assert_array_equal(numbers == number, mask)


def test_slices_are_clicked_where_a_record_holds_and_unrecorded_elsewhere(build, tmp_path, bodies):
    volume, segmentation = labelled(build, "lps", bodies)
    plane = Slices.planeOf(volume, view_across(volume, 2, (20, 15, 5)))
    clicks = clicks_in_slice(2, 5)
    points = Slices.pointsInPlane(plane, to_world(volume, clicks))
    SliceRecords.note(segmentation, "spleen", volume, plane, points, WEIGHTS)
    segmentation.GetSegmentation().GetSegment("liver").SetTag("Segmentation.Status", "completed")
    _, origins = written(tmp_path, trainingCase(takeLabels(volume, segmentation), "ct"))
    found = {(o["segment"], o["index"]): (o["origin"], o["checked"]) for o in origins}
    liver = {("liver", k): ("unrecorded", True) for k in range(2, 6)}
    spleen = {("spleen", k): ("unrecorded", False) for k in range(4, 9)}
    assert found == liver | spleen | {("spleen", 5): ("clicked", False)}
    (clicked,) = [o for o in origins if o["origin"] == "clicked"]
    assert (clicked["axis"], clicked["weights"]) == ("stored", {"name": "some", "sha256": "0" * 64})
    np.testing.assert_allclose(clicked["points"], clicks[:, :2], atol=0.01)


@pytest.mark.parametrize("geometry", ["lps", "sagittal", "thick"])
@pytest.mark.parametrize("axis", [0, 1])
def test_the_named_slice_is_the_one_that_was_clicked(build, tmp_path, bodies, geometry, axis):
    """The backend, told the name and the index, cuts the pixels that the clicks are in."""
    volume, segmentation = labelled(build, geometry, {"spleen": bodies["spleen"]})
    clicks = clicks_in_slice(axis, 24)
    plane = Slices.planeOf(volume, view_across(volume, axis, (24, 24, 5)))
    points = Slices.pointsInPlane(plane, to_world(volume, clicks))
    SliceRecords.note(segmentation, "spleen", volume, plane, points, WEIGHTS)
    folder, origins = written(tmp_path, trainingCase(takeLabels(volume, segmentation), "ct"))
    (clicked,) = [o for o in origins if o["origin"] == "clicked"]
    image = read_image(folder / "imagesTr/image_0000.nii.gz")
    pixels = extract_slice(image, clicked["axis"], clicked["index"]).pixels
    expected = np.take(slicer.util.arrayFromVolume(volume), 24, axis=2 - axis)
    np.testing.assert_array_equal(pixels, expected)
    np.testing.assert_allclose(clicked["points"], np.delete(clicks, axis, axis=1), atol=0.01)
    assert {o["axis"] for o in origins} == {clicked["axis"]}, "all slices are counted along one axis"


def test_names_of_volumes_become_names_of_files(build):
    volume = build.volume(GEOMETRIES["lps"])
    for name, expected in (("CT 3: Bauch/früh", "CT_3__Bauch_früh"), ("..x", "x"), ("-", "volume")):
        volume.SetName(name)
        assert caseId(volume) == expected


def test_what_cannot_be_a_case_is_named(build, bodies):
    volume, segmentation = labelled(build, "lps", bodies)
    empty = build.segmentation(volume)
    with pytest.raises(ValueError, match="all segments are empty on this volume"):
        trainingCase(takeLabels(volume, empty), "ct")
    empty.GetSegmentation().RemoveAllSegments()
    with pytest.raises(ValueError, match=r"'segmentation.*' has no segments: add one"):
        trainingCase(takeLabels(volume, empty), "ct")
    segmentation.GetSegmentation().GetSegment("spleen").SetName("liver")
    with pytest.raises(ValueError, match="several segments are named 'liver'"):
        trainingCase(takeLabels(volume, segmentation), "ct")
    segmentation.GetSegmentation().GetSegment("spleen").SetName("spleen")
    sheared = GEOMETRIES["lps"].copy()
    sheared[0, 1] = 0.4
    with pytest.raises(ValueError, match="not perpendicular"):
        trainingCase(takeLabels(build.volume(sheared), segmentation), "ct")
    bent, _ = labelled(build, "lps", bodies)
    bent.SetAndObserveTransformNodeID(build.bent_transform().GetID())
    with pytest.raises(ValueError, match="non-linear transform"):
        trainingCase(takeLabels(bent, labelled(build, "lps", bodies)[1]), "ct")


def test_segments_that_overlap_are_refused_and_nothing_is_left(build, tmp_path, bodies):
    bodies["spleen"][2:9] |= bodies["liver"][2:9]
    volume, segmentation = labelled(build, "lps", bodies)
    with pytest.raises(ValueError, match="liver overlap in"):
        written(tmp_path, trainingCase(takeLabels(volume, segmentation), "ct"))
    assert not (tmp_path / "set").exists()
