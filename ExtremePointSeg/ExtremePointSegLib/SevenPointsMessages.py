"""Sentences of the section on seven points; `_` is the caller's translation function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import slicer

from CueSegMRML import Volumes
from CueSegMRML.VolumeVoxels import VolumeEdit
from ExtremePointSegLib.PointsCases import FEWEST
from ExtremePointSegLib.SevenPoints import Labels
from ExtremePointSegLib.TargetStates import TargetState

if TYPE_CHECKING:
    from cueseg.seven_points import Finding

Translation = Callable[[str], str]


def sideNames(_: Translation) -> dict[str, str]:
    """Names of the sides for the user."""
    return {
        "left": _("left"),
        "right": _("right"),
        "anterior": _("anterior"),
        "posterior": _("posterior"),
        "superior": _("superior"),
        "inferior": _("inferior"),
    }


def obstacleOf(volumeNode: slicer.vtkMRMLScalarVolumeNode | None, _: Translation) -> str:
    """Why there can be no points at all, and what to do; empty if there can."""
    if volumeNode is None:
        return _("Choose the volume that the views show.")
    if volumeNode.GetImageData() is None:
        return _("The volume holds no voxels: choose another one.")
    if volumeNode.IsA("vtkMRMLVectorVolumeNode"):
        return _("The volume is in color: choose a gray-scale one, or make one of a channel.")
    if not Volumes.isLinear(volumeNode):
        return _(
            "The volume is in a non-linear transform: harden the transform, or take the volume out of it, in "
            "the Transforms module."
        )
    return ""


def hintFor(state: TargetState | None, _: Translation) -> str:
    """What to do next with the chosen target."""
    if state is None:
        return _(
            "Press 'Place points': click first into the object, then once just outside of each of its six ends, "
            "in any order and in any slice view. Not on the object: these points become background."
        )
    if state.problem:
        return state.problem
    if not state.hasSeed:
        return _("Press 'Place points' and click into the object, near its middle.")
    if state.hasBox and state.missing:
        return _("The seed does not lie within the box: move the seed into the object, or the box around it.")
    if state.missing:
        sides = ", ".join(sideNames(_)[side] for side in state.missing)
        return _(
            "{count} of 7 points. Missing: {sides}. Click just outside of the object's end on that side."
        ).format(count=state.count, sides=sides)
    return _("All 7 points are placed: drag one to correct it, or add the next object of the case.")


def findingsOf(state: TargetState, findings: Sequence[Finding], _: Translation) -> list[str]:
    """What is wrong with the points of a target, which one to move and where to.

    :param findings: of the state, or those that were made with the image.
    """
    if state.hasBox and state.missing:
        return []  # said by the hint
    return [_sentence(state, finding, _) for finding in findings if finding.kind != "missing"]


def describeCase(states: Sequence[TargetState], _: Translation) -> str:
    """How far the targets of the volume are."""
    if not states:
        return ""
    complete = [state for state in states if state.isComplete]
    text = _("Case: {complete} of {count} objects complete.").format(
        complete=len(complete), count=len(states)
    )
    others = [state.title for state in states if not state.isComplete]
    if complete and others:
        text += " " + _("Labels are of the complete ones, without {names}.").format(names=", ".join(others))
    return text


def describeLabels(labels: Labels, _: Translation) -> str:
    """What the preview shows."""
    _background, found, unknown = np.bincount(labels.values.ravel(), minlength=3)[:3].tolist()
    text = _("Labels: {found} voxels of the object, {unknown} unknown.").format(found=found, unknown=unknown)
    if found < FEWEST:
        text += " " + _("That is too little to learn from: raise the threshold, or move the seed.")
    return text


def describeEdit(edit: VolumeEdit, seconds: float, _: Translation) -> str:
    """What was written."""
    text = _("Segmented in {seconds:.1f} s: {added} voxels added, {removed} removed.").format(
        seconds=seconds, added=edit.voxelsAdded, removed=edit.voxelsRemoved
    )
    if edit.voxelsRefused:
        text += " " + _("The Segment Editor's masking kept {count} voxels out.").format(
            count=edit.voxelsRefused
        )
    return text


def _sentence(state: TargetState, finding: Finding, _: Translation) -> str:
    names = sideNames(_)
    side = names.get(state.anatomy.get(finding.direction or "", ""), "")
    sentences = {
        "beside": _("The point '{point}' lies outside of the volume: move it into the volume."),
        "seed": _(
            "No point lies on the {side} side of the seed: move '{point}' beyond the object's {side} end, or the seed "
            "between the points, into the object."
        ),
        "twice": _(
            "Two points lie on one side: move '{point}' beyond the object's {side} end, which has none."
        ),
        "doubtful": _(
            "The point '{point}' lies mostly on another side: move it beyond the object's {side} end, if it does "
            "not lie there."
        ),
        "on_object": _(
            "The point '{point}' seems to lie on the object: move it farther out, beyond the {side} end."
        ),
    }
    text = sentences.get(finding.kind, "'{point}': {message}.")
    return text.format(point=_pointName(state, finding, _), side=side, message=finding.message)


def _pointName(state: TargetState, finding: Finding, _: Translation) -> str:
    if finding.index is None:
        return _("seed")
    side = state.names.get(finding.index)
    return sideNames(_)[side] if side is not None else _("outside")
