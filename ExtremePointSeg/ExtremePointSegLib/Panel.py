"""What the panel does with its settings, without widgets: everything below the buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import slicer

from cueseg.weights_file import list_models
from CueSegMRML import ControlPoints
from CueSegMRML.PanelBase import PanelBase
from ExtremePointSegLib import Messages
from ExtremePointSegLib.History import Step
from ExtremePointSegLib.NextSlice import showNextSlice
from ExtremePointSegLib.PointSet import chooseView
from ExtremePointSegLib.Predictor import Predictor
from ExtremePointSegLib.Readiness import State, pointCount, stateOf
from ExtremePointSegLib.SegmentFromPoints import SliceResult
from ExtremePointSegLib.Session import Request, Session
from ExtremePointSegLib.Settings import Modality, Overwrite

REQUESTER = "ExtremePointSeg"  # shown in the question before an installation


class Settings(Protocol):
    """The fields of the parameter node that are needed here."""

    inputVolume: slicer.vtkMRMLScalarVolumeNode | None
    segmentation: slicer.vtkMRMLSegmentationNode | None
    segmentId: str
    points: slicer.vtkMRMLMarkupsFiducialNode | None
    modality: Modality
    model: str
    showCue: bool
    keepExisting: bool
    overwrite: Overwrite
    threshold: float


class Panel(PanelBase):
    """One panel on one scene."""

    deviceUnknown = "Chosen when the first slice is segmented"

    def __init__(self, scene: slicer.vtkMRMLScene, makePredictor: Callable[[str], Predictor]) -> None:
        """Look for packages and models; import neither torch nor a network.

        :param makePredictor: model name to predictor, called on the worker thread.
        """
        super().__init__(scene, REQUESTER)
        self.session = Session(scene, self.queue, makePredictor)
        self.history = self.session.history
        self.models = list_models()
        self._points: slicer.vtkMRMLMarkupsFiducialNode | None = None
        self._view: slicer.vtkMRMLSliceNode | None = None  # in which a slice was accepted last

    def prepare(self, settings: Settings) -> None:
        """Give the settings a node for the points, the volume that the views show, and an installed model."""
        if (
            settings.points is None
        ):  # also after a scene was added to this one: its settings came without points
            known = self._nodes("vtkMRMLMarkupsFiducialNode")
            settings.points = self._points if self._points in known else self._newPoints()
        self._points = self.session.workingSet.node = settings.points
        if settings.inputVolume is None:
            settings.inputVolume = self._shownVolume()
        if self.models and self.modelIndex(settings) < 0:
            self.chooseModel(settings, 0)

    def modelIndex(self, settings: Settings) -> int:
        """Place of the chosen model in `models`, -1 when it is not installed."""
        return next((n for n, card in enumerate(self.models) if card.name == settings.model), -1)

    def chooseModel(self, settings: Settings, index: int) -> None:
        """Take over a model, and the threshold that suits it."""
        settings.model, settings.threshold = self.models[index].name, self.models[index].threshold

    def release(self, settings: Settings | None) -> None:
        """Take helper nodes that hold nothing out of the scene again."""
        self.session.hideCue()
        points = settings.points if settings is not None else None
        if points is not None and points.GetNumberOfControlPoints() == 0:
            settings.points = self._points = None
            self._scene.RemoveNode(points.GetDisplayNode())
            self._scene.RemoveNode(points)

    def clearPoints(self, settings: Settings) -> None:
        """Remove the points; what was written stays."""
        with self.history.step("clear points"):
            self.session.workingSet.clear()

    def accept(self, settings: Settings) -> None:
        """Done with this slice: remove the points, and show the next slice in the view that they were placed in.

        Without points it is the view of the last ones.

        :raises ValueError: the volume cannot be cut; nothing was done.
        """
        views, volumeNode = self._views(), settings.inputVolume
        points = ControlPoints.worldPoints(settings.points)
        if volumeNode is not None and views:
            if len(points):
                self._view = views[chooseView(views, volumeNode, points).number]
            showNextSlice(self._view if self._view in views else views[0], volumeNode, points)
        self.clearPoints(settings)

    def undo(self, settings: Settings) -> None:
        """Take the last step back, choose the segment that it wrote, and run nothing.

        :raises ValueError: see `Session.settle`.
        """
        self.settlePoints(settings)
        self._choose(settings, self.session.undo())

    def redo(self, settings: Settings) -> None:
        """Bring back what was undone last; the same as `undo` otherwise."""
        self.settlePoints(settings)
        self._choose(settings, self.session.redo())

    def segments(self, settings: Settings) -> list[tuple[str, str]]:
        """(id, name) of the segments to choose from."""
        if settings.segmentation is None:
            return []
        segmentation = settings.segmentation.GetSegmentation()
        return [(found, segmentation.GetSegment(found).GetName()) for found in segmentation.GetSegmentIDs()]

    def keepSegment(self, settings: Settings) -> int:
        """Place of the chosen segment in `segments`; if it is not there, the first is chosen, or none (-1)."""
        found = [segmentId for segmentId, _ in self.segments(settings)]
        if settings.segmentId not in found:
            settings.segmentId = found[0] if found else ""
        return found.index(settings.segmentId) if found else -1

    def addSegment(self, settings: Settings) -> None:
        """Add a segment and choose it; make a segmentation if there is none."""
        if settings.segmentation is None:
            segmentation = self._scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
            segmentation.CreateDefaultDisplayNodes()
            settings.segmentation = segmentation
        if (
            settings.inputVolume is not None
            and not settings.segmentation.GetSegmentation().GetNumberOfSegments()
        ):
            settings.segmentation.SetReferenceImageGeometryParameterFromVolumeNode(settings.inputVolume)
        settings.segmentId = settings.segmentation.GetSegmentation().AddEmptySegment()

    def stateOf(self, settings: Settings) -> State:
        """The first thing in the way of a segmentation, or READY."""
        return stateOf(
            bool(self._missing),
            [card.name for card in self.models],
            settings.inputVolume,
            settings.segmentation,
            settings.segmentId,
            settings.points,
        )

    def hintFor(self, settings: Settings, _: Callable[[str], str]) -> str:
        """What the user can do next; `_` translates."""
        count = pointCount(settings.points)
        hint = Messages.hintFor(self.stateOf(settings), count, self.missingText, _)
        chosen, shown = settings.inputVolume, self._shownVolume()
        if chosen is None or shown is None or shown is chosen:
            return hint
        return f"{Messages.otherVolume(chosen.GetName(), shown.GetName(), _)} {hint}"

    def settlePoints(self, settings: Settings) -> bool:
        """See `Session.settle`."""
        return self.session.settle(settings.points, settings.inputVolume, self._views())

    def start(
        self,
        settings: Settings,
        onDone: Callable[[SliceResult], None],
        onError: Callable[[Exception], None],
    ) -> None:
        """Segment in the background; see `Session.start`. Only when the state is READY."""
        card = self.models[self.modelIndex(settings)]
        request = Request(
            settings.inputVolume,
            settings.segmentation,
            settings.segmentId,
            settings.points,
            settings.modality.value,
            settings.model,
            settings.threshold,
            settings.keepExisting,
            settings.overwrite.value,
            (card.name, card.sha256),
        )
        self.session.start(request, self._views(), onDone, onError)

    def updateCue(self, settings: Settings) -> None:
        """Show or hide the confidence map as the settings say."""
        if settings.showCue:
            self.session.showCue(self._nodes("vtkMRMLSliceCompositeNode"))
        else:
            self.session.hideCue()

    def close(self) -> None:
        """End the worker and leave the scene clean."""
        self.session.closeScene()
        self.queue.close()

    def _choose(self, settings: Settings, step: Step | None) -> None:
        """Show in the panel what a step was about, as far as that is still there."""
        if step is None or step.segmentationNode is None or step.segmentationNode.GetScene() is None:
            return
        if step.volumeNode is not None and step.volumeNode.GetScene() is not None:
            settings.inputVolume = step.volumeNode
        settings.segmentation = step.segmentationNode
        if step.segmentationNode.GetSegmentation().GetSegment(step.segmentId) is not None:
            settings.segmentId = step.segmentId

    def _newPoints(self) -> slicer.vtkMRMLMarkupsFiducialNode:
        points = slicer.vtkMRMLMarkupsFiducialNode()
        points.SetName("Extreme points")
        points.SetHideFromEditors(True)
        points.SetSaveWithScene(False)
        self._scene.AddNode(points)
        points.CreateDefaultDisplayNodes()
        points.GetDisplayNode().SetSaveWithScene(False)
        points.GetDisplayNode().SetPointLabelsVisibility(False)
        return points

    def _views(self) -> list[slicer.vtkMRMLSliceNode]:
        return self._nodes("vtkMRMLSliceNode")
