"""Entries of a manifest: put together, checked, written and read. Needs no SimpleITK."""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cueseg.intensity import check_modality
from cueseg.whole_files import write_whole

__all__ = ["LABEL_FORMATS", "SPLITS", "Entry", "check_entry", "entry", "read_entries", "write_manifest"]

Entry = dict[str, Any]

SPLITS = ("train", "val", "test")
LABEL_FORMATS = ("labels", "segments", "slices", "masks", "dicom")

_NEEDED = ("image", "labels", "subject", "split", "modality", "group", "classes")


def entry(
    subject: str,
    group: str,
    modality: str,
    image: Path | list[Path],
    labels: Path,
    classes: dict[str, list[int]],
    **more: Any,
) -> Entry:
    """One image of a manifest, not yet in a split; see `cueseg.training.cases` for the fields.

    Raises:
        ValueError: A modality that is not known.
    """
    check_modality(modality)
    images = [str(path) for path in image] if isinstance(image, list) else str(image)
    fields = {"subject": subject, "split": "", "group": group, "modality": modality}
    return {**fields, "image": images, "labels": str(labels), "classes": classes, **more}


def write_manifest(path: str | os.PathLike[str], entries: Iterable[Entry]) -> None:
    """Write a manifest whole or not at all, with paths relative to its folder (which is made if need be).

    Raises:
        ValueError: No entries, or one that is not complete; the message names it.
    """
    path = Path(path)
    folder = path.resolve().parent
    written = []
    for item in entries:
        check_entry(item)
        paths = item["image"] if isinstance(item["image"], list) else [item["image"]]
        images = [_relative(name, folder) for name in paths]
        image = images if isinstance(item["image"], list) else images[0]
        written.append({**item, "image": image, "labels": _relative(item["labels"], folder)})
    if not written:
        raise ValueError(f"there is nothing to write to {path}: no labelled image was found")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, (json.dumps(written, indent=1, ensure_ascii=False) + "\n").encode())


def _relative(name: str, folder: Path) -> str:
    return Path(os.path.relpath(Path(name).absolute(), folder)).as_posix()


def read_entries(
    path: str | os.PathLike[str], split: str | None = None, groups: set[str] | None = None
) -> list[Entry]:
    """Entries of a manifest: of one split, or of train and val; the split test only where it is asked for.

    Args:
        path: The manifest (JSON).
        split: One of `SPLITS`; None: train and val.
        groups: Only these data sets; None: all.

    Raises:
        ValueError: No file, not a manifest, an entry that cannot be used, or nothing is left.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(
            f"there is no manifest {path}: make it with `python -m cueseg manifest`, or name another one; a training "
            "takes it by --set 'manifest=\"FILE.json\"'"
        )
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not a manifest: {error}") from error
    if not isinstance(entries, list) or not all(isinstance(item, dict) for item in entries):
        raise ValueError(f"{path} is not a manifest: expected a JSON list of images")
    for item in entries:
        try:
            check_entry(item)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    splits = ("train", "val") if split is None else (split,)
    wanted = [
        item for item in entries if item["split"] in splits and (groups is None or item["group"] in groups)
    ]
    if not wanted:
        there = ", ".join(sorted({f"{item['split']} of {item['group']}" for item in entries})) or "nothing"
        raise ValueError(
            f"{path} holds no image of split {split!r}, groups {sorted(groups or {'any'})}; it holds {there}"
        )
    return wanted


def check_entry(item: Entry) -> None:
    """Raise a ValueError that names the entry and what is wrong with it."""
    missing = sorted(set(_NEEDED) - set(item))
    if missing:
        raise ValueError(f"manifest entry {item.get('subject', '?')!r} lacks {missing}")
    name = item["subject"]
    if item["split"] not in SPLITS:
        raise ValueError(f"{name}: split must be one of {SPLITS}, got {item['split']!r}")
    check_modality(item["modality"])
    if item.get("label_format", "labels") not in LABEL_FORMATS:
        raise ValueError(f"{name}: label_format must be one of {LABEL_FORMATS}, got {item['label_format']!r}")
    if item.get("geometry", "check") not in ("check", "ignore"):
        raise ValueError(f'{name}: geometry must be "check" or "ignore", got {item["geometry"]!r}')
    if not isinstance(item["classes"], dict) or not item["classes"]:
        raise ValueError(
            f"{name}: classes must be an object of names and label numbers, got {item['classes']!r}"
        )


def natural(name: object) -> list[tuple[int, int, str]]:
    """Sort key by which "slice 9" comes before "slice 10"."""
    parts = re.split(r"(\d+)", str(name))
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part]
