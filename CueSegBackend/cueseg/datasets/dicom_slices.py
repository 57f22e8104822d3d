"""Folders with one DICOM file per slice and, beside them, one picture of labels per slice."""

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from cueseg.datasets.entries import natural
from cueseg.image_files import ImageFile
from cueseg.image_files.itk import quiet_itk, reason_of

__all__ = ["picture_labels", "read_label_slices", "read_slices"]

_POSITION, _ORIENTATION = "0020|0032", "0020|0037"
SAME_POSITION = 1e-3  # mm


def read_slices(folder: Path) -> ImageFile:
    """Read all DICOM files of a folder as one volume, sorted by position, whatever their series is called.

    Raises:
        ValueError: No DICOM files, files that do not say where they lie, or files that make no volume.
    """
    files = ordered_files(folder)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(file) for file in files])
    try:
        with quiet_itk():
            image = reader.Execute()
    except RuntimeError as error:
        raise ValueError(
            f"the DICOM files in {folder} make no volume ({reason_of(error)}): they differ in size or one is damaged"
        ) from error
    return ImageFile(
        sitk.GetArrayFromImage(image),
        image.GetSpacing(),
        image.GetOrigin(),
        image.GetDirection(),
        name=folder.name,
    )


def ordered_files(folder: Path) -> list[Path]:
    """DICOM files of a folder along the normal of their slices.

    Raises:
        ValueError: As `read_slices`.
    """
    found = []
    with quiet_itk():
        for file in sorted(folder.iterdir(), key=natural):
            if file.is_file() and sitk.ImageFileReader.GetImageIOFromFileName(str(file)) == "GDCMImageIO":
                found.append((file, *_place_of(file)))
    if not found:
        raise ValueError(f"{folder} holds no DICOM files: is it the folder of the slices?")
    turns = np.array([turn for _, _, turn in found])
    if np.ptp(turns, axis=0).max() > 1e-3:
        raise ValueError(f"{folder} holds slices of several orientations: keep one of them in the folder")
    along = np.array([at for _, at, _ in found]) @ np.cross(turns[0, :3], turns[0, 3:])
    order = np.argsort(along, kind="stable")
    if (np.diff(along[order]) < SAME_POSITION).any():
        raise ValueError(
            f"{folder} holds several slices of one position: keep one phase or echo in the folder"
        )
    return [found[index][0] for index in order]


def _place_of(file: Path) -> tuple[list[float], list[float]]:
    """Position (3 numbers) and orientation (6 numbers) of a slice."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(file))
    reader.ReadImageInformation()
    if not (reader.HasMetaDataKey(_POSITION) and reader.HasMetaDataKey(_ORIENTATION)):
        raise ValueError(f"{file} does not say where its slice lies (tags {_POSITION} and {_ORIENTATION})")
    at, turn = (
        [float(number) for number in reader.GetMetaData(key).split("\\")] for key in (_POSITION, _ORIENTATION)
    )
    return at, turn


def read_label_slices(
    folder: Path, images: Path, bands: list[list[int]], shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Labels of a volume from pictures, one for each DICOM file.

    A picture belongs to the file of the same name or, where the names are others, to the file of the same rank among
    the names; the files are then sorted by position as in `read_slices`.

    Args:
        folder: Of the pictures (PNG).
        images: Folder of the DICOM files.
        bands: [label number, lowest grey value, highest grey value]; grey values of no band are background.
        shape: (slices, rows, cols) of the volume.

    Raises:
        ValueError: Another number of pictures than of files, or pictures of another size.
    """
    pictures = sorted(folder.glob("*.png"), key=natural)
    files = ordered_files(images)
    by_name = sorted(files, key=natural)
    if len(pictures) != len(files):
        raise ValueError(f"{folder} holds {len(pictures)} PNG files for the {len(files)} slices in {images}")
    stems = {picture.stem: picture for picture in pictures}
    if {file.stem for file in files} == set(stems):
        picture_of = {file: stems[file.stem] for file in files}
    else:
        picture_of = dict(zip(by_name, pictures, strict=True))
    labels = np.zeros(shape, np.uint8)
    for index, file in enumerate(files):
        grey = picture_labels(picture_of[file])
        if grey.shape != shape[1:]:
            raise ValueError(f"{picture_of[file]} has {grey.shape} pixels, its slice {tuple(shape[1:])}")
        for number, low, high in bands:
            labels[index][(grey >= low) & (grey <= high)] = number
    return labels


def picture_labels(path: Path) -> NDArray[Any]:
    """(rows, cols) whole numbers of a picture; a colour picture must be grey.

    Raises:
        ValueError: Not a picture, or a coloured one.
    """
    try:
        with quiet_itk():
            array = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    except RuntimeError as error:
        raise ValueError(f"{path} is no picture that can be read ({reason_of(error)})") from error
    if array.ndim == 3:
        if (array[..., :3] != array[..., :1]).any():
            raise ValueError(f"{path} is in colour: labels must be grey values")
        array = array[..., 0]
    if array.ndim != 2 or array.dtype.kind not in "iu":
        raise ValueError(f"{path} must be a picture of whole numbers, not {array.dtype} {array.shape}")
    return array
