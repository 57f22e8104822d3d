"""Labelled images as training sees them: a manifest of files, and cases read from it.

A manifest is a JSON list with one object per image:
`image`, `labels` (paths, relative to the manifest), `subject`, `split` ("train" or "val"), `modality`, `group`
(the data set), `kind` ("volume" or "picture"), `instances` (true: every label number is an object of its own),
`classes` (object: class name -> list of label numbers that make it up; with instances the one class and []).
Labels that no class names are unknown, not background.
"""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from cueseg.intensity import IntensityRule, Modality, check_modality

SPLITS = ("train", "val")


@dataclass
class Case:
    """One labelled image.

    Attributes:
        image: (slices, rows, cols[, 3]) raw values.
        labels: (slices, rows, cols) integer labels.
        spacing: (slice, row, col) in mm.
        classes: Class name -> label numbers that make it up; for instances the one class and no numbers.
        planes: Array axes across which slices are taken.
    """

    subject: str
    group: str
    split: str
    modality: Modality
    image: NDArray[Any]
    labels: NDArray[np.integer]
    spacing: tuple[float, float, float]
    classes: dict[str, tuple[int, ...]]
    instances: bool = False
    planes: tuple[int, ...] = (0, 1, 2)
    rule: IntensityRule = field(default_factory=IntensityRule)

    @cached_property
    def intensity_range(self) -> tuple[float, float]:
        """(black, white) of the whole image."""
        return self.rule.range_of(self.image, self.modality)

    def mask_of(self, axis: int, index: int, labels: tuple[int, ...]) -> NDArray[np.bool_]:
        """(rows, cols) mask of the labels in slice `index` across `axis`."""
        return np.isin(np.take(self.labels, index, axis=axis), labels)

    def slice_of(self, axis: int, index: int) -> NDArray[Any]:
        """(rows, cols[, 3]) raw values of slice `index` across `axis`."""
        return np.take(self.image, index, axis=axis)

    def pixel_size(self, axis: int) -> tuple[float, float]:
        """(row, col) pixel size in mm of the slices across `axis`."""
        row, col = (self.spacing[i] for i in range(3) if i != axis)
        return row, col


def read_manifest(path: str | Path, split: str | None = None, groups: set[str] | None = None) -> list[Case]:
    """Read the cases of a manifest, all or those of one split or some groups.

    Raises:
        ValueError: Not a manifest, an entry lacks a key or has a wrong value, or nothing is left.
    """
    path = Path(path)
    try:
        entries = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not a manifest: {error}") from error
    if not isinstance(entries, list):
        raise ValueError(f"{path} is not a manifest: expected a JSON list of images")
    wanted = [
        entry
        for entry in entries
        if split in (None, entry.get("split")) and (groups is None or entry.get("group") in groups)
    ]
    if not wanted:
        raise ValueError(f"{path} holds no image of split {split!r}, groups {sorted(groups or {'any'})}")
    return [_read_case(path.parent, entry) for entry in wanted]


def _read_case(folder: Path, entry: dict[str, Any]) -> Case:
    missing = {"image", "labels", "subject", "split", "modality", "group", "classes"} - set(entry)
    if missing:
        raise ValueError(f"manifest entry {entry.get('subject', '?')!r} lacks {sorted(missing)}")
    if entry["split"] not in SPLITS:
        raise ValueError(f"{entry['subject']}: split must be one of {SPLITS}, got {entry['split']!r}")
    check_modality(entry["modality"])
    image, spacing = _read_array(folder / entry["image"])
    labels, _ = _read_array(folder / entry["labels"])
    if entry.get("kind") == "picture":
        image, labels = image[None], labels[None] if labels.ndim == 2 else labels
    if image.shape[:3] != labels.shape[:3]:
        raise ValueError(f"{entry['subject']}: image {image.shape} and labels {labels.shape} do not match")
    return Case(
        subject=entry["subject"],
        group=entry["group"],
        split=entry["split"],
        modality=entry["modality"],
        image=image,
        labels=labels,
        spacing=spacing,
        classes={name: tuple(numbers) for name, numbers in entry["classes"].items()},
        instances=bool(entry.get("instances", False)),
        planes=(0,) if entry.get("kind") == "picture" else tuple(entry.get("planes", (0, 1, 2))),
    )


def _read_array(path: Path) -> tuple[NDArray[Any], tuple[float, float, float]]:
    if not path.exists():
        raise ValueError(f"{path} of the manifest does not exist")
    picture = sitk.ReadImage(str(path))
    array = sitk.GetArrayFromImage(picture)
    spacing = [float(value) for value in picture.GetSpacing()[::-1]]
    if len(spacing) == 2:
        spacing = [1.0, *spacing]
    return array, (spacing[0], spacing[1], spacing[2])
