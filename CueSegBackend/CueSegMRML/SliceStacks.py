"""All slices of a volume across one of its axes, as the images that views and networks see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer

from CueSegMRML import Grids, Slices, Targets, Volumes
from CueSegMRML.Slices import SlicePlane, transformed

_DIRECTIONS = {
    "left": "sagittal",
    "right": "sagittal",
    "anterior": "coronal",
    "posterior": "coronal",
    "superior": "axial",
    "inferior": "axial",
}


@dataclass(frozen=True)
class SliceStack:
    """Slices are numbered as the voxels along the axis; images are turned as `Slices.sliceImage` turns them.

    :param axis: 0, 1, 2: the slices lie across I, J, K.
    :param first: slice 0.
    :param count: number of slices.
    :param spacing: (slice, row, column) in mm.
    :param sides: sides of the patient that slice 0 and the last slice are nearest to, e.g. ("inferior", "superior").
    :param ijkFromImage: 4x4, (x, y, slice) to voxel (i, j, k): a permutation with flips.
    """

    axis: int
    first: SlicePlane
    count: int
    spacing: tuple[float, float, float]
    sides: tuple[str, str]
    ijkFromImage: np.ndarray

    @property
    def direction(self) -> str:
        """axial, coronal or sagittal, whichever it is nearest to."""
        return _DIRECTIONS[self.sides[1]]

    def images(self, array: np.ndarray) -> np.ndarray:
        """(K, J, I, ...) values as (slices, rows, columns, ...), without a copy."""
        order, flips = self._order()
        return array.transpose(*order, *range(3, array.ndim))[flips]

    def voxels(self, images: np.ndarray) -> np.ndarray:
        """The inverse of `images`."""
        order, flips = self._order()
        return images[flips].transpose(*np.argsort(order), *range(3, images.ndim))

    def planeAt(self, index: int) -> SlicePlane:
        """One of the slices."""
        worldFromImage = self.first.worldFromImage @ Grids.shift((0, 0, index))
        return SlicePlane(worldFromImage, self.first.shape, self.first.spacing, self.axis, index)

    def imagePoints(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) voxel coordinates as `SliceRecords` has them to pixels (x, y) of the slice image."""
        ijk = np.insert(np.asarray(points, np.float64), self.axis, 0, axis=1)
        return transformed(np.linalg.inv(self.ijkFromImage), ijk)[:, :2]

    def voxelPoints(self, points: np.ndarray) -> np.ndarray:
        """The inverse of `imagePoints`."""
        flat = np.column_stack([points, np.zeros(len(points))])
        return np.delete(transformed(self.ijkFromImage, flat), self.axis, axis=1)

    def worldPoints(self, points: np.ndarray, index: int) -> np.ndarray:
        """(N, 3) world RAS of (N, 2) pixels of a slice."""
        return self.planeAt(index).toWorld(np.column_stack([points, np.zeros(len(points))]))

    def _order(self) -> tuple[tuple[int, int, int], tuple[slice, slice, slice]]:
        """Array axes of slices, rows and columns, and how to flip them."""
        axes = [int(np.argmax(np.abs(self.ijkFromImage[:3, place]))) for place in (2, 1, 0)]
        flipped = [self.ijkFromImage[axis, place] < 0 for axis, place in zip(axes, (2, 1, 0), strict=True)]
        return tuple(2 - axis for axis in axes), tuple(
            slice(None, None, -1 if flip else 1) for flip in flipped
        )


def stackOf(volumeNode: slicer.vtkMRMLVolumeNode, axis: int) -> SliceStack:
    """The slices across axis 0, 1 or 2 (I, J, K).

    :raises ValueError: no voxels, or a transform that is not linear.
    """
    worldFromIJK = Volumes.worldFromIJK(volumeNode)
    right, up = (worldFromIJK[:3, other] for other in range(3) if other != axis)
    normal = np.cross(right, up)
    view = np.eye(4)
    view[:3, 2], view[:3, 3] = normal / np.linalg.norm(normal), worldFromIJK[:3, 3]
    first = Slices.planeOf(volumeNode, view)
    ijkFromImage = np.round(np.linalg.inv(worldFromIJK) @ first.worldFromImage)
    names = Targets.anatomyOf(volumeNode)
    sides = tuple(names[f"{sign}{'xyz'[axis]}"] for sign in "-+")
    spacing = (float(np.linalg.norm(worldFromIJK[:3, axis])), *first.spacing)
    return SliceStack(axis, first, Volumes.dimensions(volumeNode)[axis], spacing, sides, ijkFromImage)
