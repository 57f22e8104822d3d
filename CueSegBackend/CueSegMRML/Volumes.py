"""Volume nodes as arrays and matrices.

Frames: IJK are voxel indices of the volume (array axes are K, J, I); *local* RAS is what the node stores;
*world* RAS is local RAS after the parent transforms, the frame of slice views and of placed points.
Millimetres.
"""

from __future__ import annotations

import numpy as np
import slicer
import vtk

_LARGEST_SAMPLE = 1_000_000  # values that stand for the whole volume


def worldFromLocal(node: slicer.vtkMRMLTransformableNode) -> np.ndarray:
    """4x4 matrix from a node's local RAS to world RAS, through all its parent transforms.

    :raises ValueError: a parent transform is not linear, so a slice of the node is not flat in the world.
    """
    parent = node.GetParentTransformNode()
    if parent is None:
        return np.eye(4)
    if not parent.IsTransformToWorldLinear():
        raise ValueError(
            f"'{node.GetName()}' is in the non-linear transform '{parent.GetName()}': harden the transform, "
            "or take the node out of it, in the Transforms module"
        )
    matrix = vtk.vtkMatrix4x4()
    parent.GetMatrixTransformToWorld(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def isLinear(node: slicer.vtkMRMLTransformableNode) -> bool:
    """Whether all parent transforms of a node are linear, so that `worldFromLocal` can be told."""
    parent = node.GetParentTransformNode()
    return parent is None or bool(parent.IsTransformToWorldLinear())


def localFromIJK(volumeNode: slicer.vtkMRMLVolumeNode) -> np.ndarray:
    """4x4 matrix from voxel indices (i, j, k) to the volume's local RAS."""
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def worldFromIJK(volumeNode: slicer.vtkMRMLVolumeNode) -> np.ndarray:
    """4x4 matrix from voxel indices (i, j, k) to world RAS.

    :raises ValueError: a parent transform is not linear.
    """
    return worldFromLocal(volumeNode) @ localFromIJK(volumeNode)


def voxels(volumeNode: slicer.vtkMRMLVolumeNode) -> np.ndarray:
    """The voxels as a view without copy: (K, J, I), or (K, J, I, components) for a colour volume.

    :raises ValueError: the volume holds no voxels.
    """
    image = volumeNode.GetImageData()
    if image is None or image.GetNumberOfPoints() == 0:
        raise ValueError(f"the volume '{volumeNode.GetName()}' holds no voxels: load or choose another one")
    return slicer.util.arrayFromVolume(volumeNode)


def dimensions(volumeNode: slicer.vtkMRMLVolumeNode) -> tuple[int, int, int]:
    """Number of voxels along I, J and K."""
    return tuple(reversed(voxels(volumeNode).shape[:3]))


def sample(volumeNode: slicer.vtkMRMLVolumeNode) -> np.ndarray:
    """A copy of at most about a million values (N,), evenly spread over the volume, for its statistics."""
    values = voxels(volumeNode).ravel()
    return values[:: max(1, values.size // _LARGEST_SAMPLE)].copy()


def dataStamp(volumeNode: slicer.vtkMRMLVolumeNode) -> tuple[str, int]:
    """A key that changes when the voxels of the node change, or when another node is meant."""
    image = volumeNode.GetImageData()
    return volumeNode.GetID(), image.GetMTime() if image is not None else 0
