"""What is looked at before a round begins: errors that stop it, and notes for the user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CueSegMRML import Grids
from ScribbleRefineLib.LabelTable import BACKGROUND
from ScribbleRefineLib.Parts import Part, Strokes
from ScribbleRefineLib.RefineSettings import RefineSettings
from ScribbleRefineLib.Scope import Scope
from ScribbleRefineLib.Workspace import Workspace


@dataclass(frozen=True)
class Plan:
    """What a run works with.

    :param scribbles: int16 (K, J, I) of the part, or of the volume; None for a prediction.
    :param scope: bool of the same shape; None: everywhere.
    :param part: that the network is run on; None: the volume.
    :param notes: what there is to say about them.
    """

    scribbles: np.ndarray | None = None
    scope: np.ndarray | None = None
    part: Part | None = None
    notes: tuple[str, ...] = ()


def planOf(space: Workspace, settings: RefineSettings, scope: Scope) -> Plan:
    """What a round would work with.

    :raises ValueError: nothing is scribbled, nothing new, nothing inside the scope, or a scope that cannot be.
    """
    strokes, notes = space.strokes()
    if not strokes.count:
        found = f"{'; '.join(notes)}: move them," if notes else "nothing is scribbled: choose a label,"
        raise ValueError(f"{found} and paint over a place where the result is wrong")
    strokes = _used(space, settings)
    if not strokes.count:
        raise ValueError("nothing was scribbled since the last round: paint, or use earlier scribbles too")
    mask = scope.mask(space.volumeNode)
    outside = 0 if mask is None else strokes.outside(mask)
    if outside == strokes.count:
        raise ValueError("all scribbles lie outside of the scope: widen it, or scribble inside")
    if outside:
        notes.append(f"{outside} scribbled voxels lie outside of the scope: they count, but stay as they are")
    notes += _labelNotes(space, strokes.classes)
    if not scope.isPart:
        return Plan(strokes.within(), mask, None, tuple(notes))
    part = _partOf(space, mask, strokes)
    return Plan(strokes.within(part.box), mask[part.box].copy(), part, (*notes, part.text))


def planOfPrediction(space: Workspace, settings: RefineSettings, scope: Scope) -> Plan:
    """What a prediction works with: the volume, or the part that a round of this scope would work with.

    :raises ValueError: a scope that cannot be.
    """
    if not scope.isPart:
        return Plan()
    mask = scope.mask(space.volumeNode)
    part = _partOf(space, mask, _used(space, settings))
    return Plan(None, mask[part.box].copy(), part, (part.text,))


def requireReady(space: Workspace | None) -> Workspace:
    """The workspace, if a run can use it.

    :raises ValueError: not set up, network not loaded yet, or a node was removed.
    """
    if space is None or not space.isAlive:
        raise ValueError("volume or segmentation is not chosen, or was removed: choose them again")
    if not space.hasClasses:
        raise ValueError("the network is not loaded yet: wait for it, or choose another one")
    space.follow()
    return space


def _used(space: Workspace, settings: RefineSettings) -> Strokes:
    """The scribbles that count."""
    return space.strokes()[0] if settings.useEarlierScribbles else space.newStrokes()


def _partOf(space: Workspace, mask: np.ndarray, strokes: Strokes) -> Part:
    """The box of the scope and of all scribbles that count, and what the network needs around."""
    box = Grids.boundingBox(mask)
    if box is None:
        raise ValueError("the scope holds no voxel of the volume: move or widen it")
    return space.partAround(Grids.around([box, strokes.box] if strokes.count else [box]))


def _labelNotes(space: Workspace, used: list[int]) -> list[str]:
    rows, notes = space.labels.rows, []
    if len(used) == 1:
        other = "another label" if used == [BACKGROUND] else "the background"
        notes.append(
            f"only '{rows[used[0]].name}' is scribbled and may spread: scribble {other} too where it must not go"
        )
    locked = [rows[index].name for index in used if rows[index].locked]
    if locked:
        notes.append(f"{', '.join(locked)}: locked, so these scribbles count, but the label does not change")
    return notes
