"""Boxes that are drawn in the views (markups ROIs) as voxels of a volume."""

from __future__ import annotations

from itertools import product

import numpy as np
import slicer

from CueSegMRML import Grids, Volumes
from CueSegMRML.Slices import transformed

_ROUNDING = 1e-6  # fractions of the box: a voxel centre on its side is inside


def isPlaced(roi: slicer.vtkMRMLMarkupsROINode | None) -> bool:
    """Whether a box is in the scene and has been placed in the views, or given a size."""
    if roi is None or roi.GetScene() is None:
        return False
    placed = roi.GetNumberOfDefinedControlPoints() > 0 and roi.GetNumberOfUndefinedControlPoints() == 0
    return placed and bool((np.array(roi.GetSize()) > 0).all())


def maskOf(roi: slicer.vtkMRMLMarkupsROINode, volumeNode: slicer.vtkMRMLVolumeNode) -> np.ndarray:
    """Bool (K, J, I): voxels whose centre lies in the box, which may be turned, scaled and in a linear transform.

    :raises ValueError: a box that is not placed, that holds no voxel, or in a non-linear transform.
    """
    boxFromIJK = _boxFromIJK(roi, volumeNode)
    mask = np.zeros(Volumes.voxels(volumeNode).shape[:3], bool)
    halves = np.array(roi.GetSize()) / 2 * (1 + _ROUNDING)
    box = Grids.boxBetween(boxFromIJK[:3], halves, mask.shape)  # the rest of a large volume is not touched
    inner = mask[box]
    inner[...] = True
    rows = boxFromIJK @ Grids.shift(tuple(part.start for part in reversed(box)))
    for axis in range(3):
        for layer, distance in zip(inner, Grids.coordinate(rows[axis], inner.shape), strict=True):
            layer &= np.abs(distance) <= halves[axis]
    if not mask.any():
        raise _noVoxel(roi, volumeNode)
    return mask


def cornersOf(
    roi: slicer.vtkMRMLMarkupsROINode, volumeNode: slicer.vtkMRMLVolumeNode
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Lowest and highest voxel (i, j, k) between the sides of the box; of the straight box around a turned one.

    :raises ValueError: see `maskOf`.
    """
    ijkFromBox = np.linalg.inv(_boxFromIJK(roi, volumeNode))
    ends = np.array(list(product((-0.5, 0.5), repeat=3))) * np.array(roi.GetSize())
    corners = transformed(ijkFromBox, ends)
    sizes = np.array(Volumes.dimensions(volumeNode))
    low = np.maximum(np.ceil(corners.min(0) - _ROUNDING * sizes), 0).astype(int)
    high = np.minimum(np.floor(corners.max(0) + _ROUNDING * sizes), sizes - 1).astype(int)
    if (low > high).any():
        raise _noVoxel(roi, volumeNode)
    return tuple(low.tolist()), tuple(high.tolist())


def _boxFromIJK(roi: slicer.vtkMRMLMarkupsROINode, volumeNode: slicer.vtkMRMLVolumeNode) -> np.ndarray:
    """4x4, voxel indices to mm from the middle of the box along its sides."""
    if not isPlaced(roi):
        raise ValueError(f"the ROI '{roi.GetName()}' is not placed yet: place it in the views")
    parent = roi.GetParentTransformNode()
    if parent is not None and not parent.IsTransformToWorldLinear():
        raise ValueError(
            f"the ROI '{roi.GetName()}' is in the non-linear transform '{parent.GetName()}': harden the "
            "transform, or take the ROI out of it, in the Transforms module"
        )
    worldFromBox = slicer.util.arrayFromVTKMatrix(roi.GetObjectToWorldMatrix())
    return np.linalg.inv(worldFromBox) @ Volumes.worldFromIJK(volumeNode)


def _noVoxel(roi: slicer.vtkMRMLMarkupsROINode, volumeNode: slicer.vtkMRMLVolumeNode) -> ValueError:
    return ValueError(
        f"the ROI '{roi.GetName()}' holds no voxel of '{volumeNode.GetName()}': move or enlarge it"
    )
