"""A recorded session done again: the same volume, the same weights, the same actions; is every mask the same?"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cueseg.metrics import dice
from cueseg.sessions.digests import mask_sha256
from cueseg.sessions.identity import VolumeIdentity, WeightsIdentity, versions
from cueseg.sessions.outcome import begin_of, outcome_of
from cueseg.sessions.record import SessionHeader, SessionRecord
from cueseg.sessions.states import Masks, States, with_runs
from cueseg.sessions.tools import Tool

__all__ = ["Replay", "ReplayedAction", "check_volume", "check_weights", "differing_versions"]

_SHOWN = 12  # digits of a SHA-256 in a message


@dataclass(frozen=True)
class ReplayedAction:
    """What came of one action.

    Attributes:
        number: From 1.
        kind: See `cueseg.sessions.record.KINDS`.
        agreement: Segment -> Dice with the recorded mask, for masks that are not the recorded ones bit by bit.
        besides: Voxels that the record itself says, because masking or another tool decided them.
    """

    number: int
    kind: str
    agreement: dict[str, float] = field(default_factory=dict)
    besides: int = 0

    @property
    def same(self) -> bool:
        """Whether every mask is the recorded one."""
        return not self.agreement


class Replay:
    """One replay.

    Args:
        record: What was done.
        tool: What computes, with the weights of the record.

    Attributes:
        masks: Of all segments, as replayed so far.
    """

    def __init__(self, record: SessionRecord, tool: Tool) -> None:
        self._record, self._tool = record, tool
        shape = record.header.volume.shape
        self._recorded, self._replayed = States(shape), States(shape)

    @property
    def masks(self) -> Masks:
        """Number of a segment -> (slices, rows, cols), in the order in which they came up."""
        found = self._replayed.masks(self._replayed.last)
        return {key: found[key] for key in sorted(found, key=int)}

    def run(self) -> Iterator[ReplayedAction]:
        """Do the actions one after the other.

        Raises:
            ValueError: A mask that the record does not tell as it should, or an action that cannot be done again.
        """
        for action in self._record.actions:
            try:
                yield self._step(action)
            except (KeyError, TypeError, IndexError) as error:
                raise ValueError(
                    f"action {action['n']} ({action['action']}) is damaged ({error!r}): take a whole copy"
                ) from error

    def _step(self, action: dict) -> ReplayedAction:
        wanted = self._rebuilt(action)
        states, number = self._replayed, action["n"]
        begin = begin_of(action, states)
        _, expected = outcome_of(action, states, self._made(action, states.masks(begin), wanted))
        masks = with_runs({**states.masks(begin), **expected}, action["besides"], states.shape)
        found = states.add({key: masks[key] for key in {*expected, *action["masks"]}}, begin)
        agreement = {
            key: dice(masks[key], wanted[key])
            for key, digest in action["masks"].items()
            if found[key] != digest
        }
        besides = sum(sum(runs[1::2]) for runs in action["besides"].values())
        return ReplayedAction(number, action["action"], agreement, besides)

    def _made(self, action: dict, masks: Masks, wanted: Masks) -> object:
        if action["action"] == "given":
            return {key: wanted[key] for key in action["masks"]}
        if action["action"] in ("undo", "redo"):
            return None
        return self._tool.make(action, masks)

    def _rebuilt(self, action: dict) -> Masks:
        """The recorded masks after an action."""
        states = self._recorded
        begin = begin_of(action, states)
        masks = with_runs(states.masks(begin), action["changed"], states.shape)
        for key in action["masks"]:
            masks.setdefault(key, states.empty())
            if mask_sha256(masks[key]) != action["masks"][key]:
                raise ValueError(
                    f"action {action['n']} does not lead to the mask whose SHA-256 it names "
                    f"({action['masks'][key][:_SHOWN]}...): the record was changed; take a whole copy"
                )
        states.add({key: masks[key] for key in action["masks"]}, begin)
        return masks


def check_volume(header: SessionHeader, found: VolumeIdentity) -> None:
    """Refuse another volume than the recorded one.

    Raises:
        ValueError: With both hashes, and what to do.
    """
    wanted = header.volume
    if found.voxels != wanted.voxels:
        sizes = f"{'x'.join(map(str, wanted.shape))}, not {'x'.join(map(str, found.shape))}"
        raise ValueError(
            f"the record is of another volume: its voxels are {wanted.voxels[:_SHOWN]} ({sizes}), the image's are "
            f"{found.voxels[:_SHOWN]}: give the image that was segmented; if Slicer read it from DICOM, save the "
            "volume from there as .nrrd and give that"
        )
    if found.geometry != wanted.geometry:
        raise ValueError(
            f"the record is of a volume that lies elsewhere: its geometry is {wanted.geometry[:_SHOWN]}, the image's "
            f"is {found.geometry[:_SHOWN]}: give the image that was segmented, with its spacing, origin and direction"
        )


def check_weights(header: SessionHeader, found: WeightsIdentity) -> None:
    """Refuse other weights than the recorded ones.

    Raises:
        ValueError: With both hashes, and what to do.
    """
    wanted = header.weights
    if (found.sha256, found.kind) != (wanted.sha256, wanted.kind):
        raise ValueError(
            f"the record was made with the weights {wanted.name!r} ({wanted.sha256[:_SHOWN]}, {wanted.kind}), these "
            f"are {found.name!r} ({found.sha256[:_SHOWN]}, {found.kind}): give those of the record with --weights"
        )


def differing_versions(header: SessionHeader) -> list[str]:
    """Programs that have another version now, in words; masks may then differ in single voxels."""
    return [
        f"{name} {version} then, {now} now"
        for name, now in versions().items()
        if (version := header.versions.get(name)) != now
    ]
