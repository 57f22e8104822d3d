"""Scribbles where a network is wrong become a corrected segmentation, by refining the network's last layers."""

from functools import partial
from typing import Annotated

import qt
import slicer
import vtk
from slicer import (
    vtkMRMLMarkupsROINode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLSliceNode,
)
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

from CueSegMRML.BackgroundTask import TaskPoller
from CueSegMRML.Keys import Hold, Keys
from CueSegMRML.SceneEvents import SceneEvents
from ScribbleRefineLib import Messages
from ScribbleRefineLib.Panel import Calls, Panel
from ScribbleRefineLib.Settings import Edges, Method, Overlay, Region
from ScribbleRefineSelfTest.BoxTests import BoxTests
from ScribbleRefineSelfTest.PartTests import PartTests
from ScribbleRefineSelfTest.RefiningTests import RefiningTests
from ScribbleRefineSelfTest.ReportTests import ReportTests
from ScribbleRefineSelfTest.ReviewTests import ReviewTests
from ScribbleRefineSelfTest.SceneTests import SceneTests
from ScribbleRefineWidgets import Controls
from ScribbleRefineWidgets.Brush import Brush
from ScribbleRefineWidgets.PanelSlots import PanelSlots
from ScribbleRefineWidgets.PlotPane import PlotPane
from ScribbleRefineWidgets.ReportSection import ReportSection
from ScribbleRefineWidgets.RoundView import RoundView
from ScribbleRefineWidgets.Tables import LabelTableView, prepareTable

SETTLING = 250  # milliseconds without a change until the growth is shown
SCRIBBLE_EVENTS = (
    slicer.vtkSegmentation.SourceRepresentationModified,
    slicer.vtkSegmentation.SegmentRemoved,
)


#
# ScribbleRefine
#


class ScribbleRefine(ScriptedLoadableModule):
    """Metadata of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Scribble Refinement")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        self.parent.dependencies = ["CueSegBackend"]
        self.parent.contributors = ["CueSeg contributors"]
        self.parent.helpText = _(
            "Corrects the segmentation of a network: paint a few scribbles where it is wrong, for as many labels "
            "as you like, and the last layers of the network are refined until its result agrees with them."
        )
        self.parent.acknowledgementText = _(
            "The method: Sambaturu et al., Efficient and Generic Interactive Segmentation Framework to Correct "
            "Mispredictions During Clinical Evaluation of Medical Images, MICCAI 2021."
        )


#
# ScribbleRefineParameterNode
#


@parameterNodeWrapper
class ScribbleRefineParameterNode:
    """Settings of the panel, saved with the scene; the tooltips of the panel explain them."""

    inputVolume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    network: str = ""
    keepUnmatched: bool = False
    keepScribbles: bool = True
    growth: Annotated[float, WithinRange(0, 1000)] = 0.0
    growthPreview: bool = True
    scope: Region = Region.VOLUME
    sliceView: vtkMRMLSliceNode
    slabSlices: Annotated[int, WithinRange(1, 100)] = 2
    roi: vtkMRMLMarkupsROINode
    partOnly: bool = False
    limit: Annotated[float, WithinRange(0, 500)] = 0.0
    overlay: Overlay = Overlay.NOTHING
    method: Method = Method.CROSS_ENTROPY
    regularise: Edges = Edges.RANDOM_WALKER
    layers: Annotated[int, WithinRange(0, 50)] = 0
    learningRate: Annotated[float, WithinRange(0, 10)] = 0.0
    alpha: Annotated[float, WithinRange(0, 100)] = 0.0
    beta: Annotated[float, WithinRange(0, 100_000)] = 0.0
    iterations: Annotated[int, WithinRange(1, 1000)] = 60
    cacheMegabytes: Annotated[int, WithinRange(0, 65536)] = 1024
    useShortcuts: bool = True
    box: vtkMRMLMarkupsROINode
    smoothness: Annotated[float, WithinRange(0, 1000)] = 0.3
    sigma: Annotated[float, WithinRange(0.001, 100)] = 0.1
    t0: Annotated[float, WithinRange(0, 1)] = 0.2
    t1: Annotated[float, WithinRange(0, 1)] = 0.7
    epsilon: Annotated[float, WithinRange(0, 100)] = 0.05
    omega: Annotated[float, WithinRange(0.01, 1000)] = 5.0
    alternations: Annotated[int, WithinRange(1, 50)] = 4


#
# ScribbleRefineWidget
#


class ScribbleRefineWidget(PanelSlots, SceneEvents, ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: binds settings and watches nodes; what its controls do is in `PanelSlots`."""

    ownPackages = ("ScribbleRefineLib", "ScribbleRefineWidgets", "ScribbleRefineSelfTest")

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = self._parameterNode = self._guiTag = self._scribbles = self._box = None
        self._shownLabels = ()

    def setup(self):
        """Load the panel; imports neither torch nor a network."""
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/ScribbleRefine.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = ui = slicer.util.childWidgetVariables(uiWidget)
        for hidden in (ui.reportTextEdit, ui.plotContainer, ui.jumpButton):
            hidden.visible = False
        prepareTable(ui.volumeTable)
        ui.boxPlaceWidget.placeMultipleMarkups = slicer.qSlicerMarkupsPlaceWidget.ForcePlaceSingleMarkup
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = ScribbleRefineLogic()
        self.panel = self.logic.panel
        self._calls = Calls(self.onProgress, self.onResult, self.onError)
        self._poller = TaskPoller(self.panel.queue, self.refresh)
        self._settling = qt.QTimer()
        self._settling.setSingleShot(True)
        self._settling.connect("timeout()", self.onSettled)
        self.brush = Brush(ui.segmentEditorWidget)
        self.labels = LabelTableView(ui.labelTable, self.onLabelChosen, self.onLocked)
        self.report = ReportSection(ui, self.panel.session, self.onError)
        plot = PlotPane(ui.plotContainer, slicer.mrmlScene)
        self._round = RoundView(ui.progressBar, ui.messageLabel, ui.jumpButton, plot, self.panel.jumpTo)
        actions = {
            "refine": self.onRefine,
            "cancel": self.onCancelKey,
            "before": Hold(self.onBefore),
            "changes": self.onToggleChanges,
            "undo": self.onUndoKey,
            "redo": self.onRedoKey,
            "previous": partial(self.labels.step, -1),
            "next": partial(self.labels.step, 1),
            "paint": partial(self.brush.setEffect, "Paint"),
            "erase": partial(self.brush.setEffect, "Erase"),
        }
        keys = ((Messages.KEYS[name][0], action) for name, action in actions.items())
        self.keys = Keys((key, a if isinstance(a, Hold) else partial(self.perform, a)) for key, a in keys)
        ui.shortcutsLabel.text = "\n".join(f"{key}\t{_(text)}" for key, text in Messages.KEYS.values())
        self._connect()
        self.initializeParameterNode()

    @property
    def isBusy(self):
        """Whether a computation or a preview is still to come."""
        return self._settling.active or self.panel.queue.busy

    def _connect(self):
        ui, panel, session = self.ui, self.panel, self.panel.session
        inspected, proposed = (self._calls._replace(onDone=slot) for slot in (self.onReport, self.onProposed))
        for button, slot in (
            (ui.setUpButton, self.onSetUp),
            (ui.freeMemoryButton, panel.freeMemory),
            (ui.importButton, self.onImport),
            (ui.inspectButton, lambda: panel.inspect(self._parameterNode, inspected)),
            (ui.initialButton, lambda: panel.runNetwork(self._parameterNode, self._calls)),
            (ui.useSegmentationButton, self.onUseSegmentation),
            (ui.addLabelButton, self.onAddLabel),
            (ui.insertLabelButton, lambda: session.addMissing(self.labels.current)),
            (ui.clearScribblesButton, session.clearScribbles),
            (ui.proposeButton, lambda: panel.proposeGrowth(self._parameterNode, proposed)),
            (ui.drawBoxButton, self.onDrawBox),
            (ui.segmentBoxButton, self.onSegmentBox),
            (ui.tuneButton, self.onRefine),
            (ui.refineButton, self.onRefine),
            (ui.cancelButton, session.cancel),
            (ui.undoButton, self.onUndo),
            (ui.redoButton, self.onRedo),
            (ui.resetWeightsButton, session.resetWeights),
            (ui.saveWeightsButton, lambda: session.saveWeights(ui.weightsPathLineEdit.currentPath)),
            (ui.applyWeightsButton, self.onApplyWeights),
        ):
            button.connect("clicked(bool)", partial(self.perform, slot))
        ui.beforeButton.connect("pressed()", partial(self.onBefore, True))
        ui.beforeButton.connect("released()", partial(self.onBefore, False))
        ui.networkComboBox.connect("currentIndexChanged(int)", self.onNetworkChosen)
        ui.targetComboBox.connect("currentIndexChanged(int)", self.onTargetChosen)
        ui.labelNameLineEdit.connect("returnPressed()", partial(self.perform, self.onAddLabel))
        for path in (ui.networkPathLineEdit, ui.weightsPathLineEdit):
            path.connect("currentPathChanged(QString)", lambda text: self.refresh())
        self._observeScene(slicer.mrmlScene)

    def cleanup(self):
        """Stop everything that could call back."""
        self.setParameterNode(None)
        self.report.close()
        self._poller.stop()
        self.panel.close()
        self.removeObservers()

    def exit(self):
        """Leave views, mouse mode, keys and scene as they were."""
        self.ui.boxPlaceWidget.setPlaceModeEnabled(False)
        self.setParameterNode(None)
        self.panel.session.releaseViews()

    def onSceneStartClose(self, caller, event):
        """Drop work and nodes before the scene goes."""
        self.onSceneStartImport(caller, event)
        self.panel.forget()
        self.report.leaveScene()
        self._poller.start()
        self._round.clear()

    def setParameterNode(self, parameterNode):
        """Bind a settings node, or none."""
        if self._parameterNode is not None:
            self._settling.stop()
            self.keys.uninstall()
            self.report.release()
            self.brush.leave()
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObservers(self.onParametersModified)
            self._observeScribbles(None)
            self._observeBox(None)
        self._parameterNode = parameterNode
        if parameterNode is not None:
            self._guiTag = parameterNode.connectGui(self.ui)
            self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
            self.onParametersModified()

    def onParametersModified(self, caller=None, event=None):
        """Bring everything that is not bound up to date."""
        parameters = self._parameterNode
        if parameters.useShortcuts and self.parent.isEntered and not self.keys.installed:
            self.keys.install(slicer.util.mainWindow())
        elif not parameters.useShortcuts:
            self.keys.uninstall()
        if self.panel.follow(parameters, lambda card: self.refresh(), self.onError):
            self._poller.start()
        self.panel.showOverlay(parameters)
        self._observeBox(parameters.box)
        self._settling.start(SETTLING)
        self.report.follow()
        self.refresh()

    def _observeScribbles(self, node):
        if node is not self._scribbles:
            self.removeObservers(self.onScribblesModified)
            self._scribbles = node
            for event in SCRIBBLE_EVENTS if node is not None else ():
                self.addObserver(node, event, self.onScribblesModified)

    def onScribblesModified(self, caller, event):
        """A stroke was painted, or taken back."""
        self.panel.session.noteUserActivity()
        self._settling.start(SETTLING)
        self.refresh()

    def onSettled(self):
        """Show what the scribbles claim."""
        if self._parameterNode is not None:
            self.panel.previewGrowth(self._parameterNode, self._calls._replace(onDone=lambda counts: None))
            self._poller.start()

    def perform(self, slot, checked=False):
        """Do what a button or key stands for, and say in the panel why if it cannot be done."""
        if self._parameterNode is None:
            return
        try:
            slot()
        except (ValueError, OSError) as error:
            self.onError(error)
        self._poller.start()
        self.refresh()

    def refresh(self):
        """Say what to do next; enable what can be done."""
        if self._parameterNode is None:
            return
        self._showNetworks()
        self._showLabels()
        self._showTargets()
        self.report.refresh()
        Controls.showState(self.ui, self.panel, self._parameterNode, self.labels.current)


#
# ScribbleRefineLogic
#


class ScribbleRefineLogic(ScriptedLoadableModuleLogic):
    """Owns the settings and the panel's state; the work is in ScribbleRefineLib."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self.panel = Panel(slicer.mrmlScene)

    def getParameterNode(self):
        """The settings, typed."""
        return ScribbleRefineParameterNode(super().getParameterNode())


#
# ScribbleRefineTest
#


class ScribbleRefineTest(
    BoxTests, PartTests, RefiningTests, ReportTests, ReviewTests, SceneTests, ScriptedLoadableModuleTest
):
    """Runs in Slicer; the cases are in ScribbleRefineSelfTest."""
