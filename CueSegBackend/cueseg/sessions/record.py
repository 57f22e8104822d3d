"""A session as lines of JSON: a header, then one line for every action. Needs no torch.

No line names a patient, a file, a segment or a user: segments are numbered "1", "2", ... as they come up.
"""

import json
from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass, field
from typing import Any

from cueseg.sessions.identity import VolumeIdentity, WeightsIdentity

__all__ = [
    "FORMAT",
    "KINDS",
    "OF_A_PART",
    "SessionHeader",
    "SessionRecord",
    "parse_action",
    "parse_header",
    "wrong_fields",
]

FORMAT = "cueseg-session-1"

_WRITING = {"segment", "keep", "overwritten", "corrects"}
_NETWORK = {"modality", "locked", "half_cache"}
KINDS: Mapping[str, frozenset[str]] = {
    "given": frozenset({"why"}),
    "slice": frozenset({"plane", "points", "modality", "spacing", "range", "threshold", *_WRITING}),
    "volume": frozenset({"view", "clicked", "given", "modality", "spacing", "options", "written", *_WRITING}),
    "propagated": frozenset(
        {
            "view",
            "start",
            "mask",
            "direction",
            "until",
            "modality",
            "spacing",
            "options",
            "written",
            *_WRITING,
        }
    ),
    "predicted": frozenset({"classes", *_NETWORK}),
    "refined": frozenset({"classes", "scribbles", "scope", "options", *_NETWORK}),
    "undo": frozenset({"to"}),
    "redo": frozenset({"to"}),
}
"""Kind of an action -> its own fields; docs/sessions.md explains them."""

OF_A_PART: Mapping[str, frozenset[str]] = {
    "predicted": frozenset({"part", "scope"}),
    "refined": frozenset({"part"}),
}
"""Kind of an action -> fields that it has besides, if the network was run on a part of the volume."""

_COMMON = frozenset({"n", "action", "changed", "besides", "masks", "seconds", "clicks", "painted"})


@dataclass(frozen=True)
class SessionHeader:
    """What all actions have in common.

    Attributes:
        versions: Program -> version.
        device: "cpu", "cuda", ...
        threads: That torch computed with on the CPU.
        volume: What was segmented.
        weights: What it was segmented with.
        seed: Of everything random that no action names a seed for.
    """

    versions: Mapping[str, str]
    device: str
    threads: int
    volume: VolumeIdentity
    weights: WeightsIdentity
    seed: int = 0

    def to_line(self) -> str:
        """The header as JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class SessionRecord:
    """A whole record.

    Attributes:
        header: See `SessionHeader`.
        actions: In order; the first is number 1.
    """

    header: SessionHeader
    actions: list[dict[str, Any]] = field(default_factory=list)

    def to_text(self) -> str:
        """All lines."""
        lines = [self.header.to_line(), *map(line_of, self.actions)]
        return "".join(f"{line}\n" for line in lines)


def line_of(action: Mapping[str, Any]) -> str:
    """An action as JSON."""
    return json.dumps(action, separators=(",", ":"), allow_nan=False)


def parse_header(line: str) -> SessionHeader:
    """The header from its line.

    Raises:
        ValueError: Not a header of this format; the message says what to do.
    """
    values = _object(line)
    if values.pop("format", None) != FORMAT:
        raise ValueError(f"it does not begin with a header of the format {FORMAT}: give a recorded session")
    try:
        volume, weights = values.pop("volume"), values.pop("weights")
        volume |= {name: tuple(volume[name]) for name in ("shape", "spacing")}
        return SessionHeader(**values, volume=VolumeIdentity(**volume), weights=WeightsIdentity(**weights))
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"its header lacks a field or has one too many ({error}): export it again"
        ) from error


def parse_action(line: str, number: int) -> dict[str, Any]:
    """An action from its line.

    Raises:
        ValueError: No action, not the one of that number, or fields that are missing or unknown.
    """
    action = _object(line)
    kind = action.get("action")
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no action; there are {', '.join(KINDS)}")
    wrong = wrong_fields(kind, set(action), _COMMON)
    if wrong:
        raise ValueError(f"the action {kind!r} has wrong fields: {', '.join(wrong)}")
    if action["n"] != number:
        raise ValueError(f"action {action['n']!r} stands in the place of action {number}")
    return action


def wrong_fields(kind: str, found: Set[str], common: Set[str] = frozenset()) -> list[str]:
    """Fields that an action lacks or should not have, besides those that all actions have in common."""
    wanted = KINDS[kind] | common
    if "part" in found:
        wanted |= OF_A_PART.get(kind, frozenset())
    return sorted(wanted ^ found)


def _object(line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise ValueError(f"it is no JSON ({error})") from error
    if not isinstance(values, dict):
        raise ValueError(f"a JSON object is needed, not {type(values).__name__}")
    return values
