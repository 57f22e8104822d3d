"""Four extreme points in a slice view become one slice of a segment."""

from typing import Annotated

import numpy as np
import qt
import slicer
import vtk
from slicer import vtkMRMLMarkupsFiducialNode, vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

from CueSegMRML import ControlPoints
from CueSegMRML.BackgroundTask import TaskPoller
from CueSegMRML.SceneEvents import SceneEvents
from ExtremePointSegLib import Messages
from ExtremePointSegLib.Panel import Panel
from ExtremePointSegLib.Predictor import loadPredictor
from ExtremePointSegLib.Readiness import State
from ExtremePointSegLib.Settings import Filling, Modality, Overwrite
from ExtremePointSegSelfTest.HistoryTests import HistoryTests
from ExtremePointSegSelfTest.PlacingTests import PlacingTests
from ExtremePointSegSelfTest.PointLabelsTests import PointLabelsTests
from ExtremePointSegSelfTest.ReportTests import ReportTests
from ExtremePointSegSelfTest.SceneTests import SceneTests
from ExtremePointSegSelfTest.SevenPointsTests import SevenPointsTests
from ExtremePointSegSelfTest.TrainingTests import TrainingTests
from ExtremePointSegSelfTest.VolumePointsTests import VolumePointsTests
from ExtremePointSegSelfTest.VolumeTests import VolumeTests
from ExtremePointSegSelfTest.WritingTests import WritingTests
from ExtremePointSegWidgets.KeysSection import KeysSection
from ExtremePointSegWidgets.ModelSection import ModelSection
from ExtremePointSegWidgets.ReportSection import ReportSection
from ExtremePointSegWidgets.SegmentChoice import SegmentChoice
from ExtremePointSegWidgets.SevenPointsSection import SevenPointsSection
from ExtremePointSegWidgets.TrainingSection import TrainingSection
from ExtremePointSegWidgets.VolumeSection import VolumeSection

DRAG_PAUSE = 150  # milliseconds without movement until a dragged point counts


#
# ExtremePointSeg
#


class ExtremePointSeg(ScriptedLoadableModule):
    """Metadata of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Extreme Point Segmentation")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        self.parent.dependencies = ["CueSegBackend"]
        self.parent.contributors = ["CueSeg contributors"]
        self.parent.helpText = _(
            "Click the leftmost, rightmost, topmost and bottommost point of a structure in a slice view: a "
            "network turns them into that slice of the chosen segment. Drag a point to correct the result."
        )
        self.parent.acknowledgementText = _(
            "The network's cue is the confidence map of Khan & Shahin et al., Extreme Points Derived "
            "Confidence Map as a Cue for Class-Agnostic Interactive Segmentation, MICCAI 2019. Learning from "
            "seven points per object is PA-Seg of Zhai, Wang et al., IEEE TMI 2023."
        )


#
# ExtremePointSegParameterNode
#


@parameterNodeWrapper
class ExtremePointSegParameterNode:
    """Settings of the panel, saved with the scene; the tooltips of the panel explain them."""

    inputVolume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    segmentId: str = ""
    points: vtkMRMLMarkupsFiducialNode
    modality: Modality = Modality.CT
    model: str = ""
    showCue: bool = False
    useShortcuts: bool = True
    autoApply: bool = True
    keepExisting: bool = False
    volumeNetwork: bool = True
    volumeFilling: Filling = Filling.DISTANCES
    overwrite: Overwrite = Overwrite.NONE
    threshold: Annotated[float, WithinRange(0.01, 0.99)] = 0.5
    target: vtkMRMLMarkupsFiducialNode
    showExpansion: bool = True
    expansionThreshold: Annotated[float, WithinRange(0.01, 0.99)] = 0.2


#
# ExtremePointSegWidget
#


class ExtremePointSegWidget(SceneEvents, ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: binds settings, forwards events to the logic, shows what comes back."""

    ownPackages = ("ExtremePointSegLib", "ExtremePointSegWidgets", "ExtremePointSegSelfTest")

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = self._parameterNode = self._guiTag = None
        self._message = ""
        self._seenPoints = np.empty((0, 3))

    def setup(self):
        """Load the panel; imports neither torch nor the network."""
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/ExtremePointSeg.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = ExtremePointSegLogic()
        self.panel = self.logic.panel
        self._poller = TaskPoller(self.panel.queue, self.refresh)
        settings = lambda: self._parameterNode  # noqa: E731 (handed to every section)
        shared = (self.ui, self.panel, slicer.mrmlScene, settings)
        self.volume = VolumeSection(*shared, self.refresh)
        self.sevenPoints = SevenPointsSection(*shared, self.refresh)
        self.training = TrainingSection(*shared, self.sevenPoints)
        keys = {"accept": lambda: self.onStep(self.panel.accept), "suggested": self.volume.goToSuggested}
        self._sections = [  # in the order in which they follow
            ModelSection(self.ui, self.panel, settings, self.refresh),
            SegmentChoice(self.ui, self.panel, settings),
            self.volume,
            self.sevenPoints,
            self.training,
            ReportSection(*shared),
            KeysSection(self.ui, settings, lambda: self.parent.isEntered, keys),
        ]
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.connect("timeout()", self.onPointsSettled)
        self.ui.placeWidget.placeMultipleMarkups = slicer.qSlicerMarkupsPlaceWidget.ForcePlaceMultipleMarkups
        self._connect()
        self.initializeParameterNode()

    @property
    def isBusy(self):
        """Whether points or a prediction are still to be dealt with."""
        return self._pause.active or self.panel.queue.busy or any(part.isBusy for part in self._sections)

    def _connect(self):
        ui = self.ui
        ui.placeButton.connect("toggled(bool)", ui.placeWidget.setPlaceModeEnabled)
        ui.placeWidget.connect("activeMarkupsPlaceModeChanged(bool)", ui.placeButton.setChecked)
        ui.applyButton.connect("clicked(bool)", self.onApply)
        for button, step in (
            (ui.clearButton, self.panel.clearPoints),
            (ui.undoButton, self.panel.undo),
            (ui.redoButton, self.panel.redo),
        ):
            button.connect("clicked(bool)", lambda checked, step=step: self.onStep(step))
        self._observeScene(slicer.mrmlScene)

    def cleanup(self):
        """Stop everything that could call back."""
        self._pause.stop()
        self._poller.stop()
        self.setParameterNode(None)
        for section in self._sections:
            section.close()
        self.panel.close()
        self.removeObservers()

    def exit(self):
        """Leave views, mouse mode and scene as they were."""
        self.ui.placeWidget.setPlaceModeEnabled(False)
        parameterNode = self._parameterNode
        self.setParameterNode(None)
        self.panel.release(parameterNode)

    def onSceneStartClose(self, caller, event):
        """Drop work and nodes before the scene goes."""
        self.onSceneStartImport(caller, event)
        self.panel.session.closeScene()
        for section in self._sections:
            section.leaveScene()

    def onSceneStartImport(self, caller, event):
        """Look away while settings refer to nodes that are still to come."""
        self._pause.stop()
        super().onSceneStartImport(caller, event)

    def setParameterNode(self, parameterNode):
        """Bind a settings node, or none."""
        if self._parameterNode is not None:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObservers(self.onParametersModified)
            self.removeObservers(self.onPointsModified)
            for section in self._sections:
                section.release()
        self._parameterNode = parameterNode
        self.ui.placeWidget.setCurrentNode(parameterNode.points if parameterNode is not None else None)
        if parameterNode is None:
            return
        self._guiTag = parameterNode.connectGui(self.ui)
        self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        points = parameterNode.points
        for event in (points.PointPositionDefinedEvent, points.PointModifiedEvent, points.PointRemovedEvent):
            self.addObserver(points, event, self.onPointsModified)
        self._seenPoints = ControlPoints.worldPoints(points)
        self.onParametersModified()

    def onParametersModified(self, caller=None, event=None):
        """Bring the widgets that are bound by hand up to date."""
        parameters = self._parameterNode
        self.panel.updateCue(parameters)
        for section in self._sections:
            section.follow()
        self.refresh()

    def refresh(self):
        """Say what to do next; enable what can be done."""
        if self._parameterNode is None:
            return
        ui, busy = self.ui, self.panel.queue.busy
        state = self.panel.stateOf(self._parameterNode)
        hint = _("Computing…") if busy else self.panel.hintFor(self._parameterNode, _)
        ui.hintLabel.text = "\n".join(filter(None, (self._message, hint)))
        ui.applyButton.enabled = busy or state is State.READY
        ui.applyButton.text = _("Cancel") if busy else _("Segment")
        ui.applyButton.toolTip = hint
        ui.undoButton.enabled = bool(self.panel.history.undoText)
        ui.redoButton.enabled = bool(self.panel.history.redoText)
        tips = Messages.historyTip(self.panel.history.undoText, self.panel.history.redoText, _)
        ui.undoButton.toolTip, ui.redoButton.toolTip = tips
        for section in self._sections:
            section.refresh()

    def onPointsModified(self, caller, event):
        """A click counts at once, a drag when the mouse rests; moving towards the next point is neither."""
        points = ControlPoints.worldPoints(caller)
        if not np.array_equal(points, self._seenPoints):
            clicked = len(points) > len(self._seenPoints)
            self._seenPoints = points
            self._pause.start(0 if clicked else DRAG_PAUSE)

    def onPointsSettled(self):
        """Segment when four points are there."""
        if self._parameterNode is None:
            return
        try:
            complete = self.panel.settlePoints(self._parameterNode)
        except ValueError as error:
            self.onError(error)
        else:
            if complete and self._parameterNode.autoApply:
                self.segment()
        self.refresh()

    def segment(self):
        """Start the prediction if nothing is in the way."""
        if self.panel.stateOf(self._parameterNode) is State.READY:
            self._message = ""
            self.panel.start(self._parameterNode, self.onResult, self.onError)
            self._poller.start()

    def onResult(self, result):
        """Show what the result needs said."""
        self._message = " ".join(Messages.textOf(notice, _) for notice in result.notices)
        if self._parameterNode is not None:
            self.panel.updateCue(self._parameterNode)

    def onError(self, error):
        """Say what went wrong, in the panel: a dialog per click would be in the way."""
        self._message = str(error)

    def onApply(self, checked):
        """Segment, or cancel what is under way."""
        if self.panel.queue.busy:
            self.panel.session.cancel()
        else:
            self.segment()
        self.refresh()

    def onStep(self, step):
        """Do something that the history knows."""
        try:
            step(self._parameterNode)
        except ValueError as error:
            self.onError(error)
        self.refresh()


#
# ExtremePointSegLogic
#


class ExtremePointSegLogic(ScriptedLoadableModuleLogic):
    """Owns the settings and the panel's state; the work is in ExtremePointSegLib."""

    def __init__(self, makePredictor=loadPredictor):
        ScriptedLoadableModuleLogic.__init__(self)
        self.panel = Panel(slicer.mrmlScene, makePredictor)

    def getParameterNode(self):
        """The settings, typed."""
        return ExtremePointSegParameterNode(super().getParameterNode())


#
# ExtremePointSegTest
#


class ExtremePointSegTest(
    HistoryTests,
    PlacingTests,
    PointLabelsTests,
    ReportTests,
    SceneTests,
    SevenPointsTests,
    TrainingTests,
    VolumePointsTests,
    VolumeTests,
    WritingTests,
    ScriptedLoadableModuleTest,
):
    """Runs in Slicer; the cases are in ExtremePointSegSelfTest."""
