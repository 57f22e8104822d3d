"""Segmentations in files: .seg.nrrd for 3D Slicer, plain labelmaps, pictures. Written whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from cueseg.image_files.itk import quiet_itk, reason_of
from cueseg.image_files.reading import ImageFile
from cueseg.image_files.seg_nrrd import encode, parse_segments
from cueseg.image_files.segmentation import Segmentation

LABELMAP_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")
SUFFIXES = (".seg.nrrd", *LABELMAP_SUFFIXES, ".png")

_LARGEST_LABEL = int(np.iinfo(np.uint16).max)

GRID_TOLERANCE = 0.02  # voxels by which two grids may differ anywhere and still be the same


def check_output(path: str | os.PathLike[str], *, overwrite: bool = False) -> str:
    """Check, before the work is done, that a segmentation can be written to `path`.

    Returns:
        Its ending, one of `SUFFIXES`.

    Raises:
        ValueError: Another ending, or the path of a folder.
        FileNotFoundError: The folder does not exist.
        FileExistsError: The file exists and is not to be overwritten.
    """
    path = Path(path)
    suffix = next((ending for ending in SUFFIXES if path.name.lower().endswith(ending)), None)
    if suffix is None or path.name.lower() == suffix:
        raise ValueError(f"{path} must be a name that ends in one of {', '.join(SUFFIXES)}")
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give the name of a file")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder {path.parent} does not exist: create it first")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists already: choose another name, or allow to overwrite it")
    return suffix


def write_segmentation(
    path: str | os.PathLike[str],
    segmentation: Segmentation,
    image: ImageFile,
    *,
    overwrite: bool = False,
) -> None:
    """Write the segments of an image; the file appears whole or not at all.

    Args:
        path: ".seg.nrrd" keeps names, colours and overlaps for 3D Slicer; ".nrrd", ".nii", ".nii.gz" and
            ".mha" hold the label numbers; ".png" is for one segment of a picture, 255 inside.
        segmentation: In the grid of the image.
        image: Gives the geometry.
        overwrite: Whether a file that exists may be replaced.

    Raises:
        ValueError: What the ending cannot hold, or a segmentation of another shape than the image.
        FileNotFoundError: The folder does not exist.
        FileExistsError: The file exists, and `overwrite` is False.
        OSError: The file cannot be written; what was there stays.
    """
    path = Path(path)
    suffix = check_output(path, overwrite=overwrite)
    if segmentation.shape != image.shape:
        raise ValueError(f"the segmentation has shape {segmentation.shape}, its image {image.shape}")
    if suffix == ".seg.nrrd":
        data = encode(segmentation, image)
        _write_whole(path, suffix, lambda temporary: temporary.write_bytes(data))
        return
    labelmap = _labelmap(segmentation, image, suffix)
    _write_whole(path, suffix, lambda temporary: _write_itk(labelmap, temporary))


def read_segmentation(path: str | os.PathLike[str], image: ImageFile) -> Segmentation:
    """Read a .seg.nrrd of the image, e.g. one written by 3D Slicer, which may cover a part of the image only.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a segmentation, a damaged one, or one of an image with another grid.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: check the path")
    try:
        with quiet_itk():
            stored = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise ValueError(
            f"{path} cannot be read as a segmentation, it is damaged or of another kind ({reason_of(error)})"
        ) from error
    array = sitk.GetArrayFromImage(stored)
    if stored.GetDimension() != 3 or array.dtype.kind not in "iu" or not _are_labels(array):
        raise ValueError(
            f"{path} is no segmentation: it must be a volume of label numbers up to {_LARGEST_LABEL}"
        )
    layers = list(np.moveaxis(array, -1, 0)) if array.ndim == 4 else [array]
    place = _place_in(stored, image, path)
    fields = {key: stored.GetMetaData(key) for key in stored.GetMetaDataKeys()}
    segments, other_fields = parse_segments(fields, layers, path)
    return Segmentation([_embedded(layer, place, image.shape) for layer in layers], segments, other_fields)


def _are_labels(array: NDArray[np.integer]) -> bool:
    return bool(array.min() >= 0 and array.max() <= _LARGEST_LABEL)


def _embedded(
    layer: NDArray[np.integer], place: tuple[slice, ...], shape: tuple[int, int, int]
) -> NDArray[np.unsignedinteger]:
    kind = np.uint8 if layer.max() <= np.iinfo(np.uint8).max else np.uint16
    whole = np.zeros(shape, kind)
    whole[place] = layer
    return whole


def _place_in(stored: sitk.Image, image: ImageFile, path: Path) -> tuple[slice, ...]:
    """Slices of the image's array that a stored grid covers."""
    grid = ImageFile(
        np.empty(stored.GetSize()[::-1], np.bool_),
        stored.GetSpacing(),
        stored.GetOrigin(),
        stored.GetDirection(),
    )
    size = np.array(stored.GetSize())
    relation = np.linalg.inv(image.ijk_to_lps()) @ grid.ijk_to_lps()
    offset = np.rint(relation[:3, 3]).astype(int)
    drift = np.abs((relation[:3, :3] - np.eye(3)) @ size) + np.abs(relation[:3, 3] - offset)
    if drift.max() > GRID_TOLERANCE:
        raise ValueError(
            f"{path} belongs to another image than {image.name}: their voxels do not coincide; "
            "give one of this image; for an output, a new file"
        )
    if (offset < 0).any() or (offset + size > np.array(image.shape[::-1])).any():
        raise ValueError(f"{path} reaches beyond {image.name}: write to another file")
    return tuple(slice(start, start + length) for start, length in zip(offset[::-1], size[::-1], strict=True))


def _labelmap(segmentation: Segmentation, image: ImageFile, suffix: str) -> sitk.Image:
    if len(segmentation.layers) > 1:
        raise ValueError(f"segments overlap, which {suffix} files cannot hold: write a .seg.nrrd file")
    labels = segmentation.layers[0]
    if suffix != ".png":
        result = sitk.GetImageFromArray(labels)
        result.SetSpacing(image.spacing)
        result.SetOrigin(image.origin)
        result.SetDirection(image.direction)
        return result
    if not image.picture or len(labels) > 1 or len(segmentation.segments) != 1:
        others = ", ".join(ending for ending in SUFFIXES if ending != ".png")
        raise ValueError(f".png holds one segment of a picture; for anything else use {others}")
    mask = labels[0] == segmentation.segments[0].value
    return sitk.GetImageFromArray(mask.astype(np.uint8) * np.uint8(255))


def _write_itk(labelmap: sitk.Image, path: Path) -> None:
    try:
        sitk.WriteImage(labelmap, str(path), useCompression=True)
    except RuntimeError as error:
        raise OSError(f"{path.parent} cannot be written to ({reason_of(error)})") from error


def _write_whole(path: Path, suffix: str, write: Callable[[Path], object]) -> None:
    path = path.resolve()  # a link stays a link
    temporary = path.with_name(f".{path.name[: -len(suffix)]}.{os.getpid()}.tmp{suffix}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
