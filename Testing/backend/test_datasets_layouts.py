"""Manifests of well-known data sets: the right files, classes and splits, read back as cases."""

import json

import numpy as np
import pytest

import data_set_folders as folders
from cueseg.datasets import list_data_set, write_manifest
from cueseg.datasets.splits import complete_splits
from cueseg.training.cases import read_manifest
from data_set_folders import image_of, labels_of, save


def cases_of(tmp_path, kind, folder, all_channels=False, **options):
    """Cases of all splits, in the order of the entries, as they come back from a manifest."""
    entries = complete_splits(list_data_set(kind, folder, **options), (1, 0, 0))
    write_manifest(tmp_path / "lists" / "manifest.json", entries)
    return read_manifest(tmp_path / "lists" / "manifest.json", all_channels=all_channels)


def voxels(case, name):
    """How many voxels a class has."""
    return int(np.isin(case.labels, case.classes[name]).sum())


def test_segthor_has_four_organs_and_leaves_out_images_without_labels(tmp_path):
    cases = cases_of(tmp_path, "segthor", folders.segthor(tmp_path / "data"))
    assert [case.subject for case in cases] == ["Patient_01", "Patient_02", "Patient_03"]
    assert cases[1].image[0, 0, 0] == 2
    assert {name: voxels(cases[0], name) for name in cases[0].classes} == {
        "oesophagus": 28, "heart": 28, "trachea": 28, "aorta": 28
    }  # fmt: skip
    assert cases[0].modality == "ct"
    assert cases[0].spacing == pytest.approx((3.0, 0.9, 0.8))


def test_lits_is_found_over_several_folders_in_numeric_order(tmp_path):
    cases = cases_of(tmp_path, "lits", folders.lits(tmp_path / "data"))
    assert [case.subject for case in cases] == ["lits 0", "lits 2", "lits 10"]
    assert [case.image[0, 0, 0] for case in cases] == [0, 2, 10]
    assert (voxels(cases[0], "liver"), voxels(cases[0], "liver tumour")) == (56, 28)


def test_brats_has_four_channels_of_which_one_stands_for_the_image(tmp_path):
    data = folders.brats(tmp_path / "data")
    old, *new = sorted(cases_of(tmp_path, "brats", data, all_channels=True), key=lambda c: -len(c.subject))
    assert old.channels == ("t1", "t1ce", "t2", "flair")
    assert old.stack[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert old.image[0, 0, 0] == 3
    assert [case.subject for case in new] == ["BraTS-GLI-00005"] * 2  # two visits of a patient
    for case in (old, *new):
        assert [voxels(case, name) for name in case.classes] == [84, 56, 28]
    (t1ce, *_) = cases_of(tmp_path, "brats", data, channel="t1ce")
    assert t1ce.stack is None
    assert t1ce.image[0, 0, 0] == 1
    (data / "BraTS20_Training_001" / "BraTS20_Training_001_t2.nii.gz").unlink()
    with pytest.raises(ValueError, match="lacks the channel t2 of BraTS20_Training_001"):
        list_data_set("brats", data)


def test_nuclei_are_numbered_and_grey_pictures_lose_their_colours(tmp_path):
    grey, colour = cases_of(tmp_path, "dsb2018", folders.dsb2018(tmp_path / "data"))
    assert (grey.modality, grey.image.shape) == ("grey", (1, 20, 24))
    assert (colour.modality, colour.image.shape) == ("rgb", (1, 20, 24, 3))
    assert grey.instances
    assert grey.planes == (0,)
    assert [int((grey.labels == number).sum()) for number in (1, 2)] == [30, 36]
    assert list(colour.classes) == ["nuclei colour"]


def test_nnunet_regions_and_the_label_to_ignore(tmp_path):
    cases = cases_of(tmp_path, "nnunet", folders.nnunet(tmp_path / "Dataset007_Kidney"))
    assert cases[0].classes == {"kidney": (1, 2), "tumour": (2,)}
    assert cases[0].group == "Dataset007_Kidney"
    assert cases[0].modality == "ct"
    two = folders.nnunet(tmp_path / "two", ("T1", "FLAIR"))
    (case, *_) = cases_of(tmp_path, "nnunet", two, all_channels=True)
    assert case.channels == ("T1", "FLAIR")
    assert case.stack[:, 0, 0, 0].tolist() == [0, 1]
    assert case.modality == "mr"
    with pytest.raises(ValueError, match=r"whether its channels \['zscore'\] are CT or MR: add --modality"):
        list_data_set("nnunet", folders.nnunet(tmp_path / "unclear", ("zscore",)))
    (two / "imagesTr" / "liver_002_0001.nii.gz").unlink()
    with pytest.raises(ValueError, match=r"liver_002_0001\.nii\.gz is missing"):
        list_data_set("nnunet", two)


def test_monai_lists_keep_their_validation_and_images_of_four_dimensions(tmp_path):
    data = folders.monai(tmp_path / "data")
    cases = cases_of(tmp_path, "monai", data / "dataset.json", all_channels=True)
    assert [(case.subject, case.split) for case in cases] == [("p0", "train"), ("p1", "train"), ("p2", "val")]
    assert cases[0].channels == ("T2", "ADC")
    assert cases[0].stack[:, 0, 0, 0].tolist() == [0, 5]
    assert cases[0].image.shape == folders.SHAPE
    assert cases[0].classes == {"PZ": (1,), "TZ": (2,)}
    assert cases[0].group == "Prostate"
    about = json.loads((data / "dataset.json").read_text(encoding="utf-8"))
    del about["labels"]
    (data / "dataset.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(ValueError, match="does not say what its labels mean: add --classes"):
        list_data_set("monai", data)
    assert cases_of(tmp_path, "monai", data, classes={"gland": [1, 2]})[0].classes == {"gland": (1, 2)}


def test_own_folders_are_matched_by_patterns(tmp_path):
    for subject, scan in (("anna", "1"), ("anna", "2"), ("bert", "1")):
        save(tmp_path / "data" / subject / f"{scan}_ct.nrrd", image_of(labels_of(1), int(scan)))
        save(tmp_path / "data" / subject / "truth" / f"{scan}.nii.gz", labels_of(1, 2))
    patterns = {"images": "{subject}/{id}_ct.nrrd", "labels": "{subject}/truth/{id}.nii.gz"}
    options = {**patterns, "modality": "ct", "classes": {"liver": [1], "all": [1, 2]}}
    cases = cases_of(tmp_path, "own", tmp_path / "data", **options)
    assert [case.subject for case in cases] == ["anna", "anna", "bert"]
    assert [case.image[0, 0, 0] for case in cases] == [1, 2, 1]
    assert (voxels(cases[0], "liver"), voxels(cases[0], "all")) == (28, 56)
    (tmp_path / "data" / "bert" / "truth" / "1.nii.gz").unlink()
    with pytest.raises(ValueError, match=r"bert/1_ct\.nrrd has no labels .*1\.nii\.gz \(1 such images\)"):
        list_data_set("own", tmp_path / "data", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": "truth/x.nrrd"}, r"need \{id\}, for example"),
        ({"images": "no/{id}.nrrd"}, "holds no image 'no/{id}.nrrd' with labels"),
        ({"modality": None}, "does not say what kind of image it is: add --modality"),
        ({"classes": None}, "does not say what its labels mean: add --classes"),
        ({"instances": "cell"}, "give either classes or instances"),
    ],
)
def test_what_is_missing_for_an_own_folder_is_said(tmp_path, options, message):
    save(tmp_path / "images" / "a.nrrd", image_of(labels_of(1)))
    save(tmp_path / "truth" / "a.nrrd", labels_of(1))
    right = {
        "images": "images/{id}.nrrd",
        "labels": "truth/{id}.nrrd",
        "modality": "ct",
        "classes": {"a": [1]},
    }
    assert len(list_data_set("own", tmp_path, **right)) == 1
    with pytest.raises(ValueError, match=message):
        list_data_set("own", tmp_path, **(right | options))


def test_own_pictures_with_instances_in_one_file_or_in_a_folder(tmp_path):
    numbers = labels_of(1, 2)[1].astype(np.uint16)
    save(tmp_path / "images" / "a.png", numbers.astype(np.uint8))
    save(tmp_path / "numbers" / "a.png", numbers)
    for number in (1, 2):
        save(tmp_path / "masks" / "a" / f"{number}.png", (numbers == number).astype(np.uint8))
    for labels in ("numbers/{id}.png", "masks/{id}"):
        (case,) = cases_of(
            tmp_path, "own", tmp_path, images="images/{id}.png", labels=labels, instances="cell"
        )
        assert case.instances
        assert np.array_equal(case.labels[0], numbers)


def test_overlapping_segments_of_slicer_files_are_classes_that_share_labels(tmp_path):
    from cueseg.image_files import Segmentation, extract_slice, read_image, write_segmentation

    path = save(tmp_path / "a.nrrd", image_of(labels_of(1)))
    image = read_image(path)
    segmentation = Segmentation.empty(image.shape)
    where = extract_slice(image, "stored", 2)
    body, organ = np.zeros((2, *folders.SHAPE[1:]), bool)
    body[1:10, 1:12] = True
    organ[3:6, 3:6] = True
    segmentation.set_slice("organ", where, organ)
    segmentation.set_slice("body", where, body)
    write_segmentation(tmp_path / "a.seg.nrrd", segmentation, image)
    (case,) = cases_of(
        tmp_path, "own", tmp_path, images="{id}.nrrd", labels="{id}.seg.nrrd", modality="ct"
    )  # a.seg.nrrd fits the pattern of images too
    assert np.array_equal(np.isin(case.labels[2], case.classes["organ"]), organ)
    assert np.array_equal(np.isin(case.labels[2], case.classes["body"]), body)
    assert len(case.classes["body"]) == 2


@pytest.mark.parametrize("kind", ["segthor", "chaos", "lits", "brats", "dsb2018", "nnunet", "monai", "dicom"])
def test_a_folder_of_something_else_is_refused_by_name(tmp_path, kind):
    save(tmp_path / "photo.png", np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match=r"expected|there is no|holds no DICOM SEG"):
        list_data_set(kind, tmp_path)
    with pytest.raises(ValueError, match="nowhere does not exist: give the folder"):
        list_data_set(kind, tmp_path / "nowhere")


def test_labels_must_fit_the_image(tmp_path):
    data = folders.segthor(tmp_path / "data", 1)
    save(data / "train" / "Patient_01" / "GT.nii.gz", labels_of(1)[:3])
    with pytest.raises(
        ValueError, match=r"Patient_01: image \(4, 12, 14\) and labels \(3, 12, 14\) do not match"
    ):
        cases_of(tmp_path, "segthor", data)
    save(data / "train" / "Patient_01" / "GT.nii.gz", labels_of(1) * np.float32(0.5))
    with pytest.raises(ValueError, match="holds fractions: labels must be whole numbers"):
        cases_of(tmp_path, "segthor", data)
