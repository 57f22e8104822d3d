"""A segment as it was at one time, small enough to keep many of them, and back again.

`restore` makes the segment what it was. `carry` does to it what one step did, or the opposite, and leaves alone what
others did to the same segment meanwhile.
"""

from __future__ import annotations

import dataclasses
import zlib

import numpy as np
import slicer
import vtk

from CueSegMRML import Grids, Lattices
from CueSegMRML.Lattices import Extent
from CueSegMRML.SegmentMasks import labelmapIn, replace
from CueSegMRML.SegmentVoxels import imageArray, localFromLattice
from CueSegMRML.SliceRecords import TAG


@dataclasses.dataclass(frozen=True)
class SegmentState:
    """One segment at one time, compressed; equal states have equal voxels, names, colours and records.

    :param lattice: geometry of the voxels as text, "" for an empty segment.
    :param voxels: compressed bits of the box.
    :param records: where its slices come from, see `SliceRecords`.
    """

    name: str
    color: tuple[float, float, float]
    lattice: str
    shape: tuple[int, int, int]
    voxels: bytes
    records: str = ""

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return len(self.voxels) + len(self.lattice) + len(self.records)

    def holdsSame(self, other: SegmentState) -> bool:
        """Whether both have the same voxels."""
        return (self.lattice, self.shape, self.voxels) == (other.lattice, other.shape, other.voxels)


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
    return SegmentState(
        segment.GetName(), tuple(segment.GetColor()), geometry, cut.shape, bits, _records(segment)
    )


def emptyState(segment: slicer.vtkSegment) -> SegmentState:
    """The segment without its voxels."""
    return SegmentState(segment.GetName(), tuple(segment.GetColor()), "", (0, 0, 0), b"", _records(segment))


def restore(
    segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str, state: SegmentState | None
) -> None:
    """Bring a segment back to a state: voxel for voxel, made again if it was removed, removed if None."""
    segmentation = segmentationNode.GetSegmentation()
    if state is None:
        if segmentation.GetSegment(segmentId) is not None:
            segmentation.RemoveSegment(segmentId)
        return
    if segmentation.GetSegment(segmentId) is None:
        segmentation.AddEmptySegment(segmentId, state.name, state.color)
    _setRecords(segmentation.GetSegment(segmentId), state.records)
    if stateOf(segmentationNode, segmentId) == state:
        return
    if not state.lattice:
        segmentation.ClearSegment(segmentId)
        return
    lattice = Lattices.deserialized(state.lattice)
    extent = Lattices.extentOf(lattice)
    replace(segmentationNode, segmentId, _voxelsOf(state), lattice, extent)


def carry(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    source: SegmentState | None,
    target: SegmentState | None,
) -> None:
    """Take a segment from one state to another: where the two differ it becomes as in the target, nowhere else.

    So voxels that others changed meanwhile keep what they were given, unless the two states differ there. A segment
    that others removed meanwhile stays removed; one that others changed is not removed.
    """
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    present = stateOf(segmentationNode, segmentId)
    if present is None and source is not None:
        return
    if present is None or target is None or source is None:
        untouched = present is None or (source is not None and present.holdsSame(source))
        if untouched:
            restore(segmentationNode, segmentId, target)
            return
        source, target = source or emptyState(segment), target or emptyState(segment)
    if present.holdsSame(source):
        restore(segmentationNode, segmentId, _withRecords(target, present, source))
    else:
        _merge(segmentationNode, segmentId, present, source, target)
        _setRecords(segment, _withRecords(target, present, source).records)


def _withRecords(target: SegmentState, present: SegmentState, source: SegmentState) -> SegmentState:
    """The target with the records that are right for it: those of others are kept."""
    return (
        target if present.records == source.records else dataclasses.replace(target, records=present.records)
    )


def _merge(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    present: SegmentState,
    source: SegmentState,
    target: SegmentState,
) -> None:
    """Give the segment, where source and target differ, the voxels of the target."""
    states = [state for state in (source, target) if state.lattice]
    if not states:
        return
    lattice = Lattices.deserialized(states[-1].lattice)
    extent = Lattices.extentOf(lattice)
    if len(states) == 2:
        extent = Lattices.union(extent, _extentOn(lattice, states[0]))
    before, after = (_voxelsOn(state, lattice, extent) for state in (source, target))
    own = Lattices.deserialized(present.lattice) if present.lattice else lattice
    ownFromStep = np.linalg.inv(localFromLattice(own)) @ localFromLattice(lattice)
    box = tuple(slice(low, high + 1) for low, high in reversed(extent))
    region = Lattices.boxAround(ownFromStep, box)
    whole = Lattices.union(region, Lattices.extentOf(own)) if present.lattice else region
    voxels = _voxelsOn(present, own, whole)
    start = Grids.shift(tuple(-low for low, _ in extent))
    stepFromWhole = start @ np.linalg.inv(ownFromStep) @ Grids.shift(tuple(low for low, _ in whole))
    changed = Grids.resampled(before != after, stepFromWhole, voxels.shape)
    voxels[changed] = Grids.resampled(after, stepFromWhole, voxels.shape)[changed]
    replace(segmentationNode, segmentId, voxels, own, whole)


def _extentOn(lattice: slicer.vtkOrientedImageData, state: SegmentState) -> Extent:
    """Where the box of a state lies on another lattice."""
    other = Lattices.deserialized(state.lattice)
    box = tuple(slice(low, high + 1) for low, high in reversed(Lattices.extentOf(other)))
    return Lattices.boxAround(np.linalg.inv(localFromLattice(lattice)) @ localFromLattice(other), box)


def _voxelsOn(state: SegmentState, lattice: slicer.vtkOrientedImageData, extent: Extent) -> np.ndarray:
    """Bool (K, J, I) that fills an extent of a lattice, the state's own or another."""
    if not state.lattice:
        return np.zeros(Lattices.shapeOf(extent), bool)
    own = Lattices.deserialized(state.lattice)
    start = Grids.shift(tuple(-low for low, _ in Lattices.extentOf(own)))
    ownFromExtent = (
        start
        @ np.linalg.inv(localFromLattice(own))
        @ localFromLattice(lattice)
        @ Grids.shift(tuple(low for low, _ in extent))
    )
    return Grids.resampled(_voxelsOf(state), ownFromExtent, Lattices.shapeOf(extent))


def _voxelsOf(state: SegmentState) -> np.ndarray:
    """Bool (K, J, I) that fills the state's box."""
    packed = np.frombuffer(zlib.decompress(state.voxels), np.uint8)
    return np.unpackbits(packed, count=int(np.prod(state.shape))).reshape(state.shape).astype(bool)


def _records(segment: slicer.vtkSegment) -> str:
    value = vtk.reference("")
    return str(value) if segment.GetTag(TAG, value) else ""


def _setRecords(segment: slicer.vtkSegment, records: str) -> None:
    if records:
        segment.SetTag(TAG, records)
    else:
        segment.RemoveTag(TAG)
