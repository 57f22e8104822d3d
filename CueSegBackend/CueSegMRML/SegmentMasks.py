"""Whole segments as masks on the grid of a volume, and changed from there.

A segment is written through `vtkSlicerSegmentationsModuleLogic`, which parts it from segments that share its
labelmap where they would overlap, so no other segment is touched.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import slicer
import vtk

from CueSegMRML import Grids, Lattices, Volumes
from CueSegMRML.SegmentVoxels import LABELMAP, imageArray


def checkLabelmaps(segmentationNode: slicer.vtkMRMLSegmentationNode) -> None:
    """Refuse what cannot be written to.

    :raises ValueError: not stored as binary labelmap, or in a non-linear transform.
    """
    checkSource(segmentationNode)
    Volumes.worldFromLocal(segmentationNode)


def checkSource(segmentationNode: slicer.vtkMRMLSegmentationNode) -> None:
    """Refuse segments that are not stored as voxels.

    :raises ValueError: not stored as binary labelmap.
    """
    source = segmentationNode.GetSegmentation().GetSourceRepresentationName()
    if source != LABELMAP:
        raise ValueError(
            f"the segmentation '{segmentationNode.GetName()}' is stored as {source.lower()}: make binary "
            "labelmap its source representation in the Segmentations module"
        )


def ensureGeometry(
    segmentationNode: slicer.vtkMRMLSegmentationNode, volumeNode: slicer.vtkMRMLVolumeNode
) -> None:
    """Give a segmentation without a reference geometry that of its voxels, or, if it has none, the volume's."""
    if Lattices.referenceOf(segmentationNode):
        return
    segmentation = segmentationNode.GetSegmentation()
    if any(labelmapIn(segmentation.GetSegment(name)) is not None for name in segmentation.GetSegmentIDs()):
        segmentation.SetImageGeometryFromCommonLabelmapGeometry()
    else:
        segmentationNode.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)


def maskOnVolume(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLVolumeNode,
    box: Grids.Box | None = None,
) -> np.ndarray:
    """The segment at the voxel centres of the volume: bool (K, J, I), through both parent transforms.

    :param box: only these voxels of the volume; None: all.
    """
    shape, corner = Volumes.voxels(volumeNode).shape[:3], (0, 0, 0)
    if box is not None:
        shape = tuple(part.stop - part.start for part in box)
        corner = tuple(part.start for part in reversed(box))
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    labelmap = labelmapIn(segment)
    if labelmap is None:
        return np.zeros(shape, bool)
    extent = region = Lattices.extentOf(labelmap)
    latticeFromVolume = np.linalg.inv(Lattices.volumeFromLattice(segmentationNode, volumeNode, labelmap))
    if box is not None:
        region = Lattices.intersection(extent, Lattices.boxAround(latticeFromVolume, box))
        if region is None:
            return np.zeros(shape, bool)
    held = imageArray(labelmap)[Lattices.slicesOf(region, extent)] == segment.GetLabelValue()
    first = Grids.shift(tuple(-low for low, _ in region))
    return Grids.resampled(held, first @ latticeFromVolume @ Grids.shift(corner), shape)


def boxOnVolume(
    segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str, volumeNode: slicer.vtkMRMLVolumeNode
) -> Grids.Box | None:
    """A box of the volume that holds all of the segment that lies in it; None when nothing can."""
    labelmap = labelmapIn(segmentationNode.GetSegmentation().GetSegment(segmentId))
    if labelmap is None:
        return None
    ends = Lattices.slicesOf(Lattices.extentOf(labelmap), ((0, 0),) * 3)
    around = Lattices.boxAround(Lattices.volumeFromLattice(segmentationNode, volumeNode, labelmap), ends)
    whole = tuple((0, size - 1) for size in Volumes.dimensions(volumeNode))
    common = Lattices.intersection(around, whole)
    return None if common is None else Lattices.slicesOf(common, whole)


def changeFromVolume(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLVolumeNode,
    changed: np.ndarray,
    wanted: np.ndarray,
    box: Grids.Box,
    beforeWrite: Callable[[], None] | None = None,
) -> int:
    """Give the segment the wanted state at the changed voxels of the volume; all else stays as it is.

    A voxel of the segmentation takes part when the volume's voxel nearest to its centre is a changed one.

    :param changed: bool (K, J, I), the volume's voxels within `box`.
    :param wanted: bool (K, J, I) within `box`, looked at where `changed`.
    :param box: where in the volume; see `Grids.boundingBox`.
    :param beforeWrite: called if any voxel is going to change, while the segment is as it was.
    :return: number of the segment's voxels that changed.
    """
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    labelmap = labelmapIn(segment)
    lattice = labelmap
    if lattice is None:
        lattice = Lattices.deserialized(Lattices.referenceOf(segmentationNode))
    volumeFromLattice = Lattices.volumeFromLattice(segmentationNode, volumeNode, lattice)
    region = Lattices.boxAround(np.linalg.inv(volumeFromLattice), box)
    region = Lattices.intersection(region, Lattices.writableExtent(segmentationNode, lattice, region))
    if region is None:
        return 0
    extent = region if labelmap is None else Lattices.union(region, Lattices.extentOf(labelmap))
    voxels = np.zeros(Lattices.shapeOf(extent), bool)
    if labelmap is not None:
        held = imageArray(labelmap) == segment.GetLabelValue()
        voxels[Lattices.slicesOf(Lattices.extentOf(labelmap), extent)] = held
    inner = voxels[Lattices.slicesOf(region, extent)]
    boxFromLattice = Grids.shift(tuple(-part.start for part in reversed(box))) @ volumeFromLattice
    boxFromRegion = boxFromLattice @ Grids.shift(tuple(low for low, _ in region))
    isWanted = Grids.resampled(wanted, boxFromRegion, inner.shape)
    different = Grids.resampled(changed, boxFromRegion, inner.shape)
    different &= inner != isWanted
    if different.any():
        if beforeWrite is not None:
            beforeWrite()
        inner[different] = isWanted[different]
        replace(segmentationNode, segmentId, voxels, lattice, extent)
    return int(np.count_nonzero(different))


def setOnVolume(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLVolumeNode,
    mask: np.ndarray,
) -> None:
    """Make the segment equal to a mask on the volume's grid, wherever the volume reaches."""
    everywhere = tuple(slice(0, size) for size in mask.shape)
    changeFromVolume(segmentationNode, segmentId, volumeNode, np.ones(mask.shape, bool), mask, everywhere)


def voxelsOutside(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    volumeNode: slicer.vtkMRMLVolumeNode,
    mask: np.ndarray,
    box: Grids.Box,
) -> int:
    """How many voxels of a mask the reference geometry of the segmentation misses.

    :param mask: bool (K, J, I), the volume's voxels within `box`.
    """
    lattice = Lattices.deserialized(Lattices.referenceOf(segmentationNode))
    extent = Lattices.extentOf(lattice)
    latticeFromVolume = np.linalg.inv(Lattices.volumeFromLattice(segmentationNode, volumeNode, lattice))
    first = Grids.shift(tuple(-low for low, _ in extent))
    corner = Grids.shift(tuple(part.start for part in reversed(box)))
    everywhere = np.broadcast_to(np.True_, Lattices.shapeOf(extent))
    inside = Grids.resampled(everywhere, first @ latticeFromVolume @ corner, mask.shape)
    return int(np.count_nonzero(mask & ~inside))


def labelmapIn(segment: slicer.vtkSegment | None) -> slicer.vtkOrientedImageData | None:
    """The labelmap that holds the segment, maybe together with others; None when it is empty."""
    labelmap = segment.GetRepresentation(LABELMAP) if segment is not None else None
    return None if labelmap is None or labelmap.GetNumberOfPoints() == 0 else labelmap


def replace(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    voxels: np.ndarray,
    lattice: slicer.vtkOrientedImageData,
    extent: Lattices.Extent,
) -> None:
    """Make the segment equal to bool (K, J, I) voxels that fill `extent` of the lattice."""
    box = Grids.boundingBox(voxels)
    if box is None:
        segmentationNode.GetSegmentation().ClearSegment(segmentId)
        return
    starts = [low + part.start for (low, _), part in zip(extent, reversed(box), strict=True)]
    cut = voxels[box]
    part = tuple((low, low + size - 1) for low, size in zip(starts, reversed(cut.shape), strict=True))
    labelmap = Lattices.withExtent(lattice, part)
    labelmap.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    imageArray(labelmap)[:] = cut
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if not logic.SetBinaryLabelmapToSegment(labelmap, segmentationNode, segmentId, logic.MODE_REPLACE):
        raise ValueError(f"the segment '{segmentId}' of '{segmentationNode.GetName()}' could not be written")


def voxelCount(segment: slicer.vtkSegment) -> int:
    """Number of voxels of a segment, on its own lattice."""
    labelmap = labelmapIn(segment)
    return 0 if labelmap is None else np.count_nonzero(imageArray(labelmap) == segment.GetLabelValue())


def segmentsUnder(
    segmentationNode: slicer.vtkMRMLSegmentationNode, labelmap: slicer.vtkOrientedImageData
) -> list[str]:
    """Segments that hold a voxel where a labelmap is not zero; those on other lattices count as if they did."""
    segmentation = segmentationNode.GetSegmentation()
    layers: dict[slicer.vtkOrientedImageData, list[str]] = {}
    for segmentId in segmentation.GetSegmentIDs():
        layer = labelmapIn(segmentation.GetSegment(segmentId))
        if layer is not None:
            layers.setdefault(layer, []).append(segmentId)
    found = []
    for layer, names in layers.items():
        if Lattices.isSame(layer, labelmap):
            extents = Lattices.extentOf(layer), Lattices.extentOf(labelmap)
            common = Lattices.intersection(*extents)
            if common is None:
                continue
            held, mask = (
                imageArray(image)[Lattices.slicesOf(common, extent)]
                for image, extent in zip((layer, labelmap), extents, strict=True)
            )
            values = set(np.unique(held[mask != 0]).tolist())
            names = [name for name in names if segmentation.GetSegment(name).GetLabelValue() in values]
        found += names
    return found


def stamp(segmentationNode: slicer.vtkMRMLSegmentationNode) -> tuple[tuple[str, int, int], ...]:
    """One entry for each segment, which changes whenever its voxels do (or those it shares a labelmap with)."""
    segmentation = segmentationNode.GetSegmentation()
    found = []
    for segmentId in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(segmentId)
        labelmap = segment.GetRepresentation(LABELMAP)
        found.append((segmentId, segment.GetLabelValue(), labelmap.GetMTime() if labelmap is not None else 0))
    return tuple(found)
