"""A robot that works in the user's place on a structure whose segmentation is known: Dice against interactions.

No person is involved: its clicks are the extreme points of the reference, its scribbles lie where the result is wrong.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.evaluation.from_points import Clicks
from cueseg.evaluation.simulated_rounds import evenly, nearest, scribble_rounds, usable_slices
from cueseg.intensity import Modality
from cueseg.metrics import dice
from cueseg.scribbles import SimulationOptions

__all__ = ["MODES", "RobotRun", "RobotStep", "RobotTask", "click_every_slice", "click_few_slices", "scribble"]

MODES = ("clicks", "slices", "scribbles")
BEGIN_WITH = 3  # slices before the first suggestion
_CLICKS = 4  # for a slice

Tell = Callable[["RobotStep", int], bool | None]
"""Told every step, and how many there are at most; True ends the run with what there is."""


@dataclass(frozen=True)
class RobotTask:
    """What the robot is to segment.

    Attributes:
        image: (slices, rows, cols[, 3]); clicks are made across axis 0.
        reference: (slices, rows, cols) bool.
        modality: "ct", "mr", "grey" or "rgb".
        spacing: (slice, row, col) in mm.
    """

    image: NDArray[Any]
    reference: NDArray[np.bool_]
    modality: Modality
    spacing: tuple[float, float, float]

    def __post_init__(self) -> None:
        if self.reference.shape != self.image.shape[:3]:
            raise ValueError(
                f"the reference has shape {self.reference.shape}, the image {self.image.shape[:3]}: give a "
                "segmentation of this image"
            )
        if not self.reference.any():
            raise ValueError("the reference is empty: choose a segment that holds something")


@dataclass(frozen=True)
class RobotStep:
    """What was reached after some interactions.

    Attributes:
        number: Slices clicked, or rounds.
        clicks: So far.
        painted: Scribbled voxels so far.
        dice: With the reference, in 3D.
        seconds: Of computing so far.
        where: Slice clicked last; None for a round.
    """

    number: int
    clicks: int
    painted: int
    dice: float
    seconds: float
    where: int | None = None


@dataclass(frozen=True)
class RobotRun:
    """All steps of a run.

    Attributes:
        mode: One of `MODES`.
        seed: Of everything random.
        steps: In order.
        slices: That could be clicked; 0 for scribbles.
    """

    mode: str
    seed: int
    steps: list[RobotStep] = field(default_factory=list)
    slices: int = 0

    def interactions(self, step: RobotStep) -> int:
        """Clicks, or rounds of scribbles."""
        return step.number if self.mode == "scribbles" else step.clicks

    def needed(self, target: float = 0.9) -> int | None:
        """Interactions until the Dice is `target` or more (NoC@90, number of clicks, for 0.9); None: never reached."""
        return next((self.interactions(step) for step in self.steps if step.dice >= target), None)


def click_every_slice(task: RobotTask, predictor: Any, clicks: Clicks, tell: Tell | None = None) -> RobotRun:
    """Click one slice after another, from the first to the last; each is segmented by itself.

    Args:
        task: What to segment.
        predictor: An `ExtremePointPredictor`, or what else `VolumeSession` takes.
        clicks: How to click, and the seed.
        tell: See `Tell`.

    Raises:
        ValueError: A structure without a slice that is large enough, or an image that cannot be used.
    """
    session, points = _session(task, predictor), _points(task, clicks)
    run, found = RobotRun("clicks", clicks.seed, slices=len(points)), np.zeros_like(task.reference)
    seconds = 0.0
    for number, index in enumerate(points, 1):
        began = time.perf_counter()
        found[index] = _slice(session, index, points[index])
        seconds += time.perf_counter() - began
        run.steps.append(_step(task, found, seconds, number=number, clicks=_CLICKS * number, where=index))
        if tell is not None and tell(run.steps[-1], len(points)):
            break
    return run


def click_few_slices(task: RobotTask, predictor: Any, clicks: Clicks, tell: Tell | None = None) -> RobotRun:
    """Click three slices, then always the one that is suggested; what lies between is filled by shape and network.

    Where the suggested slice is too small to be clicked, the nearest that is not. It ends when all are clicked, or
    nothing is suggested. Arguments and errors are those of `click_every_slice`.
    """
    session, points = _session(task, predictor), _points(task, clicks)
    run, seconds = RobotRun("slices", clicks.seed, slices=len(points)), 0.0
    clicked = evenly(list(points), BEGIN_WITH)
    while True:
        began = time.perf_counter()
        found, wanted = _between(task, session, {index: points[index] for index in clicked})
        seconds += time.perf_counter() - began
        number = len(clicked)
        counts = {"number": number, "clicks": _CLICKS * number, "where": clicked[-1]}
        run.steps.append(_step(task, found, seconds, **counts))
        left = set(points) - set(clicked)
        if (tell is not None and tell(run.steps[-1], len(points))) or wanted is None or not left:
            return run
        clicked.append(nearest(left, wanted))


def scribble(
    task: RobotTask,
    session: Any,
    label: int,
    seed: int,
    most: int,
    tell: Tell | None = None,
    options: Any = None,
) -> RobotRun:
    """Correct a network's result for one class by scribbles; other classes are right wherever the reference is not.

    Args:
        task: What to segment; its modality may be None here.
        session: A `RefinementSession`; its image is replaced.
        label: Class number of the reference.
        seed: Of strokes and refinement.
        most: Rounds at most.
        tell: See `Tell`.
        options: `RefinementOptions`; None: the defaults, with the seed.

    Raises:
        ValueError: An image that the network does not take.
    """
    from cueseg.refinement import RefinementOptions

    options = RefinementOptions(seed=seed) if options is None else options
    shape = task.reference.shape
    began = time.perf_counter()
    session.set_image(task.image, task.spacing, task.modality, spatial_shape=shape)
    initial = session.predict().labels.reshape(shape)
    seconds = time.perf_counter() - began

    def truth_of(labels: NDArray[np.integer]) -> NDArray[np.integer]:
        return np.where(task.reference, label, np.where(labels == label, 0, labels)).astype(np.int16)

    def answer(scribbles: NDArray[np.int16]) -> tuple[NDArray[np.integer], None]:
        return session.refine(scribbles, options).labels.reshape(shape), None

    run, rng = RobotRun("scribbles", seed), np.random.default_rng(seed)
    user = SimulationOptions(separation=max(task.spacing))
    for found in _first(scribble_rounds(initial, truth_of, answer, rng, user, spacing=task.spacing), most):
        seconds += found.seconds
        painted = int((found.scribbles >= 0).sum())
        run.steps.append(_step(task, found.labels == label, seconds, number=found.number, painted=painted))
        if tell is not None and tell(run.steps[-1], most):
            break
    return run


def _first(rounds: Iterator[Any], most: int) -> Iterator[Any]:
    """Round 0 and so many after it; what comes then is not computed."""
    for found in rounds:
        yield found
        if found.number >= most:
            return


def _session(task: RobotTask, predictor: Any) -> Any:
    from cueseg.volumes import VolumeSession

    session = VolumeSession(predictor)
    session.set_image(task.image, task.modality, task.spacing)
    return session


def _points(task: RobotTask, clicks: Clicks) -> dict[int, NDArray[np.float64]]:
    usable = usable_slices(task.reference)
    if not usable:
        raise ValueError("the reference is nowhere two pixels wide and six in area: it cannot be clicked")
    return {index: clicks.on(task.reference[index], f"slice {index}") for index in usable}


def _slice(session: Any, index: int, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The network's mask; empty where it finds nothing."""
    try:
        return session.segment_slice(index, points).mask
    except ValueError as error:
        if "nothing reaches the threshold" not in str(error):
            raise
        return np.False_


def _between(
    task: RobotTask, session: Any, clicked: dict[int, NDArray[np.float64]]
) -> tuple[NDArray[np.bool_], int | None]:
    """The volume from these slices, and the slice to click next; slices in which nothing is found are left out."""
    from cueseg.volumes import suggest_slice

    held = {index: points for index, points in clicked.items() if _slice(session, index, points).any()}
    if not held:
        return np.zeros_like(task.reference), int(np.argmax(task.reference.sum(axis=(1, 2))))
    result = session.segment_between(held)
    return result.mask(), suggest_slice(result)


def _step(task: RobotTask, found: NDArray[np.bool_], seconds: float, **counts: Any) -> RobotStep:
    values = {"clicks": 0, "painted": 0, **counts}
    return RobotStep(dice=dice(found, task.reference), seconds=seconds, **values)
