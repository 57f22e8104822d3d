"""What is looked at before a round begins: errors that stop it, and notes for the user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ScribbleRefineLib.LabelTable import BACKGROUND
from ScribbleRefineLib.RefineSettings import RefineSettings
from ScribbleRefineLib.Scope import Scope
from ScribbleRefineLib.ScribbleNodes import NONE
from ScribbleRefineLib.Workspace import Workspace


@dataclass(frozen=True)
class Plan:
    """Scribbles and scope of a round as arrays (K, J, I), and what there is to say about them."""

    scribbles: np.ndarray
    scope: np.ndarray | None
    notes: list[str]


def planOf(space: Workspace, settings: RefineSettings, scope: Scope) -> Plan:
    """What a round would work with.

    :raises ValueError: nothing is scribbled, nothing new, nothing inside the scope, or a scope that cannot be.
    """
    painted, notes = space.painted()
    if not (painted != NONE).any():
        found = f"{'; '.join(notes)}: move them," if notes else "nothing is scribbled: choose a label,"
        raise ValueError(f"{found} and paint over a place where the result is wrong")
    if not settings.useEarlierScribbles:
        painted = space.newStrokes()
        if not (painted != NONE).any():
            raise ValueError(
                "nothing was scribbled since the last round: paint, or use earlier scribbles too"
            )
    mask = scope.mask(space.volumeNode)
    if mask is not None:
        outside = int(((painted != NONE) & ~mask).sum())
        if outside == (painted != NONE).sum():
            raise ValueError("all scribbles lie outside of the scope: widen it, or scribble inside")
        if outside:
            notes.append(
                f"{outside} scribbled voxels lie outside of the scope: they count, but stay as they are"
            )
    return Plan(painted, mask, notes + _labelNotes(space, painted))


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


def _labelNotes(space: Workspace, painted: np.ndarray) -> list[str]:
    rows, notes = space.labels.rows, []
    used = [int(index) for index in np.unique(painted[painted != NONE])]
    if len(used) == 1:
        other = "another label" if used == [BACKGROUND] else "the background"
        notes.append(
            f"only '{rows[used[0]].name}' is scribbled and may spread: scribble {other} too where it must not go"
        )
    locked = [rows[index].name for index in used if rows[index].locked]
    if locked:
        notes.append(f"{', '.join(locked)}: locked, so these scribbles count, but the label does not change")
    return notes
