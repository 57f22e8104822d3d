"""What is still missing before the next click can do something."""

from __future__ import annotations

from enum import Enum, auto

import slicer

from CueSegMRML import ControlPoints, Volumes
from ExtremePointSegLib.SegmentFromPoints import SET_SIZE


class State(Enum):
    """In the order in which the user has to deal with them."""

    PACKAGES_MISSING = auto()
    NO_MODEL = auto()
    NO_VOLUME = auto()
    VOLUME_EMPTY = auto()
    NON_LINEAR_TRANSFORM = auto()
    NO_SEGMENTATION = auto()
    NO_SEGMENT = auto()
    NO_POINTS = auto()
    FEW_POINTS = auto()
    READY = auto()


def stateOf(
    packagesMissing: bool,
    modelNames: list[str],
    volumeNode: slicer.vtkMRMLScalarVolumeNode | None,
    segmentationNode: slicer.vtkMRMLSegmentationNode | None,
    segmentId: str,
    markupsNode: slicer.vtkMRMLMarkupsNode | None,
) -> State:
    """The first thing in the way, or READY."""
    checks = (
        (State.PACKAGES_MISSING, lambda: packagesMissing),
        (State.NO_MODEL, lambda: not modelNames),
        (State.NO_VOLUME, lambda: volumeNode is None),
        (State.VOLUME_EMPTY, lambda: volumeNode.GetImageData() is None),
        (State.NON_LINEAR_TRANSFORM, lambda: not Volumes.isLinear(volumeNode)),
        (State.NO_SEGMENTATION, lambda: segmentationNode is None),
        (State.NON_LINEAR_TRANSFORM, lambda: not Volumes.isLinear(segmentationNode)),
        (State.NO_SEGMENT, lambda: not _hasSegment(segmentationNode, segmentId)),
        (State.NO_POINTS, lambda: pointCount(markupsNode) == 0),
        (State.FEW_POINTS, lambda: pointCount(markupsNode) < SET_SIZE),
    )
    return next((state for state, applies in checks if applies()), State.READY)


def pointCount(markupsNode: slicer.vtkMRMLMarkupsNode | None) -> int:
    """Number of placed points."""
    return 0 if markupsNode is None else len(ControlPoints.definedIndices(markupsNode))


def _hasSegment(segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str) -> bool:
    return bool(segmentId) and segmentationNode.GetSegmentation().GetSegment(segmentId) is not None
