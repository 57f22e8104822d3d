"""Small made-up folders in the layouts of well-known data sets."""

import json
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

SHAPE = (4, 12, 14)  # slices, rows, cols
SPACING = (0.8, 0.9, 3.0)
ORIGIN = (-5.0, 7.0, -30.0)


def labels_of(*numbers: int, shape: tuple[int, ...] = SHAPE) -> NDArray[np.uint8]:
    """Blocks of these numbers side by side in the middle slices."""
    labels = np.zeros(shape, np.uint8)
    for place, number in enumerate(numbers):
        labels[1:3, 2:9, 3 * place + 1 : 3 * place + 3] = number
    return labels


def image_of(labels: NDArray, add: int = 0) -> NDArray[np.int16]:
    """An image whose voxels are 100 times their label, with `add` on top."""
    return (labels.astype(np.int16) * 100 + add).astype(np.int16)


def save(path: Path, array: NDArray, vector: bool = False) -> Path:
    """Write a volume, a picture or a colour picture; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(array, isVector=vector)
    if image.GetDimension() == 3:
        image.SetSpacing(SPACING)
        image.SetOrigin(ORIGIN)
    sitk.WriteImage(image, str(path))
    return path


def save_slices(
    folder: Path, array: NDArray, names: list[str], *, uid: str = "1.2.3", descending: bool = False
):
    """DICOM files, one for each slice, all with series UIDs of their own, as anonymisation leaves them."""
    folder.mkdir(parents=True, exist_ok=True)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for number, (pixels, name) in enumerate(zip(array, names, strict=True)):
        image = sitk.GetImageFromArray(pixels)
        image.SetSpacing(SPACING[:2])
        z = ORIGIN[2] + SPACING[2] * (-number if descending else number)
        tags = {
            "0008|0060": "CT",
            "0008|0018": f"{uid}.{number}.1",
            "0020|000e": f"{uid}.{number}",
            "0020|0032": f"{ORIGIN[0]}\\{ORIGIN[1]}\\{z}",
            "0020|0037": "1\\0\\0\\0\\1\\0",
        }
        for key, value in tags.items():
            image.SetMetaData(key, value)
        writer.SetFileName(str(folder / name))
        writer.Execute(image)


def segthor(folder: Path, patients: int = 3) -> Path:
    for number in range(1, patients + 1):
        name = f"Patient_{number:02d}"
        labels = labels_of(1, 2, 3, 4)
        save(folder / "train" / name / f"{name}.nii.gz", image_of(labels, number))
        save(folder / "train" / name / "GT.nii.gz", labels)
    save(folder / "test" / "Patient_41.nii.gz", image_of(labels))  # the challenge keeps its labels back
    return folder


def lits(folder: Path) -> Path:
    for number, batch in ((0, "Training Batch 1"), (10, "Training Batch 2"), (2, "Training Batch 1")):
        labels = labels_of(1, 2)
        save(folder / batch / f"volume-{number}.nii", image_of(labels, number))
        save(folder / batch / f"segmentation-{number}.nii", labels)
    save(folder / "volume-99.nii", image_of(labels))
    return folder


def brats(folder: Path) -> Path:
    labels = labels_of(1, 2, 4)
    case = folder / "BraTS20_Training_001"
    for number, end in enumerate(("t1", "t1ce", "t2", "flair")):
        save(case / f"{case.name}_{end}.nii.gz", image_of(labels, number))
    save(case / f"{case.name}_seg.nii.gz", labels.astype(np.float32))
    labels = labels_of(1, 2, 3)
    for visit in ("000", "001"):
        case = folder / f"BraTS-GLI-00005-{visit}"
        for number, end in enumerate(("t1n", "t1c", "t2w", "t2f")):
            save(case / f"{case.name}-{end}.nii.gz", image_of(labels, number))
        save(case / f"{case.name}-seg.nii.gz", labels)
    return folder


def dsb2018(folder: Path) -> Path:
    for name, colour in (("abc", False), ("def", True)):
        picture = np.zeros((20, 24, 4), np.uint8)
        picture[..., 3] = 255
        picture[3:8, 4:10, :3] = 200
        picture[12:18, 14:20, : 2 if colour else 3] = 150
        save(folder / "stage1_train" / name / "images" / f"{name}.png", picture, vector=True)
        for number, place in enumerate((np.s_[3:8, 4:10], np.s_[12:18, 14:20])):
            mask = np.zeros((20, 24), np.uint8)
            mask[place] = 255
            save(folder / "stage1_train" / name / "masks" / f"{number}.png", mask)
    return folder


def nnunet(folder: Path, channels: tuple[str, ...] = ("CT",), cases: int = 4, **more: object) -> Path:
    labels = labels_of(1, 2, 3)
    for case in range(cases):
        for number in range(len(channels)):
            save(folder / "imagesTr" / f"liver_{case:03d}_{number:04d}.nii.gz", image_of(labels, number))
        save(folder / "labelsTr" / f"liver_{case:03d}.nii.gz", labels)
    about = {
        "channel_names": {str(number): name for number, name in enumerate(channels)},
        "labels": {"background": 0, "kidney": [1, 2], "tumour": 2, "ignore": 3},
        "numTraining": cases,
        "file_ending": ".nii.gz",
    }
    (folder / "dataset.json").write_text(json.dumps(about | more), encoding="utf-8")
    return folder


def monai(folder: Path) -> Path:
    """A data list with a validation list, and an image of two channels in four dimensions."""
    labels = labels_of(1, 2)
    rows = []
    for number in range(3):
        parts = [sitk.GetImageFromArray(image_of(labels, add)) for add in (0, 5)]
        (folder / "imagesTr").mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(sitk.JoinSeries(parts), str(folder / "imagesTr" / f"p{number}.nii.gz"))
        save(folder / "labelsTr" / f"p{number}.nii.gz", labels)
        rows.append({"image": f"./imagesTr/p{number}.nii.gz", "label": f"./labelsTr/p{number}.nii.gz"})
    about = {
        "name": "Prostate",
        "modality": {"0": "T2", "1": "ADC"},
        "labels": {"0": "background", "1": "PZ", "2": "TZ"},
        "training": rows[:2],
        "validation": rows[2:],
        "test": ["./imagesTs/p9.nii.gz"],
    }
    (folder / "dataset.json").write_text(json.dumps(about), encoding="utf-8")
    return folder
