"""One panel's running state: the working set of points, predictions under way, the history.

No Qt: the panel calls `settle` and `start` on its own events and lets the queue deliver.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import slicer

from CueSegMRML import ControlPoints, SliceRecords
from CueSegMRML.BackgroundTask import TaskQueue
from CueSegMRML.Segments import SegmentEditing
from ExtremePointSegLib.CueOverlay import CueOverlay
from ExtremePointSegLib.History import History, Step
from ExtremePointSegLib.PointSet import PointsState, WorkingSet, chooseView
from ExtremePointSegLib.Predictor import Prediction, Predictor
from ExtremePointSegLib.Recording import Recorder
from ExtremePointSegLib.SegmentFromPoints import (
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
    """Runs requests one after the other; a set of points that is corrected stays one step of the history."""

    def __init__(
        self,
        scene: slicer.vtkMRMLScene,
        queue: TaskQueue,
        makePredictor: Callable[[str], Predictor],
    ) -> None:
        """Start with nothing placed.

        :param makePredictor: name of a model to its predictor; called on the worker thread, once per model.
        """
        self.workingSet = WorkingSet()
        self.history = History(self.workingSet)
        self.editing = SegmentEditing(scene, "ExtremePointSeg")
        self.editing.beforeChange = self.history.remember
        self.recorder = Recorder(scene)
        self.deviceNote = ""
        self._queue = queue
        self.usePredictors(makePredictor)
        self._overlay = CueOverlay()
        self._last: tuple[SliceResult, slicer.vtkMRMLScalarVolumeNode] | None = None

    def usePredictors(self, makePredictor: Callable[[str], Predictor]) -> None:
        """Make predictors with this from now on; those made before are dropped."""
        self._makePredictor = makePredictor
        self._predictors: dict[str, SlicePredictor] = {}  # the worker's own
        self._predictor: Predictor | None = None  # that made the last prediction

    def freeMemory(self) -> None:
        """Drop the networks; they are loaded again when needed."""
        self.usePredictors(self._makePredictor)
        self.deviceNote = ""

    def settle(
        self,
        markupsNode: slicer.vtkMRMLMarkupsNode,
        volumeNode: slicer.vtkMRMLScalarVolumeNode | None,
        views: Sequence[slicer.vtkMRMLSliceNode],
    ) -> bool:
        """See `WorkingSet.settle`."""
        self.recorder.times.startUser()
        return self.workingSet.settle(markupsNode, volumeNode, views)

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
            self.cancel()  # what is under way is of points that are no longer so
            onError(error)
            return
        workingSet = self.workingSet.state()
        self.recorder.times.stopUser()

        def finish(prediction: Prediction) -> None:
            nodes = (request.volumeNode, request.segmentationNode)
            if any(node.GetScene() is None for node in nodes):
                return
            try:
                result = self._write(request, task, prediction, workingSet)
            except ValueError as error:
                onError(error)
            else:
                onDone(result)

        self._queue.submit(_TASK, lambda _: self._predict(request, task), finish, onError)

    def cancel(self) -> None:
        """Forget the prediction under way."""
        self._queue.cancel(_TASK)
        self.recorder.times.startUser()

    def undo(self) -> Step | None:
        """Take the last step back, segments and points, and forget the prediction under way."""
        self.cancel()
        step = self.history.undo() if self.history.undoText else None
        self.recorder.history("undo", step.segmentationNode if step is not None else None)
        return step

    def redo(self) -> Step | None:
        """Bring back what was undone last; nothing is computed for points that come back."""
        self.cancel()
        step = self.history.redo() if self.history.redoText else None
        self.recorder.history("redo", step.segmentationNode if step is not None else None)
        return step

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
        self.workingSet.forget()
        self.history.clear()
        self.recorder.forget()
        self._last = None

    def slicePredictor(self, model: str) -> SlicePredictor:
        """The predictor of a model, made when it is first needed; for the worker thread, whose own it is."""
        predictors = self._predictors
        if model not in predictors:
            predictors[model] = SlicePredictor(self._makePredictor(model))
        self.deviceNote = predictors[model].predictor.device_note
        return predictors[model]

    def _predict(self, request: Request, task: SliceTask) -> Prediction:
        slices = self.slicePredictor(request.model)
        self._predictor = slices.predictor
        prediction = slices.predict(task, request.threshold)
        self.deviceNote = slices.predictor.device_note  # where memory did not suffice, it changed on the way
        return prediction

    def _write(
        self, request: Request, task: SliceTask, prediction: Prediction, workingSet: PointsState
    ) -> SliceResult:
        segmentationNode, segmentId, volumeNode = (
            request.segmentationNode,
            request.segmentId,
            request.volumeNode,
        )
        segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
        text = f"slice of '{segment.GetName()}'" if segment is not None else "slice"
        key = ("slice", workingSet.number, volumeNode.GetID(), segmentationNode.GetID(), segmentId)
        step = self.history.step(text, segmentationNode, [segmentId], volumeNode, key=key, points=workingSet)
        self.recorder.before(request, self._predictor)
        with step:
            result = self._writeSlice(request, task, prediction)
        self.recorder.slice(request, task, result, workingSet, self._predictor)
        self._last = result, volumeNode
        return result

    def _writeSlice(self, request: Request, task: SliceTask, prediction: Prediction) -> SliceResult:
        self.editing.followSegmentEditor(request.segmentationNode, request.volumeNode)
        self.editing.node.SetOverwriteMode(request.overwriteMode)
        slices = (request.segmentationNode, request.segmentId, request.volumeNode, task.plane)
        before = SliceRecords.pointsBefore(*slices) if request.keepExisting else ()
        result = writeSlice(
            self.editing,
            task,
            prediction,
            request.volumeNode,
            request.segmentationNode,
            request.segmentId,
            keepExisting=request.keepExisting,
        )
        if request.weights is not None:
            SliceRecords.note(*slices, task.points, request.weights, before)
        return result
