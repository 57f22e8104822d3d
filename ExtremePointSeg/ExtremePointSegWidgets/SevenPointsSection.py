"""The section "Seven points per object": points in the views, marks of what is missing, labels as they come."""

import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from CueSegMRML import ControlPoints, Targets
from CueSegMRML.BackgroundTask import TaskPoller
from ExtremePointSegLib import SevenPointsMessages as Messages
from ExtremePointSegLib.PointsCases import takePoints
from ExtremePointSegLib.SevenPoints import SevenPoints
from ExtremePointSegLib.TargetStates import SIDES, statesOf
from ExtremePointSegWidgets.TargetControls import TargetControls
from ExtremePointSegWidgets.TargetMarks import TargetMarks

DRAG_PAUSE = 150  # milliseconds without movement until a dragged point counts


class SevenPointsSection(TargetControls, TargetMarks, VTKObservationMixin):
    """Part of the panel's widget."""

    def __init__(self, ui, panel, scene, settings, onHistory):
        """Connect the controls.

        :param settings: called for the parameter node, None while none is bound.
        :param onHistory: called after the history of the segmentation has changed.
        """
        VTKObservationMixin.__init__(self)
        self.ui, self.panel, self._scene, self._settings = ui, panel, scene, settings
        self._onHistory = onHistory
        self.points = SevenPoints(scene, panel.session.editing, panel.history)
        panel.memoryHolders.append(self.points.freeMemory)
        self.states, self.labels = [], None
        self._seen, self._wanted, self._message, self.isSegmenting = None, None, "", False
        self._poller = TaskPoller(self.points.queue, self.refresh)
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.connect("timeout()", self.onSettled)
        self._marks = (
            ui.leftMarkButton,
            ui.rightMarkButton,
            ui.anteriorMarkButton,
            ui.posteriorMarkButton,
            ui.superiorMarkButton,
            ui.inferiorMarkButton,
        )
        self._connect()

    def _connect(self):
        ui = self.ui
        widgets = slicer.qSlicerMarkupsPlaceWidget
        ui.targetPlaceWidget.placeMultipleMarkups = widgets.ForcePlaceMultipleMarkups
        ui.targetBoxPlaceWidget.placeMultipleMarkups = widgets.ForcePlaceSingleMarkup
        ui.sevenPointsCollapsibleButton.connect("contentsCollapsed(bool)", self.onCollapsed)
        ui.placeTargetButton.connect("clicked(bool)", self.onPlace)
        ui.targetPlaceWidget.connect("activeMarkupsPlaceModeChanged(bool)", ui.placeTargetButton.setChecked)
        ui.targetBoxPlaceWidget.connect("activeMarkupsPlaceModeChanged(bool)", self.onBoxPlacing)
        ui.targetComboBox.connect("currentIndexChanged(int)", self.onChosen)
        ui.showCueCheckBox.connect("toggled(bool)", self.onCueToggled)
        ui.showExpansionCheckBox.connect("toggled(bool)", self.onExpansionToggled)
        for button, slot in (
            (ui.addTargetButton, self.onAdd),
            (ui.nextTargetButton, self.onNext),
            (ui.removeTargetButton, self.onRemove),
            (ui.takeBackButton, self.onTakeBack),
            (ui.targetBoxButton, self.onBox),
            (ui.segmentTargetsButton, self.onSegment),
            (ui.undoTargetsButton, self.onUndo),
            (ui.seedMarkButton, lambda: self._goTo(0)),
        ):
            button.connect("clicked(bool)", lambda checked, slot=slot: slot())
        for side, button in zip(SIDES, self._marks, strict=True):
            button.connect("clicked(bool)", lambda checked, side=side: self._goTo(self.state.points[side]))

    @property
    def isBusy(self):
        """Whether points, labels or a segment are still to be dealt with."""
        return self._pause.active or self.points.queue.busy

    @property
    def isOpen(self):
        """Whether the section is at work."""
        return self._settings() is not None and not self.ui.sevenPointsCollapsibleButton.collapsed

    @property
    def volume(self):
        """The panel's volume."""
        return self._settings().inputVolume if self._settings() is not None else None

    @property
    def state(self):
        """The chosen target; None when there is none."""
        target = self._settings().target if self._settings() is not None else None
        return next((state for state in self.states if state.node is target), None)

    def follow(self):
        """Look again at what the settings say: after a change of them, of the targets, or of the scene."""
        if self._settings() is None:
            return
        self.removeObservers()
        self.addObserver(self._scene, self._scene.NodeRemovedEvent, self.onNodeRemoved)
        if Messages.obstacleOf(self.volume, _):
            self.states = []
        else:
            self.states = statesOf(self.volume)
        Targets.showOnly(self.volume, self._scene)
        for state in self.states:
            self._observe(state.node)
        nodes = [state.node for state in self.states]
        if self._settings().target not in nodes:
            self._settings().target = nodes[-1] if nodes else None
        if self.ui.targetPlaceWidget.currentNode() is not self._settings().target:
            self._stopPlacing()
            self.ui.targetPlaceWidget.setCurrentNode(self._settings().target)
        self._seen = self._places()
        self.refresh()
        self._update()

    def release(self):
        """Leave views and mouse as they were, and no target without a point."""
        self._pause.stop()
        self._stopPlacing()
        self.removeObservers()
        self._hide()
        Targets.showOnly(None, self._scene)
        for state in self.states:
            if not ControlPoints.definedIndices(state.node) and not state.hasBox:
                Targets.removeTarget(state.node)
        self.states, self._message = [], ""
        self.ui.targetPlaceWidget.setCurrentNode(None)
        self.ui.targetBoxPlaceWidget.setCurrentNode(None)

    def take(self, cut):
        """The volume with its points, for a training set; the object has the name of the chosen segment.

        :param cut: whether the objects are cut out, instead of expanded.
        :raises ValueError: see `takePoints`.
        """
        settings = self._settings()
        obstacle = Messages.obstacleOf(self.volume, _)
        if obstacle:
            raise ValueError(obstacle)
        name = dict(self.panel.segments(settings)).get(settings.segmentId, "")
        return takePoints(self.points, self.volume, self.states, name, settings.expansionThreshold, cut)

    def leaveScene(self):
        """Let go of every node, before the scene drops them."""
        self.points.leaveScene()
        self.states, self.labels, self._wanted, self.isSegmenting = [], None, None, False

    def close(self):
        """Stop everything that could call back."""
        self._pause.stop()
        self._poller.stop()
        self.removeObservers()
        self.points.close()

    def onModified(self, caller=None, event=None):
        """A click counts at once, a drag when the mouse rests; moving towards the next point is neither."""
        places = self._places()
        if places != self._seen:
            clicked = [len(found[1]) for found in places] > [len(found[1]) for found in self._seen or ()]
            self._seen = places
            self._pause.start(0 if clicked else DRAG_PAUSE)

    def onNodeRemoved(self, caller, event):
        """A target may have gone."""
        if any(state.node.GetScene() is None for state in self.states):
            self._pause.start(0)

    def onSettled(self):
        """Name the points, and say and show what came of them."""
        if self._settings() is None:
            return
        self._message = ""
        self.follow()
        names = Messages.sideNames(_)
        for state in self.states:
            Targets.label(
                state.node, {number: names[side] for side, number in state.points.items() if number}
            )
        if self.state is not None and self.state.hasBox and self.state.hasSeed:
            self._stopPlacing()

    def onCollapsed(self, collapsed):
        """Work while the section is open only."""
        if collapsed:
            self._stopPlacing()
        elif self.isOpen:
            self._settings().showCue = self._settings().showCue and not self._settings().showExpansion
        self.follow()

    def onCueToggled(self, checked):
        """One layer over the views at a time: the labels, or the cue of the four points."""
        if checked and self.isOpen:
            self._settings().showCue = True  # before the other one: it may not be in the settings yet
            self._settings().showExpansion = False

    def onExpansionToggled(self, checked):
        """The same the other way round."""
        if checked and self.isOpen:
            self._settings().showExpansion = True
            self._settings().showCue = False

    def _update(self):
        """Compute the labels of what is new, or show none."""
        settings = self._settings()
        if not (self.isOpen and settings.showExpansion and any(state.isComplete for state in self.states)):
            self._hide()
            return
        volume, points = self.volume, self.points.pointsOf(self.volume, self.states)
        wanted = points.key, settings.expansionThreshold
        if wanted != self._wanted:
            self._wanted = wanted
            self.points.preview(
                points, settings.expansionThreshold, lambda labels: self._show(labels, volume), self.onError
            )
            self._poller.start()

    def _show(self, labels, volume):
        self.labels = labels
        self.points.show(labels, volume)

    def _hide(self):
        self.points.hide()
        self.labels = self._wanted = None

    def _places(self):
        return [Targets.stampOf(state.node) for state in self.states if state.node.GetScene() is not None]

    def _observe(self, node):
        events = (node.PointPositionDefinedEvent, node.PointPositionUndefinedEvent, node.PointModifiedEvent)
        for found in filter(None, (node, Targets.boxOf(node))):
            for event in events:
                self.addObserver(found, event, self.onModified)
