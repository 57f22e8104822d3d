"""Simulated users that work on one structure in rounds: which slices they click, where they scribble.

No person is involved; results obtained with them are to be named as simulated.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.scribbles import SimulationOptions, simulate_scribbles
from cueseg.volumes.point_sets import large_enough

__all__ = ["ScribbleRound", "evenly", "nearest", "scribble_rounds", "usable_slices"]

Labels = NDArray[np.integer]


@dataclass(frozen=True)
class ScribbleRound:
    """One round.

    Attributes:
        number: From 0, before anything was scribbled.
        labels: What the method made of the scribbles.
        scribbles: int16, all so far; -1 none.
        answer: What the method gave beside the labels; None for round 0.
        seconds: That the method took.
    """

    number: int
    labels: Labels
    scribbles: NDArray[np.int16]
    answer: Any = None
    seconds: float = 0.0


def usable_slices(truth: NDArray[np.bool_]) -> list[int]:
    """Slices of (slices, rows, cols) in which a structure is large enough to be clicked."""
    found = np.flatnonzero(truth.any(axis=(1, 2)))
    return [int(index) for index in found if large_enough(truth[index])]


def evenly(slices: list[int], count: int) -> list[int]:
    """`count` of the slices from the first to the last, evenly; all if there are not more."""
    if count >= len(slices):
        return list(slices)
    return [slices[int(place)] for place in np.linspace(0, len(slices) - 1, count).round()]


def nearest(slices: set[int], wanted: int) -> int:
    """The one of the slices that lies nearest to the wanted one; the lower of two."""
    return min(slices, key=lambda index: (abs(index - wanted), index))


def scribble_rounds(
    initial: Labels,
    truth_of: Callable[[Labels], Labels],
    answer: Callable[[NDArray[np.int16]], tuple[Labels, Any]],
    rng: np.random.Generator,
    options: SimulationOptions,
    *,
    spacing: Sequence[float] | None = None,
    on_initial: bool = False,
    endless: bool = False,
) -> Iterator[ScribbleRound]:
    """Round 0, then one round after another; it ends when no error is left that is worth a stroke.

    Args:
        initial: int labels to correct.
        truth_of: The truth for a user who sees these labels, -1 where there is nothing to say.
        answer: All scribbles so far -> labels, and anything beside them.
        rng: Of the strokes.
        options: Of the user.
        spacing: mm along each axis.
        on_initial: Whether the user looks at the initial labels in every round, so that methods that are compared get
            the same strokes.
        endless: Whether to go on where no error is left, with the scribbles that there are.
    """
    scribbles = np.full(initial.shape, -1, np.int16)
    labels = initial
    yield ScribbleRound(0, labels, scribbles)
    number = 0
    while True:
        shown = initial if on_initial else labels
        before = scribbles
        scribbles = simulate_scribbles(shown, truth_of(shown), rng, options, spacing=spacing, existing=before)
        if not endless and np.array_equal(scribbles, before):
            return
        began = time.perf_counter()
        labels, beside = answer(scribbles)
        number += 1
        yield ScribbleRound(number, labels, scribbles, beside, time.perf_counter() - began)
