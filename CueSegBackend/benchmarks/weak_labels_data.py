"""The data of `weak_labels.py`: who is labelled by whom, the labels made from clicks, and how well they agree."""

import json
import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.datasets.entries import Entry, natural, read_entries, write_manifest
from cueseg.evaluation.from_points import Clicks
from cueseg.image_files import Segmentation, read_image, write_segmentation
from cueseg.metrics import dice
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.cases import Case, read_case
from cueseg.training.structures import find_structures
from cueseg.whole_files import write_whole

LABELLER, TRUE, WEAK, AGREEMENT = "labeller.json", "true.json", "weak.json", "agreement.json"


def divide(entries: list[Entry], group: str, count: int, seed: int) -> tuple[set[str], set[str]]:
    """Subjects of a group's split train: those whom the labeller learns from, and those whom it labels.

    Args:
        entries: Of a manifest.
        group: The data set to divide.
        count: Subjects for the labeller.
        seed: Another seed, another division; the order of the entries does not count.

    Raises:
        ValueError: A count that leaves one of the two without subjects.
    """
    names = {item["subject"] for item in entries if (item["group"], item["split"]) == (group, "train")}
    subjects = sorted(names, key=natural)
    if not 0 < count < len(subjects):
        raise ValueError(
            f"the split train has {len(subjects)} subjects of {group!r}, which leaves nobody to learn from or to "
            f"label if the labeller gets {count}: choose a number from 1 to {len(subjects) - 1}"
        )
    order = np.random.default_rng(seed).permutation(len(subjects))
    learnt = {subjects[place] for place in order[:count]}
    return learnt, names - learnt


def write_manifests(manifest: Path, folder: Path, group: str, count: int, seed: int) -> tuple[int, int]:
    """Write the manifest of the labeller and that of the networks on true labels.

    The labeller's holds everything but the subjects that it will label; the other holds these as train, and the
    group's val. The split test is never read.

    Returns:
        Subjects that the labeller learns from and subjects to label.

    Raises:
        ValueError: Not a manifest, nothing in its split val, or a count that cannot be.
    """
    entries = [_located(item, manifest.parent) for item in read_entries(manifest)]
    learnt, labelled = divide(entries, group, count, seed)
    kept_back = [item for item in entries if _is_train(item, group) and item["subject"] in labelled]
    val = [item for item in entries if (item["group"], item["split"]) == (group, "val")]
    if not val:
        raise ValueError(f"{manifest} holds no image of group {group!r} and split 'val' to measure on")
    write_manifest(folder / LABELLER, [item for item in entries if item not in kept_back])
    write_manifest(folder / TRUE, kept_back + val)
    return len(learnt), len(labelled)


def _is_train(item: Entry, group: str) -> bool:
    return (item["group"], item["split"]) == (group, "train")


def _located(item: Entry, folder: Path) -> Entry:
    """An entry with paths from the working directory."""
    images = item["image"]
    image = [str(folder / name) for name in images] if isinstance(images, list) else str(folder / images)
    return {**item, "image": image, "labels": str(folder / item["labels"])}


def label_case(
    case: Case, predictor: ExtremePointPredictor, clicks: Clicks
) -> tuple[NDArray[np.uint8], dict[str, int]]:
    """Labels from clicks on every class in every axial slice in which it has 6 pixels; elsewhere it gets none.

    Where masks of two classes overlap, the higher probability decides.

    Args:
        case: Image and true labels, from which the clicks are taken; every class is one label number.
        predictor: The labeller.
        clicks: How to click.

    Returns:
        (slices, rows, cols) labels with the numbers of the case, and class -> slices clicked.

    Raises:
        ValueError: A class that is not one label number.
    """
    labels, best = np.zeros(case.labels.shape, np.uint8), np.zeros(case.labels.shape, np.float32)
    clicked = {}
    for name, structures in find_structures(0, replace(case, planes=(0,))).items():
        if len(case.classes[name]) != 1:
            raise ValueError(
                f"{case.subject}: class {name!r} must be one label number, not {case.classes[name]}"
            )
        for structure in structures:
            index = structure.index
            mask = case.mask_of(0, index, structure.labels)
            predictor.set_image(case.slice_of(0, index), case.modality, case.pixel_size(0))
            found = predictor.predict(clicks.on(mask, f"{case.subject}/{name}/{index}"))
            wins = found.mask & (found.probability > best[index])
            labels[index][wins], best[index][wins] = case.classes[name][0], found.probability[wins]
        if structures:
            clicked[name] = len(structures)
    return labels, clicked


def make_labels(
    folder: Path, predictor: ExtremePointPredictor, clicks: Clicks, until: float = math.inf
) -> bool:
    """Label the train images of the true manifest in `folder`/labels, and write the manifest of these labels.

    What was labelled with the same weights and clicks is not labelled again. The agreement with the true labels, slices
    without clicks included, is written beside the manifests.

    Args:
        folder: With the manifests of `write_manifests`.
        predictor: The labeller.
        clicks: How to click.
        until: time.monotonic() after which no other image is begun.

    Returns:
        Whether all are labelled.
    """
    made_by = {"weights": predictor.card.sha256, "clicks": asdict(clicks)}
    record = _record(folder / AGREEMENT, made_by)
    entries = [_located(item, folder) for item in read_entries(folder / TRUE)]
    (folder / "labels").mkdir(exist_ok=True)
    for item in entries:
        if item["split"] != "train":
            continue
        target = folder / "labels" / f"{item['subject']}.nrrd"
        if item["subject"] not in record["patients"]:
            if time.monotonic() > until:
                return False
            record["patients"][item["subject"]] = _label(item, target, predictor, clicks)
            write_whole(folder / AGREEMENT, json.dumps(record, indent=1).encode())
        item["labels"] = str(target)
    write_manifest(folder / WEAK, entries)
    return True


def _record(path: Path, made_by: dict[str, Any]) -> dict[str, Any]:
    """What is recorded of labels made in this way; nothing if they were made in another."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found if found.get("made_by") == made_by else {"made_by": made_by, "patients": {}}


def _label(
    item: Entry, target: Path, predictor: ExtremePointPredictor, clicks: Clicks
) -> dict[str, dict[str, float]]:
    """Write the labels of an image; class -> Dice in three dimensions and slices clicked."""
    case = read_case(Path(), item)
    labels, clicked = label_case(case, predictor, clicks)
    names = {numbers[0]: name for name, numbers in case.classes.items()}
    ordered = [names.get(number, f"unused {number}") for number in range(1, max(names) + 1)]
    segmentation = Segmentation.from_labels(labels, ordered)
    write_segmentation(target, segmentation, read_image(item["image"]), overwrite=True)
    agreement = {}
    for name, numbers in case.classes.items():
        truth = case.labels == numbers[0]
        if truth.any():
            value = dice(labels == numbers[0], truth)
            agreement[name] = {"dice": round(value, 4), "slices": clicked.get(name, 0)}
    return agreement
