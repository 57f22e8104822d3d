"""Four extreme points in a slice view become one slice of a segment."""

import sys
from enum import Enum
from typing import Annotated

import qt
import slicer
import vtk
from CueSegMRML import Requirements
from CueSegMRML.BackgroundTask import TaskPoller, TaskQueue
from ExtremePointSegLib import Readiness
from ExtremePointSegLib.Readiness import State
from ExtremePointSegLib.SegmentFromPoints import SET_SIZE, Notice, SliceResult
from ExtremePointSegLib.Session import Request, Session
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

DRAG_PAUSE = 150  # milliseconds without movement until a dragged point counts
OUR_PACKAGES = ("ExtremePointSegLib", "CueSegMRML", "cueseg")


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
            "Click the leftmost, rightmost, topmost and bottommost point of a structure in a slice view. A "
            "network turns the four points into a mask, which becomes that slice of the chosen segment. Drag a "
            "point to correct the result."
        )
        self.parent.acknowledgementText = _(
            "The cue is the confidence map of Khan et al., Extreme Points Derived Confidence Map as a Cue for "
            "Class-Agnostic Interactive Segmentation Using Deep Neural Network, MICCAI 2019."
        )


#
# ExtremePointSegParameterNode
#


class Modality(Enum):
    """What the volume holds; the values are those of the backend."""

    CT = "ct"
    MR = "mr"
    GREY = "grey"
    COLOR = "rgb"

    def label(self) -> str:
        """Text in the panel."""
        texts = {"ct": _("CT"), "mr": _("MR"), "grey": _("Other gray-scale image"), "rgb": _("Color image")}
        return texts[self.value]


class Overwrite(Enum):
    """What happens to other segments under the mask; the values are those of the Segment Editor's node."""

    NONE = slicer.vtkMRMLSegmentEditorNode.OverwriteNone
    VISIBLE = slicer.vtkMRMLSegmentEditorNode.OverwriteVisibleSegments
    ALL = slicer.vtkMRMLSegmentEditorNode.OverwriteAllSegments

    def label(self) -> str:
        """Text in the panel."""
        texts = {"NONE": _("Allow overlap"), "VISIBLE": _("Visible segments"), "ALL": _("All segments")}
        return texts[self.name]


@parameterNodeWrapper
class ExtremePointSegParameterNode:
    """Settings of the panel, saved with the scene.

    model - name of the weights, "default" for the shipped ones
    keepExisting - add the mask to what the segment holds in the slice
    threshold - probability from which a pixel belongs to the structure
    """

    inputVolume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    segmentId: str = ""
    points: vtkMRMLMarkupsFiducialNode
    modality: Modality = Modality.CT
    model: str = "default"
    showCue: bool = False
    autoApply: bool = True
    keepExisting: bool = False
    overwrite: Overwrite = Overwrite.NONE
    threshold: Annotated[float, WithinRange(0.01, 0.99)] = 0.5


#
# ExtremePointSegWidget
#


def hintFor(state: State, count: int, missing: str) -> str:
    """What the user can do next."""
    hints = {
        State.PACKAGES_MISSING: missing,
        State.NO_MODEL: _("No model is installed: reinstall the extension, it brings one."),
        State.NO_VOLUME: _("Choose the volume that the views show."),
        State.VOLUME_EMPTY: _("The volume holds no voxels: choose another one."),
        State.NON_LINEAR_TRANSFORM: _(
            "Volume or segmentation is in a non-linear transform: harden the transform, or take the node out "
            "of it, in the Transforms module."
        ),
        State.NO_SEGMENTATION: _("Choose or create a segmentation."),
        State.NO_SEGMENT: _("Choose the segment to write to, or add one."),
        State.NO_POINTS: _(
            "Press 'Place points', then click the leftmost, rightmost, topmost and bottommost point of the "
            "structure in one slice view, in any order."
        ),
        State.FEW_POINTS: _("{count} of {size} points are placed.").format(count=count, size=SET_SIZE),
        State.READY: _("Drag a point to correct the result; a fifth point begins a new set."),
    }
    return hints[state]


def textOf(notice: Notice) -> str:
    """One sentence on a result."""
    texts = {
        Notice.SMALL_BOX: _("The structure is only a few pixels wide: small structures are less accurate."),
        Notice.TOUCHES_BORDER: _("The points touch the border of the image: the structure may go on outside."),
        Notice.UNUSUAL_INTENSITIES: _("All intensities are outside the CT window: is the modality right?"),
        Notice.EMPTY_MASK: _("The network found nothing: check the points, or lower the threshold."),
        Notice.PARTLY_MASKED: _("The Segment Editor's masking kept a part of the mask out."),
        Notice.PARTLY_OUTSIDE: _("A part of the mask lies outside the geometry of the segmentation."),
        Notice.SEGMENT_HIDDEN: _("The segment is hidden: show it to see the result."),
    }
    return texts[notice]


class ExtremePointSegWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: binds settings, forwards events to the logic, shows what comes back."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._parameterNode = None
        self._guiTag = None
        self._message = ""

    def setup(self):
        """Load the panel; imports neither torch nor the network."""
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/ExtremePointSeg.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = ExtremePointSegLogic()
        self._poller = TaskPoller(self.logic.queue, self.refresh)
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.connect("timeout()", self.onPointsSettled)
        self.ui.placeWidget.placeMultipleMarkups = slicer.qSlicerMarkupsPlaceWidget.ForcePlaceMultipleMarkups
        self.ui.modelComboBox.addItems([card.name for card in self.logic.models])
        self._connect()
        self.initializeParameterNode()

    def _connect(self):
        ui = self.ui
        ui.setUpButton.connect("clicked(bool)", self.onSetUp)
        ui.addSegmentButton.connect("clicked(bool)", self.onAddSegment)
        ui.segmentSelector.connect("currentSegmentChanged(QString)", self.onSegmentChanged)
        ui.modelComboBox.connect("activated(int)", self.onModelChosen)
        ui.placeButton.connect("toggled(bool)", self.onPlaceToggled)
        ui.placeWidget.connect("activeMarkupsPlaceModeChanged(bool)", ui.placeButton.setChecked)
        ui.clearButton.connect("clicked(bool)", self.onClear)
        ui.applyButton.connect("clicked(bool)", self.onApply)
        ui.undoButton.connect("clicked(bool)", self.onUndo)
        ui.redoButton.connect("clicked(bool)", self.onRedo)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)

    def cleanup(self):
        """Stop everything that could call back."""
        self._pause.stop()
        self._poller.stop()
        self.logic.close()
        self.setParameterNode(None)
        self.removeObservers()

    def enter(self):
        """Bind the settings when the module is shown."""
        self.initializeParameterNode()

    def exit(self):
        """Leave views, mouse mode and scene as they were."""
        self.ui.placeWidget.setPlaceModeEnabled(False)
        self.logic.session.hideCue()
        self.setParameterNode(None)

    def onReload(self):
        """Reload the packages too, not the module file alone."""
        for name in [name for name in sys.modules if name.split(".")[0] in OUR_PACKAGES]:
            del sys.modules[name]
        super().onReload()

    def onSceneStartClose(self, caller, event):
        """Drop work and nodes before the scene goes."""
        self._pause.stop()
        self.logic.session.closeScene()
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        """Begin again with the new scene."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self):
        """Bind the settings node of the scene."""
        self.setParameterNode(self.logic.preparedParameterNode())

    def setParameterNode(self, parameterNode):
        """Bind a settings node, or none."""
        if self._parameterNode is not None:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObservers(self.onParametersModified)
            self.removeObservers(self.onPointsModified)
        self._parameterNode = parameterNode
        if parameterNode is None:
            return
        self._guiTag = parameterNode.connectGui(self.ui)
        self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        points = parameterNode.points
        for event in (points.PointPositionDefinedEvent, points.PointModifiedEvent, points.PointRemovedEvent):
            self.addObserver(points, event, self.onPointsModified)
        self.ui.placeWidget.setCurrentNode(points)
        self.onParametersModified()

    def onParametersModified(self, caller=None, event=None):
        """Bring the widgets that are bound by hand up to date."""
        parameters = self._parameterNode
        selector = self.ui.segmentSelector
        if selector.currentNode() is not parameters.segmentation:
            selector.setCurrentNode(parameters.segmentation)
        if selector.currentSegmentID() != parameters.segmentId:
            selector.setCurrentSegmentID(parameters.segmentId)
        self.logic.updateCue(parameters)
        self.refresh()

    def refresh(self):
        """Say what to do next; enable what can be done."""
        if self._parameterNode is None:
            return
        ui, busy = self.ui, self.logic.queue.busy
        state = self.logic.stateOf(self._parameterNode)
        count = Readiness.pointCount(self._parameterNode.points)
        hint = _("Computing…") if busy else hintFor(state, count, self.logic.missingText)
        ui.hintLabel.text = "\n".join(filter(None, (self._message, hint)))
        ui.deviceLabel.text = self.logic.deviceText
        ui.setUpButton.visible = bool(self.logic.missingText)
        ui.applyButton.enabled = busy or state is State.READY
        ui.applyButton.text = _("Cancel") if busy else _("Segment")
        ui.applyButton.toolTip = hint
        ui.undoButton.enabled = self.logic.session.editing.canUndo()
        ui.redoButton.enabled = self.logic.session.editing.canRedo()

    def onPointsModified(self, caller, event):
        """Wait until the mouse rests, but not after a click."""
        clicked = event == "PointPositionDefinedEvent"
        self._pause.start(0 if clicked else DRAG_PAUSE)

    def onPointsSettled(self):
        """Segment when four points are there."""
        if self._parameterNode is None:
            return
        complete = self.logic.settlePoints(self._parameterNode)
        if complete and self._parameterNode.autoApply:
            self.segment()
        self.refresh()

    def segment(self):
        """Start the prediction if nothing is in the way."""
        if self.logic.stateOf(self._parameterNode) is State.READY:
            self._message = ""
            self.logic.start(self._parameterNode, self.onResult, self.onError)
            self._poller.start()

    def onResult(self, result: SliceResult):
        """Show what the result needs said."""
        self._message = " ".join(textOf(notice) for notice in result.notices)
        self.logic.updateCue(self._parameterNode)

    def onError(self, error: Exception):
        """Say what went wrong, in the panel: a dialog per click would be in the way."""
        self._message = str(error)
        self.refresh()

    def onApply(self):
        """Segment, or cancel what is under way."""
        if self.logic.queue.busy:
            self.logic.session.cancel()
        else:
            self.segment()
        self.refresh()

    def onSetUp(self):
        """Install what is missing, after asking."""
        with slicer.util.tryWithErrorDisplay(_("The set-up did not finish."), waitCursor=True):
            try:
                self.logic.install()
            finally:
                self.refresh()

    def onAddSegment(self):
        """Add a segment, and a segmentation if there is none."""
        self.logic.addSegment(self._parameterNode)

    def onSegmentChanged(self, segmentId):
        """Keep the chosen segment in the settings."""
        if self._parameterNode is not None and self._parameterNode.segmentId != segmentId:
            self._parameterNode.segmentId = segmentId

    def onModelChosen(self, index):
        """Take over the model, and its threshold."""
        card = self.logic.models[index]
        self._parameterNode.model, self._parameterNode.threshold = card.name, card.threshold

    def onPlaceToggled(self, on):
        """Place points until told otherwise."""
        self.ui.placeWidget.setPlaceModeEnabled(on)

    def onClear(self):
        """Remove the points."""
        self._parameterNode.points.RemoveAllControlPoints()

    def onUndo(self):
        """Take the last write back."""
        self.logic.session.undo()
        self.refresh()

    def onRedo(self):
        """Bring it back."""
        self.logic.session.redo()
        self.refresh()
