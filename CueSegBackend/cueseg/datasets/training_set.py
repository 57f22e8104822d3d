"""Training sets out: labelled images in the layout of nnU-Net v2 or MONAI, with the origin of every slice.

Our own manifest lies beside them, so that `python -m cueseg train` can begin at once.
"""

import json
import logging
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cueseg
from cueseg.datasets.entries import SPLITS, Entry, entry, write_manifest
from cueseg.datasets.provenance import SliceOrigin, origins_to_json
from cueseg.datasets.training_files import (
    checked_suffix,
    label_numbers,
    origins_of_all_slices,
    slices_between,
    write_image,
)
from cueseg.image_files import ImageFile, Segmentation
from cueseg.intensity import Modality
from cueseg.whole_files import write_whole

__all__ = ["IGNORE", "LAYOUTS", "TrainingCase", "export_training_set"]

LAYOUTS = ("nnunet", "monai")
IGNORE = "ignore"  # nnU-Net's name of the highest label, for voxels of which nothing is known

_CHANNELS: dict[str, tuple[str, ...]] = {
    "ct": ("CT",),
    "mr": ("MRI",),
    "grey": ("grey",),
    "rgb": ("R", "G", "B"),
}
_ID = re.compile(r"\w[\w.+-]*")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingCase:
    """One labelled image.

    Attributes:
        id: Name of its files, letters, digits and ._+-; unique in the set.
        subject: Patient; all images of a patient must be in one split.
        image: With one channel, or a colour picture.
        segmentation: On its grid; segments that are there but empty were looked for and not found.
        modality: Of the image; one for the whole set.
        split: "train", "val" or "test".
        origins: Where the labels come from; slices that are not named are "unrecorded".
        made_of: What all labels were made of, values of a JSON object that are kept with the origins; None: nothing.
    """

    id: str
    subject: str
    image: ImageFile
    segmentation: Segmentation
    modality: Modality
    split: str = "train"
    origins: tuple[SliceOrigin, ...] = ()
    made_of: dict[str, Any] | None = None


def export_training_set(
    cases: Iterable[TrainingCase],
    folder: str | os.PathLike[str],
    layout: str = "nnunet",
    *,
    suffix: str | None = None,
    classes: Sequence[str] | None = None,
) -> Path:
    """Write a training set. A segment named "ignore", which must be the last, is of unknown voxels in both layouts.

    nnU-Net v2: imagesTr/ID_0000.nii.gz, labelsTr/ID.nii.gz (imagesTs, labelsTs for the split test), dataset.json, and
    splits_final.json where there is a split val; it finds folders named Dataset123_NAME. MONAI: images/ID.nii.gz,
    labels/ID.nii.gz and datalist.json with the lists training, validation and testing. Both: provenance/ID.json with
    the origin of every slice, and manifest.json, written last.

    Args:
        cases: Taken one by one, so that they need not be in memory together.
        folder: New or empty.
        layout: One of `LAYOUTS`.
        suffix: ".nii.gz", ".nrrd" or, for pictures, ".png"; None: .nii.gz or .png.
        classes: Names of the segments to write, label 1 first; None: all, in the order in which they appear.

    Returns:
        The path of the manifest.

    Raises:
        ValueError: An unknown layout or ending, no case, or a case that does not fit in; the message names it.
        FileExistsError: The folder holds something.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"unknown layout {layout!r}; choose one of {', '.join(LAYOUTS)}")
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists already and is not empty: give a new folder")
    if layout == "nnunet" and not re.fullmatch(r"Dataset\d{3}_\w+", folder.resolve().name):
        _log.warning("nnU-Net finds only folders named like Dataset101_Liver, not %s", folder.name)
    writer = _Writer(folder, layout, suffix, list(classes or ()), fixed=classes is not None)
    for case in cases:
        writer.add(case)
    return writer.finish()


class _Writer:
    """Writes case after case, and what is known only at the end."""

    def __init__(
        self, folder: Path, layout: str, suffix: str | None, names: list[str], *, fixed: bool
    ) -> None:
        self.folder, self.layout, self.suffix, self.names, self.fixed = folder, layout, suffix, names, fixed
        self.entries: list[Entry] = []
        self.ids: list[str] = []
        self.modality: Modality | None = None

    def add(self, case: TrainingCase) -> None:
        try:
            self._check(case)
            self._write(case)
        except ValueError as error:
            raise ValueError(f"{case.id}: {error}") from error

    def _check(self, case: TrainingCase) -> None:
        if not _ID.fullmatch(case.id):
            raise ValueError(f"{case.id!r} cannot be the name of a file: use letters, digits and ._+-")
        if case.id in self.ids:
            raise ValueError("there are two cases of this id: give each its own")
        if case.split not in SPLITS:
            raise ValueError(f"split must be one of {SPLITS}, got {case.split!r}")
        if case.modality not in _CHANNELS:
            raise ValueError(f"modality must be one of {', '.join(_CHANNELS)}, got {case.modality!r}")
        if self.modality not in (None, case.modality):
            raise ValueError(
                f"is {case.modality}, the cases before {self.modality}: export them to sets of their own"
            )
        torn = [e for e in self.entries if e["subject"] == case.subject and e["split"] != case.split]
        if torn:
            raise ValueError(
                f"subject {case.subject!r} is in {torn[0]['split']} and in {case.split}: choose one"
            )
        if case.segmentation.shape != case.image.shape:
            raise ValueError(
                f"the segmentation has shape {case.segmentation.shape}, its image {case.image.shape}"
            )
        self.suffix = checked_suffix(self.suffix, case.image)

    def _write(self, case: TrainingCase) -> None:
        self.modality = case.modality
        labels, numbers = label_numbers(case.segmentation, self.names, fixed=self.fixed)
        origins = origins_of_all_slices(case.image, case.segmentation, numbers, case.origins)
        for name, number in numbers.items():
            missing = [] if IGNORE in numbers else slices_between(labels == number)
            if missing:
                _log.warning(
                    "%s: %s has no labels on %d slices between others, e.g. %d: they count as background; propagate "
                    "or draw them first", case.id, name, len(missing), missing[0],
                )  # fmt: skip
        image, target = self._paths(case)
        write_image(image, case.image, case.image.array)
        write_image(target, case.image, labels)
        weights = {json.dumps(item.weights): item.weights for item in origins if item.weights}
        about = {
            "id": case.id,
            "subject": case.subject,
            "version": cueseg.__version__,
            "weights": list(weights.values()),
            "slices": origins_to_json(origins),
            **({"made_of": case.made_of} if case.made_of else {}),
        }
        record = self.folder / "provenance" / f"{case.id}.json"
        record.parent.mkdir(parents=True, exist_ok=True)
        write_whole(record, (json.dumps(about, indent=1, ensure_ascii=False) + "\n").encode())
        more: dict[str, Any] = {"kind": "picture"} if case.image.picture else {}
        if case.made_of and "targets" in case.made_of:
            more["targets"] = case.made_of["targets"]
        # Our manifest names no class for what is unknown.
        classes = {name: [number] for name, number in numbers.items() if name != IGNORE}
        group = self.folder.resolve().name
        found = entry(case.subject, group, case.modality, image, target, classes, **more)
        self.entries.append({**found, "split": case.split})
        self.ids.append(case.id)

    def _paths(self, case: TrainingCase) -> tuple[Path, Path]:
        if self.layout == "monai":
            name = f"{case.id}{self.suffix}"
            return self.folder / "images" / name, self.folder / "labels" / name
        part = "Ts" if case.split == "test" else "Tr"
        image = self.folder / f"images{part}" / f"{case.id}_0000{self.suffix}"
        return image, self.folder / f"labels{part}" / f"{case.id}{self.suffix}"

    def finish(self) -> Path:
        """Write the lists; returns the manifest's path."""
        if not self.entries or self.modality is None:
            raise ValueError("there is no case to export")
        channels = {str(number): name for number, name in enumerate(_CHANNELS[self.modality])}
        if self.layout == "nnunet":
            self._write_nnunet(channels)
        else:
            self._write_monai(channels)
        manifest = self.folder / "manifest.json"
        write_manifest(manifest, self.entries)
        return manifest

    def _write_nnunet(self, channels: dict[str, str]) -> None:
        of = {
            split: [i for i, e in zip(self.ids, self.entries, strict=True) if e["split"] == split]
            for split in SPLITS
        }
        about = {
            "channel_names": channels,
            "labels": {"background": 0} | {name: number for number, name in enumerate(self.names, start=1)},
            "numTraining": len(of["train"]) + len(of["val"]),
            "file_ending": self.suffix,
        }
        self._write_json("dataset.json", about)
        if of["val"]:
            self._write_json("splits_final.json", [{"train": of["train"], "val": of["val"]}])

    def _write_monai(self, channels: dict[str, str]) -> None:
        lists: dict[str, list[dict[str, str]]] = {"training": [], "validation": [], "testing": []}
        for item in self.entries:
            row = {
                key[: len(key) - (key == "labels")]: self._relative(item[key]) for key in ("image", "labels")
            }
            lists[list(lists)[SPLITS.index(item["split"])]].append({**row, "subject": item["subject"]})
        labels = {"0": "background"} | {str(number): name for number, name in enumerate(self.names, start=1)}
        about = {"name": self.folder.resolve().name, "modality": channels, "labels": labels}
        self._write_json("datalist.json", {**about, "numTraining": len(lists["training"]), **lists})

    def _relative(self, path: str) -> str:
        return Path(path).relative_to(self.folder).as_posix()

    def _write_json(self, name: str, values: Any) -> None:
        write_whole(self.folder / name, (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode())
