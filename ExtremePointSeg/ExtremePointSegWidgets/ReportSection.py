"""The section "Report": times, the record of the session, and a simulated user on a known structure."""

from html import escape

import qt
import slicer
from slicer.i18n import tr as _

from CueSegMRML.BackgroundTask import TaskPoller
from CueSegMRML.PlotPane import PlotPane
from CueSegMRML.ReportControls import ReportControls, ReportSource
from ExtremePointSegLib.RobotTrial import EVERY, SUGGESTED, RobotTrial, TrialRequest

INTERVAL = 1000  # milliseconds between two looks at the clock


class ReportSection(ReportControls):
    """Part of the panel's widget."""

    def __init__(self, ui, panel, scene, settings):
        """Connect the controls.

        :param settings: called for the parameter node, None while none is bound.
        """
        recorder = panel.session.recorder
        self.panel, self._scene, self._settings = panel, scene, settings
        self.trial = RobotTrial(scene, panel.queue, panel.session.slicePredictor)
        self._poller = TaskPoller(self.trial.queue, self.refresh)
        self._plot = PlotPane(ui.reportPlotContainer, scene)
        self._references, self._message = [], ""
        ui.reportModeComboBox.addItems([_("Click every slice"), _("Click suggested slices")])
        source = ReportSource(recorder.times, recorder.records, recorder.report, recorder.rows)
        super().__init__(ui, source, self.onError)
        ui.reportRobotButton.connect("clicked(bool)", self.onTry)
        self._timer = qt.QTimer()
        self._timer.setInterval(INTERVAL)
        self._timer.connect("timeout()", self.refresh)

    @property
    def isBusy(self):
        """Whether the simulated user is at work."""
        return self.trial.queue.busy

    def follow(self):
        """Let the times run while the panel is in front."""
        self._timer.start()
        super().follow()

    def release(self):
        """Look no more."""
        self._timer.stop()

    def leaveScene(self):
        """Give up the trial, too."""
        self.trial.leaveScene()
        self._plot.show(None)
        self._message = ""
        super().leaveScene()

    def close(self):
        """End the work."""
        self._timer.stop()
        self._poller.stop()
        self.trial.close()

    def refresh(self):
        """Say how things stand; enable what can be done."""
        super().refresh()
        ui, isBusy = self.ui, self.isBusy
        if not isBusy:
            self._listReferences()
        ui.reportRobotButton.text = _("Cancel") if isBusy else _("Try on the reference")
        settings = self._settings()
        canTry = settings is not None and settings.inputVolume is not None and not self.panel.missingText
        ui.reportRobotButton.enabled = isBusy or (canTry and bool(self._references))
        for widget in (ui.reportReferenceComboBox, ui.reportModeComboBox):
            widget.enabled = not isBusy
        ui.reportMessageLabel.text = self._message
        ui.reportMessageLabel.visible = bool(self._message)

    def show(self, lines, titles):
        """Show the table as text."""
        self.ui.reportTableLabel.text = tableOf(lines, titles)
        self.ui.reportTableLabel.visible = True

    def hide(self):
        """Show no table."""
        self.ui.reportTableLabel.visible = False

    def onTry(self, checked):
        """Let a simulated user work on the reference, or give it up."""
        if self.isBusy:
            self.trial.cancel()
            self._message = ""
            self.refresh()
            return
        settings, ui = self._settings(), self.ui
        node, segmentId, _name = self._references[ui.reportReferenceComboBox.currentIndex]
        request = TrialRequest(
            settings.inputVolume,
            node,
            segmentId,
            mode=(EVERY, SUGGESTED)[ui.reportModeComboBox.currentIndex],
            modality=settings.modality.value,
            model=settings.model,
        )
        try:
            self.trial.start(request, self.onDone, self.onError, self.onProgress)
        except ValueError as error:
            self.onError(error)
            return
        self._message = _("The simulated user begins…")
        self._poller.start()
        self.refresh()

    def onProgress(self, news):
        """Say how far it is."""
        step, most = news
        self._message = _("Simulated user: slice {number} of at most {most}, Dice {dice:.3f}").format(
            number=step.number, most=most, dice=step.dice
        )
        self.refresh()

    def onDone(self, run):
        """Show the curve, and how many clicks were needed."""
        last, needed = run.steps[-1], run.needed()
        reached = _("Dice 0.90 after {clicks} clicks").format(clicks=needed)
        if needed is None:
            reached = _("Dice 0.90 was not reached")
        self._message = _(
            "Simulated user: Dice {dice:.3f} after {clicks} clicks, {seconds:.0f} s of computing. {reached}. "
            "Every step is in the table '{table}'."
        ).format(
            dice=last.dice,
            clicks=last.clicks,
            seconds=last.seconds,
            reached=reached,
            table=self.trial.tableNode.GetName(),
        )
        self._plot.show(self.trial.curves.chartNode)
        self.refresh()

    def onError(self, error):
        """Say in the section what went wrong."""
        self._message = str(error)
        self.refresh()

    def _listReferences(self):
        """All segments of the scene; the chosen one stays chosen."""
        found = []
        for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode", self._scene):
            segmentation = node.GetSegmentation()
            for segmentId in segmentation.GetSegmentIDs() if not node.GetHideFromEditors() else ():
                name = f"{node.GetName()}: {segmentation.GetSegment(segmentId).GetName()}"
                found.append((node, segmentId, name))
        if found == self._references:
            return
        box = self.ui.reportReferenceComboBox
        chosen = self._references[box.currentIndex][:2] if self._references else None
        self._references = found
        box.clear()
        box.addItems([name for _node, _id, name in found])
        box.currentIndex = next((n for n, item in enumerate(found) if item[:2] == chosen), 0)


def tableOf(lines, titles):
    """Texts as a table for a label."""
    cells = ["".join(f"<th>{escape(title)}</th>" for title in titles)]
    cells += ["".join(f'<td align="right">{escape(text)}</td>' for text in line) for line in lines]
    return f"""<table cellpadding="3">{"".join(f"<tr>{row}</tr>" for row in cells)}</table>"""
