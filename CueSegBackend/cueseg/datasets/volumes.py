"""Manifest entries of SegTHOR, LiTS and BraTS: volumes with a volume of label numbers beside them."""

import logging
import re
from pathlib import Path

from cueseg.datasets.entries import Entry, entry, natural

__all__ = ["VOLUME_SUFFIXES", "brats_entries", "lits_entries", "segthor_entries"]

VOLUME_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")

SEGTHOR = {"oesophagus": [1], "heart": [2], "trachea": [3], "aorta": [4]}
LITS = {"liver": [1, 2], "liver tumour": [2]}
# Enhancing tumour is 4 up to BraTS 2021 and 3 from 2023 on.
BRATS = {"tumour whole": [1, 2, 3, 4], "tumour core": [1, 3, 4], "tumour enhancing": [4]}
BRATS_2023 = {"tumour whole": [1, 2, 3], "tumour core": [1, 3], "tumour enhancing": [3]}
_BRATS_CHANNELS = ("t1", "t1ce", "t2", "flair")
_BRATS_2023_CHANNELS = {"t1n": "t1", "t1c": "t1ce", "t2w": "t2", "t2f": "flair"}

_log = logging.getLogger(__name__)


def segthor_entries(folder: Path) -> list[Entry]:
    """SegTHOR (Lambert et al. 2019): [train/]Patient_XX/Patient_XX.nii.gz and GT.nii.gz.

    Patients without GT.nii.gz, those of the challenge's test set, are left out.

    Raises:
        ValueError: There is no such patient.
    """
    entries = []
    for labels in sorted(folder.rglob("GT.nii*"), key=natural):
        image = _beside(labels, labels.parent.name)
        if image is None:
            _log.warning("%s has no image %s.nii.gz beside it and is left out", labels, labels.parent.name)
            continue
        entries.append(entry(labels.parent.name, "segthor", "ct", image, labels, SEGTHOR))
    return _some(entries, folder, "Patient_XX/Patient_XX.nii.gz with GT.nii.gz")


def lits_entries(folder: Path) -> list[Entry]:
    """LiTS (Bilic et al. 2023): volume-N.nii and segmentation-N.nii, in one folder or in several below it.

    Raises:
        ValueError: There is no such pair.
    """
    labels_of = {
        match[1]: path
        for path in folder.rglob("segmentation-*.nii*")
        if (match := re.fullmatch(r"segmentation-(\d+)\.nii(\.gz)?", path.name))
    }
    entries = []
    for image in sorted(folder.rglob("volume-*.nii*"), key=natural):
        match = re.fullmatch(r"volume-(\d+)\.nii(\.gz)?", image.name)
        if match and match[1] in labels_of:
            entries.append(entry(f"lits {match[1]}", "lits", "ct", image, labels_of[match[1]], LITS))
    return _some(entries, folder, "volume-N.nii with segmentation-N.nii")


def brats_entries(folder: Path, channel: str = "flair") -> list[Entry]:
    """BraTS: case folders with CASE_t1, _t1ce, _t2, _flair and _seg; from 2023 on CASE-t1n, -t1c, -t2w, -t2f, -seg.

    Args:
        folder: Of the cases, or above them.
        channel: t1, t1ce, t2 or flair: what a network of one channel sees.

    Raises:
        ValueError: There is no such case, one that lacks a channel, or an unknown channel.
    """
    if channel not in _BRATS_CHANNELS:
        raise ValueError(f"BraTS has no channel {channel!r}; there is {', '.join(_BRATS_CHANNELS)}")
    entries = []
    for labels in sorted(folder.rglob("*seg.*"), key=natural):
        match = re.fullmatch(r"(.+)([_-])seg\.(nii|nii\.gz|mha)", labels.name)
        if match is None:
            continue
        case, dash = match[1], match[2]
        ends = _BRATS_2023_CHANNELS if dash == "-" else {name: name for name in _BRATS_CHANNELS}
        images = {name: _beside(labels, f"{case}{dash}{end}") for end, name in ends.items()}
        missing = [name for name, path in images.items() if path is None]
        if missing:
            raise ValueError(f"{labels.parent} lacks the channel {missing[0]} of {case}: copy the case again")
        paths = [path for path in images.values() if path is not None]
        classes = BRATS_2023 if dash == "-" else BRATS
        more = {"channels": list(images), "channel": channel}
        # BraTS-GLI-00005-001 is the second time point of patient BraTS-GLI-00005.
        subject = re.sub(r"-\d{3}$", "", case) if dash == "-" else case
        entries.append(entry(subject, "brats", "mr", paths, labels, classes, **more))
    return _some(entries, folder, "CASE/CASE_t1.nii.gz with _t1ce, _t2, _flair and _seg")


def _beside(labels: Path, stem: str) -> Path | None:
    """The volume of that name in the folder of the labels."""
    found = (labels.parent / f"{stem}{suffix}" for suffix in VOLUME_SUFFIXES)
    return next((path for path in found if path.is_file()), None)


def _some(entries: list[Entry], folder: Path, layout: str) -> list[Entry]:
    if not entries:
        raise ValueError(f"no labelled image was found in {folder}: expected {layout}")
    return entries
