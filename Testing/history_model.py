"""What a panel with one history has to hold after any sequence of actions, worked out with arrays alone.

Written from the rules in docs/ExtremePointSeg.md, not from the code: a state is a set of points and a mask per segment,
a step is a pair of states.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from doubles import quadrilateral
from scene_builder import SHAPE

STEPS = 20
Place = tuple[str, str]  # segmentation, segment
Points = tuple[tuple[float, float, float], ...]  # (i, j, k)


@dataclass(frozen=True)
class Choices:
    """What is chosen in the panel."""

    volume: str
    segmentation: str
    segment: str
    keep: bool = False
    overwrite: bool = False

    @property
    def place(self) -> Place:
        return self.segmentation, self.segment


@dataclass(frozen=True)
class Request:
    """A prediction under way."""

    points: Points
    number: int
    choices: Choices


@dataclass
class Step:
    """A pair of states: points, and the masks of the segments that differ."""

    before: Points
    after: Points
    masks: dict[Place, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    choices: Choices | None = None  # that undo and redo go back to
    key: tuple | None = None
    numbers: tuple[int, int] = (0, 0)  # of the sets before and after
    pending: bool = False  # points that made no slice


class Model:
    """The states, and what each action makes of them."""

    def __init__(self, masks: dict[Place, np.ndarray], choices: Choices) -> None:
        self.masks, self.choices = dict(masks), choices
        self.forget()

    def forget(self) -> None:
        """The scene was closed: points and history go, masks stay."""
        self.points: Points = ()
        self.request: Request | None = None
        self.done: list[Step] = []
        self.undone: list[Step] = []
        self.start: tuple[Points, int] = ((), self.new_number())
        self.number = self.start[1]
        self.reached: Points = ()  # points after the last step, undo or redo

    def new_number(self) -> int:
        self.last_number = getattr(self, "last_number", 0) + 1
        return self.last_number

    def place(self, point: tuple[float, float, float]) -> bool:
        """A click; whether it completes a set."""
        points = (*self.points, point)
        if len(points) > 4 or (len(points) > 1 and min(np.ptp(points, axis=0)) >= 0.5):
            points, self.number = (point,), self.new_number()
        self.points = points
        return len(points) == 4

    def move(self, index: int, point: tuple[float, float, float]) -> bool:
        self.points = (*self.points[:index], point, *self.points[index + 1 :])
        return len(self.points) == 4

    def delete(self, index: int) -> None:
        self.points = self.points[:index] + self.points[index + 1 :]
        if not self.points:
            self.number = self.new_number()

    def clear(self) -> None:
        before, old = self.points, self.number
        self.points, self.number = (), self.new_number()
        if before:
            self._record(Step(before, (), numbers=(old, self.number)))

    def ask(self) -> None:
        """The prediction begins; whether it comes to anything shows when it is delivered."""
        self.request = Request(self.points, self.number, self.choices)

    def deliver(self) -> None:
        """The network's answer is written."""
        request, self.request = self.request, None
        mask = slice_mask(request.points) if request is not None else None
        if mask is None or request.choices.place not in self.masks:
            return
        within, inside = mask
        key = (request.number, request.choices.volume, request.choices.place)
        before = self._boundary()
        top = self.done[-1] if self.done else None
        if top is not None and top.key == key and self._is_as_left(top):
            self.done.pop()
            self._apply(top, back=True)
            before = top.before, top.numbers[0]
        old = dict(self.masks)
        own = request.choices.place
        self.masks[own] = old[own] | inside if request.choices.keep else (old[own] & ~within) | inside
        for place in self.masks:
            if request.choices.overwrite and place != own and place[0] == own[0]:
                self.masks[place] = old[place] & ~inside
        changed = {p: (old[p], m) for p, m in self.masks.items() if not np.array_equal(old[p], m)}
        if changed or before[0] != request.points:
            numbers = before[1], request.number
            self._record(Step(before[0], request.points, changed, request.choices, key, numbers))

    def undo(self) -> None:
        self.request = None
        self._drop(self.done)
        points, number = self._boundary()
        if self.points != self.reached:
            self.undone.clear()
        if self.points != points:
            step = Step(points, self.points, numbers=(number, self.number), pending=True)
        elif self.done:
            step = self.done.pop()
        else:
            return
        self._apply(step, back=True)
        self.points, self.number = step.before, step.numbers[0]
        self._went(step)
        self.undone.append(step)

    def redo(self) -> None:
        self.request = None
        if not self.can_redo:
            return
        self._drop(self.undone)
        step = self.undone.pop()
        self._apply(step, back=False)
        self.points, self.number = step.after, step.numbers[1]
        self._went(step)
        if not step.pending:
            self.done.append(step)

    @property
    def can_undo(self) -> bool:
        alive = [step for step in self.done if self._is_alive(step)]
        return bool(alive) or self.points != self.start[0]

    @property
    def can_redo(self) -> bool:
        return self.points == self.reached and any(self._is_alive(step) for step in self.undone)

    def paint(self, place: Place, box: np.ndarray, value: bool) -> None:
        """What another module does to a segment."""
        self.masks[place] = np.where(box, value, self.masks[place])

    def keep_segment(self) -> None:
        """A segment that is not there cannot be chosen: the first one is, or none."""
        if self.choices.place not in self.masks:
            there = (name for segmentation, name in self.masks if segmentation == self.choices.segmentation)
            self.choose(segment=next(there, ""))

    def choose(self, **values) -> None:
        self.choices = replace(self.choices, **values)

    def _record(self, step: Step) -> None:
        self.done.append(step)
        self.undone.clear()
        self.reached = self.points
        for dropped in self.done[:-STEPS]:
            self.start = dropped.after, dropped.numbers[1]
        del self.done[:-STEPS]

    def _boundary(self) -> tuple[Points, int]:
        return (self.done[-1].after, self.done[-1].numbers[1]) if self.done else self.start

    def _apply(self, step: Step, back: bool) -> None:
        """Voxels that the step changed become what they were; those that it did not stay as they are."""
        for place, (before, after) in step.masks.items():
            if place in self.masks:
                self.masks[place] = np.where(before != after, before if back else after, self.masks[place])

    def _went(self, step: Step) -> None:
        self.reached = self.points
        if step.choices is not None:
            self.choose(volume=step.choices.volume, segmentation=step.choices.segmentation)
            if step.choices.place in self.masks:
                self.choose(segment=step.choices.segment)

    def _is_as_left(self, step: Step) -> bool:
        return self._is_alive(step) and all(
            place in self.masks and np.array_equal(self.masks[place], after)
            for place, (_, after) in step.masks.items()
        )

    def _is_alive(self, step: Step) -> bool:
        return not step.masks or any(place in self.masks for place in step.masks)

    def _drop(self, steps: list[Step]) -> None:
        while steps and not self._is_alive(steps[-1]):
            steps.pop()


def slice_mask(points: Points) -> tuple[np.ndarray, np.ndarray] | None:
    """Bool (K, J, I): the slice that the points lie on, and the double's mask in it; None where it refuses them."""
    ijk = np.array(points)
    axis = int(np.argmin(np.ptp(ijk, axis=0)))
    index = int(np.floor(np.median(ijk[:, axis]) + 0.5))
    if (np.abs(ijk[:, axis] - index) > 0.501).any():
        return None
    a, b = (n for n in range(3) if n != axis)
    flat = ijk[:, [a, b]]
    if np.ptp(flat, axis=0).min() < 1:
        return None
    sizes = SHAPE[::-1]
    within, inside = np.zeros(sizes, bool), np.zeros(sizes, bool)
    place = tuple(index if n == axis else slice(None) for n in range(3))
    within[place] = True
    inside[place] = quadrilateral(flat, (sizes[b], sizes[a])).T
    return within.transpose(2, 1, 0), inside.transpose(2, 1, 0)
