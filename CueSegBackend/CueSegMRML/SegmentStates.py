"""A segment as it was at one time, small enough to keep many of them, and back again."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import slicer

from CueSegMRML import Grids, Lattices
from CueSegMRML.SegmentMasks import labelmapIn, replace
from CueSegMRML.SegmentVoxels import imageArray


@dataclass(frozen=True)
class SegmentState:
    """One segment at one time, compressed; equal states have equal voxels, names and colours.

    :param lattice: geometry of the voxels as text, "" for an empty segment.
    :param voxels: compressed bits of the box.
    """

    name: str
    color: tuple[float, float, float]
    lattice: str
    shape: tuple[int, int, int]
    voxels: bytes

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return len(self.voxels) + len(self.lattice)


def stateOf(segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str) -> SegmentState | None:
    """The segment as it is now; None when there is no such segment."""
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    if segment is None:
        return None
    labelmap = labelmapIn(segment)
    if labelmap is None:
        return emptyState(segment)
    held = imageArray(labelmap) == segment.GetLabelValue()
    box = Grids.boundingBox(held)
    if box is None:
        return emptyState(segment)
    extent = tuple(
        (low + part.start, low + part.stop - 1)
        for (low, _), part in zip(Lattices.extentOf(labelmap), reversed(box), strict=True)
    )
    cut = held[box]
    geometry = slicer.vtkSegmentationConverter.SerializeImageGeometry(Lattices.withExtent(labelmap, extent))
    bits = zlib.compress(np.packbits(cut).tobytes(), 1)
    return SegmentState(segment.GetName(), tuple(segment.GetColor()), geometry, cut.shape, bits)


def emptyState(segment: slicer.vtkSegment) -> SegmentState:
    """The segment without its voxels."""
    return SegmentState(segment.GetName(), tuple(segment.GetColor()), "", (0, 0, 0), b"")


def restore(
    segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str, state: SegmentState | None
) -> None:
    """Bring a segment back to a state: voxel for voxel, made again if it was removed, removed if None."""
    segmentation = segmentationNode.GetSegmentation()
    if state is None:
        segmentation.RemoveSegment(segmentId)
        return
    if segmentation.GetSegment(segmentId) is None:
        segmentation.AddEmptySegment(segmentId, state.name, state.color)
    if stateOf(segmentationNode, segmentId) == state:
        return
    if not state.lattice:
        segmentation.ClearSegment(segmentId)
        return
    lattice = Lattices.deserialized(state.lattice)
    bits = np.unpackbits(
        np.frombuffer(zlib.decompress(state.voxels), np.uint8), count=int(np.prod(state.shape))
    )
    replace(
        segmentationNode,
        segmentId,
        bits.reshape(state.shape).astype(bool),
        lattice,
        Lattices.extentOf(lattice),
    )
