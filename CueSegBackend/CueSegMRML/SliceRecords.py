"""What made a slice of a segment: kept with the segment itself, so that it is saved, undone and copied with it.

A record holds for the voxels it was written for. Once a brush or anything else has changed the slice, its checksum
differs, and the record is not believed any more.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import slicer
import vtk

from CueSegMRML import Grids, Lattices, Volumes
from CueSegMRML.SegmentMasks import labelmapIn
from CueSegMRML.SegmentVoxels import imageArray
from CueSegMRML.Slices import SlicePlane, transformed

TAG = "CueSeg.Slices"
CLICKED = "clicked"
KINDS = (CLICKED, "derived", "propagated", "filled")
_COMPLETED = "completed"  # value of Slicer's own status tag
_STATUS_TAG = "Segmentation.Status"


@dataclass(frozen=True)
class SliceRecord:
    """A slice that came from clicks, or from other slices.

    :param axis: 0, 1, 2: the slice lies across I, J, K of the volume.
    :param index: voxel index along it.
    :param points: what the network was given, (x, y) in voxels of the volume; x is the lower of the two other axes.
        Sets of four, one after another.
    :param weights: name and SHA-256 of the network's weights; ("", "") without a network.
    :param kind: "clicked" by somebody; "derived", points of the shape between other slices; "propagated", points of the
        slice before; "filled", the shape itself.
    """

    axis: int
    index: int
    points: tuple[tuple[float, float], ...]
    weights: tuple[str, str]
    kind: str = CLICKED


def recordsOf(
    segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str, volumeNode: slicer.vtkMRMLVolumeNode
) -> list[SliceRecord]:
    """The records of a segment that still hold on the slices of this volume."""
    entries = _entries(segmentationNode, segmentId)
    if not entries:
        return []
    held = _Held(segmentationNode, segmentId, volumeNode)
    return [
        _record(axis, index, entry)
        for (axis, index), entry in entries.items()
        if held.has(axis, index) and _sum(held.slice(axis, index)) == entry[2]
    ]


def notesOf(segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str) -> list[SliceRecord]:
    """All records of a segment, also those of slices that were changed since."""
    entries = _entries(segmentationNode, segmentId)
    return [_record(axis, index, entry) for (axis, index), entry in entries.items()]


def stampOf(segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str) -> str:
    """Changes with the records of a segment; not with its voxels."""
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    return _tag(segment, TAG) if segment is not None else ""


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
    known = entry is not None and entry[3] == CLICKED and entry[2] == _sum(held)
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
        entries[plane.axis, plane.index] = [clicks, list(weights), _sum(held), CLICKED]
    _keep(segmentationNode, segmentId, entries)


def noteAll(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLVolumeNode,
    records: Iterable[SliceRecord],
) -> None:
    """Remember where many slices, as they are now, come from; empty ones come from nowhere."""
    entries, held = _entries(segmentationNode, segmentId), _Held(segmentationNode, segmentId, volumeNode)
    for record in records:
        place, mask = (record.axis, record.index), held.slice(record.axis, record.index)
        entries.pop(place, None)
        if mask.any():
            points = [(round(float(x), 2), round(float(y), 2)) for x, y in record.points]
            entries[place] = [points, list(record.weights), _sum(mask), record.kind]
    _keep(segmentationNode, segmentId, entries)


def sliceMask(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLVolumeNode,
    axis: int,
    index: int,
) -> np.ndarray:
    """The segment at the voxel centres of one slice of the volume: bool (K, J, I) with one voxel along the axis."""
    return _Held(segmentationNode, segmentId, volumeNode).slice(axis, index)


class _Held:
    """What a segment holds on the slices of a volume; its labelmap is looked at once."""

    def __init__(self, segmentationNode, segmentId, volumeNode) -> None:
        self._shape = Volumes.voxels(volumeNode).shape[:3]
        segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
        labelmap = labelmapIn(segment)
        self._voxels = None
        if labelmap is not None:
            self._voxels = imageArray(labelmap) == segment.GetLabelValue()
            fromLattice = Lattices.volumeFromLattice(segmentationNode, volumeNode, labelmap)
            first = Grids.shift(tuple(-low for low, _ in Lattices.extentOf(labelmap)))
            self._fromVolume = first @ np.linalg.inv(fromLattice)

    def has(self, axis: int, index: int) -> bool:
        """Whether the volume has this slice."""
        return axis in (0, 1, 2) and 0 <= index < self._shape[2 - axis]

    def slice(self, axis: int, index: int) -> np.ndarray:
        """See `sliceMask`."""
        shape = list(self._shape)
        shape[2 - axis] = 1
        if self._voxels is None:
            return np.zeros(shape, bool)
        there = Grids.shift(tuple(index if a == axis else 0 for a in range(3)))
        return Grids.resampled(self._voxels, self._fromVolume @ there, tuple(shape))


def _keep(segmentationNode, segmentId: str, entries: dict[tuple[int, int], list]) -> None:
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    values = [_stored(place, entry) for place, entry in sorted(entries.items())]
    # A file of segments parts its tags at "|", which JSON of numbers and names of weights does not hold.
    segment.SetTag(TAG, json.dumps(values, separators=(",", ":")))


def _stored(place: tuple[int, int], entry: list) -> list:
    """Slices that were clicked are written as they always were, without a kind."""
    return [*place, *(entry[:3] if entry[3] == CLICKED else entry)]


def _entries(segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str) -> dict[tuple[int, int], list]:
    """(axis, index) -> [points, weights, checksum, kind]; nothing where the tag was damaged."""
    text = _tag(segmentationNode.GetSegmentation().GetSegment(segmentId), TAG)
    try:
        return {
            (int(axis), int(index)): [points, weights, int(total), *_kind(*kind)]
            for axis, index, points, weights, total, *kind in (json.loads(text) if text else [])
        }
    except (ValueError, TypeError):
        return {}


def _kind(kind: str = CLICKED) -> list[str]:
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
    return [kind]


def _record(axis: int, index: int, entry: list) -> SliceRecord:
    points, weights, _, kind = entry
    return SliceRecord(axis, index, tuple((float(x), float(y)) for x, y in points), tuple(weights), kind)


def _sum(mask: np.ndarray) -> int:
    return zlib.crc32(np.packbits(mask).tobytes(), zlib.crc32(repr(mask.shape).encode()))


def _inVoxels(volumeNode, plane: SlicePlane, points: np.ndarray) -> list[tuple[float, float]]:
    flat = np.column_stack([points, np.zeros(len(points))])
    ijk = transformed(np.linalg.inv(Volumes.worldFromIJK(volumeNode)), plane.toWorld(flat))
    return [(round(float(x), 2), round(float(y), 2)) for x, y in np.delete(ijk, plane.axis, axis=1)]


def _tag(segment: slicer.vtkSegment, name: str) -> str:
    value = vtk.reference("")
    return str(value) if segment.GetTag(name, value) else ""
