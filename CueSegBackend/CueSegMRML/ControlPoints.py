"""Control points of markups nodes as world coordinates."""

from __future__ import annotations

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


def removePoints(markupsNode: slicer.vtkMRMLMarkupsNode, indices: list[int]) -> None:
    """Remove control points by index, in one modification of the node."""
    with slicer.util.NodeModify(markupsNode):
        for index in sorted(indices, reverse=True):
            markupsNode.RemoveNthControlPoint(index)
