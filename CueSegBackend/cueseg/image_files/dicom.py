"""Read one DICOM series from a folder, and say where its slices do not make an even volume."""

import logging
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from cueseg.image_files.itk import reason_of

EVEN_SPACING = 0.02  # largest relative deviation of a slice distance that is still called even
SAME_POSITION = 1e-3  # mm
LARGEST_TILT = 1.0  # degrees between the slices' normal and their stacking direction

_MODALITY, _DESCRIPTION = "0008|0060", "0008|103e"
_POSITION, _ORIENTATION = "0020|0032", "0020|0037"

_log = logging.getLogger(__name__)


def read_series(folder: Path, series: str | None = None) -> tuple[sitk.Image, dict[str, str]]:
    """Read a series as a volume, its slices sorted by position.

    Args:
        folder: Holds the files; folders within are not searched.
        series: Series instance UID or its beginning; None where the folder holds only one.

    Returns:
        The volume, and "modality" and "description" as far as the files give them.

    Raises:
        FileNotFoundError: No DICOM files in the folder.
        ValueError: Several series and none chosen, an unknown one, slices that make no volume, damaged files.
    """
    uid = _choose(folder, series)
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), uid)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(names)
    reader.MetaDataDictionaryArrayUpdateOn()
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise ValueError(
            f"series {uid} in {folder} cannot be read ({reason_of(error)}): its slices differ "
            "in size or a file is damaged; export the series again"
        ) from error
    if len(names) > 1:
        _check_stack(reader, len(names), image, f"series {uid}")
    return image, read_tags(Path(names[0]))


def read_tags(path: Path) -> dict[str, str]:
    """What a DICOM file says of "modality" and "description", as far as it does."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    tags = {"modality": _MODALITY, "description": _DESCRIPTION}
    values = {
        name: reader.GetMetaData(key).strip() for name, key in tags.items() if reader.HasMetaDataKey(key)
    }
    return {name: value for name, value in values.items() if value}


def _choose(folder: Path, series: str | None) -> str:
    uids = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder))
    if not uids:
        raise FileNotFoundError(
            f"no DICOM files in {folder} (folders within are not searched): give the folder that holds the "
            "files of a series, or an image file"
        )
    if series is None and len(uids) == 1:
        return uids[0]
    matches = [uid for uid in uids if series is not None and uid.startswith(series)]
    exact = [uid for uid in matches if uid == series]
    if len(exact or matches) == 1:
        return (exact or matches)[0]
    lines = "\n".join(f"  {_describe(folder, uid)}" for uid in uids)
    if series is None:
        problem = f"{folder} holds {len(uids)} series; choose one with --series UID"
    else:
        problem = f"{len(matches) or 'no'} series of {folder} begin with {series!r}; there are"
    raise ValueError(f"{problem}:\n{lines}")


def _describe(folder: Path, uid: str) -> str:
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), uid)
    tags = read_tags(Path(names[0]))
    words = [tags.get("modality", "?"), f"{len(names)} files", tags.get("description", "")]
    return f"{uid}  {', '.join(word for word in words if word)}"


def _check_stack(reader: sitk.ImageSeriesReader, count: int, image: sitk.Image, name: str) -> None:
    """Refuse slices that make no volume, warn of those that make an uneven one."""
    positions = _numbers(reader, count, _POSITION, 3)
    orientations = _numbers(reader, count, _ORIENTATION, 6)
    if positions is None or orientations is None:
        _log.warning(
            "%s: the files do not say where the slices lie; distances in mm are not to be relied on", name
        )
        return
    if np.ptp(orientations, axis=0).max() > 1e-3:
        raise ValueError(
            f"{name} holds slices of several orientations (a localiser?): choose another series, or copy the "
            "files of one orientation to a folder of their own"
        )
    normal = np.cross(orientations[0, :3], orientations[0, 3:])
    along = positions @ normal
    steps = np.abs(np.diff(np.sort(along)))
    if (steps < SAME_POSITION).any():
        raise ValueError(
            f"{name} holds {count} slices, but only {int((steps >= SAME_POSITION).sum()) + 1} positions "
            "(several phases or echoes?): copy the files of one of them to a folder of their own"
        )
    if steps.max() - steps.min() > EVEN_SPACING * np.median(steps):
        _log.warning(
            "%s: slices lie %.4g to %.4g mm apart, some may be missing; %.4g mm is assumed throughout",
            name, steps.min(), steps.max(), image.GetSpacing()[2],
        )  # fmt: skip
    _warn_of_tilt(positions, along, normal, name)


def _warn_of_tilt(
    positions: NDArray[np.float64], along: NDArray[np.float64], normal: NDArray[np.float64], name: str
) -> None:
    stack = positions[np.argmax(along)] - positions[np.argmin(along)]
    cosine = np.clip(stack @ normal / np.linalg.norm(stack) / np.linalg.norm(normal), -1.0, 1.0)
    tilt = float(np.degrees(np.arccos(cosine)))
    if tilt > LARGEST_TILT:
        _log.warning(
            "%s: the gantry was tilted by %.1f degrees; positions between slices are approximate", name, tilt
        )


def _numbers(reader: sitk.ImageSeriesReader, count: int, key: str, length: int) -> NDArray[np.float64] | None:
    """(count, length) values of a tag, or None if a file lacks them."""
    rows = []
    for index in range(count):
        if not reader.HasMetaDataKey(index, key):
            return None
        values = reader.GetMetaData(index, key).split("\\")
        if len(values) != length:
            return None
        rows.append([float(value) for value in values])
    return np.array(rows, np.float64)
