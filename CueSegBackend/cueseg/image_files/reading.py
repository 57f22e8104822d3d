"""Read an image from a file or a DICOM folder, with its geometry and, where it says so, its modality."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from cueseg.image_files.dicom import read_series, read_tags
from cueseg.image_files.itk import quiet_itk, reason_of
from cueseg.intensity import Modality

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
READABLE = "a DICOM folder or file, NRRD, NIfTI, MetaImage (.mha, .mhd), PNG, JPEG, TIFF or BMP"

_MODALITY_OF_TAG: dict[str, Modality] = {"CT": "ct", "MR": "mr"}  # other scanners: grey
_COLOUR_CHANNELS = (3, 4)


@dataclass(frozen=True)
class ImageFile:
    """An image and where it lies.

    Attributes:
        array: (slices, rows, cols) or, for colour, (slices, rows, cols, 3); raw values, CT in HU. A
            picture has one slice.
        spacing: (x, y, z) in mm, that is of (cols, rows, slices).
        origin: Position (x, y, z) of the first pixel's centre in mm, LPS.
        direction: 3 x 3 row by row; column k is the LPS direction of (cols, rows, slices)[k].
        modality: What the file says or implies: "ct", "mr", "grey", "rgb", or None where it says nothing.
        name: Name without folder and ending.
        picture: Whether it is a picture without a place in the patient.
    """

    array: NDArray[Any]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    modality: Modality | None = None
    name: str = "image"
    picture: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, rows, cols)."""
        slices, rows, cols = self.array.shape[:3]
        return slices, rows, cols

    def ijk_to_lps(self) -> NDArray[np.float64]:
        """(4, 4) matrix from (col, row, slice) indices to LPS in mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = np.reshape(self.direction, (3, 3)) * np.asarray(self.spacing)
        matrix[:3, 3] = self.origin
        return matrix


def read_image(path: str | os.PathLike[str], series: str | None = None) -> ImageFile:
    """Read a DICOM folder (one series), a DICOM file, NRRD, NIfTI, MetaImage or a picture.

    Args:
        path: Folder or file.
        series: Series instance UID, where a folder holds several series; its beginning is enough.

    Raises:
        FileNotFoundError: No such file or folder, or a folder without DICOM files.
        ValueError: Not an image, a damaged one, one with four dimensions, several series, or values that are
            no intensities; the message says what to do.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: check the path")
    if path.is_dir():
        with quiet_itk():
            image, tags = read_series(path, series)
        return _image_file(image, tags.get("modality"), path.resolve().name, picture=False)
    if series is not None:
        raise ValueError(f"{path} is a file: a series can only be chosen in a DICOM folder")
    with quiet_itk():
        image = _read_file(path)
        tags = read_tags(path) if _format_of(path) == "GDCMImageIO" else {}
    picture = path.suffix.lower() in PICTURE_SUFFIXES
    return _image_file(image, tags.get("modality"), stem_of(path), picture)


def stem_of(path: Path) -> str:
    """Name without folder and without .nii.gz, .seg.nrrd or a single ending."""
    for ending in (".nii.gz", ".seg.nrrd"):
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)]
    return path.stem


def _format_of(path: Path) -> str:
    return sitk.ImageFileReader.GetImageIOFromFileName(str(path))


def _read_file(path: Path) -> sitk.Image:
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty: copy or export it again")
    if not _format_of(path):
        raise ValueError(f"{path} is not an image that can be read, or it is damaged; give {READABLE}")
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        size = reader.GetSize()
        if len(size) > 3:
            _take_single_volume(reader, path)
        return reader.Execute()
    except RuntimeError as error:
        raise ValueError(
            f"{path} cannot be read, it is damaged or of an unsupported kind ({reason_of(error)}): "
            f"copy or export it again, as {READABLE}"
        ) from error


def _take_single_volume(reader: sitk.ImageFileReader, path: Path) -> None:
    """Drop dimensions of length 1; more than one volume is an error."""
    size = reader.GetSize()
    if any(length != 1 for length in size[3:]):
        shown = " x ".join(map(str, size))
        raise ValueError(
            f"{path} has {len(size)} dimensions ({shown}), e.g. several time points; "
            "save one of its volumes as a file of its own and give that"
        )
    reader.SetExtractSize([*size[:3], *[0] * (len(size) - 3)])


def _image_file(image: sitk.Image, tag: str | None, name: str, picture: bool) -> ImageFile:
    array = _array_of(image, name)
    colour = array.ndim > image.GetDimension()
    if image.GetDimension() == 2:
        array = array[None]
    modality: Modality | None = None
    if colour:
        modality = "rgb"
    elif tag:
        modality = _MODALITY_OF_TAG.get(tag, "grey")
    elif picture:
        modality = "grey"
    return ImageFile(array, *_geometry_of(image), modality=modality, name=name, picture=picture)


def _array_of(image: sitk.Image, name: str) -> NDArray[Any]:
    array = sitk.GetArrayFromImage(image)
    if array.size == 0:
        raise ValueError(f"{name} has no pixels (size {image.GetSize()}): export it again")
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise ValueError(f"{name} holds {array.dtype} values; give an image of integers or floats")
    channels = image.GetNumberOfComponentsPerPixel()
    if channels == 1:
        return array
    if channels in _COLOUR_CHANNELS and np.issubdtype(array.dtype, np.integer):
        return np.ascontiguousarray(array[..., :3])  # without alpha
    raise ValueError(
        f"{name} holds {channels} values of type {array.dtype} in every pixel; give an image with one value "
        "per pixel, or a colour image with red, green and blue as integers"
    )


def _geometry_of(image: sitk.Image) -> tuple[Any, Any, tuple[float, ...]]:
    """(spacing, origin, direction) in three dimensions; a single image lies in the plane z = 0."""
    spacing, origin = image.GetSpacing(), image.GetOrigin()
    if image.GetDimension() == 3:
        return spacing, origin, image.GetDirection()
    a, b, c, d = image.GetDirection()
    return (*spacing, 1.0), (*origin, 0.0), (a, b, 0.0, c, d, 0.0, 0.0, 0.0, 1.0)
