"""One object in a box: from nodes to the arrays of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import slicer

from cueseg.wording import counted
from CueSegMRML import Boxes, Grids, SegmentMasks, Volumes
from ScribbleRefineLib.Jobs import BoxInput, Job
from ScribbleRefineLib.LabelTable import BACKGROUND, OBJECT
from ScribbleRefineLib.Parts import NONE
from ScribbleRefineLib.RefineSettings import RefineSettings
from ScribbleRefineLib.Scope import Scope
from ScribbleRefineLib.Workspace import Workspace


def problemOf(classes: Sequence[str]) -> str:
    """Why a network of these classes cannot segment one object, and what to do; empty if it can."""
    if len(classes) == 2:
        return ""
    return (
        f"the network has {len(classes)} classes ({', '.join(classes)}), one object in a box needs two, background "
        "and object: choose or import such a network, or another method"
    )


def jobOf(
    space: Workspace,
    settings: RefineSettings,
    options: Any,
    roi: slicer.vtkMRMLMarkupsROINode | None,
    scope: Scope,
    tunes: bool,
) -> tuple[Job, list[str]]:
    """What the worker needs, and what there is to say about it.

    The crop is the smallest box of voxels around those whose centre lies in the ROI. In the ROI, and in the
    scope, the segment becomes what is found; everywhere else it stays as it is.

    :param options: a `cueseg.bifseg.BifsegOptions`.
    :param tunes: whether the network is tuned; then weights of the round before are gone on with, if it was on
        the same box.
    :raises ValueError: another network, no box, a box or scribbles that cannot be used; with the remedy.
    """
    problem = problemOf([row.name for row in space.labels.rows[: space.labels.classCount]])
    if problem:
        raise ValueError(problem)
    if roi is None or roi.GetScene() is None:
        raise ValueError("no box is chosen: press 'Draw box', and click two of its corners in a slice view")
    inside = Boxes.maskOf(roi, space.volumeNode)
    scribbles, notes = _scribbles(space, inside, roi)
    base, stays = _base(space, inside)
    inScope = scope.mask(space.volumeNode)
    if inScope is not None and not (inScope & inside).any():
        raise ValueError(f"the ROI '{roi.GetName()}' lies outside of the scope: widen the scope")
    box = Grids.boundingBox(inside)
    corners = tuple(part.start for part in box[::-1]), tuple(part.stop - 1 for part in box[::-1])
    job = Job(
        space.network,
        space.image(),
        settings,
        base,
        scribbles,
        inside if inScope is None else inside & inScope,
        space.labels.lockedIndices(),
        box=BoxInput(corners, options),
    )
    history = space.history
    if tunes and history.box is not None and history.box.key == job.boxKey:
        job = replace(job, box=replace(job.box, start=history.weights))
    return job, [*notes, *stays]


def _scribbles(
    space: Workspace, inside: np.ndarray, roi: slicer.vtkMRMLMarkupsROINode
) -> tuple[np.ndarray | None, list[str]]:
    painted, notes = space.painted()
    rows = space.labels.rows
    others = [rows[index].name for index in np.unique(painted[painted > OBJECT])]
    if others:
        notes.append(f"scribbles of {', '.join(others)} are left out: only object and background count here")
    scribbles = np.where(painted > OBJECT, NONE, painted).astype(np.int16)
    outside = int(((scribbles == OBJECT) & ~inside).sum())
    if outside:
        raise ValueError(
            f"{counted(outside, 'voxel')} scribbled as '{rows[OBJECT].name}' outside of the box '{roi.GetName()}': "
            "enlarge the box, or erase what lies outside"
        )
    return (scribbles if (scribbles != NONE).any() else None), notes


def _base(space: Workspace, inside: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The segment as it is, 1 in it and 0 elsewhere, and a note if it goes beyond the box."""
    row = space.labels.row(OBJECT)
    base = np.full(Volumes.voxels(space.volumeNode).shape[:3], BACKGROUND, np.int16)
    if not row.resultSegmentId:
        return base, []
    base[SegmentMasks.maskOnVolume(space.segmentationNode, row.resultSegmentId, space.volumeNode)] = OBJECT
    outside = int(base[~inside].sum())
    name = space.segmentationNode.GetSegmentation().GetSegment(row.resultSegmentId).GetName()
    return base, [f"{outside} voxels of '{name}' outside of the box stay as they are"] if outside else []
