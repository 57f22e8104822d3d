"""What an action makes of the segments: the same rules when it is recorded and when it is replayed. Needs no torch."""

from collections.abc import Mapping
from typing import Any

from cueseg.sessions.planes import StackView
from cueseg.sessions.states import Masks, States, labels_of, with_labels, with_stack

__all__ = ["begin_of", "outcome_of", "part_of", "view_of"]

Box = tuple[slice, slice, slice]


def begin_of(action: Mapping[str, Any], states: States) -> int:
    """Number of the state that an action starts from.

    A correction takes the place of the write before it; undo and redo go to a state that was there before.
    """
    if action["action"] in ("undo", "redo"):
        return states.last if action["to"] is None else int(action["to"])
    return states.last - 1 if action.get("corrects") else states.last


def view_of(action: Mapping[str, Any]) -> StackView:
    """The view that an action's slices are numbered in.

    Raises:
        ValueError: A damaged one.
    """
    if action["action"] == "slice":
        plane = {name: value for name, value in action["plane"].items() if name != "index"}
        return StackView.from_json(plane)
    return StackView.from_json(action["view"])


def part_of(action: Mapping[str, Any], shape: tuple[int, int, int]) -> Box:
    """The part of the volume that a network was run on; all of it, if the action names none.

    Raises:
        ValueError: A part that is not one of this volume.
    """
    if "part" not in action:
        return tuple(slice(0, size) for size in shape)
    ends = action["part"]
    fits = isinstance(ends, list) and len(ends) == 3 and all(map(_is_range, ends, shape))
    if not fits:
        raise ValueError(f"{ends!r} is no part of a volume of {shape}: the record was damaged")
    return tuple(slice(low, high) for low, high in ends)


def _is_range(ends: Any, size: int) -> bool:
    whole = isinstance(ends, list) and len(ends) == 2 and all(type(end) is int for end in ends)
    return whole and 0 <= ends[0] < ends[1] <= size


def outcome_of(action: Mapping[str, Any], states: States, made: Any) -> tuple[int, Masks]:
    """The state an action starts from, and the masks it changes, before anything besides.

    Args:
        action: With its kind's own fields.
        states: So far.
        made: As in `SessionRecorder.note`; for "given" the masks themselves.

    Raises:
        ValueError: A damaged action.
    """
    begin, kind = begin_of(action, states), action["action"]
    if kind in ("undo", "redo"):
        here, there = states.masks(states.last), states.masks(begin)
        return begin, {key: there.get(key, mask & False) for key, mask in here.items()}
    if kind == "given":
        return begin, dict(made)
    masks = states.masks(begin)
    if kind in ("predicted", "refined"):
        labels = labels_of(masks, action["classes"], states.shape)
        labels[part_of(action, states.shape)] = made
        return begin, with_labels(masks, action["classes"], action["locked"], labels)
    return begin, with_stack(masks, action, view_of(action), made, states.shape)
