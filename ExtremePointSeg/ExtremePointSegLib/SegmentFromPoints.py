"""The use case: four extreme points in a slice view become one slice of a segment.

Three steps, because a network may take a while: `prepareSlice` (main thread: nodes to arrays),
`SlicePredictor.predict` (any thread: arrays only), `writeSlice` (main thread: arrays to nodes).
`segmentSlice` does all three at once.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
import slicer

from CueSegMRML import ControlPoints, Slices, Volumes
from CueSegMRML.Segments import SegmentEditing, SliceEdit
from CueSegMRML.Slices import SlicePlane
from ExtremePointSegLib.Predictor import Card, Prediction, Predictor

SET_SIZE = 4
SMALL_BOX = 8  # pixels; smaller structures come out less accurate
CT_RANGE = (-200.0, 250.0)  # HU that the network was trained to tell apart


class Notice(Enum):
    """Something the user should know about a result that was written all the same."""

    SMALL_BOX = auto()
    TOUCHES_BORDER = auto()
    UNUSUAL_INTENSITIES = auto()
    EMPTY_MASK = auto()
    PARTLY_MASKED = auto()
    PARTLY_OUTSIDE = auto()
    SEGMENT_HIDDEN = auto()


@dataclass(frozen=True)
class SliceTask:
    """All that the prediction needs, free of nodes.

    :param plane: the slice.
    :param image: (rows, columns) or (rows, columns, 3) values of the volume on it.
    :param points: (4, 2) pixel coordinates (x, y).
    :param modality: one of `cueseg.intensity.MODALITIES`.
    :param volumeSample: for MR, values from all over the volume, so that its slices share one window.
    :param imageKey: equal for tasks with the same image.
    """

    plane: SlicePlane
    image: np.ndarray
    points: np.ndarray
    modality: str
    volumeSample: np.ndarray | None
    imageKey: Hashable


@dataclass(frozen=True)
class SliceResult:
    """A written slice.

    :param edit: what changed in the segment.
    :param notices: what the user should know about it.
    """

    plane: SlicePlane
    prediction: Prediction
    edit: SliceEdit
    notices: tuple[Notice, ...]


class SlicePredictor:
    """A predictor that is not handed the same slice twice while points are dragged."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self._imageKey: Hashable = None

    def forgetImage(self) -> None:
        """Somebody else is about to hand the predictor another image."""
        self._imageKey = None

    def predict(self, task: SliceTask, threshold: float | None = None) -> Prediction:
        """Run the network; the mask is on the grid of `task.plane`.

        :raises ValueError: points or image that cannot be used, in words for the user.
        """
        if task.imageKey != self._imageKey:
            self._imageKey = None
            limits = intensityRange(task, self.predictor.card)
            self.predictor.set_image(
                task.image, modality=task.modality, spacing=task.plane.spacing, intensity_range=limits
            )
            self._imageKey = task.imageKey
        return self.predictor.predict(task.points, threshold=threshold)


def intensityRange(task: SliceTask, card: Card) -> tuple[float, float] | None:
    """What becomes black and white: for MR the same in all slices; None leaves it to the predictor."""
    if task.volumeSample is None:
        return None
    low, high = np.percentile(task.volumeSample, card.intensity["mr_percentiles"])
    return (float(low), float(high)) if low < high else None


def prepareSlice(
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    markupsNode: slicer.vtkMRMLMarkupsNode,
    view: slicer.vtkMRMLSliceNode | np.ndarray,
    modality: str = "ct",
) -> SliceTask:
    """Cut the slice that holds the four points out of the volume.

    :param view: slice node or 4x4 SliceToRAS in which the points were placed; gives the orientation. The
        points give the position, so the view may have been scrolled since.
    :raises ValueError: not four points, points on different slices, a color image of another modality, or a slice that
        cannot be had (see `Slices`).
    """
    pointsWorld = ControlPoints.worldPoints(markupsNode)
    if len(pointsWorld) != SET_SIZE:
        raise ValueError(
            f"four points are needed and {len(pointsWorld)} are placed: click the leftmost, rightmost, "
            "topmost and bottommost point of one structure"
        )
    plane = Slices.planeOf(volumeNode, view, pointsWorld)
    points = Slices.pointsInPlane(plane, pointsWorld)
    image = Slices.sliceImage(volumeNode, plane)
    if image.ndim > 2 and modality != "rgb":
        raise ValueError(f"'{volumeNode.GetName()}' is in color: choose 'Color image' as the modality")
    return SliceTask(
        plane,
        image,
        points,
        modality,
        Volumes.sample(volumeNode) if modality == "mr" else None,
        (Volumes.dataStamp(volumeNode), plane.worldFromImage.tobytes(), modality),
    )


def writeSlice(
    editing: SegmentEditing,
    task: SliceTask,
    prediction: Prediction,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    *,
    keepExisting: bool = False,
) -> SliceResult:
    """Put the mask into the segment; see `SegmentEditing.writeSlice` for the options and errors."""
    edit = editing.writeSlice(
        segmentationNode,
        segmentId,
        volumeNode,
        task.plane,
        prediction.mask,
        keepExisting=keepExisting,
    )
    notices = (*_taskNotices(task), *_writeNotices(prediction, edit, segmentationNode, segmentId))
    return SliceResult(task.plane, prediction, edit, notices)


def segmentSlice(
    predictor: Predictor,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    markupsNode: slicer.vtkMRMLMarkupsNode,
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    view: slicer.vtkMRMLSliceNode | np.ndarray,
    *,
    modality: str = "ct",
    threshold: float | None = None,
    editing: SegmentEditing | None = None,
    keepExisting: bool = False,
) -> SliceResult:
    """Segment the structure within the four points and write it into the segment.

    :param editing: says what masks and what is overwritten; one that lets segments overlap if None.
    :param threshold: probability from which a pixel belongs to the structure; None takes the model's.
    :raises ValueError: see `prepareSlice`, `SlicePredictor.predict` and `SegmentEditing.writeSlice`.
    """
    task = prepareSlice(volumeNode, markupsNode, view, modality)
    prediction = SlicePredictor(predictor).predict(task, threshold)
    editing = editing or SegmentEditing(volumeNode.GetScene())
    return writeSlice(
        editing, task, prediction, volumeNode, segmentationNode, segmentId, keepExisting=keepExisting
    )


def _taskNotices(task: SliceTask) -> list[Notice]:
    notices = []
    low, high = task.points.min(0), task.points.max(0)
    rows, columns = task.plane.shape
    if (high - low).min() < SMALL_BOX:
        notices.append(Notice.SMALL_BOX)
    if (low < 0.5).any() or high[0] > columns - 1.5 or high[1] > rows - 1.5:
        notices.append(Notice.TOUCHES_BORDER)
    if task.modality == "ct":
        first, last = np.maximum(np.floor(low), 0).astype(int), np.ceil(high).astype(int) + 1
        box = task.image[first[1] : last[1], first[0] : last[0]]
        if box.size and ((box <= CT_RANGE[0]) | (box >= CT_RANGE[1])).all():
            notices.append(Notice.UNUSUAL_INTENSITIES)
    return notices


def _writeNotices(
    prediction: Prediction,
    edit: SliceEdit,
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
) -> list[Notice]:
    display = segmentationNode.GetDisplayNode()
    hidden = display is not None and not (display.GetVisibility() and display.GetSegmentVisibility(segmentId))
    found = {
        Notice.EMPTY_MASK: not prediction.mask.any(),
        Notice.PARTLY_MASKED: edit.voxelsRefused > 0,
        Notice.PARTLY_OUTSIDE: edit.pixelsOutside > 0,
        Notice.SEGMENT_HIDDEN: hidden,
    }
    return [notice for notice, applies in found.items() if applies]
