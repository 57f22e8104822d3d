"""One structure of a volume, segmented from few clicked slices in several ways, each beside the reference."""

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.datasets.entries import read_entries
from cueseg.evaluation.from_points import Clicks
from cueseg.evaluation.simulated_rounds import evenly, nearest, usable_slices
from cueseg.intensity import Modality
from cueseg.metrics import dice
from cueseg.predictor import ExtremePointPredictor, Prediction
from cueseg.training.cases import Case, read_case
from cueseg.volumes import VolumeOptions, VolumeSession, fill_between, suggest_slice
from unseen_sets import SETS, read_set

COUNTS = (3, 5, 9)  # clicked slices
FEWEST = 9  # slices of a structure that is measured
FILL, NETWORK, HAND, SUGGESTED, EVERY, CARRIED = (
    "filled between",
    "network between",
    "drawn by hand, filled between",
    "network between, slices suggested",
    "every slice clicked",
    "carried on from the middle, ends told",
)
METHODS = (FILL, NETWORK, SUGGESTED, HAND, EVERY, CARRIED)
BEGIN_WITH, SUGGESTIONS = 3, 2  # slices before the first suggestion, and how many are followed

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Structure:
    """What is segmented: image and truth (slices, rows, cols), and spacing (slice, row, col) in mm."""

    case: str
    name: str
    image: NDArray[Any]
    modality: Modality
    spacing: tuple[float, float, float]
    truth: Mask

    @property
    def usable(self) -> list[int]:
        """Slices in which it is large enough to be clicked."""
        return usable_slices(self.truth)


class ChargedPredictor:
    """An extreme-point predictor that computes what it knows only once, but always counts its time.

    Attributes:
        seconds: Charged so far.
        calls: So far.
        spent: Seconds that it really took.
    """

    def __init__(self, predictor: ExtremePointPredictor) -> None:
        self.card = predictor.card
        self._predictor = predictor
        self._known: dict[tuple[bytes, bytes], tuple[Prediction, float]] = {}
        self._image: tuple[Any, ...] = ()
        self.seconds, self.calls, self.spent = 0.0, 0, 0.0

    def set_image(self, image: ArrayLike, *about: Any) -> None:
        """Take a slice in."""
        self._image = (np.ascontiguousarray(image), *about)

    def predict(self, points: ArrayLike, threshold: float | None = None) -> Prediction:
        """Segment it, with the threshold of the card."""
        if threshold is not None:
            raise ValueError(f"the threshold is that of the card, not {threshold}")
        key = self._image[0].tobytes(), np.asarray(points, np.float64).tobytes()
        if key not in self._known:
            began = time.perf_counter()
            self._predictor.set_image(*self._image)
            prediction = self._predictor.predict(points)
            took = time.perf_counter() - began
            self._known[key] = prediction, took
            self.spent += took
        prediction, took = self._known[key]
        self.seconds += took
        self.calls += 1
        return prediction


class WholeCaseBench:
    """All methods on one structure, which are given the same clicks on the same slices.

    Args:
        structure: The structure.
        predictor: The network.
        clicks: How the user clicks.

    Attributes:
        usable: Slices that can be clicked.
    """

    def __init__(self, structure: Structure, predictor: ExtremePointPredictor, clicks: Clicks) -> None:
        self._structure, self._predictor = structure, ChargedPredictor(predictor)
        self.usable = structure.usable
        self._points = {
            index: clicks.on(structure.truth[index], f"{structure.case}/{structure.name}/{index}")
            for index in self.usable
        }

    def rows(self) -> list[dict[str, Any]]:
        """One for each method and number of clicked slices: Dice in 3D, runs of the network, seconds of computing."""
        rows = [self._between(FILL, count, VolumeOptions(fill_only=True)) for count in COUNTS]
        rows += [self._between(NETWORK, count, VolumeOptions()) for count in COUNTS]
        rows += self._suggested()
        rows += [self._by_hand(count) for count in COUNTS]
        return [*rows, self._between(EVERY, len(self.usable), VolumeOptions()), self._carried()]

    def _between(self, method: str, count: int, options: VolumeOptions) -> dict[str, Any]:
        with self._row(method, count) as row:
            clicked = {index: self._points[index] for index in evenly(self.usable, count)}
            row.mask = self._session().segment_between(clicked, options).mask()
        return row.values

    def _suggested(self) -> Iterator[dict[str, Any]]:
        """From three even slices on; what an added slice leaves as it is is not computed again."""
        session = self._session()
        clicked = {index: self._points[index] for index in evenly(self.usable, BEGIN_WITH)}
        result = session.segment_between(clicked)
        for _ in range(SUGGESTIONS):
            with self._row(SUGGESTED, len(clicked) + 1) as row:
                wanted = suggest_slice(result)
                index = nearest(set(self.usable) - set(clicked), wanted)
                clicked[index] = self._points[index]
                result = session.segment_between(clicked)
                row.mask = result.mask()
            yield row.values

    def _by_hand(self, count: int) -> dict[str, Any]:
        with self._row(HAND, count) as row:
            drawn: Mapping[int, Mask] = {k: self._structure.truth[k] for k in evenly(self.usable, count)}
            filled = fill_between(drawn, self._structure.spacing[1:])
            row.mask = np.zeros(self._structure.truth.shape, bool)
            for index, mask in {**drawn, **filled}.items():
                row.mask[index] = mask
        return row.values

    def _carried(self) -> dict[str, Any]:
        with self._row(CARRIED, 1) as row:
            session, middle = self._session(), self.usable[len(self.usable) // 2]
            first = session.segment_between({middle: self._points[middle]})
            row.mask = first.mask()
            for direction, until in ((-1, self.usable[0]), (1, self.usable[-1])):
                for item in session.propagate(middle, first.slices[middle].mask, direction, until).slices:
                    row.mask[item.index] = item.mask
        return row.values

    def _session(self) -> VolumeSession:
        session = VolumeSession(self._predictor)
        session.set_image(self._structure.image, self._structure.modality, self._structure.spacing)
        return session

    def _row(self, method: str, count: int) -> "_Row":
        return _Row(method, count, self._structure.truth, self._predictor)


class _Row:
    """Measures what happens within it; afterwards `values` is a row of the results."""

    def __init__(self, method: str, count: int, truth: Mask, predictor: ChargedPredictor) -> None:
        self.mask = np.zeros(truth.shape, bool)
        self.values: dict[str, Any] = {"method": method, "clicked": count}
        self._truth, self._predictor = truth, predictor

    def __enter__(self) -> "_Row":
        one = self._predictor
        self._before = time.perf_counter(), one.seconds, one.spent, one.calls
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            return
        one, (began, seconds, spent, calls) = self._predictor, self._before
        besides = time.perf_counter() - began - (one.spent - spent)
        self.values |= {
            "dice": dice(self.mask, self._truth),
            "calls": one.calls - calls,
            "seconds": round(one.seconds - seconds + besides, 3),
        }


def structures_of(name: str, options: argparse.Namespace) -> Iterator[Structure]:
    """Structures of a set with slices enough, image by image.

    Raises:
        ValueError, FileNotFoundError: Images that are not there.
    """
    if name == "head and neck CT":
        entries = read_entries(options.manifest, options.split, {"headneck"})[: options.limit]
        cases = (read_case(Path(options.manifest).parent, item) for item in entries)
    else:
        labelled = next(one for one in SETS if one.name == name)
        case = read_set(labelled, options.totalsegmentator)
        case.classes = {f"label {number}": (number,) for number in np.unique(case.labels).tolist() if number}
        cases = iter([case])
    for case in cases:
        found = list(_structures(case, options.most_slices))
        if options.structures is not None:
            found = evenly(found, options.structures)
        yield from found


def _structures(case: Case, most: float) -> Iterator[Structure]:
    for name, numbers in case.classes.items():
        truth = np.isin(case.labels, numbers)
        structure = Structure(case.subject, name, case.image, case.modality, case.spacing, truth)
        if FEWEST <= len(structure.usable) <= most:
            yield structure
