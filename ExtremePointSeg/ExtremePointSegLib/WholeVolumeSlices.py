"""The slices of a segment across one axis of a volume, and where each of them comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import slicer

from CueSegMRML import ControlPoints, Lattices, SegmentMasks, SliceRecords, Slices, Volumes
from CueSegMRML.SliceRecords import CLICKED, SliceRecord
from CueSegMRML.SliceStacks import SliceStack, stackOf
from ExtremePointSegLib.PointSet import chooseView

GIVEN = "given"  # painted by hand, loaded, or changed after it was made
_STRAIGHT = 1e-3  # of a lattice step; less is noise of the matrices


@dataclass(frozen=True)
class SegmentSlices:
    """What the segment held when it was looked at.

    :param masks: bool (slices, rows, columns), as `SliceStack.images` turns them.
    :param kinds: slice -> a kind of `SliceRecords`, or GIVEN; of all slices that hold voxels.
    :param records: slice -> the record that holds for it.
    :param clicked: voxel axis -> number of clicked slices across it.
    :param protected: bool like the masks: clicked slices across other axes, which stay as they are; None: none.
    """

    stack: SliceStack
    masks: np.ndarray
    kinds: dict[int, str]
    records: dict[int, SliceRecord]
    clicked: dict[int, int]
    protected: np.ndarray | None

    @property
    def accepted(self) -> list[int]:
        """The slices that others are made from, in order: clicked ones and given ones."""
        return self.of(CLICKED, GIVEN)

    @property
    def between(self) -> list[int]:
        """The slices that are made from those, empty ones too."""
        found = self.accepted
        return sorted(set(range(found[0], found[-1] + 1)) - set(found)) if found else []

    def of(self, *kinds: str) -> list[int]:
        """Slices of these kinds, in order."""
        return [index for index, kind in sorted(self.kinds.items()) if kind in kinds]

    def points(self, index: int) -> np.ndarray | None:
        """(4 n, 2) pixels (x, y) that the network was given for a slice; None where it was not asked."""
        record = self.records.get(index)
        return self.stack.imagePoints(record.points) if record is not None and record.points else None


def slicesOf(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    axis: int | None = None,
    preferred: int | None = None,
) -> SegmentSlices:
    """Look at a segment.

    :param axis: across I, J, K (0, 1, 2); None: the one with most clicked slices.
    :param preferred: which of those with equally many.
    :raises ValueError: no voxels in the volume, or a transform that is not linear.
    """
    records = SliceRecords.recordsOf(segmentationNode, segmentId, volumeNode)
    clicked = Counter(record.axis for record in records if record.kind == CLICKED)
    notes = SliceRecords.notesOf(segmentationNode, segmentId)
    if (
        axis is None
    ):  # slices that cross each other change each other: those count that were clicked at some time
        ever = Counter(note.axis for note in notes if note.kind == CLICKED)
        axis = max((2, 1, 0), key=lambda found: (ever[found], found == preferred))
    stack = stackOf(volumeNode, axis)
    voxels = SegmentMasks.maskOnVolume(segmentationNode, segmentId, volumeNode)
    own = voxels.copy()
    for note in notes:
        if note.axis != axis:  # a slice across another axis is a line in every slice across this one
            own[_slab(voxels.shape, note.axis, note.index)] = False
    across = {record.index: record for record in records if record.axis == axis}
    kinds = {
        int(index): across[index].kind if index in across else GIVEN
        for index in np.flatnonzero(stack.images(own).any(axis=(1, 2)) | _marks(across, stack.count))
    }
    protected = _protected(records, axis, voxels.shape)
    return SegmentSlices(
        stack,
        stack.images(voxels),
        kinds,
        across,
        dict(clicked),
        stack.images(protected) if protected is not None else None,
    )


def axisOfPoints(
    markupsNode: slicer.vtkMRMLMarkupsNode,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    views: Sequence[slicer.vtkMRMLSliceNode],
) -> int | None:
    """The axis of the volume (0, 1, 2: I, J, K) across which points were placed; None if nothing tells."""
    points = ControlPoints.worldPoints(markupsNode)
    if len(points) < 2:
        return None
    try:
        return Slices.axisOf(volumeNode, chooseView(views, volumeNode, points).view)
    except ValueError:  # e.g. they lie beside this volume
        return None


def stampOf(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
) -> tuple:
    """Changes with the segment, its records and the volume, and where either of them is."""
    held = [found for found in SegmentMasks.stamp(segmentationNode) if found[0] == segmentId]
    matrices = (
        Volumes.worldFromIJK(volumeNode).tobytes(),
        Volumes.worldFromLocal(segmentationNode).tobytes(),
    )
    records = SliceRecords.stampOf(segmentationNode, segmentId)
    return segmentationNode.GetID(), segmentId, records, *held, Volumes.dataStamp(volumeNode), *matrices


def hasLayers(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    axis: int,
) -> bool:
    """Whether every slice has voxels of the segmentation that are of no other slice."""
    reference = Lattices.referenceOf(segmentationNode)
    if not reference:
        return True
    row = Lattices.volumeFromLattice(segmentationNode, volumeNode, Lattices.deserialized(reference))[axis]
    steep = int(np.argmax(np.abs(row[:3])))
    if np.abs(np.delete(row[:3], steep)).max() > _STRAIGHT * abs(row[steep]):
        return False
    slices = np.arange(Volumes.dimensions(volumeNode)[axis])
    nearest = np.floor((slices - row[3]) / row[steep] + 0.5 + 1e-6)
    return bool(np.array_equal(np.floor(row[steep] * nearest + row[3] + 0.5 + 1e-6), slices))


def _marks(across: dict[int, SliceRecord], count: int) -> np.ndarray:
    marks = np.zeros(count, bool)
    marks[list(across)] = True
    return marks


def _protected(records: list[SliceRecord], axis: int, shape: tuple[int, ...]) -> np.ndarray | None:
    found = [record for record in records if record.axis != axis and record.kind == CLICKED]
    if not found:
        return None
    protected = np.zeros(shape, bool)
    for record in found:
        protected[_slab(shape, record.axis, record.index)] = True
    return protected


def _slab(shape: tuple[int, ...], axis: int, index: int) -> tuple[slice, ...]:
    """Where a slice lies in an array (K, J, I); nowhere if the array has none of that number."""
    if axis not in (0, 1, 2):
        return (slice(0),)
    return tuple(slice(index, index + 1) if place == 2 - axis else slice(None) for place in range(len(shape)))
