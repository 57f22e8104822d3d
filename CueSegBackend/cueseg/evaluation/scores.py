"""Scores of single slices and cases, and what they come to. Needs no torch."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.metrics import dice, surface_distances

__all__ = ["Score", "score_of", "summary"]

LEVELS = ("slice", "case")


@dataclass(frozen=True)
class Score:
    """Agreement in one slice or one case.

    Attributes:
        subject, group: Of the case.
        image: Path of the image as the manifest has it.
        name: Class.
        level: "slice" or "case".
        index: Slice, counted from 0 as stored; None for a case.
        number: Label number of the object where objects are told apart; None otherwise.
        pixels: Of the reference.
        dice: 0..1.
        hd95, assd: mm (pixels for pictures), see `cueseg.metrics`; infinite where nothing was found; None where only
            some of the slices were looked at.
    """

    subject: str
    group: str
    image: str
    name: str
    level: str
    index: int | None
    number: int | None
    pixels: int
    dice: float
    hd95: float | None
    assd: float | None


def score_of(
    mask: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    spacing: tuple[float, ...],
    *,
    distances: bool = True,
    **where: Any,
) -> Score:
    """The score of a mask.

    Args:
        mask: (rows, cols) or (slices, rows, cols).
        reference: Of the same shape; a single slice counts as two-dimensional.
        spacing: mm in the order of the axes.
        distances: Whether distances mean something, that is, no slices were left out.
        where: The other fields of `Score`.
    """
    if mask.ndim == 3 and mask.shape[0] == 1:
        mask, reference, spacing = mask[0], reference[0], spacing[1:]
    found = surface_distances(mask, reference, spacing) if distances else None
    hd95, assd = found or (None, None)
    return Score(**where, pixels=int(reference.sum()), dice=dice(mask, reference), hd95=hd95, assd=assd)


def summary(scores: Iterable[Score]) -> dict[str, dict[str, Any]]:
    """Mean, standard deviation and count of every class, per slice and per case.

    Distances are of cases; their means leave out the cases in which nothing was found. `missed` counts the cases
    without any overlap.

    Returns:
        Class -> {"slice": {"dice"}, "case": {"dice", "hd95", "assd"}, "missed"}, each value
        {"mean", "sd", "n"}, or None where there is nothing to take the mean of.
    """
    rows = list(scores)
    found = {}
    for name in dict.fromkeys(row.name for row in rows):
        mine = [row for row in rows if row.name == name]
        per_slice, per_case = ([row for row in mine if row.level == level] for level in LEVELS)
        found[name] = {
            "slice": {"dice": spread([row.dice for row in per_slice])},
            "case": {
                "dice": spread([row.dice for row in per_case]),
                "hd95": spread([row.hd95 for row in per_case]),
                "assd": spread([row.assd for row in per_case]),
            },
            "missed": sum(row.dice == 0.0 for row in per_case),
        }
    return found


def spread(values: Iterable[float | None]) -> dict[str, float | int] | None:
    """Mean, standard deviation and count of the finite values, None if there are none."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if not finite:
        return None
    return {"mean": round(float(np.mean(finite)), 4), "sd": round(float(np.std(finite)), 4), "n": len(finite)}
