"""Segments of a file as classes of a network: names to numbers, masks to one array."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cueseg.image_files import Segmentation

BACKGROUND = "background"


def class_numbers(names: Sequence[str], classes: Sequence[str]) -> dict[str, int]:
    """Number of the class that each segment name stands for; upper and lower case are the same.

    "background" is class 0, whatever the network calls it; a name that no class has becomes a new class after
    the last one, in the order given.

    Raises:
        ValueError: Two segments stand for the same class.
    """
    known = {name.casefold(): number for number, name in enumerate(classes)} | {BACKGROUND: 0}
    numbers: dict[str, int] = {}
    added = len(classes)
    for name in names:
        number = known.get(name.strip().casefold())
        if number is None:
            number, added = added, added + 1
        taken = next((other for other, used in numbers.items() if used == number), None)
        if taken is not None:
            raise ValueError(f"the segments {taken!r} and {name!r} both mean class {number}: merge them")
        numbers[name] = number
    return numbers


def masks_in_order(
    segmentation: "Segmentation", numbers: dict[str, int]
) -> list[tuple[int, NDArray[np.bool_]]]:
    """(class number, (slices, rows, cols) mask) of every segment, in the order of the file."""
    return [(numbers[item.name], segmentation.mask_of(item.name)) for item in segmentation.segments]


def labels_of(segmentation: "Segmentation", numbers: dict[str, int]) -> NDArray[np.int16]:
    """(slices, rows, cols) class numbers, 0 where no segment is; where segments overlap, the later one."""
    labels = np.zeros(segmentation.shape, np.int16)
    for number, mask in masks_in_order(segmentation, numbers):
        labels[mask] = number
    return labels
