"""Rounds of correction: the simulated user scribbles, a method corrects, the result is measured."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.evaluation.simulated_rounds import scribble_rounds
from cueseg.metrics import dice
from cueseg.refinement import RefinementOptions, RefinementSession
from refinement_cases import Case
from refinement_peers import PEERS, Situation

# Methods that refine the network; R grows the scribbles, N does not. All but ce give what the network says.
NETWORK_METHODS = {
    "ce (N)": {"method": "ce"},
    "ce (R)": {"method": "ce", "grow": True},
    "ce (R), network alone": {"method": "ce", "grow": True, "regularise": "none"},
    "paper (N)": {"method": "paper", "regularise": "none"},
    "paper (R)": {"method": "paper", "grow": True, "regularise": "none"},
    "f-brs": {"method": "f-brs", "regularise": "none"},
}
METHODS = (*NETWORK_METHODS, *PEERS)
MODES = ("shared", "own")
# labels, painted pixels that have not got their class, remarks
Answer = tuple[NDArray[Any], int, dict[str, Any]]
Row = dict[str, Any]


class Bench:
    """One case with its network's prediction, which all methods start from."""

    def __init__(self, case: Case, changes: dict[str, dict[str, Any]] | None = None) -> None:
        """Predict; `changes` are the options of each refinement method that differ from the defaults."""
        self.case = case
        self._changes = changes or {}
        self._session = RefinementSession(case.network, device="cpu")
        self._session.set_image(case.image, spacing=case.spacing, modality=case.modality)
        self.initial = self._session.predict()

    def rounds(self, method: str, mode: str, seed: int, count: int) -> list[Row]:
        """Correct `count` times; a row for the initial prediction and one for every round.

        With the mode "shared", all scribbles are drawn on the initial prediction, so that all methods are given the
        same; with "own", those of a round are drawn on the method's result of the round before.
        """
        correct = self._corrector(method)

        def answer(scribbles: NDArray[np.int16]) -> tuple[NDArray[Any], tuple[int, Row]]:
            if not (scribbles >= 0).any():
                raise ValueError(f"{self.case.name}: the prediction has no error that is worth a stroke")
            labels, missed, remarks = correct(scribbles)
            return labels, (missed, remarks)

        rounds = scribble_rounds(
            self.initial.labels,
            lambda labels: self.case.truth,
            answer,
            np.random.default_rng(seed),
            self.case.user,
            spacing=self.case.spacing,
            on_initial=mode == "shared",
            endless=True,
        )
        rows = []
        for found in islice(rounds, count + 1):
            missed, remarks = found.answer or (0, {})
            rows.append(
                self._row(found.number, found.labels, found.scribbles, missed, found.seconds, remarks)
            )
        return rows

    def _corrector(self, method: str) -> Callable[[NDArray[np.int16]], Answer]:
        return self._refined(method) if method in NETWORK_METHODS else self._corrected(method)

    def _corrected(self, method: str) -> Callable[[NDArray[np.int16]], Answer]:
        def correct(scribbles: NDArray[np.int16]) -> Answer:
            case = self.case
            given = Situation(
                case.seen, case.spacing, self.initial.labels, self.initial.probabilities, scribbles
            )
            labels = PEERS[method](given)
            return labels, int((labels != scribbles)[scribbles >= 0].sum()), {}

        return correct

    def _refined(self, method: str) -> Callable[[NDArray[np.int16]], Answer]:
        options = self._options(method)

        def correct(scribbles: NDArray[np.int16]) -> Answer:
            known = scribbles
            if options.method == "f-brs":  # it cannot learn a class: such scribbles are not met
                known = np.where(scribbles < len(self.case.network.card.classes), scribbles, np.int16(-1))
            result = self._session.refine(known, options)
            # The network's own answer at the painted pixels, before they are set to what was painted.
            missed = sum(len(places) for places in result.unsatisfied.values()) + int(
                (known != scribbles).sum()
            )
            stages = {f"{name} s": round(value, 3) for name, value in result.seconds.items()}
            return (
                result.labels,
                missed,
                {"iterations": result.iterations, "stop": result.stopped_by} | stages,
            )

        return correct

    def _options(self, method: str) -> RefinementOptions:
        chosen = dict(NETWORK_METHODS[method])
        chosen |= self._changes.get(chosen["method"], {})
        growth = self.case.growth if chosen.pop("grow", False) else None
        return RefinementOptions(growth=growth, **chosen)

    def _row(
        self,
        number: int,
        labels: NDArray[Any],
        scribbles: NDArray[np.int16],
        missed: int,
        seconds: float,
        remarks: Row,
    ) -> Row:
        known = self.case.truth >= 0
        each = {
            name: dice((labels == label) & known, self.case.truth == label)
            for label, name in self.case.classes.items()
        }
        return {
            "round": number,
            "dice": float(np.mean(list(each.values()))),
            "classes": {name: round(value, 4) for name, value in each.items()},
            "painted": int((scribbles >= 0).sum()),
            "missed": missed,
            "seconds": round(seconds, 3),
        } | remarks
