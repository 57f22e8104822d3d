"""The table of a cohort: images to label, with extreme points or without. Needs neither torch nor SimpleITK."""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cueseg.extreme_points import check_points
from cueseg.intensity import check_modality

__all__ = ["CohortCase", "PointSlice", "parse_point_list", "read_cohort"]

COLUMNS = ("image", "id", "modality", "series", "name", "axis", "slice", "points")

_ID = re.compile(r"\w[\w.+ -]*")


@dataclass(frozen=True)
class PointSlice:
    """Four clicks on one slice: the name of the segment, slice `index` across `axis`, and points (x, y)."""

    name: str
    axis: str | None
    index: int | None
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class CohortCase:
    """One image of a cohort.

    Attributes:
        id: Name of its output, unique in the cohort.
        image: File or DICOM folder.
        modality: As in `cueseg.intensity`, "" where the file says it.
        series: UID of a DICOM series, "" where the folder holds one.
        slices: What was clicked; () where the table has no points.
    """

    id: str
    image: Path
    modality: str = ""
    series: str = ""
    slices: tuple[PointSlice, ...] = field(default=())


def read_cohort(path: str | Path) -> list[CohortCase]:
    """Read a CSV file with the column image and any of id, modality, series, name, axis, slice, points.

    Paths are relative to the file. Rows of one id are one case; without an id, rows of one image are. Points are
    written "x,y x,y x,y x,y".

    Raises:
        ValueError: Not such a table; the message names the file, the line, and what is wrong.
    """
    path = Path(path)
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or []
        unknown = [name for name in columns if name not in COLUMNS]
        if "image" not in columns or unknown:
            wrong = f"has the unknown column {unknown[0]!r}" if unknown else "has no column 'image'"
            raise ValueError(f"{path} {wrong}: its columns may be {', '.join(COLUMNS)}")
        cases: dict[str, CohortCase] = {}
        for row in reader:
            try:
                _add(cases, row, path.parent)
            except ValueError as error:
                raise ValueError(f"{path}, line {reader.line_num}: {error}") from error
    if not cases:
        raise ValueError(f"{path} lists no image")
    return list(cases.values())


def _add(cases: dict[str, CohortCase], row: dict[str, str | None], folder: Path) -> None:
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if None in row:
        raise ValueError("more values than columns: put texts with commas between quotes")
    if not values["image"]:
        raise ValueError("the image is missing")
    if values["modality"]:
        check_modality(values["modality"])
    case_id = values["id"] or _stem(Path(values["image"]).name)
    if not _ID.fullmatch(case_id):
        raise ValueError(f"{case_id!r} cannot be the name of a file: give an id of letters, digits and ._+-")
    case = CohortCase(case_id, folder / values["image"], values["modality"], values["series"])
    before = cases.get(case_id)
    slices = (_point_slice(values),) if values["points"] else ()
    if before is not None:
        if (before.image, before.modality, before.series) != (case.image, case.modality, case.series):
            raise ValueError(f"{case_id} stands for another image above: give each image an id of its own")
        if not (slices and before.slices):
            raise ValueError(f"{case_id} is listed twice: only rows with points may share an image")
        slices = before.slices + slices
    cases[case_id] = CohortCase(case.id, case.image, case.modality, case.series, slices)


def _point_slice(values: dict[str, str]) -> PointSlice:
    index = values["slice"]
    if index and not index.isdigit():
        raise ValueError(f"slice must be a number from 0 on, got {index!r}")
    points = parse_point_list(values["points"])
    return PointSlice(
        values["name"] or "Segment_1", values["axis"] or None, int(index) if index else None, points
    )


def parse_point_list(text: str) -> tuple[tuple[float, float], ...]:
    """Four points from "x,y x,y x,y x,y".

    Raises:
        ValueError: Not four points, or points that cannot be extreme points.
    """
    try:
        pairs = [tuple(float(part) for part in word.split(",")) for word in text.split()]
        points = np.array(pairs, np.float64)
    except ValueError:
        points = np.empty(0)
    if points.shape != (4, 2):
        raise ValueError(f'{text!r} are no four points: write them as "x,y x,y x,y x,y"')
    return tuple((float(x), float(y)) for x, y in check_points(points))


def _stem(name: str) -> str:
    for ending in (".nii.gz", ".seg.nrrd"):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return Path(name).stem
