"""What the section on seven points shows: what to do, which points are set, what is wrong, what came of it."""

from slicer.i18n import tr as _

from CueSegMRML import ControlPoints, Targets
from ExtremePointSegLib import SevenPointsMessages as Messages
from ExtremePointSegLib.TargetStates import SIDES

SET, MISSING = "●", "○"


class TargetMarks:
    """Base of the section, which has `ui`, `panel`, `volume`, `state`, `states` and `labels`."""

    def refresh(self):
        """Say how things stand; enable what can be done."""
        settings, state = self._settings(), self.state
        if settings is None:
            return
        ui, obstacle = self.ui, Messages.obstacleOf(self.volume, _)
        ui.targetHintLabel.text = obstacle or Messages.hintFor(state, _)
        self._list()
        self._mark(state)
        isSeeded = state is not None and state.hasSeed
        canPlace = state is None or not (isSeeded and (state.hasBox or not state.missing))
        ui.placeTargetButton.enabled = not obstacle and (canPlace or ui.placeTargetButton.checked)
        ui.addTargetButton.enabled = ui.targetBoxButton.enabled = not obstacle
        ui.nextTargetButton.enabled = len(self.states) > 1
        ui.removeTargetButton.enabled = state is not None
        ui.takeBackButton.enabled = state is not None and bool(ControlPoints.definedIndices(state.node))
        ui.targetBoxButton.checked = state is not None and Targets.boxOf(state.node) is not None
        ui.segmentTargetsButton.text = _("Cancel") if self.isSegmenting else _("Segment")
        ui.segmentTargetsButton.enabled = any(found.isComplete for found in self.states)
        ui.undoTargetsButton.enabled = bool(self.panel.history.undoText)
        texts = [*self._findings(), Messages.describeCase(self.states, _)]
        if self.labels is not None:
            texts.append(Messages.describeLabels(self.labels, _))
        ui.targetsLabel.text = "\n".join(filter(None, (*texts, self._message)))

    def _findings(self):
        """Of the chosen target; with the image, once that was looked at."""
        state = self.state
        if state is None:
            return []
        seen = self.labels.findingsOf(state.target) if self.labels is not None else None
        return Messages.findingsOf(state, state.findings if seen is None else seen, _)

    def _list(self):
        """List the targets, with the number of their points."""
        box, titles = self.ui.targetComboBox, [f"{state.title} ({state.count}/7)" for state in self.states]
        wasBlocked = box.blockSignals(True)
        if [box.itemText(n) for n in range(box.count)] != titles:
            box.clear()
            box.addItems(titles)
        box.currentIndex = next((n for n, state in enumerate(self.states) if state is self.state), -1)
        box.blockSignals(wasBlocked)

    def _mark(self, state):
        """Say which points are set."""
        names, points = Messages.sideNames(_), {} if state is None else state.points
        for side, button in zip(SIDES, self._marks, strict=True):
            button.text = f"{SET if side in points else MISSING} {names[side]}"
            button.enabled = side in points
        hasSeed = state is not None and state.hasSeed
        self.ui.seedMarkButton.text = f"{SET if hasSeed else MISSING} {_('seed')}"
        self.ui.seedMarkButton.enabled = hasSeed
