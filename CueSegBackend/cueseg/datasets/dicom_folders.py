"""Manifest entries of DICOM folders: image series with the segmentations and structure sets drawn on them."""

from pathlib import Path

from cueseg.datasets.dicom_elements import is_dicom, read_elements
from cueseg.datasets.dicom_objects import read_label_object
from cueseg.datasets.entries import Entry, entry, natural

__all__ = ["dicom_entries"]

_MODALITY_OF_TAG = {"CT": "ct", "MR": "mr"}


def dicom_entries(folder: Path, modality: str | None = None) -> list[Entry]:
    """DICOM images with SEG or RTSTRUCT files, anywhere below a folder; the file says which series it was drawn on.

    Patients are told apart by their patient ID, or, where that is empty, by their folder.

    Args:
        folder: Above all files.
        modality: For images that are neither CT nor MR, for example "grey".

    Raises:
        ValueError: No SEG or RTSTRUCT, one whose series is not there, or an image of another modality.
    """
    series_of: dict[str, tuple[Path, str]] = {}
    objects = []
    for path in sorted((path for path in folder.rglob("*") if path.is_file()), key=natural):
        if not is_dicom(path):
            continue
        data = read_elements(path, pixels=False)
        tag, uid = data.text(0x00080060), data.text(0x0020000E)
        if tag in ("SEG", "RTSTRUCT"):
            objects.append(path)
        elif series_of.setdefault(uid, (path.parent, tag))[0] != path.parent:
            raise ValueError(
                f"series {uid} lies in {series_of[uid][0]} and {path.parent}: put its files into one folder"
            )
    if not objects:
        raise ValueError(
            f"{folder} holds no DICOM SEG or RTSTRUCT file: labels of another kind go with the kind own"
        )
    return [_entry(folder, path, series_of, modality) for path in objects]


def _entry(folder: Path, path: Path, series_of: dict[str, tuple[Path, str]], modality: str | None) -> Entry:
    about = read_label_object(path)
    if about.series not in series_of:
        raise ValueError(
            f"{path} was drawn on series {about.series or '(unnamed)'}, which is not in {folder}"
        )
    if not about.names:
        raise ValueError(f"{path} describes no segment: leave it out or export it again")
    images, tag = series_of[about.series]
    kind = modality or _MODALITY_OF_TAG.get(tag)
    if kind is None:
        raise ValueError(f"series {about.series} is of modality {tag!r}: add --modality grey")
    subject = about.patient or path.relative_to(folder).parts[0]
    classes: dict[str, list[int]] = {}
    for number, name in enumerate(about.names, start=1):  # equal names become one class
        classes.setdefault(name or f"segment {number}", []).append(number)
    more = {"series": about.series, "label_format": "dicom"}
    return entry(subject, folder.resolve().name, kind, images, path, classes, **more)
