"""The validation protocol: which structures are measured, and the Dice of a network on them."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.extreme_points import extreme_points_from_mask
from cueseg.intensity import Modality
from cueseg.metrics import dice
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.cases import Case
from cueseg.training.samples import find_structures, jittered

CLICKS = ("exact", "disturbed")
NUCLEI_PER_IMAGE = 2
MIN_INSTANCE_AREA = 30  # pixels; a nucleus of fewer is a fragment


@dataclass(frozen=True)
class Item:
    """One structure to segment: raw slice, its mask, the clicks (exact and disturbed), and its column."""

    column: str
    subject: str
    image: NDArray[Any]
    modality: Modality
    spacing: tuple[float, float]
    mask: NDArray[np.bool_]
    exact: NDArray[np.float64]
    disturbed: NDArray[np.float64]


Segment = Callable[[Item, NDArray[np.float64]], NDArray[np.bool_]]


def validation_items(cases: list[Case], seed: int = 0, jitter: float = 3.0, share: float = 0.1) -> list[Item]:
    """Items of all columns: the middle axial slice of every organ, the largest slice of the hippocampus, two nuclei.

    Clicks are the mask's extreme points, ties at random, and the same moved by up to `jitter` px per axis but at
    most a share of the box side.
    """
    items = []
    for number, case in enumerate(cases):
        rng = np.random.default_rng([seed, number])
        for name, structures in find_structures(number, case).items():
            axial = [s for s in structures if s.axis == 0]
            if not axial:
                continue
            for structure in _chosen(case, axial, rng):
                mask = case.mask_of(0, structure.index, structure.labels)
                exact = extreme_points_from_mask(mask, rng)
                image = case.slice_of(0, structure.index)
                disturbed = jittered(exact, jitter, rng, share)
                size = case.pixel_size(0)
                items.append(Item(name, case.subject, image, case.modality, size, mask, exact, disturbed))
    return items


def _chosen(case: Case, axial: list[Any], rng: np.random.Generator) -> list[Any]:
    if case.instances:
        large = [s for s in axial if case.mask_of(0, s.index, s.labels).sum() >= MIN_INSTANCE_AREA]
        count = min(NUCLEI_PER_IMAGE, len(large))
        return [large[i] for i in rng.choice(len(large), count, replace=False)] if count else []
    if case.group == "hippocampus":
        return [max(axial, key=lambda s: int(case.mask_of(0, s.index, s.labels).sum()))]
    return [axial[len(axial) // 2]]


def segment_with(predictor: ExtremePointPredictor) -> Segment:
    """A predictor as the function (item, clicks) -> mask that `score` calls."""

    def segment(item: Item, clicks: NDArray[np.float64]) -> NDArray[np.bool_]:
        predictor.set_image(item.image, item.modality, item.spacing)
        return predictor.predict(clicks).mask

    return segment


def score(items: list[Item], segment: Segment, clicks: str) -> dict[str, list[float]]:
    """Column -> Dice of every item, with clicks of one kind of `CLICKS`."""
    scores: dict[str, list[float]] = defaultdict(list)
    for item in items:
        mask = segment(item, getattr(item, clicks))
        scores[item.column].append(dice(mask, item.mask))
    return dict(scores)
