"""Training sets go out and come back the same, and say where every slice comes from."""

import json
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from cueseg.datasets import SliceOrigin, TrainingCase, export_training_set, list_data_set
from cueseg.image_files import ImageFile, Segmentation
from cueseg.training.cases import read_manifest
from image_builder import rotation

WEIGHTS = {"name": "compact-cm", "sha256": "a" * 64}
NAMES = ("liver", "kidney")


def case_of(number, split="train", names=NAMES, **image):
    """A volume with two segments, oblique, in which all voxels are different."""
    labels = np.zeros((5, 12, 14), np.uint8)
    labels[1:4, 2:8, 2:6] = 1
    labels[2:4, 6:10, 8:12] = len(names)
    values = (labels * 50 + np.arange(labels.size).reshape(labels.shape) % 7 + number).astype(np.int16)
    options = {"spacing": (0.7, 0.8, 2.5), "origin": (-3.0, 4.0, 50.0), "direction": rotation(12)}
    found = ImageFile(values, **(options | {"name": f"scan {number}"} | image))
    segmentation = Segmentation.from_labels(labels, names)
    origins = (
        SliceOrigin(names[0], 1, "clicked", True, "axial", ((1, 2), (3, 4), (2, 1), (2, 6)), WEIGHTS),
        SliceOrigin(names[0], 2, "propagated", weights=WEIGHTS),
    )
    return TrainingCase(f"p{number}", f"patient {number}", found, segmentation, "ct", split, origins)


CASES = [case_of(0), case_of(1, "val"), case_of(2, "test")]


def assert_same(found, case):
    """A case that was read back, and the one that was written."""
    assert np.array_equal(found.image, case.image.array)
    assert found.spacing == pytest.approx(case.image.spacing[::-1], rel=1e-6)
    for name in NAMES:
        assert np.array_equal(np.isin(found.labels, found.classes[name]), case.segmentation.mask_of(name))


@pytest.mark.parametrize("layout", ["nnunet", "monai"])
@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
def test_our_manifest_reads_the_set_back(tmp_path, layout, suffix):
    manifest = export_training_set(iter(CASES), tmp_path / "Dataset101_Liver", layout, suffix=suffix)
    found = read_manifest(manifest) + read_manifest(manifest, "test")
    assert [(item.subject, item.split) for item in found] == [
        ("patient 0", "train"), ("patient 1", "val"), ("patient 2", "test")
    ]  # fmt: skip
    for item, case in zip(found, CASES, strict=True):
        assert_same(item, case)
    path = next((tmp_path / "Dataset101_Liver").rglob(f"p0*{suffix}"))
    stored = sitk.ReadImage(str(path))
    assert stored.GetOrigin() == pytest.approx(CASES[0].image.origin, abs=1e-4)
    assert stored.GetDirection() == pytest.approx(CASES[0].image.direction, abs=1e-5)
    assert not list((tmp_path / "Dataset101_Liver").rglob("*.tmp*"))


def test_the_layout_of_nnunet(tmp_path):
    folder = tmp_path / "Dataset101_Liver"
    export_training_set(CASES, folder)
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.nii.gz"))
    assert files == [
        "imagesTr/p0_0000.nii.gz", "imagesTr/p1_0000.nii.gz", "imagesTs/p2_0000.nii.gz",
        "labelsTr/p0.nii.gz", "labelsTr/p1.nii.gz", "labelsTs/p2.nii.gz",
    ]  # fmt: skip
    assert json.loads((folder / "dataset.json").read_text(encoding="utf-8")) == {
        "channel_names": {"0": "CT"},
        "labels": {"background": 0, "liver": 1, "kidney": 2},
        "numTraining": 2,
        "file_ending": ".nii.gz",
    }
    assert json.loads((folder / "splits_final.json").read_text(encoding="utf-8")) == [
        {"train": ["p0"], "val": ["p1"]}
    ]
    entries = list_data_set("nnunet", folder)
    assert [(item["subject"], item["split"]) for item in entries] == [("p0", ""), ("p1", ""), ("p2", "test")]


def test_the_layout_of_monai(tmp_path):
    export_training_set(CASES, tmp_path / "set", "monai")
    about = json.loads((tmp_path / "set" / "datalist.json").read_text(encoding="utf-8"))
    assert about["labels"] == {"0": "background", "1": "liver", "2": "kidney"}
    assert about["training"] == [
        {"image": "images/p0.nii.gz", "label": "labels/p0.nii.gz", "subject": "patient 0"}
    ]
    entries = list_data_set("monai", tmp_path / "set" / "datalist.json")
    assert [(item["subject"], item["split"]) for item in entries] == [
        ("patient 0", ""), ("patient 1", "val"), ("patient 2", "test")
    ]  # fmt: skip


def test_monai_itself_reads_its_list(tmp_path):
    monai = pytest.importorskip("monai.data", reason="monai is optional: pip install monai")
    export_training_set(CASES, tmp_path / "set", "monai")
    for key, name in (("training", "p0"), ("validation", "p1"), ("testing", "p2")):
        (item,) = monai.load_decathlon_datalist(str(tmp_path / "set" / "datalist.json"), True, key)
        assert item["image"] == str(tmp_path / "set" / "images" / f"{name}.nii.gz")
        assert item["label"] == str(tmp_path / "set" / "labels" / f"{name}.nii.gz")


def test_every_slice_says_where_it_comes_from(tmp_path):
    export_training_set(CASES[:1], tmp_path / "set", "monai")
    about = json.loads((tmp_path / "set" / "provenance" / "p0.json").read_text(encoding="utf-8"))
    assert about["weights"] == [WEIGHTS]
    found = [(item["segment"], item["index"], item["origin"], item["checked"]) for item in about["slices"]]
    assert found == [
        ("liver", 1, "clicked", True),
        ("liver", 2, "propagated", False),
        ("liver", 3, "unrecorded", False),
        ("kidney", 2, "unrecorded", False),
        ("kidney", 3, "unrecorded", False),
    ]
    assert about["slices"][0]["points"] == [[1, 2], [3, 4], [2, 1], [2, 6]]


def test_numbers_are_the_same_in_all_images_and_missing_organs_stay_unknown(tmp_path):
    cases = [case_of(0, names=("kidney", "spleen")), case_of(1, names=("liver", "kidney"))]
    first, second = read_manifest(export_training_set(cases, tmp_path / "a", "monai"))
    assert first.classes == {"kidney": (1,), "spleen": (2,)}
    assert second.classes == {"liver": (3,), "kidney": (1,)}
    cases = [case_of(0), case_of(1)]
    (case, _) = read_manifest(export_training_set(cases, tmp_path / "b", "monai", classes=["kidney"]))
    assert case.classes == {"kidney": (1,)}
    assert np.array_equal(case.labels == 1, cases[0].segmentation.mask_of("kidney"))
    assert case.labels.max() == 1


def test_pictures_become_png(tmp_path):
    labels = np.zeros((1, 12, 14), np.uint8)
    labels[0, 3:8, 4:9] = 1
    colour = np.stack([labels * 90, labels * 20, labels * 5], -1)
    segmentation = Segmentation.from_labels(labels, ["cell"])
    for array, modality, layout in ((labels * 99, "grey", "monai"), (colour, "rgb", "nnunet")):
        image = ImageFile(array.astype(np.uint8), picture=True)
        case = TrainingCase("a", "a", image, segmentation, modality)
        folder = tmp_path / f"Dataset007_{modality}"
        (found,) = read_manifest(export_training_set([case], folder, layout))
        assert found.modality == modality
        assert np.array_equal(found.image, array)
        assert np.array_equal(found.labels, labels)
    (entry,) = list_data_set("nnunet", tmp_path / "Dataset007_rgb")
    assert entry["modality"] == "rgb"
    assert entry["kind"] == "picture"
    volume = replace(case_of(0), id="b")
    with pytest.raises(
        ValueError, match=r"b: a volume cannot be written as \.png: choose \.nii\.gz or \.nrrd"
    ):
        export_training_set([volume], tmp_path / "c", "monai", suffix=".png")


def overlapping():
    case = case_of(3)
    both = Segmentation([*case.segmentation.layers, case.segmentation.layers[0].copy()], [])
    first, second = case.segmentation.segments
    both.segments = [first, replace(second, layer=1, value=1)]
    return replace(case, segmentation=both)


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ([], "there is no case to export"),
        ([case_of(0), case_of(0)], "p0: there are two cases of this id"),
        ([replace(case_of(0), id="../x")], "cannot be the name of a file"),
        ([case_of(0, "training")], "p0: split must be one of"),
        ([case_of(0), replace(case_of(1), modality="mr")], "p1: is mr, the cases before ct: export them"),
        ([case_of(0), replace(case_of(1, "val"), subject="patient 0")], "'patient 0' is in train and in val"),
        ([overlapping()], "p3: kidney and liver overlap in 72 voxels, which label numbers cannot hold"),
        (
            [replace(case_of(0), segmentation=Segmentation.empty((1, 2, 3)))],
            r"p0: the segmentation has shape",
        ),
        (
            [replace(case_of(0), segmentation=Segmentation.empty((5, 12, 14)), origins=())],
            "has none of the segments",
        ),
        (
            [replace(case_of(0), origins=(SliceOrigin("lung", 1, "drawn"),))],
            "where 'lung' comes from, but has no",
        ),
        ([replace(case_of(0), image=ImageFile(np.zeros((5, 12, 14, 3), np.uint8)))], "volumes in colour"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, cases, message):
    with pytest.raises(ValueError, match=message):
        export_training_set(cases, tmp_path / "set", "monai")
    assert not (tmp_path / "set" / "manifest.json").exists()


def test_only_new_folders_are_written_to(tmp_path):
    (tmp_path / "old.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(FileExistsError, match="exists already and is not empty: give a new folder"):
        export_training_set(CASES, tmp_path)
    with pytest.raises(ValueError, match="unknown layout 'coco'; choose one of nnunet, monai"):
        export_training_set(CASES, tmp_path / "new", "coco")


def test_a_folder_that_nnunet_would_not_find_is_warned_of(tmp_path, caplog):
    export_training_set(CASES[:1], tmp_path / "Dataset101_Liver")
    assert caplog.text == ""
    export_training_set(CASES[:1], tmp_path / "liver")
    assert "nnU-Net finds only folders named like Dataset101_Liver, not liver" in caplog.text


def test_slices_that_were_left_out_between_others_are_warned_of(tmp_path, caplog):
    case = case_of(0)
    case.segmentation.layers[0][2] = 0
    export_training_set([case], tmp_path / "Dataset101_Liver")
    assert caplog.messages == [
        "p0: liver has no labels on 1 slices between others, e.g. 2: they count as background; propagate or draw "
        "them first"
    ]
