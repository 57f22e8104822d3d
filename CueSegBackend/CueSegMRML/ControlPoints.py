"""Control points of markups nodes as world coordinates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import slicer


def definedIndices(markupsNode: slicer.vtkMRMLMarkupsNode) -> list[int]:
    """Indices of the control points that have a position; the one under the cursor in place mode has none."""
    defined = slicer.vtkMRMLMarkupsNode.PositionDefined
    count = markupsNode.GetNumberOfControlPoints()
    return [i for i in range(count) if markupsNode.GetNthControlPointPositionStatus(i) == defined]


def worldPoints(markupsNode: slicer.vtkMRMLMarkupsNode) -> np.ndarray:
    """(N, 3) world RAS in mm of the placed control points, through the node's parent transforms."""
    positions = [list(markupsNode.GetNthControlPointPositionWorld(i)) for i in definedIndices(markupsNode)]
    return np.array(positions, np.float64).reshape(-1, 3)


def localPoints(markupsNode: slicer.vtkMRMLMarkupsNode) -> tuple[tuple[float, float, float], ...]:
    """Positions of the placed control points as the node stores them, to be given to `setLocalPoints`."""
    return tuple(tuple(markupsNode.GetNthControlPointPosition(i)) for i in definedIndices(markupsNode))


def setLocalPoints(
    markupsNode: slicer.vtkMRMLMarkupsNode, positions: Sequence[tuple[float, float, float]]
) -> None:
    """Make the placed control points these; the one under the cursor in place mode stays the last."""
    with slicer.util.NodeModify(markupsNode):
        indices = definedIndices(markupsNode)
        removePoints(markupsNode, indices[len(positions) :])
        for index, position in zip(indices, positions, strict=False):
            if tuple(markupsNode.GetNthControlPointPosition(index)) != tuple(position):
                markupsNode.SetNthControlPointPosition(index, *position)
        for number in range(len(indices), len(positions)):
            place = definedIndices(markupsNode)[-1] + 1 if number else 0
            markupsNode.InsertControlPoint(place, list(positions[number]))


def removePoints(markupsNode: slicer.vtkMRMLMarkupsNode, indices: list[int]) -> None:
    """Remove control points by index, in one modification of the node."""
    with slicer.util.NodeModify(markupsNode):
        for index in sorted(indices, reverse=True):
            markupsNode.RemoveNthControlPoint(index)
