"""Cases of a training set with labels from seven points: files, what is written beside them, refusals, recipes."""

import json

import numpy as np
import pytest
import SimpleITK as sitk
import slicer

from cueseg.seven_points import SevenPointsOptions, segment_from_points
from cueseg.training.cases import read_manifest
from ExtremePointSegLib import SevenPointsMessages as Messages
from ExtremePointSegLib.PointsCases import pointsCase, takePoints
from ExtremePointSegLib.TargetStates import statesOf
from ExtremePointSegLib.TrainingMessages import describeSet
from ExtremePointSegLib.TrainingSet import addCase, readSet
from seven_points_case import OUTSIDE, SEED, TARGET, SessionCase, add_target, place
from training_set_case import make


@pytest.fixture
def case(build):
    case = SessionCase(build)
    yield case
    case.points.close()


def exported(
    case, tmp_path, name="lesion", threshold=0.3, layout="nnunet", suffix=".nii.gz", subject="", cut=False
):
    taken = takePoints(case.points, case.volume, statesOf(case.volume), name, threshold, cut)
    made, notes = pointsCase(taken, "mr", subject)
    return *addCase(tmp_path / "set", made, layout, suffix), notes


@pytest.mark.parametrize(("layout", "suffix"), [("nnunet", ".nii.gz"), ("monai", ".nrrd")])
def test_a_case_holds_image_labels_and_what_they_were_made_of(case, tmp_path, layout, suffix):
    add_target(case.volume)
    found, more, notes = exported(case, tmp_path, layout=layout, suffix=suffix)
    assert (more, notes) == ([], [])
    assert found == readSet(tmp_path / "set")
    assert found.isOfPoints
    assert found.classes == ("lesion", "ignore")
    assert "lesion, from seven points" in describeSet(found, str)
    (entry,) = json.loads((tmp_path / "set/manifest.json").read_text(encoding="utf-8"))
    assert entry["classes"] == {"lesion": [1]}
    (told,) = read_manifest(tmp_path / "set/manifest.json", "train")[0].targets
    np.testing.assert_allclose(told.seed, SEED, atol=1e-6)
    np.testing.assert_allclose(told.outside, OUTSIDE, atol=1e-6)
    image = sitk.ReadImage(str(tmp_path / "set" / entry["image"]))
    labels = sitk.ReadImage(str(tmp_path / "set" / entry["labels"]))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), case.values)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(labels), case.expected(TARGET, threshold=0.3))
    assert labels.GetPixelID() == sitk.sitkUInt8
    np.testing.assert_allclose(labels.GetDirection(), image.GetDirection())
    np.testing.assert_allclose(labels.GetOrigin(), image.GetOrigin(), atol=1e-4)
    record = json.loads((tmp_path / "set/provenance/image.json").read_text(encoding="utf-8"))
    assert {item["origin"] for item in record["slices"]} == {"expanded"}
    made = record["made_of"]
    assert made["threshold"] == 0.3
    (target,) = made["targets"]
    np.testing.assert_allclose(target["outside"], OUTSIDE, atol=1e-6)
    np.testing.assert_allclose(target["seed"], SEED, atol=1e-6)
    assert made["version"]


def test_objects_that_are_cut_out_leave_nothing_unknown(case, tmp_path):
    add_target(case.volume)
    found, more, notes = exported(case, tmp_path, cut=True)
    assert (more, notes) == ([], [])
    assert found.isOfPoints
    (read,) = read_manifest(tmp_path / "set/manifest.json", "train")
    options = SevenPointsOptions(threshold=0.3)
    points = case.points.pointsOf(case.volume, statesOf(case.volume))
    mask = segment_from_points(points.image, points.targets, points.spacing, options).mask
    np.testing.assert_array_equal(read.labels, mask)
    record = json.loads((tmp_path / "set/provenance/image.json").read_text(encoding="utf-8"))
    assert {item["origin"] for item in record["slices"]} == {"cut"}
    assert np.flatnonzero(mask.any(axis=(1, 2))).tolist() == [item["index"] for item in record["slices"]]


def test_our_own_trainer_reads_the_labels_and_what_is_unknown(case, tmp_path):
    add_target(case.volume)
    exported(case, tmp_path)
    (read,) = read_manifest(tmp_path / "set/manifest.json", "train")
    np.testing.assert_array_equal(read.labels, case.expected(TARGET, threshold=0.3))
    assert read.classes == {"lesion": (1,)}


def test_nnunet_is_told_which_label_to_ignore(case, tmp_path):
    add_target(case.volume)
    exported(case, tmp_path)
    about = json.loads((tmp_path / "set/dataset.json").read_text(encoding="utf-8"))
    assert about["labels"] == {"background": 0, "lesion": 1, "ignore": 2}


def test_kinds_of_labels_are_not_mixed(case, tmp_path):
    add_target(case.volume)
    exported(case, tmp_path)
    with pytest.raises(ValueError, match=r"drawn, those of '.*' made of seven points: choose another folder"):
        addCase(tmp_path / "set", make(1, modality="mr"), "nnunet", ".nii.gz")
    with pytest.raises(ValueError, match="the set is of 'lesion', this case of 'cyst': rename the segment"):
        exported(case, tmp_path, name="cyst")
    addCase(tmp_path / "drawn", make(1, modality="mr"), "nnunet", ".nii.gz")
    taken = takePoints(case.points, case.volume, statesOf(case.volume), "lesion", 0.2)
    with pytest.raises(ValueError, match=r"made of seven points, those of '.*' drawn: choose another folder"):
        addCase(tmp_path / "drawn", pointsCase(taken, "mr")[0], "nnunet", ".nii.gz")


def test_a_case_that_is_not_complete_is_refused(case, tmp_path):
    with pytest.raises(ValueError, match="'image' has no points: place them in the section"):
        exported(case, tmp_path)
    add_target(case.volume)
    second = add_target(case.volume, outside=OUTSIDE[1:])
    with pytest.raises(ValueError, match=f"the points of {second.GetName()} are not complete"):
        exported(case, tmp_path)
    place(second, case.volume, {6: OUTSIDE[0]})
    with pytest.raises(ValueError, match="rename the segment"):
        exported(case, tmp_path, name="ignore")
    assert not (tmp_path / "set").exists()


def test_too_little_to_learn_from_is_said(case, tmp_path):
    add_target(case.volume)
    _, _, (note,) = exported(case, tmp_path, name="", threshold=0.01)
    assert "voxels of object only: raise the threshold" in note
    labels = case.preview(0.01)
    assert "too little to learn from: raise the threshold" in Messages.describeLabels(labels, str)


def test_the_panel_and_the_command_line_agree(case, tmp_path):
    """A saved target, one point of which was taken back and placed again, gives the same labels."""
    from cueseg.cli.main import main

    node = add_target(case.volume, outside=OUTSIDE[::-1])
    node.UnsetNthControlPointPosition(0)
    place(node, case.volume, {0: SEED})
    image, points, labels = (
        str(tmp_path / name) for name in ("image.nrrd", "points.mrk.json", "labels.nrrd")
    )
    assert slicer.util.saveNode(case.volume, image)
    assert slicer.util.saveNode(node, points)
    assert main(["points", image, "--points", points, "--labels", labels, "--threshold", "0.3"]) == 0
    written = sitk.GetArrayFromImage(sitk.ReadImage(labels))
    np.testing.assert_array_equal(written, case.expected(TARGET, threshold=0.3))
    np.testing.assert_array_equal(written, case.preview(0.3).values)
