"""A volume with seven points per object as a case of a training set: its labels, and what they were made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import slicer

from CueSegMRML import Volumes
from CueSegMRML.TrainingCases import LabelledVolume, caseId, trainingCase
from ExtremePointSegLib.SevenPoints import Points, SevenPoints
from ExtremePointSegLib.TargetStates import TargetState
from ExtremePointSegLib.TrainingSet import IGNORE

if TYPE_CHECKING:
    from cueseg.datasets import TrainingCase

_OBJECT = "object"  # where no segment gives it a name
FEWEST = 50  # voxels of the object that are worth to learn from


@dataclass(frozen=True)
class PointsVolume:
    """A volume and its points, free of nodes.

    :param objectName: what the points are of.
    :param threshold: of the expansion.
    :param cut: whether the objects are cut out, instead of expanded with voxels of which nothing is known.
    """

    volume: LabelledVolume
    points: Points
    objectName: str
    threshold: float
    cut: bool = False


def takePoints(
    session: SevenPoints,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    states: Sequence[TargetState],
    objectName: str,
    threshold: float,
    cut: bool = False,
) -> PointsVolume:
    """The main thread's part.

    :param objectName: "" for no name.
    :param cut: as of `PointsVolume`.
    :raises ValueError: an object without all its points, or none; an object that cannot have this name.
    """
    if not states:
        raise ValueError(
            f"'{volumeNode.GetName()}' has no points: place them in the section 'Seven points per object' first"
        )
    open_ = [state.title for state in states if not state.isComplete]
    if open_:
        raise ValueError(
            f"the points of {', '.join(open_)} are not complete: place the missing ones, or remove the object. What "
            "lies outside of all boxes counts as background"
        )
    if objectName == IGNORE:
        raise ValueError(f"'{IGNORE}' is the name of what is not known: rename the segment")
    points = session.pointsOf(volumeNode, states)
    matrix = Volumes.localFromIJK(volumeNode)
    volume = LabelledVolume(
        volumeNode.GetName(), caseId(volumeNode), points.image, matrix, {}, {}, frozenset()
    )
    return PointsVolume(volume, points, objectName or _OBJECT, threshold, cut)


def pointsCase(taken: PointsVolume, modality: str, subject: str = "") -> tuple[TrainingCase, list[str]]:
    """The case with its labels, and what the user should know; for a worker thread.

    :param modality: one of `cueseg.intensity.MODALITIES`.
    :param subject: the patient; "" takes the name of the volume.
    :raises ValueError: points or an image that cannot be expanded; a sheared volume.
    """
    import cueseg
    from cueseg.datasets import SliceOrigin

    points, labels = taken.points, _labelsOf(taken)
    masks = {taken.objectName: labels == 1, IGNORE: labels == 2}
    records = {name: [] for name in masks}
    case = trainingCase(replace(taken.volume, masks=masks, records=records), modality, subject)
    origins = [
        SliceOrigin(name, index, "cut" if taken.cut else "expanded")
        for name, mask in masks.items()
        for index in mask.any(axis=(1, 2)).nonzero()[0].tolist()
    ]
    targets = [{"seed": target.seed, "outside": target.outside} for target in points.targets]
    madeOf = {"targets": targets, "threshold": taken.threshold, "version": cueseg.__version__}
    count, notes = int(masks[taken.objectName].sum()), []
    if count < FEWEST:
        remedy = "check the points" if taken.cut else "raise the threshold"
        notes.append(f"the labels hold {count} voxels of {taken.objectName} only: {remedy}")
    return replace(case, origins=tuple(origins), made_of=madeOf), notes


def _labelsOf(taken: PointsVolume) -> np.ndarray:
    """Uint8 (K, J, I): 0 background, 1 object, 2 unknown, which no voxel is where the objects are cut out."""
    from cueseg.seven_points import SevenPointsOptions, expand_points, segment_from_points

    points = taken.points
    if not taken.cut:
        return expand_points(points.image, points.targets, points.spacing, taken.threshold)
    options = SevenPointsOptions(threshold=taken.threshold)
    return segment_from_points(points.image, points.targets, points.spacing, options).mask.astype(np.uint8)
