"""A labelled volume of the scene as a case of a training set, with the origin of every slice of its segments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import slicer

from CueSegMRML import SliceRecords, Volumes
from CueSegMRML.SegmentMasks import maskOnVolume

if TYPE_CHECKING:
    from cueseg.datasets import SliceOrigin, TrainingCase
    from cueseg.image_files import ImageFile

_RIGHT_ANGLE = 1e-4  # sines of axes that count as perpendicular
_STORED = 2  # the voxel axis across which slices are stored


def trainingCase(
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    modality: str,
    subject: str = "",
) -> TrainingCase:
    """All segments on the grid of the volume; nothing of it refers to nodes, so another thread may write it.

    :param modality: one of `cueseg.intensity.MODALITIES`.
    :param subject: the patient; "" takes the name of the volume.
    :raises ValueError: no voxels, a sheared volume, no segments, segments of one name, nothing labelled, or a
        transform that is not linear.
    """
    from cueseg.datasets import TrainingCase
    from cueseg.image_files import Segment, Segmentation

    image = _imageFile(volumeNode)
    found = segmentationNode.GetSegmentation()
    segmentIds = list(found.GetSegmentIDs())
    names = [found.GetSegment(segmentId).GetName() for segmentId in segmentIds]
    if not names:
        raise ValueError(f"the segmentation '{segmentationNode.GetName()}' has no segments: add one first")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"several segments are named '{twice}': rename all but one of them")
    masks = [maskOnVolume(segmentationNode, segmentId, volumeNode) for segmentId in segmentIds]
    if not any(mask.any() for mask in masks):
        raise ValueError("all segments are empty on this volume: segment something first")
    segments = [Segment(name, layer, 1) for layer, name in enumerate(names)]
    origins = [
        origin
        for segmentId, name, mask in zip(segmentIds, names, masks, strict=True)
        for origin in _origins(segmentationNode, segmentId, volumeNode, name, mask, image)
    ]
    return TrainingCase(
        id=caseId(volumeNode),
        subject=subject.strip() or volumeNode.GetName(),
        image=image,
        segmentation=Segmentation([mask.astype(np.uint8) for mask in masks], segments),
        modality=modality,
        origins=tuple(origins),
    )


def caseId(volumeNode: slicer.vtkMRMLNode) -> str:
    """The volume's name as a name of files."""
    return re.sub(r"[^\w.+-]", "_", volumeNode.GetName()).lstrip(".+-") or "volume"


def _imageFile(volumeNode: slicer.vtkMRMLScalarVolumeNode) -> ImageFile:
    from cueseg.image_files import ImageFile

    array = Volumes.voxels(volumeNode).copy()
    matrix = np.diag([-1.0, -1.0, 1.0, 1.0]) @ Volumes.localFromIJK(volumeNode)  # RAS to LPS
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    directions = matrix[:3, :3] / spacing
    if not np.allclose(directions.T @ directions, np.eye(3), atol=_RIGHT_ANGLE):
        raise ValueError(
            f"the axes of the volume '{volumeNode.GetName()}' are not perpendicular, which image files cannot hold: "
            "resample it first"
        )
    return ImageFile(
        array,
        tuple(spacing.tolist()),
        tuple(matrix[:3, 3].tolist()),
        tuple(directions.ravel().tolist()),
        name=volumeNode.GetName(),
    )


def _origins(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    name: str,
    mask: np.ndarray,
    image: ImageFile,
) -> Iterator[SliceOrigin]:
    """Slices that were clicked, and the other slices with labels, of which nothing is known."""
    from cueseg.datasets import SliceOrigin

    records = SliceRecords.recordsOf(segmentationNode, segmentId, volumeNode)
    checked = SliceRecords.isCompleted(segmentationNode, segmentId)
    for record in records:
        weightsName, digest = record.weights
        weights = {"name": weightsName, "sha256": digest}
        axis = _axisName(image, record.axis)
        yield SliceOrigin(name, record.index, "clicked", checked, axis, record.points, weights)
    axes = {record.axis for record in records}
    across = axes.pop() if len(axes) == 1 else _STORED
    known = {record.index for record in records if record.axis == across}
    others = tuple(axis for axis in range(3) if axis != 2 - across)
    for index in np.flatnonzero(mask.any(axis=others)).tolist():
        if index not in known:
            yield SliceOrigin(name, index, "unrecorded", checked, _axisName(image, across))


def _axisName(image: ImageFile, axis: int) -> str:
    """The name by which `cueseg.image_files` finds slices across a voxel axis."""
    from cueseg.image_files import AXES
    from cueseg.image_files.slices import resolve_axis

    names = ["stored", *AXES] if axis == _STORED else AXES
    return next(name for name in names if resolve_axis(image, name)[0] == 2 - axis)
