"""Writes down what a session does, while it does it. Needs no torch."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.sessions.digests import mask_sha256
from cueseg.sessions.outcome import outcome_of
from cueseg.sessions.record import KINDS, SessionHeader, SessionRecord, wrong_fields
from cueseg.sessions.run_length import encode_runs
from cueseg.sessions.states import Masks, States

__all__ = ["SessionRecorder"]


class SessionRecorder:
    """One record that grows.

    Args:
        header: Of the record.
        tell: Called with every action once it is complete, e.g. to append it to a file.

    Attributes:
        record: So far.
    """

    def __init__(self, header: SessionHeader, tell: Callable[[dict[str, Any]], None] | None = None) -> None:
        self.record = SessionRecord(header)
        self._tell = tell or (lambda action: None)
        self._states = States(header.volume.shape)

    def follow(self, masks: Masks, why: str = "edited") -> None:
        """Take in what segments hold before an action; those that another tool changed are written down as given.

        Args:
            masks: Number of a segment -> (slices, rows, cols).
            why: "edited", or in one word what else made them.
        """
        states, last = self._states, self._states.last
        known = states.masks(last)
        empty = np.zeros(states.shape, bool)
        changed = {
            key: mask for key, mask in masks.items() if not np.array_equal(mask, known.get(key, empty))
        }
        if changed:
            self.note("given", changed, changed, why=why)

    def note(
        self,
        kind: str,
        masks: Masks,
        made: Any,
        *,
        user: float = 0.0,
        machine: float = 0.0,
        clicks: int = 0,
        painted: int = 0,
        **fields: Any,
    ) -> dict[str, Any]:
        """Write an action down.

        Args:
            kind: One of `KINDS`.
            masks: Number of a segment -> (slices, rows, cols) after it, of all that it may have changed.
            made: What was computed, before it was written: slice number -> (rows, cols) mask for "slice", "volume"
                and "propagated"; (slices, rows, cols) class numbers for "predicted" and "refined", of the part if
                they have one; the masks for "given"; None for "undo" and "redo".
            user: Seconds that the user took.
            machine: Seconds of computing.
            clicks: That it took.
            painted: Scribbled voxels that it took.
            fields: The kind's own, JSON values; of "undo" and "redo" none. Where `corrects` is left out, it is worked
                out: a write takes the place of the one before it if that alone explains the masks better.

        Returns:
            The line as an object.

        Raises:
            ValueError: An unknown kind, or other fields than the kind has.
        """
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no action; there are {', '.join(KINDS)}")
        states = self._states
        if kind in ("undo", "redo"):
            fields["to"] = states.find({key: mask_sha256(mask) for key, mask in masks.items()})
        if "corrects" in KINDS[kind]:
            fields = {"corrects": self._corrects(kind, fields, masks, made), **fields}
        wrong = wrong_fields(kind, set(fields))
        if wrong:
            raise ValueError(f"the action {kind!r} has wrong fields: {', '.join(wrong)}")
        action = {"n": states.last + 1, "action": kind, **fields}
        begin, after, action["besides"] = self._explained(action, masks, made)
        action["changed"] = _differences(states.masks(begin), after, states.shape)
        action["masks"] = states.add(after, begin)
        action["seconds"] = {"user": round(user, 3), "machine": round(machine, 3)}
        action |= {"clicks": int(clicks), "painted": int(painted)}
        self.record.actions.append(action)
        self._tell(action)
        return action

    def _corrects(self, kind: str, fields: dict[str, Any], masks: Masks, made: Any) -> bool:
        if "corrects" in fields or not self.record.actions:
            return bool(fields.get("corrects"))
        last = self.record.actions[-1]
        if (last["action"], last.get("segment")) != (kind, fields.get("segment")):
            return False
        left = []
        for corrects in (False, True):
            action = {"action": kind, **fields, "corrects": corrects}
            besides = self._explained(action, masks, made)[2]
            left.append(sum(sum(runs[1::2]) for runs in besides.values()))
        return left[1] < left[0]

    def _explained(
        self, action: dict[str, Any], masks: Masks, made: Any
    ) -> tuple[int, Masks, dict[str, list[int]]]:
        """The state an action starts from, the masks after it, and what it does not explain of them."""
        states = self._states
        begin, expected = outcome_of(action, states, made)
        after = {**expected, **masks}
        return begin, after, _differences({**states.masks(begin), **expected}, after, states.shape)


def _differences(one: Masks, other: Masks, shape: tuple[int, int, int]) -> dict[str, list[int]]:
    """Where masks of the second are not those of the first, as runs; a mask that the first lacks is empty."""
    empty: NDArray[np.bool_] = np.zeros(shape, bool)
    found = {key: encode_runs(mask ^ one.get(key, empty)) for key, mask in other.items()}
    return {key: runs for key, runs in found.items() if runs}
