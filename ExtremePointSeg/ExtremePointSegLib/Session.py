"""One panel's running state: the working set of points, predictions under way, the last write.

No Qt: the panel calls `settle` and `start` on its own events and lets the queue deliver.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import slicer

from CueSegMRML import ControlPoints, SliceRecords
from CueSegMRML.BackgroundTask import TaskQueue
from CueSegMRML.Segments import SegmentEditing
from ExtremePointSegLib.CueOverlay import CueOverlay
from ExtremePointSegLib.PointSet import chooseView, startsNewSet
from ExtremePointSegLib.Predictor import Prediction, Predictor
from ExtremePointSegLib.SegmentFromPoints import (
    SET_SIZE,
    SlicePredictor,
    SliceResult,
    SliceTask,
    prepareSlice,
    writeSlice,
)

_TASK = "segment"


@dataclass(frozen=True)
class Request:
    """What the panel's settings ask for; `overwriteMode` is one of `vtkMRMLSegmentEditorNode`.

    :param weights: name and SHA-256 of the model's weights, kept with the slice; None keeps no record.
    """

    volumeNode: slicer.vtkMRMLScalarVolumeNode
    segmentationNode: slicer.vtkMRMLSegmentationNode
    segmentId: str
    markupsNode: slicer.vtkMRMLMarkupsNode
    modality: str = "ct"
    model: str = "default"
    threshold: float | None = None
    keepExisting: bool = False
    overwriteMode: int = slicer.vtkMRMLSegmentEditorNode.OverwriteNone
    weights: tuple[str, str] | None = None


class Session:
    """Runs requests one after the other and keeps track of which of them correct an earlier one."""

    def __init__(
        self,
        scene: slicer.vtkMRMLScene,
        queue: TaskQueue,
        makePredictor: Callable[[str], Predictor],
    ) -> None:
        """Start with nothing placed.

        :param makePredictor: name of a model to its predictor; called on the worker thread, once per model.
        """
        self.editing = SegmentEditing(scene, "ExtremePointSeg")
        self.deviceNote = ""
        self._queue = queue
        self.usePredictors(makePredictor)
        self._overlay = CueOverlay()
        self._settled = np.empty((0, 3))
        self._setNumber = 0
        self._lastWrite: tuple | None = None
        self._last: tuple[SliceResult, slicer.vtkMRMLScalarVolumeNode] | None = None

    def usePredictors(self, makePredictor: Callable[[str], Predictor]) -> None:
        """Make predictors with this from now on; those made before are dropped."""
        self._makePredictor = makePredictor
        self._predictors: dict[str, SlicePredictor] = {}  # the worker's own

    def settle(
        self,
        markupsNode: slicer.vtkMRMLMarkupsNode,
        volumeNode: slicer.vtkMRMLScalarVolumeNode | None,
        views: Sequence[slicer.vtkMRMLSliceNode],
    ) -> bool:
        """Apply the rules of the working set after points were placed, dragged or deleted.

        A fifth point, or one on another slice, begins a new set: the points before it are removed.

        :return: whether there are four points that were not there before.
        """
        points = ControlPoints.worldPoints(markupsNode)
        if np.array_equal(points, self._settled):
            return False
        grown = len(points) > len(self._settled)
        if grown and volumeNode is not None and startsNewSet(points, chooseView(views, volumeNode, points)):
            ControlPoints.removePoints(markupsNode, ControlPoints.definedIndices(markupsNode)[:-1])
            points = points[-1:]
            self._setNumber += 1
        elif len(points) == 0:
            self._setNumber += 1
        self._settled = points
        return len(points) == SET_SIZE

    def start(
        self,
        request: Request,
        views: Sequence[slicer.vtkMRMLSliceNode],
        onDone: Callable[[SliceResult], None],
        onError: Callable[[Exception], None],
    ) -> None:
        """Predict in the background, then write the slice; a newer request supersedes one under way.

        Errors, also those before the background work, go to `onError`. Nothing is written, and no callback
        runs, when a node was removed in the meantime.
        """
        try:
            points = ControlPoints.worldPoints(request.markupsNode)
            view = chooseView(views, request.volumeNode, points).view
            task = prepareSlice(request.volumeNode, request.markupsNode, view, request.modality)
        except ValueError as error:
            onError(error)
            return
        written = (self._setNumber, request.segmentationNode.GetID(), request.segmentId)

        def finish(prediction: Prediction) -> None:
            nodes = (request.volumeNode, request.segmentationNode)
            if any(node.GetScene() is None for node in nodes):
                return
            try:
                result = self._write(request, task, prediction, written)
            except ValueError as error:
                onError(error)
            else:
                onDone(result)

        self._queue.submit(_TASK, lambda _: self._predict(request, task), finish, onError)

    def cancel(self) -> None:
        """Forget the prediction under way."""
        self._queue.cancel(_TASK)

    def undo(self) -> None:
        """Take the last write back."""
        self._lastWrite = None
        self.editing.undo()

    def redo(self) -> None:
        """Bring the last write back."""
        self._lastWrite = None
        self.editing.redo()

    def showCue(self, composites: Sequence[slicer.vtkMRMLSliceCompositeNode]) -> None:
        """Lay the confidence map of the last result over the views, if there is one."""
        if self._last is not None and self._last[1].GetScene() is not None:
            result, volumeNode = self._last
            self._overlay.show(result.prediction.cue, result.plane, volumeNode, composites)

    def hideCue(self) -> None:
        """Remove the confidence map from views and scene."""
        self._overlay.hide()

    def closeScene(self) -> None:
        """Let go of every node, before the scene drops them."""
        self.cancel()
        self._overlay.hide()
        self.editing.forget()
        self._settled = np.empty((0, 3))
        self._lastWrite = self._last = None

    def _predict(self, request: Request, task: SliceTask) -> Prediction:
        predictors = self._predictors
        if request.model not in predictors:
            predictors[request.model] = SlicePredictor(self._makePredictor(request.model))
        slices = predictors[request.model]
        prediction = slices.predict(task, request.threshold)
        self.deviceNote = slices.predictor.device_note
        return prediction

    def _write(
        self, request: Request, task: SliceTask, prediction: Prediction, written: tuple
    ) -> SliceResult:
        self.editing.followSegmentEditor(request.segmentationNode, request.volumeNode)
        self.editing.node.SetOverwriteMode(request.overwriteMode)
        slices = (request.segmentationNode, request.segmentId, request.volumeNode, task.plane)
        before = SliceRecords.pointsBefore(*slices) if request.keepExisting else ()
        if written == self._lastWrite:
            before = SliceRecords.withoutLastSet(before)
        result = writeSlice(
            self.editing,
            task,
            prediction,
            request.volumeNode,
            request.segmentationNode,
            request.segmentId,
            keepExisting=request.keepExisting,
            replaceLastWrite=written == self._lastWrite,
        )
        if request.weights is not None:
            SliceRecords.note(*slices, task.points, request.weights, before)
        self._lastWrite, self._last = written, (result, request.volumeNode)
        return result
