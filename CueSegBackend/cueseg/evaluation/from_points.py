"""Weights for extreme points, measured with simulated clicks on labelled images."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cueseg.evaluation.scores import Score, score_of
from cueseg.extreme_points import extreme_points_from_mask
from cueseg.intensity import IntensityRule
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.cases import Case
from cueseg.training.samples import Structure, find_structures, jittered
from cueseg.volume_window import volume_window

__all__ = ["CLICKS", "Clicks", "scores_from_points"]

CLICKS = ("exact", "jittered")


@dataclass(frozen=True)
class Clicks:
    """How the clicks are made (Khan & Shahin 2019, section 3).

    Attributes:
        kind: "exact", the mask's extreme points, ties at random; "jittered", the same moved at random.
        jitter: Largest shift in pixels per axis, never more than a tenth of the box.
        seed: Of everything random; the clicks of a structure do not depend on what else is measured.
    """

    kind: str = "exact"
    jitter: float = 3.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in CLICKS:
            raise ValueError(f"clicks must be one of {', '.join(CLICKS)}, got {self.kind!r}")
        if not 0 <= self.jitter < float("inf"):
            raise ValueError(f"jitter must be a number of pixels, 0 or more, got {self.jitter!r}")

    def on(self, mask: NDArray[np.bool_], name: str) -> NDArray[np.float64]:
        """(4, 2) clicks (x, y) on a mask (rows, cols); `name` tells structures apart."""
        rng = np.random.default_rng([self.seed, zlib.crc32(name.encode())])
        points = extreme_points_from_mask(mask, rng)
        return points if self.kind == "exact" else jittered(points, self.jitter, rng)


def scores_from_points(
    predictor: ExtremePointPredictor, case: Case, image: str, clicks: Clicks, at_most: int | None = None
) -> Iterator[Score]:
    """Segment every structure in every stored slice, and score each slice, then the case.

    Slices in which a structure has under 6 pixels or is only one pixel wide are left out, also of the case. An MR
    slice is windowed like its whole volume. Objects that are told apart are structures of their own; the case is then
    scored on all of them together.

    Args:
        predictor: The weights.
        case: Image and labels.
        image: Its path, for the scores.
        clicks: How to click.
        at_most: So many slices (or objects) of a class, evenly chosen; None: all.
    """
    rule = IntensityRule.from_card(predictor.card.intensity)
    limits = volume_window(case.image, case.modality, rule)
    labels = {"subject": case.subject, "group": case.group, "image": image}
    for name, structures in find_structures(0, replace(case, planes=(0,))).items():
        chosen = _evenly(structures, at_most)
        found, reference = np.zeros((2, *case.labels.shape), bool)
        for structure in chosen:
            index, number = structure.index, structure.labels[0] if case.instances else None
            mask = case.mask_of(0, index, structure.labels)
            predictor.set_image(case.slice_of(0, index), case.modality, case.pixel_size(0), limits)
            points = clicks.on(mask, f"{case.subject}/{image}/{name}/{number}/{index}")
            predicted = predictor.predict(points).mask
            found[index] |= predicted
            reference[index] |= mask
            where = {**labels, "name": name, "level": "slice", "index": index, "number": number}
            yield score_of(predicted, mask, case.pixel_size(0), **where)
        whole = len(chosen) == len(structures)
        where = {**labels, "name": name, "level": "case", "index": None, "number": None}
        yield score_of(found, reference, case.spacing, distances=whole, **where)


def _evenly(structures: list[Structure], at_most: int | None) -> list[Structure]:
    if at_most is None or len(structures) <= at_most:
        return structures
    places = (np.arange(at_most) + 0.5) * len(structures) / at_most
    return [structures[int(place)] for place in places]
