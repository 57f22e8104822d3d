"""Voxels of a segmentation that belong to a slice image, and segments as voxels.

The *lattice* of a segmentation is its reference geometry: spacing, directions and extent in the
segmentation's local RAS. It may differ from the volume's voxels, and both nodes may have parent transforms
of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from CueSegMRML.Slices import SlicePlane, transformed

LABELMAP = "Binary labelmap"  # name of the representation
_ROUNDING = 1e-6  # slices; numerical noise of the matrices


@dataclass(frozen=True)
class SliceVoxels:
    """Voxels of the lattice that show a slice image.

    :param ijk: (N, 3) int, lattice indices.
    :param rows: (N,) int, row of the pixel nearest to each voxel's centre.
    :param columns: (N,) int, its column.
    """

    ijk: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


def voxelsOfSlice(
    plane: SlicePlane, lattice: slicer.vtkOrientedImageData, worldFromLocal: np.ndarray
) -> SliceVoxels:
    """Every lattice voxel that belongs to the slice.

    A voxel belongs to it when its centre lies within the slab of the slice; where the lattice is coarser
    than the slab is thick, when the middle of the slice cuts the voxel. So a slice of the lattice's own
    volume is exactly one layer of voxels, and an oblique one has no holes.

    :param worldFromLocal: 4x4, local RAS of the segmentation to world RAS.
    """
    imageFromIJK = np.linalg.inv(plane.worldFromImage) @ worldFromLocal @ localFromLattice(lattice)
    extent = np.array(lattice.GetExtent()).reshape(3, 2)
    stepW = imageFromIJK[2, :3]  # slices per lattice step
    halfWidth = max(1.0, np.abs(stepW).sum()) / 2
    steep = int(np.argmax(np.abs(stepW)))
    others = [axis for axis in range(3) if axis != steep]
    first, second = (np.arange(extent[axis, 0], extent[axis, 1] + 1) for axis in others)
    a, b = (grid.ravel() for grid in np.meshgrid(first, second, indexing="ij"))
    atZero = stepW[others[0]] * a + stepW[others[1]] * b + imageFromIJK[2, 3]
    start = np.ceil((-np.sign(stepW[steep]) * halfWidth - atZero) / stepW[steep] - _ROUNDING).astype(int)
    layers = []
    for layer in range(int(np.ceil(2 * halfWidth / abs(stepW[steep])))):
        ijk = np.empty((a.size, 3), int)
        ijk[:, others[0]], ijk[:, others[1]], ijk[:, steep] = a, b, start + layer
        layers.append(_inSlab(ijk, imageFromIJK, extent, halfWidth, plane.shape))
    return SliceVoxels(*(np.concatenate(parts) for parts in zip(*layers, strict=True)))


def pixelsOutside(
    plane: SlicePlane, mask: np.ndarray, lattice: slicer.vtkOrientedImageData, worldFromLocal: np.ndarray
) -> int:
    """How many pixels of the mask have their centre outside the lattice."""
    rows, columns = np.nonzero(mask)
    latticeFromImage = np.linalg.inv(worldFromLocal @ localFromLattice(lattice)) @ plane.worldFromImage
    ijk = transformed(latticeFromImage, np.stack([columns, rows, np.zeros_like(rows)], 1))
    extent = np.array(lattice.GetExtent()).reshape(3, 2)
    outside = (ijk < extent[:, 0] - 0.5 - _ROUNDING) | (ijk > extent[:, 1] + 0.5 + _ROUNDING)
    return int(outside.any(1).sum())


def segmentAt(
    segment: slicer.vtkSegment, lattice: slicer.vtkOrientedImageData, ijk: np.ndarray
) -> np.ndarray:
    """Whether the segment holds the given (N, 3) lattice voxels: bool (N,)."""
    labelmap = segment.GetRepresentation(LABELMAP)
    if labelmap is None or labelmap.GetNumberOfPoints() == 0:
        return np.zeros(len(ijk), bool)
    own = np.linalg.inv(localFromLattice(labelmap)) @ localFromLattice(lattice)
    extent = np.array(labelmap.GetExtent()).reshape(3, 2)
    index = np.floor(transformed(own, ijk) + 0.5).astype(int)
    inside = ((index >= extent[:, 0]) & (index <= extent[:, 1])).all(1)
    i, j, k = (index[inside] - extent[:, 0]).T
    held = np.zeros(len(ijk), bool)
    held[inside] = imageArray(labelmap)[k, j, i] == segment.GetLabelValue()
    return held


def labelmapOf(ijk: np.ndarray, lattice: slicer.vtkOrientedImageData) -> slicer.vtkOrientedImageData:
    """The smallest image on the lattice that holds the (N, 3) voxels: 1 at them, 0 elsewhere."""
    low, high = ijk.min(0), ijk.max(0)
    labelmap = slicer.vtkOrientedImageData()
    labelmap.SetOrigin(lattice.GetOrigin())
    labelmap.SetSpacing(lattice.GetSpacing())
    labelmap.CopyDirections(lattice)
    labelmap.SetExtent(*(int(n) for pair in zip(low, high, strict=True) for n in pair))
    labelmap.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    array = imageArray(labelmap)
    array[:] = 0
    i, j, k = (ijk - low).T
    array[k, j, i] = 1
    return labelmap


def localFromLattice(lattice: slicer.vtkOrientedImageData) -> np.ndarray:
    """4x4 matrix from lattice indices to the segmentation's local RAS."""
    matrix = vtk.vtkMatrix4x4()
    lattice.GetImageToWorldMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def imageArray(image: vtk.vtkImageData) -> np.ndarray:
    """(K, J, I) view of a one-component image; its first voxel is the lower corner of the extent."""
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])


def _inSlab(
    ijk: np.ndarray, imageFromIJK: np.ndarray, extent: np.ndarray, halfWidth: float, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ijk = ijk[((ijk >= extent[:, 0]) & (ijk <= extent[:, 1])).all(1)]
    x, y, w = transformed(imageFromIJK, ijk).T
    columns, rows = np.floor(x + 0.5).astype(int), np.floor(y + 0.5).astype(int)
    belongs = (w >= -halfWidth - _ROUNDING) & (w < halfWidth - _ROUNDING)
    belongs &= (columns >= 0) & (columns < shape[1]) & (rows >= 0) & (rows < shape[0])
    return ijk[belongs], rows[belongs], columns[belongs]
