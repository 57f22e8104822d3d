"""A training set in a folder that grows case by case; arrays and files only, for a worker thread.

`cueseg.datasets.export_training_set` writes a whole set. Here a set of the new case alone is written beside, its
files are moved over, and the lists are written again, so that a long set is not read and written for every case.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cueseg.datasets import TrainingCase

IGNORE = (
    "ignore"  # name of the label of voxels of which nothing is known; as in `cueseg.datasets.training_set`
)
LISTS = {"nnunet": "dataset.json", "monai": "datalist.json"}
MANIFEST = "manifest.json"
RUNS = "runs"  # trainings of the set, within its folder
_ADDING = ".adding"
_VALIDATION = (5, 1)  # of every five patients the second is validated on


@dataclass(frozen=True)
class TrainingSet:
    """What a folder holds.

    :param ids: of the cases, in the order in which they were added.
    :param subjects: of each case.
    :param splits: "train" or "val" of each case.
    :param classes: names of the segments, label 1 first.
    :param modality: one of `cueseg.intensity.MODALITIES`; "" while there is no case.
    :param suffix: ending of the images, e.g. ".nii.gz".
    """

    folder: Path
    layout: str
    ids: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    modality: str = ""
    suffix: str = ""

    @property
    def isOfPoints(self) -> bool:
        """Whether the labels are of one class and made of seven points, with voxels of which nothing is known."""
        return self.classes[1:] == (IGNORE,)

    @property
    def canTrain(self) -> bool:
        """Whether there is something to learn from and something to validate on."""
        return {"train", "val"} <= set(self.splits)


def readSet(folder: Path) -> TrainingSet | None:
    """The training set in a folder; None where the folder is empty or not there.

    :raises ValueError: it holds anything else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    from cueseg.datasets.entries import read_entries

    layout = next((name for name, file in LISTS.items() if (folder / file).is_file()), None)
    if layout is None or not (folder / MANIFEST).is_file():
        raise ValueError(
            f"'{folder}' holds something that is no training set of this panel: choose a new folder"
        )
    entries = read_entries(folder / MANIFEST)
    names = [Path(entry["labels"]).name for entry in entries]
    suffix = next(ending for ending in (".nii.gz", ".nrrd", ".png", "") if names[0].endswith(ending))
    return TrainingSet(
        folder,
        layout,
        tuple(name[: len(name) - len(suffix)] for name in names),
        tuple(entry["subject"] for entry in entries),
        tuple(entry["split"] for entry in entries),
        _classes(layout, folder / LISTS[layout]),
        entries[0]["modality"],
        suffix,
    )


def addCase(
    folder: Path, case: TrainingCase, layout: str, suffix: str, replaceCase: bool = False
) -> tuple[TrainingSet, list[str]]:
    """Write a case into a set, which begins with the first case.

    The split is that of the same subject; of every five subjects the second is validated on.

    :param layout: a key of `LISTS`.
    :param suffix: ".nii.gz" or ".nrrd".
    :param replaceCase: whether a case of the same id may be replaced.
    :return: the set as it is now, and what the user should know.
    :raises ValueError: the case does not fit into the set; the message says why.
    :raises OSError: a file cannot be written.
    """
    from cueseg.datasets import export_training_set
    from cueseg.datasets.training_files import slices_between

    shutil.rmtree(folder / _ADDING, ignore_errors=True)  # of a process that was killed meanwhile
    before = readSet(folder)
    before = TrainingSet(folder, layout, suffix=suffix) if before is None else before
    _checkFits(before, case, layout, suffix, replaceCase)
    case = replace(case, split=_split(before, case))
    names = tuple(segment.name for segment in case.segmentation.segments)
    classes = (*before.classes, *(name for name in names if name not in before.classes))
    staging = folder / _ADDING / folder.resolve().name
    try:
        export_training_set([case], staging, layout, suffix=suffix, classes=classes)
        _moveFiles(staging, folder)
        _writeLists(staging, folder, before, case)
    finally:
        shutil.rmtree(folder / _ADDING, ignore_errors=True)
    gaps = [name for name in names if IGNORE not in names and slices_between(case.segmentation.mask_of(name))]
    notes = [
        f"{name} has no labels on some slices between others, which count as background: fill them first"
        for name in gaps
    ]
    return readSet(folder), notes


def _checkFits(before: TrainingSet, case: TrainingCase, layout: str, suffix: str, replaceCase: bool) -> None:
    if before.layout != layout or before.suffix != suffix:
        raise ValueError(
            f"'{before.folder}' holds a set in the layout {before.layout} with {before.suffix} files: choose these, or "
            "another folder"
        )
    if before.modality not in ("", case.modality):
        raise ValueError(
            f"the set is of the modality {before.modality}, this volume {case.modality}: choose another folder"
        )
    names = tuple(segment.name for segment in case.segmentation.segments)
    isOfPoints = IGNORE in names
    if before.ids and before.isOfPoints != isOfPoints:
        kinds = ("made of seven points", "drawn") if isOfPoints else ("drawn", "made of seven points")
        raise ValueError(
            f"the labels are {kinds[0]}, those of '{before.folder}' {kinds[1]}: choose another folder"
        )
    if before.ids and isOfPoints and before.classes != names:
        raise ValueError(
            f"the set is of '{before.classes[0]}', this case of '{names[0]}': rename the segment, or choose another "
            "folder"
        )
    if case.id in before.ids and not replaceCase:
        raise ValueError(
            f"the set has a case '{case.id}' already: tick 'Replace a case of the same name', or rename the volume"
        )


def _split(before: TrainingSet, case: TrainingCase) -> str:
    places = zip(before.ids, before.subjects, before.splits, strict=True)
    known = [(caseId, split) for caseId, subject, split in places if subject == case.subject]
    if known:
        return known[0][1]
    if case.id in before.ids:  # replaced, and now of another patient
        return before.splits[before.ids.index(case.id)]
    every, second = _VALIDATION
    return "val" if len(set(before.subjects)) % every == second else "train"


def _moveFiles(staging: Path, folder: Path) -> None:
    for path in sorted(staging.rglob("*")):
        target = folder / path.relative_to(staging)
        if path.is_file() and path.parent != staging:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)


def _writeLists(staging: Path, folder: Path, before: TrainingSet, case: TrainingCase) -> None:
    """The lists of the layout, and our manifest last, which makes the case part of the set."""
    from cueseg.datasets.entries import read_entries, write_manifest

    old = read_entries(folder / MANIFEST) if before.ids else []
    place = before.ids.index(case.id) if case.id in before.ids else len(old)
    entries = [*old[:place], *read_entries(staging / MANIFEST), *old[place + 1 :]]
    about = json.loads((staging / LISTS[before.layout]).read_text(encoding="utf-8"))
    ids = [*before.ids[:place], case.id, *before.ids[place + 1 :]]
    of = {
        split: [n for n, entry in enumerate(entries) if entry["split"] == split] for split in ("train", "val")
    }
    if before.layout == "nnunet":
        about["numTraining"] = len(entries)
        _writeJson(folder / "splits_final.json", [{name: [ids[n] for n in of[name]] for name in of}])
    else:
        rows = [
            {"image": entry["image"], "label": entry["labels"], "subject": entry["subject"]}
            for entry in entries
        ]
        about["numTraining"] = len(of["train"])
        about |= {
            key: [rows[n] for n in of[name]] for key, name in (("training", "train"), ("validation", "val"))
        }
    _writeJson(folder / LISTS[before.layout], about)
    absolute = [
        {**e, "image": str(folder / e["image"]), "labels": str(folder / e["labels"])} for e in entries
    ]
    write_manifest(folder / MANIFEST, absolute)


def _classes(layout: str, path: Path) -> tuple[str, ...]:
    """Names by number, the background left out: nnU-Net writes name: number, MONAI number: name."""
    try:
        labels = json.loads(path.read_text(encoding="utf-8"))["labels"]
        byName = labels if layout == "nnunet" else {name: number for number, name in labels.items()}
        numbers = {name: int(number) for name, number in byName.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"'{path}' is damaged ({error}): restore it, or choose a new folder") from error
    return tuple(name for name in sorted(numbers, key=numbers.get) if numbers[name])


def _writeJson(path: Path, values: Any) -> None:
    from cueseg.whole_files import write_whole

    write_whole(path, (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode())
