"""The objects of `bifseg.py`, of classes that its networks have not learnt from, each with its tight box.

Organs of the head and neck are those that the recipes hold out, drawn by people. Structures of the package's images
are as in `unseen_sets.py`, without the two that these recipes train on. For a network of two dimensions an object is
the largest connected part in the axial slice in which its label is largest, for one of three the whole organ.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cueseg.networks.card import NetworkCard
from cueseg.training.box_objects import MIN_AREA
from cueseg.training.cases import Case, read_manifest
from unseen_sets import SETS, LabelledSet, items_of, largest_part, read_set

ORGANS = ("parotid left", "larynx")
PACKAGE = {one.name: one for one in SETS if one.package == "totalsegmentator"}
NAMES = (*ORGANS, *PACKAGE)
LEARNT = {"ct": (15, 79), "mr": (12, 21)}  # numbers of oesophagus and spinal cord in the package


@dataclass(frozen=True)
class BoxItem:
    """One object.

    Attributes:
        group: name of its set.
        name: of the object in the set.
        image: (rows, cols) or (slices, rows, cols) raw values.
        mask: bool, of the image's shape.
        spacing: mm per voxel along each axis.
        modality: as in `cueseg.intensity`.
    """

    group: str
    name: str
    image: NDArray[Any]
    mask: NDArray[np.bool_]
    spacing: tuple[float, ...]
    modality: str

    @property
    def part(self) -> tuple[slice, ...]:
        """Slices of the tight box."""
        return ndimage.find_objects(self.mask.astype(np.uint8))[0]

    @property
    def box(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The same as two corners, (x, y) or (x, y, z), both inside."""
        return tuple(own.start for own in self.part[::-1]), tuple(own.stop - 1 for own in self.part[::-1])


def read_items(name: str, dims: int, manifest: Path, split: str, folder: Path) -> list[BoxItem]:
    """The objects of a set.

    Args:
        name: of the set, one of `NAMES`.
        dims: 2: slices; 3: whole organs.
        manifest: of the head-and-neck images, of which `split` is taken.
        split: see `manifest`.
        folder: of the package's images.

    Raises:
        FileNotFoundError: the package's folder lacks the files.
        ValueError: no manifest, nothing of the split, or a set that is measured in slices alone.
    """
    if name in ORGANS:
        cases = read_manifest(manifest, split, {"headneck"})
        return [item for case in cases for item in organ_of(case, name, dims)]
    if dims == 3:
        raise ValueError(
            f"{name!r} is measured in slices alone: leave it out of --sets for a network of 3 dims"
        )
    return structures_of(PACKAGE[name], folder)


def organ_of(case: Case, name: str, dims: int) -> list[BoxItem]:
    """The organ of a patient; none where it was not drawn, or is too small to be trained on either."""
    organ = np.isin(case.labels, case.classes.get(name, ()))
    if not organ.any():
        return []
    image, spacing = case.image, case.spacing
    if dims == 2:
        index, organ = largest_part(organ.astype(np.uint8), 1)
        image, spacing = case.slice_of(0, index), case.pixel_size(0)
    item = BoxItem(name, case.subject, image, organ, spacing, case.modality)
    thin = min(own.stop - own.start for own in item.part) < 2
    return [] if thin or organ.sum() < MIN_AREA else [item]


def structures_of(labelled: LabelledSet, folder: Path) -> list[BoxItem]:
    """The structures of an image out of a package that the recipes do not train on."""
    unseen = tuple(number for number in labelled.numbers if number not in LEARNT[labelled.modality])
    found = items_of(replace(labelled, numbers=unseen), read_set(labelled, folder))
    return [
        BoxItem(labelled.name, one.subject, one.image, one.mask, one.spacing, one.modality) for one in found
    ]


def check_unseen(card: NetworkCard, names: list[str]) -> None:
    """Refuse organs that a network's card does not name as held out.

    Raises:
        ValueError: there is one.
    """
    held_out = card.training.get("without", [])
    seen = [name for name in names if name in ORGANS and name not in held_out]
    if seen:
        raise ValueError(
            f"{card.name}: its card does not say that {' and '.join(seen)} were held out (training.without is "
            f"{held_out!r}): leave them out of --sets, or take weights whose recipe holds them out"
        )
