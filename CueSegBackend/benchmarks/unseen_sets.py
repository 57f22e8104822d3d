"""Labelled images out of packages, none of them of the kind that the manifest of the default weights lists.

One structure per label: the axial slice in which the label covers most pixels, and there its largest connected part
(8 neighbours). Parts of fewer than 30 pixels, or in a single row or column of pixels, are left out.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cueseg.datasets.entries import entry
from cueseg.extreme_points import extreme_points_from_mask
from cueseg.intensity import Modality
from cueseg.training.cases import Case, read_case
from cueseg.training.samples import jittered
from cueseg.training.validation import MIN_INSTANCE_AREA, Item

JITTER, SHARE = 3.0, 0.1  # largest click error: pixels per axis, and of the box side

# Package -> how to get it.
PACKAGES = {
    "totalsegmentator": "python -m cueseg.training.packages",
    "mricron": "apt-get download mricron-data\n  dpkg -x mricron-data_*.deb .cache/mricron",
}
# AAL's numbers of hippocampus, amygdala, caudate, putamen, pallidum and thalamus, left and right.
DEEP_NUCLEI = (37, 38, 41, 42, *range(71, 79))


@dataclass(frozen=True)
class LabelledSet:
    """One labelled volume.

    Attributes:
        name: for tables.
        package: a key of `PACKAGES`.
        modality: as in `cueseg.intensity`.
        image: file, or folder of DICOM slices, in the package's folder.
        labels: file of label numbers there.
        numbers: labels that are measured, where the volume has them.
        labelled_by: who drew the labels, for the table's caption.
    """

    name: str
    package: str
    modality: Modality
    image: str
    labels: str
    numbers: tuple[int, ...]
    labelled_by: str


_NETWORK, _AAL = "a network (TotalSegmentator)", "an atlas (AAL) in the space of this image"
_BODY, _BRAIN = tuple(range(1, 118)), tuple(range(1, 117))
SETS = (
    LabelledSet(
        "abdominal CT, 3 mm",
        "totalsegmentator",
        "ct",
        "example_ct.nii.gz",
        "example_seg_fast_force_split.nii.gz",
        _BODY,
        _NETWORK,
    ),
    LabelledSet(
        "abdominal CT, 1 mm",
        "totalsegmentator",
        "ct",
        "example_ct_dicom",
        "example_seg_dicom.nii.gz",
        _BODY,
        _NETWORK,
    ),
    LabelledSet(
        "abdominal MR, 3 mm",
        "totalsegmentator",
        "mr",
        "example_mr_sm.nii.gz",
        "example_seg_mr.nii.gz",
        _BODY,
        _NETWORK,
    ),
    LabelledSet("brain MR, deep nuclei", "mricron", "mr", "ch2.nii.gz", "aal.nii.gz", DEEP_NUCLEI, _AAL),
    LabelledSet(
        "brain MR, cortex and cerebellum",
        "mricron",
        "mr",
        "ch2.nii.gz",
        "aal.nii.gz",
        tuple(number for number in _BRAIN if number not in DEEP_NUCLEI),
        _AAL,
    ),
    LabelledSet(
        "macaque brain MR, 0.5 mm",
        "mricron",
        "mr",
        "inia19-t1-brain.nii.gz",
        "inia19-NeuroMaps.nii.gz",
        tuple(range(1, 1606)),
        "an atlas (NeuroMaps) in the space of this image",
    ),
)


def read_set(labelled: LabelledSet, folder: Path) -> Case:
    """The volume with its labels.

    Raises:
        FileNotFoundError: The package's folder lacks the files; the message says how to get them.
    """
    image, labels = folder / labelled.image, folder / labelled.labels
    missing = [str(path) for path in (image, labels) if not path.exists()]
    if missing:
        raise FileNotFoundError(
            f"{labelled.name}: {' and '.join(missing)} not found; get the package,\n"
            f"  {PACKAGES[labelled.package]}\nor name its folder with --{labelled.package}, "
            "or leave the set out of --sets"
        )
    classes = {labelled.name: list(labelled.numbers)}
    found = entry(labelled.name, labelled.name, labelled.modality, image, labels, classes)
    return read_case(Path(), {**found, "split": "test"})


def items_of(labelled: LabelledSet, case: Case, seed: int = 0) -> list[Item]:
    """One item per label, in the order of the labels; each has its own random numbers, whatever else is measured.

    Clicks are the mask's extreme points, ties at random, and the same moved as in `cueseg.training.validation`.
    """
    items = []
    number_of_set = [one.name for one in SETS].index(labelled.name)
    for number in np.intersect1d(case.labels, labelled.numbers):
        index, mask = largest_part(case.labels, int(number))
        if (
            mask.sum() < MIN_INSTANCE_AREA
            or min(np.count_nonzero(mask.any(axis=axis)) for axis in (0, 1)) < 2
        ):
            continue
        rng = np.random.default_rng([seed, number_of_set, int(number)])
        exact = extreme_points_from_mask(mask, rng)
        disturbed = jittered(exact, JITTER, rng, SHARE)
        image, size = case.slice_of(0, index), case.pixel_size(0)
        items.append(
            Item(labelled.name, f"label {number}", image, case.modality, size, mask, exact, disturbed)
        )
    return items


def largest_part(labels: NDArray[np.integer], number: int) -> tuple[int, NDArray[np.bool_]]:
    """The slice (of axis 0) with most pixels of a label, and the largest connected part of the label in it.

    Args:
        labels: (slices, rows, cols).
        number: a label that occurs.

    Returns:
        The slice's index and a (rows, cols) mask.
    """
    within = labels == number
    index = int(np.argmax(within.sum(axis=(1, 2))))
    parts, _ = ndimage.label(within[index], np.ones((3, 3)))
    sizes = np.bincount(parts.ravel())
    return index, parts == 1 + int(np.argmax(sizes[1:]))
