"""Extents and geometries of segmentations, which need not be those of the volume.

An extent is ((lowest i, highest i), (j, j), (k, k)), both ends included, as in VTK; arrays run K, J, I.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import slicer

from CueSegMRML import Volumes
from CueSegMRML.Grids import Box
from CueSegMRML.SegmentVoxels import localFromLattice
from CueSegMRML.Slices import transformed

Extent = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
_SAME = 1e-5  # mm or voxels; geometries that differ less are one


def referenceOf(segmentationNode: slicer.vtkMRMLSegmentationNode) -> str:
    """The reference geometry as text; "" when the segmentation has none."""
    name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    return segmentationNode.GetSegmentation().GetConversionParameter(name)


def deserialized(text: str) -> slicer.vtkOrientedImageData:
    """An image without voxels that has the geometry written in the text."""
    lattice = slicer.vtkOrientedImageData()
    slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, lattice, False)
    return lattice


def isSame(a: slicer.vtkOrientedImageData, b: slicer.vtkOrientedImageData) -> bool:
    """Whether equal indices are equal places."""
    return np.allclose(localFromLattice(a), localFromLattice(b), atol=_SAME)


def withExtent(lattice: slicer.vtkOrientedImageData, extent: Extent) -> slicer.vtkOrientedImageData:
    """An image without voxels on the same lattice, with another extent."""
    image = slicer.vtkOrientedImageData()
    image.SetOrigin(lattice.GetOrigin())
    image.SetSpacing(lattice.GetSpacing())
    image.CopyDirections(lattice)
    image.SetExtent(*(int(end) for pair in extent for end in pair))
    return image


def extentOf(lattice: slicer.vtkOrientedImageData) -> Extent:
    """The image's extent."""
    ends = lattice.GetExtent()
    return ((ends[0], ends[1]), (ends[2], ends[3]), (ends[4], ends[5]))


def shapeOf(extent: Extent) -> tuple[int, int, int]:
    """(K, J, I) of an array that fills the extent."""
    return tuple(high - low + 1 for low, high in reversed(extent))


def slicesOf(part: Extent, whole: Extent) -> tuple[slice, slice, slice]:
    """Where a part lies in an array that fills the whole: slices along K, J, I."""
    pairs = zip(reversed(part), reversed(whole), strict=True)
    return tuple(slice(low - start, high - start + 1) for (low, high), (start, _) in pairs)


def union(a: Extent, b: Extent) -> Extent:
    """The smallest extent that holds both."""
    return tuple((min(p[0], q[0]), max(p[1], q[1])) for p, q in zip(a, b, strict=True))


def intersection(a: Extent, b: Extent) -> Extent | None:
    """What is in both, None when nothing is."""
    common = tuple((max(p[0], q[0]), min(p[1], q[1])) for p, q in zip(a, b, strict=True))
    return common if all(low <= high for low, high in common) else None


def boxAround(latticeFromVolume: np.ndarray, box: Box) -> Extent:
    """The lattice voxels that a box of volume voxels (slices along K, J, I) may touch."""
    ends = [(part.start - 0.5, part.stop - 0.5) for part in reversed(box)]
    corners = transformed(latticeFromVolume, np.array(list(product(*ends))))
    low, high = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int)
    return tuple((int(first), int(last)) for first, last in zip(low, high, strict=True))


def writableExtent(
    segmentationNode: slicer.vtkMRMLSegmentationNode, lattice: slicer.vtkOrientedImageData, region: Extent
) -> Extent:
    """Where voxels may be set: within the reference geometry, if the lattice is a part of it."""
    reference = deserialized(referenceOf(segmentationNode))
    if not isSame(reference, lattice):
        return region
    return extentOf(reference)


def volumeFromLattice(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    volumeNode: slicer.vtkMRMLVolumeNode,
    lattice: slicer.vtkOrientedImageData,
) -> np.ndarray:
    """4x4, lattice indices to voxel indices of the volume, through both parent transforms.

    :raises ValueError: one of the transforms is not linear.
    """
    worldFromLattice = Volumes.worldFromLocal(segmentationNode) @ localFromLattice(lattice)
    return np.linalg.inv(Volumes.worldFromIJK(volumeNode)) @ worldFromLattice
