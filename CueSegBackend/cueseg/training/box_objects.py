"""The objects of labelled images, each with its box: every nucleus, every organ in a slice or as a whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cueseg.intensity import as_grey
from cueseg.training.box_recipe import BoxRecipe
from cueseg.training.case_store import stored_cases
from cueseg.training.cases import Case
from cueseg.training.structures import MIN_AREA

__all__ = ["BoxCase", "BoxObject", "box_case", "box_cases"]


@dataclass(frozen=True)
class BoxObject:
    """One object: the label numbers that make it up, within a box of its image.

    Attributes:
        name: Of its class.
        labels: Label numbers.
        part: (slice, row, col) slices of its tight box; for 2D networks one slice thick.
    """

    name: str
    labels: tuple[int, ...]
    part: tuple[slice, slice, slice]


@dataclass(frozen=True)
class BoxCase:
    """One labelled image.

    Attributes:
        subject: Who or what is shown.
        group: The data set.
        image: (slices, rows, cols) raw values in grey.
        labels: (slices, rows, cols) integer labels.
        objects: All that are large enough, in the order of their classes.
    """

    subject: str
    group: str
    image: NDArray[np.float32]
    labels: NDArray[np.integer]
    objects: tuple[BoxObject, ...]


def box_cases(recipe: BoxRecipe, split: str) -> Sequence[BoxCase]:
    """The images of the recipe's data sets in a split, in memory or read when needed.

    Raises:
        ValueError: Not a manifest, or nothing of that split and those data sets in it.
    """
    convert = partial(box_case, dims=recipe.dims)
    return stored_cases(recipe.manifest, split, recipe, convert, groups=set(recipe.shares))


def box_case(case: Case, dims: int) -> BoxCase:
    """Find the objects of a case.

    Args:
        case: Labelled image.
        dims: 2: objects are taken slice by slice; 3: as a whole, those in a single slice left out.
    """
    grey = as_grey(case.image) if case.image.ndim == 4 else case.image.astype(np.float32)
    return BoxCase(case.subject, case.group, grey, case.labels, tuple(_objects(case, dims)))


def _objects(case: Case, dims: int) -> Iterator[BoxObject]:
    for name, numbers in case.classes.items():
        if case.instances:
            regions = case.labels
            labels = [(number,) for number in range(1, int(regions.max()) + 1)]
        else:
            regions, labels = np.isin(case.labels, numbers).astype(np.uint8), [numbers]
        thick = range(regions.shape[0]) if dims == 2 else [None]
        for index in thick:
            of_slice = slice(None) if index is None else slice(index, index + 1)
            found = ndimage.find_objects(regions[of_slice])
            for number, (own, part) in enumerate(zip(labels, found, strict=False), start=1):
                if part is None or not _is_thick(regions[of_slice][part] == number, dims):
                    continue
                first = part[0] if index is None else of_slice
                yield BoxObject(name, own, (first, *part[1:]))


def _is_thick(mask: NDArray[np.bool_], dims: int) -> bool:
    return bool(mask.sum() >= MIN_AREA and min(mask.shape[3 - dims :]) >= 2)
