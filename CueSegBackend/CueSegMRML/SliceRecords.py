"""What made a slice of a segment: kept with the segment itself, so that it is saved, undone and copied with it.

A record holds for the voxels it was written for. Once a brush or anything else has changed the slice, its checksum
differs, and the record is not believed any more.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass

import numpy as np
import slicer
import vtk

from CueSegMRML import Grids, Lattices, Volumes
from CueSegMRML.SegmentMasks import labelmapIn
from CueSegMRML.SegmentVoxels import imageArray
from CueSegMRML.Slices import SlicePlane, transformed

TAG = "CueSeg.Slices"
_SET_SIZE = 4
_COMPLETED = "completed"  # value of Slicer's own status tag
_STATUS_TAG = "Segmentation.Status"


@dataclass(frozen=True)
class SliceRecord:
    """A slice that came from clicks.

    :param axis: 0, 1, 2: the slice lies across I, J, K of the volume.
    :param index: voxel index along it.
    :param points: the clicks (x, y) in voxels of the volume; x is the lower of the two other axes.
    :param weights: name and SHA-256 of the network's weights.
    """

    axis: int
    index: int
    points: tuple[tuple[float, float], ...]
    weights: tuple[str, str]


def recordsOf(
    segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str, volumeNode: slicer.vtkMRMLVolumeNode
) -> list[SliceRecord]:
    """The records of a segment that still hold on the slices of this volume."""
    return [
        _record(axis, index, entry)
        for (axis, index), entry in _entries(segmentationNode, segmentId).items()
        if _checksum(segmentationNode, segmentId, volumeNode, axis, index) == entry[2]
    ]


def isCompleted(segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str) -> bool:
    """Whether the segment was marked as completed in the Segment Editor's table."""
    return _tag(segmentationNode.GetSegmentation().GetSegment(segmentId), _STATUS_TAG) == _COMPLETED


def pointsBefore(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLVolumeNode,
    plane: SlicePlane,
) -> tuple[tuple[float, float], ...] | None:
    """The clicks that the slice comes from so far, none where it is empty; None where nothing is known."""
    if plane.axis is None:
        return None
    held = sliceMask(segmentationNode, segmentId, volumeNode, plane.axis, plane.index)
    if not held.any():
        return ()
    entry = _entries(segmentationNode, segmentId).get((plane.axis, plane.index))
    known = entry is not None and entry[2] == _sum(held)
    return _record(plane.axis, plane.index, entry).points if known else None


def note(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLVolumeNode,
    plane: SlicePlane,
    points: np.ndarray,
    weights: tuple[str, str],
    before: tuple[tuple[float, float], ...] | None = (),
) -> None:
    """Remember where the slice, as it is now, comes from; an oblique slice is none of the volume's own.

    :param points: (4, 2) pixel coordinates (x, y) on `plane`.
    :param before: clicks that parts of it come from which were there before; None: unknown, as the slice now is.
    """
    if plane.axis is None:
        return
    entries = _entries(segmentationNode, segmentId)
    entries.pop((plane.axis, plane.index), None)
    held = sliceMask(segmentationNode, segmentId, volumeNode, plane.axis, plane.index)
    if before is not None and held.any():
        clicks = [*before, *_inVoxels(volumeNode, plane, points)]
        entries[plane.axis, plane.index] = [clicks, list(weights), _sum(held)]
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    values = [[*place, *entry] for place, entry in sorted(entries.items())]
    # A file of segments parts its tags at "|", which JSON of numbers and names of weights does not hold.
    segment.SetTag(TAG, json.dumps(values, separators=(",", ":")))


def withoutLastSet(points: tuple[tuple[float, float], ...] | None) -> tuple[tuple[float, float], ...] | None:
    """The clicks of earlier sets, when the last set is being corrected."""
    return points if points is None else points[:-_SET_SIZE]


def sliceMask(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLVolumeNode,
    axis: int,
    index: int,
) -> np.ndarray:
    """The segment at the voxel centres of one slice of the volume: bool (K, J, I) with one voxel along the axis."""
    shape = list(Volumes.voxels(volumeNode).shape[:3])
    shape[2 - axis] = 1
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    labelmap = labelmapIn(segment)
    if labelmap is None:
        return np.zeros(shape, bool)
    held = imageArray(labelmap) == segment.GetLabelValue()
    latticeFromVolume = np.linalg.inv(Lattices.volumeFromLattice(segmentationNode, volumeNode, labelmap))
    first = Grids.shift(tuple(-low for low, _ in Lattices.extentOf(labelmap)))
    there = Grids.shift(tuple(index if a == axis else 0 for a in range(3)))
    return Grids.resampled(held, first @ latticeFromVolume @ there, tuple(shape))


def _entries(segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str) -> dict[tuple[int, int], list]:
    """(axis, index) -> [clicks, weights, checksum]; nothing where the tag was damaged."""
    text = _tag(segmentationNode.GetSegmentation().GetSegment(segmentId), TAG)
    try:
        return {
            (int(axis), int(index)): [clicks, weights, int(total)]
            for axis, index, clicks, weights, total in (json.loads(text) if text else [])
        }
    except (ValueError, TypeError):
        return {}


def _record(axis: int, index: int, entry: list) -> SliceRecord:
    clicks, weights, _ = entry
    return SliceRecord(axis, index, tuple((float(x), float(y)) for x, y in clicks), tuple(weights))


def _checksum(segmentationNode, segmentId, volumeNode, axis, index) -> int | None:
    if not 0 <= index < Volumes.dimensions(volumeNode)[axis]:
        return None
    return _sum(sliceMask(segmentationNode, segmentId, volumeNode, axis, index))


def _sum(mask: np.ndarray) -> int:
    return zlib.crc32(np.packbits(mask).tobytes(), zlib.crc32(repr(mask.shape).encode()))


def _inVoxels(volumeNode, plane: SlicePlane, points: np.ndarray) -> list[tuple[float, float]]:
    flat = np.column_stack([points, np.zeros(len(points))])
    ijk = transformed(np.linalg.inv(Volumes.worldFromIJK(volumeNode)), plane.toWorld(flat))
    return [(round(float(x), 2), round(float(y), 2)) for x, y in np.delete(ijk, plane.axis, axis=1)]


def _tag(segment: slicer.vtkSegment, name: str) -> str:
    value = vtk.reference("")
    return str(value) if segment.GetTag(name, value) else ""
