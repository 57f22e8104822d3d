"""The section "From slices to a volume": what a segment is made of, runs over its slices, points to be dragged."""

import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from CueSegMRML.BackgroundTask import TaskPoller
from CueSegMRML.SceneEvents import SEGMENT_EVENTS
from ExtremePointSegLib import WholeVolumeMessages as Messages
from ExtremePointSegLib.WholeVolume import WholeVolume
from ExtremePointSegLib.WholeVolumePoints import DerivedPoints
from ExtremePointSegLib.WholeVolumeSlices import axisOfPoints, slicesOf, stampOf
from ExtremePointSegWidgets.VolumeControls import VolumeControls
from ExtremePointSegWidgets.VolumeMarks import VolumeMarks

DRAG_PAUSE = 150  # milliseconds without movement until a dragged point counts
LOOK_PAUSE = 50  # milliseconds after a change of the segment until it is looked at


class VolumeSection(VolumeControls, VolumeMarks, VTKObservationMixin):
    """Part of the panel's widget."""

    def __init__(self, ui, panel, scene, settings, onHistory):
        """Connect the controls.

        :param settings: called for the parameter node, None while none is bound.
        :param onHistory: called after the history of the segmentation has changed.
        """
        VTKObservationMixin.__init__(self)
        self.ui, self.panel, self._scene, self._settings = ui, panel, scene, settings
        self._onHistory = onHistory
        session = panel.session
        parts = session.editing, panel.history, session.slicePredictor, session.recorder
        self.whole = WholeVolume(panel.queue, *parts)
        panel.memoryHolders.append(self.whole.freeMemory)
        self.derived = DerivedPoints(scene)
        self._segmentation, self._observed, self._axes = None, None, {}
        self._forget()
        self._poller = TaskPoller(self.whole.queue, self.refresh)
        self._pause, self._look = qt.QTimer(), qt.QTimer()
        for timer, slot in ((self._pause, self.onPointsSettled), (self._look, self.refresh)):
            timer.setSingleShot(True)
            timer.connect("timeout()", slot)
        self._connect()

    def _connect(self):
        ui = self.ui
        ui.volumeCollapsibleButton.connect("contentsCollapsed(bool)", lambda collapsed: self.follow())
        ui.volumeAxisComboBox.connect("currentIndexChanged(int)", self.onAxisChosen)
        ui.volumeStripLabel.connect("linkActivated(QString)", self.onMark)
        ui.volumeStripLabel.connect("linkHovered(QString)", self.onMarkHovered)
        for button, slot in (
            (ui.volumeFillButton, self.onFill),
            (ui.volumeNextButton, self.goToSuggested),
            (ui.volumeLowButton, lambda: self.onCarryOn(-1)),
            (ui.volumeHighButton, lambda: self.onCarryOn(1)),
        ):
            button.connect("clicked(bool)", lambda checked, slot=slot: slot())

    @property
    def isBusy(self):
        """Whether points, a run or a change of the segment are still to be dealt with."""
        return self._pause.active or self._look.active or self.whole.queue.busy

    @property
    def isOpen(self):
        """Whether the section is at work."""
        return self._settings() is not None and not self.ui.volumeCollapsibleButton.collapsed

    @property
    def nodes(self):
        """Segmentation, segment and volume that are chosen."""
        settings = self._settings()
        return settings.segmentation, settings.segmentId, settings.inputVolume

    @property
    def obstacle(self):
        """What is in the way of looking at the segment; empty if nothing is."""
        segmentation, segmentId, volume = self.nodes
        return Messages.obstacleOf(volume, segmentation, segmentId, _)

    def follow(self):
        """Look again at what the settings say."""
        if self._settings() is None:
            return
        self._observeSegmentation(self._settings().segmentation if self.isOpen else None)
        if self._names() != self._seen:
            self._message, self._seen = "", self._names()
        self.refresh()

    def release(self):
        """Leave views and scene as they were; a run goes on."""
        self._pause.stop()
        self._look.stop()
        self._observeSegmentation(None)
        self._observePoints(None)
        self.derived.hide()
        self._forget()

    def leaveScene(self):
        """Let go of every node, before the scene drops them."""
        self.whole.leaveScene()
        self._axes = {}
        self._forget()

    def close(self):
        """Stop everything that could call back."""
        self._pause.stop()
        self._look.stop()
        self._poller.stop()
        self.derived.hide()
        self.removeObservers()
        self.whole.close()

    def onSegmentModified(self, caller=None, event=None):
        """Something was written, painted, undone: look when it is done."""
        self._look.start(LOOK_PAUSE)

    def onDerivedModified(self, caller, event):
        """A drag counts when the mouse rests."""
        if self.derived.moved() is not None:
            self._pause.start(DRAG_PAUSE)

    def _forget(self):
        self.slices, self._stamp, self._seen, self._strip = None, None, None, None
        self._message = self._progress = ""
        self._moved = self._suggested = None
        self._outdated = []

    def _names(self):
        segmentation, segmentId, volume = self.nodes
        return tuple(node.GetID() if node is not None else "" for node in (segmentation, volume)), segmentId

    def _takeSlices(self):
        """Look at the segment, if it is another or has changed."""
        nodes, axis = self.nodes, self._axes.get(self._names())
        stamp = (stampOf(*nodes), axis)
        if stamp == self._stamp and self.slices is not None:
            return
        self._stamp = stamp
        views = slicer.util.getNodesByClass("vtkMRMLSliceNode", self._scene)
        preferred = axisOfPoints(self._settings().points, nodes[2], views)
        self.slices = slicesOf(*nodes, axis=axis, preferred=preferred)
        self._outdated = self.whole.reviews.outdated(nodes, self.slices)
        self._suggested = self.whole.reviews.suggested(nodes, self.slices)

    def _observeSegmentation(self, segmentation):
        if segmentation is not self._segmentation:
            self.removeObservers(self.onSegmentModified)
            self._segmentation = segmentation
            for event in SEGMENT_EVENTS if segmentation is not None else ():
                self.addObserver(segmentation, event, self.onSegmentModified)

    def _observePoints(self, node):
        if node is not self._observed:
            self.removeObservers(self.onDerivedModified)
            self._observed = node
            if node is not None:
                self.addObserver(node, node.PointModifiedEvent, self.onDerivedModified)
