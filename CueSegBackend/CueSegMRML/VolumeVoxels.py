"""Write a part of a volume into a segment; the two may have different voxels and transforms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer
import vtk

from CueSegMRML import Grids, Lattices
from CueSegMRML.SegmentMasks import labelmapIn
from CueSegMRML.Segments import SegmentEditing
from CueSegMRML.SegmentVoxels import imageArray, localFromLattice


@dataclass(frozen=True)
class VolumeEdit:
    """What one write did, in voxels of the segment.

    :param voxelsRefused: voxels of the mask that masking kept out of the segment.
    """

    voxelsAdded: int
    voxelsRemoved: int
    voxelsRefused: int


def writeVolume(
    editing: SegmentEditing,
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    mask: np.ndarray,
    part: np.ndarray,
    *,
    keepExisting: bool = False,
) -> VolumeEdit:
    """Make the segment, within a part of the volume, equal to the mask; everything else stays as it is.

    Voxels that masking protects keep their state.

    :param mask: bool (K, J, I) on the volume's grid.
    :param part: bool (K, J, I), where the segment may change; at least one voxel.
    :param keepExisting: add to what the segment holds there instead of replacing it.
    :raises ValueError: see `SegmentEditing.select`; or a part outside of the segmentation's geometry.
    """
    geometry = editing.select(segmentationNode, segmentId, volumeNode)
    voxels = VolumeVoxels(segmentationNode, volumeNode, geometry, part)
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    before, wanted = voxels.ofSegment(segment), voxels.ofVolume(mask) & voxels.part
    steps = [(True, wanted)]
    if not keepExisting:
        steps.insert(0, (False, before & voxels.part & ~wanted))
    for adds, chosen in steps:
        if chosen.any():
            editing.modify(segmentationNode, segmentId, voxels.labelmap(chosen), adds)
    after = voxels.ofSegment(segment)
    counts = (np.count_nonzero(found) for found in (after & ~before, before & ~after, wanted & ~after))
    return VolumeEdit(*map(int, counts))


class VolumeVoxels:
    """A box of the segmentation's lattice around a part of the volume; arrays are bool (K, J, I) on that box.

    A voxel belongs to the part when the volume's voxel nearest to its centre does.
    """

    def __init__(
        self,
        segmentationNode: slicer.vtkMRMLSegmentationNode,
        volumeNode: slicer.vtkMRMLVolumeNode,
        lattice: slicer.vtkOrientedImageData,
        part: np.ndarray,
    ) -> None:
        """Find the box.

        :param part: bool (K, J, I) on the volume's grid, with at least one voxel.
        :raises ValueError: it lies outside of the lattice, or a transform is not linear.
        """
        volumeFromLattice = Lattices.volumeFromLattice(segmentationNode, volumeNode, lattice)
        around = Lattices.boxAround(np.linalg.inv(volumeFromLattice), Grids.boundingBox(part))
        extent = Lattices.intersection(around, Lattices.extentOf(lattice))
        if extent is None:
            raise ValueError(
                f"the boxes lie outside the geometry of the segmentation '{segmentationNode.GetName()}': choose "
                "this volume as its source geometry in the Segment Editor, or use a new segmentation"
            )
        self.lattice, self.extent = lattice, extent
        self._shape = Lattices.shapeOf(extent)
        self._first = Grids.shift(tuple(low for low, _ in extent))
        self._volumeFromBox = volumeFromLattice @ self._first
        self.part = self.ofVolume(part)

    def ofVolume(self, mask: np.ndarray) -> np.ndarray:
        """A mask on the volume's grid at the voxels of the box."""
        return Grids.resampled(mask, self._volumeFromBox, self._shape)

    def ofSegment(self, segment: slicer.vtkSegment) -> np.ndarray:
        """What a segment holds of the box."""
        labelmap = labelmapIn(segment)
        if labelmap is None:
            return np.zeros(self._shape, bool)
        held = imageArray(labelmap) == segment.GetLabelValue()
        own = np.linalg.inv(localFromLattice(labelmap)) @ localFromLattice(self.lattice) @ self._first
        start = Grids.shift(tuple(-low for low, _ in Lattices.extentOf(labelmap)))
        return Grids.resampled(held, start @ own, self._shape)

    def labelmap(self, mask: np.ndarray) -> slicer.vtkOrientedImageData:
        """A mask of the box as an image on the lattice."""
        image = Lattices.withExtent(self.lattice, self.extent)
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        imageArray(image)[:] = mask
        return image
