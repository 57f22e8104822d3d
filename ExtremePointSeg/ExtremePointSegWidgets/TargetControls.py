"""The buttons of the section on seven points."""

import slicer
from slicer.i18n import tr as _

from CueSegMRML import Boxes, ControlPoints, Targets
from ExtremePointSegLib import SevenPointsMessages as Messages
from ExtremePointSegLib.SevenPoints import SegmentRequest


class TargetControls:
    """Base of the section, which has `ui`, `panel`, `points`, `volume`, `state` and `states`."""

    def onPlace(self, checked):
        """Let clicks in the views place points of the chosen target, of a new one if there is none."""
        if checked and self.state is None:
            self.onAdd()
        else:
            self.ui.targetPlaceWidget.setPlaceModeEnabled(checked)
        self.refresh()

    def onAdd(self):
        """Begin with the next object; one that has no point yet is it."""
        empty = [state for state in self.states if not state.count]
        self._choose(empty[0].node if empty else Targets.addTarget(self.volume))
        self.ui.targetPlaceWidget.setPlaceModeEnabled(True)

    def onNext(self):
        """Choose the next target, and show it."""
        nodes = [state.node for state in self.states]
        self._choose(nodes[(nodes.index(self.state.node) + 1) % len(nodes)])
        if self.state.hasSeed:
            self._goTo(0)

    def onRemove(self):
        """Remove the chosen target."""
        node = self.state.node
        self._stopPlacing()
        Targets.removeTarget(node)
        self.follow()

    def onTakeBack(self):
        """Remove the last point of the chosen target."""
        Targets.takeBack(self.state.node)

    def onBox(self):
        """Draw a box for the chosen target instead of its points outside, or go back to these."""
        if self.state is None:
            self._choose(Targets.addTarget(self.volume))
        node = self.state.node
        self._stopPlacing()
        if Targets.boxOf(node) is not None:
            Targets.removeBox(node)
        else:
            self.ui.targetBoxPlaceWidget.setCurrentNode(Targets.addBox(node))
            self.ui.targetBoxPlaceWidget.setPlaceModeEnabled(True)
        self.follow()

    def onChosen(self, index):
        """Choose a target from the list."""
        if self._settings() is not None and 0 <= index < len(self.states):
            self._choose(self.states[index].node)

    def onSegment(self):
        """Write the objects, or stop."""
        settings = self._settings()
        if self.isSegmenting:
            self.points.cancel()
            self.isSegmenting, self._message = False, _("Cancelled: nothing was changed.")
            self.refresh()
            return
        if not settings.segmentId:
            self.panel.addSegment(settings)
        request = SegmentRequest(
            settings.inputVolume,
            settings.segmentation,
            settings.segmentId,
            settings.keepExisting,
            settings.overwrite.value,
            settings.expansionThreshold,
        )
        self.isSegmenting, self._message = True, _("Segmenting…")
        points = self.points.pointsOf(self.volume, self.states)
        self.points.segment(request, points, self.onSegmented, self.onError)
        self._poller.start()
        self.refresh()

    def onSegmented(self, edit, result):
        """Say what was written."""
        self.isSegmenting = False
        self._message = Messages.describeEdit(edit, result.seconds, _)
        self._onHistory()

    def onUndo(self):
        """Take the last write back."""
        self.panel.undo(self._settings())
        self._message = ""
        self._onHistory()

    def onError(self, error):
        """Say in the section what went wrong."""
        self.isSegmenting, self._message = False, str(error)
        self.refresh()

    def onBoxPlacing(self, active):
        """Go on with the seed when the box is drawn."""
        state = self.state
        if (
            not active
            and state is not None
            and Boxes.isPlaced(Targets.boxOf(state.node))
            and not state.hasSeed
        ):
            self.ui.targetPlaceWidget.setPlaceModeEnabled(True)

    def _choose(self, node):
        self._stopPlacing()
        self._settings().target = node
        self.follow()

    def _stopPlacing(self):
        self.ui.targetPlaceWidget.setPlaceModeEnabled(False)
        self.ui.targetBoxPlaceWidget.setPlaceModeEnabled(False)

    def _goTo(self, number):
        """Show a point in all views."""
        node = self.state.node
        if number in ControlPoints.definedIndices(node):
            place = node.GetNthControlPointPositionWorld(number)
            for view in slicer.util.getNodesByClass("vtkMRMLSliceNode", self._scene):
                view.JumpSliceByCentering(*place)
