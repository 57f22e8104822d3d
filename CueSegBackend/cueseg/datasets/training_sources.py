"""What a training set is made of: a folder that the command `label` filled, or a table of images and segmentations."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cueseg.datasets.entries import SPLITS, natural
from cueseg.datasets.provenance import read_origins
from cueseg.datasets.splits import assign_splits
from cueseg.datasets.training_set import TrainingCase
from cueseg.image_files import read_image, read_segmentation
from cueseg.intensity import MODALITIES

__all__ = ["Source", "read_cases", "read_sources", "split_sources"]

COLUMNS = ("image", "segmentation", "id", "subject", "modality", "series", "split", "provenance")
SEGMENTATION = ".seg.nrrd"


@dataclass(frozen=True)
class Source:
    """One labelled image in files; "" and None where nothing is said."""

    id: str
    image: Path
    segmentation: Path
    subject: str = ""
    modality: str = ""
    series: str = ""
    split: str = ""
    provenance: Path | None = None


def read_sources(path: str | Path) -> list[Source]:
    """List the labelled images of a folder or of a table.

    Args:
        path: A folder with ID.json and ID.seg.nrrd as `label` writes them; or a CSV file with the columns image and
            segmentation, and any of id, subject, modality, series, split, provenance, paths relative to it.

    Raises:
        ValueError: Neither of them, or nothing in it; the message says what is missing.
    """
    path = Path(path)
    sources = _of_folder(path) if path.is_dir() else _of_table(path)
    if not sources:
        raise ValueError(f"{path} holds no labelled image")
    return sources


def _of_folder(folder: Path) -> list[Source]:
    sources = []
    for record in sorted(folder.glob("*.json"), key=natural):
        try:
            about = json.loads(record.read_text(encoding="utf-8"))
            name, image = str(about["id"]), Path(about["image"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{record} is no record of the command label: {error}") from error
        segmentation = folder / f"{name}{SEGMENTATION}"
        if not segmentation.exists():
            raise ValueError(
                f"{record} has no {segmentation.name} beside it: run label again, with that format"
            )
        sources.append(
            Source(
                name.replace(" ", "_"),
                image,
                segmentation,
                modality=about.get("modality") or "",
                series=about.get("series", ""),
                provenance=record,
            )
        )
    return sources


def _of_table(path: Path) -> list[Source]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or []
        unknown = [name for name in columns if name not in COLUMNS]
        if unknown or not {"image", "segmentation"} <= set(columns):
            wrong = (
                f"has the unknown column {unknown[0]!r}"
                if unknown
                else "lacks the column image or segmentation"
            )
            raise ValueError(f"{path} {wrong}: its columns may be {', '.join(COLUMNS)}")
        sources = []
        for row in reader:
            values = {name: (row.get(name) or "").strip() for name in COLUMNS}
            if values["split"] not in ("", *SPLITS):
                raise ValueError(f"{path}, line {reader.line_num}: unknown split {values['split']!r}")
            if not values["segmentation"].endswith(SEGMENTATION):
                raise ValueError(
                    f"{path}, line {reader.line_num}: the segmentation must be a {SEGMENTATION} file"
                )
            source = Source(
                values["id"] or Path(values["segmentation"]).name[: -len(SEGMENTATION)].replace(" ", "_"),
                path.parent / values["image"],
                path.parent / values["segmentation"],
                values["subject"],
                values["modality"],
                values["series"],
                values["split"],
                path.parent / values["provenance"] if values["provenance"] else None,
            )
            sources.append(source)
    return sources


def split_sources(sources: list[Source], shares: tuple[float, float, float], seed: int) -> list[Source]:
    """Split the sources without a split by subject; a subject without a name is the case itself."""
    named = [replace(item, subject=item.subject or item.id) for item in sources]
    rows = [{"subject": item.subject, "group": "", "split": ""} for item in named if not item.split]
    found = iter(assign_splits(rows, shares, seed))
    return [item if item.split else replace(item, split=next(found)["split"]) for item in named]


def read_cases(sources: list[Source], modality: str = "") -> Iterator[TrainingCase]:
    """Read one source after the other.

    Args:
        sources: With subjects and splits.
        modality: Of images whose file and table do not say it.

    Raises:
        ValueError, OSError: Files that cannot be used, or an unclear modality.
    """
    for source in sources:
        image = read_image(source.image, source.series or None)
        wanted = source.modality or modality or image.modality
        found = next((known for known in MODALITIES if known == wanted), None)
        if found is None:
            raise ValueError(
                f"{source.image} does not say what kind of image it is: add the column modality or --modality with one "
                f"of {', '.join(MODALITIES)}"
            )
        segmentation = read_segmentation(source.segmentation, image)
        origins = tuple(read_origins(source.provenance)) if source.provenance else ()
        yield TrainingCase(source.id, source.subject, image, segmentation, found, source.split, origins)
