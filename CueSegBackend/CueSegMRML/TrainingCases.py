"""A labelled volume of the scene as a case of a training set, with the origin of every slice of its segments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import slicer

from CueSegMRML import SliceRecords, Volumes
from CueSegMRML.SegmentMasks import maskOnVolume
from CueSegMRML.SliceRecords import SliceRecord

if TYPE_CHECKING:
    from cueseg.datasets import SliceOrigin, TrainingCase
    from cueseg.image_files import ImageFile

_RIGHT_ANGLE = 1e-4  # sines of axes that count as perpendicular
_STORED = 2  # the voxel axis across which slices are stored


@dataclass(frozen=True)
class LabelledVolume:
    """A volume and its segments, free of nodes.

    :param name: of the volume.
    :param caseId: the same as a name of files.
    :param array: (K, J, I) or, in colour, (K, J, I, 3) values.
    :param localFromIJK: 4x4, voxel indices to RAS of the volume before its transforms, mm.
    :param masks: name of each segment -> bool (K, J, I).
    :param records: name -> the slices of which it is known where they come from.
    :param completed: names of the segments that were marked as completed.
    """

    name: str
    caseId: str
    array: np.ndarray
    localFromIJK: np.ndarray
    masks: dict[str, np.ndarray]
    records: dict[str, list[SliceRecord]]
    completed: frozenset[str]


def takeLabels(
    volumeNode: slicer.vtkMRMLScalarVolumeNode, segmentationNode: slicer.vtkMRMLSegmentationNode
) -> LabelledVolume:
    """All segments on the grid of the volume; the main thread's part.

    :raises ValueError: no voxels, no segments, segments of one name, or a transform that is not linear.
    """
    array = Volumes.voxels(volumeNode).copy()
    found = segmentationNode.GetSegmentation()
    names = {segmentId: found.GetSegment(segmentId).GetName() for segmentId in found.GetSegmentIDs()}
    if not names:
        raise ValueError(f"the segmentation '{segmentationNode.GetName()}' has no segments: add one first")
    twice = [name for name, count in Counter(names.values()).items() if count > 1]
    if twice:
        raise ValueError(f"several segments are named '{twice[0]}': rename all but one of them")
    masks, records = {}, {}
    for segmentId, name in names.items():
        masks[name] = maskOnVolume(segmentationNode, segmentId, volumeNode)
        records[name] = SliceRecords.recordsOf(segmentationNode, segmentId, volumeNode)
    done = [
        name for segmentId, name in names.items() if SliceRecords.isCompleted(segmentationNode, segmentId)
    ]
    matrix = Volumes.localFromIJK(volumeNode)
    return LabelledVolume(
        volumeNode.GetName(), caseId(volumeNode), array, matrix, masks, records, frozenset(done)
    )


def trainingCase(labelled: LabelledVolume, modality: str, subject: str = "") -> TrainingCase:
    """A case with the origin of every slice; for a worker thread.

    :param modality: one of `cueseg.intensity.MODALITIES`.
    :param subject: the patient; "" takes the name of the volume.
    :raises ValueError: a sheared volume, or nothing is labelled.
    """
    from cueseg.datasets import TrainingCase
    from cueseg.image_files import Segment, Segmentation

    if not any(mask.any() for mask in labelled.masks.values()):
        raise ValueError("all segments are empty on this volume: segment something first")
    image = _imageFile(labelled)
    segments = [Segment(name, layer, 1) for layer, name in enumerate(labelled.masks)]
    return TrainingCase(
        id=labelled.caseId,
        subject=subject.strip() or labelled.name,
        image=image,
        segmentation=Segmentation([mask.view(np.uint8) for mask in labelled.masks.values()], segments),
        modality=modality,
        origins=tuple(origin for name in labelled.masks for origin in _origins(labelled, name, image)),
    )


def caseId(volumeNode: slicer.vtkMRMLNode) -> str:
    """The volume's name as a name of files."""
    return re.sub(r"[^\w.+-]", "_", volumeNode.GetName()).lstrip(".+-") or "volume"


def _imageFile(labelled: LabelledVolume) -> ImageFile:
    from cueseg.image_files import ImageFile

    matrix = np.diag([-1.0, -1.0, 1.0, 1.0]) @ labelled.localFromIJK  # RAS to LPS
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    directions = matrix[:3, :3] / spacing
    if not np.allclose(directions.T @ directions, np.eye(3), atol=_RIGHT_ANGLE):
        raise ValueError(
            f"the axes of the volume '{labelled.name}' are not perpendicular, which image files cannot hold: "
            "resample it first"
        )
    return ImageFile(
        labelled.array,
        tuple(spacing.tolist()),
        tuple(matrix[:3, 3].tolist()),
        tuple(directions.ravel().tolist()),
        name=labelled.name,
    )


def _origins(labelled: LabelledVolume, name: str, image: ImageFile) -> Iterator[SliceOrigin]:
    """Slices that were clicked or made from others, and the rest with labels, of which nothing is known."""
    from cueseg.datasets import SliceOrigin

    records, checked = labelled.records[name], name in labelled.completed
    for record in records:
        weightsName, digest = record.weights
        weights = {"name": weightsName, "sha256": digest} if digest else {}
        axis = _axisName(image, record.axis)
        yield SliceOrigin(name, record.index, record.kind, checked, axis, record.points, weights)
    axes = {record.axis for record in records}
    across = axes.pop() if len(axes) == 1 else _STORED
    known = {record.index for record in records if record.axis == across}
    others = tuple(axis for axis in range(3) if axis != 2 - across)
    for index in np.flatnonzero(labelled.masks[name].any(axis=others)).tolist():
        if index not in known:
            yield SliceOrigin(name, index, "unrecorded", checked, _axisName(image, across))


def _axisName(image: ImageFile, axis: int) -> str:
    """The name by which `cueseg.image_files` finds slices across a voxel axis."""
    from cueseg.image_files import AXES
    from cueseg.image_files.slices import resolve_axis

    names = ["stored", *AXES] if axis == _STORED else AXES
    return next(name for name in names if resolve_axis(image, name)[0] == 2 - axis)
