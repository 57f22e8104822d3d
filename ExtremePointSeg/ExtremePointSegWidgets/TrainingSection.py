"""The section "Train on my labels": its controls keep what was chosen from one scene to the next."""

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from CueSegMRML.BackgroundTask import TaskPoller
from CueSegMRML.PlotPane import PlotPane
from ExtremePointSegLib.Settings import Device, Dimensions, Format, LabelSource, Layout
from ExtremePointSegLib.Training import CaseRequest, Stage, Training
from ExtremePointSegLib.TrainingMessages import describeRun, describeSet
from ExtremePointSegLib.TrainingSet import readSet

INTERVAL = 500  # milliseconds between two looks at a training


class TrainingSection:
    """Part of the panel's widget."""

    def __init__(self, ui, panel, scene, settings, sevenPoints):
        """Fill the choices and connect the buttons.

        :param settings: called for the parameter node, None while none is bound.
        :param sevenPoints: the section whose points labels can be made of.
        """
        self.ui, self.panel, self._settings, self._sevenPoints = ui, panel, settings, sevenPoints
        self.training = Training(scene)
        self._message, self._found, self._opensNetwork = "", None, False
        self._plot = PlotPane(ui.trainingPlotContainer, scene)
        self._poller = TaskPoller(self.training.queue, self.refresh)
        self._timer = qt.QTimer()
        self._timer.setInterval(INTERVAL)
        self._timer.connect("timeout()", self.onPoll)
        for box, choice in self._choices():
            box.addItems([member.label() for member in choice])
        ui.trainingFolderLineEdit.connect("currentPathChanged(QString)", self.onFolderChosen)
        ui.labelsComboBox.connect("currentIndexChanged(int)", lambda index: self.refresh())
        ui.addCaseButton.connect("clicked(bool)", self.onAddCase)
        ui.trainButton.connect("clicked(bool)", self.onTrain)
        ui.openNetworkButton.connect("clicked(bool)", self.onOpenNetwork)
        self._showSet()

    @property
    def isBusy(self):
        """Whether a case is being written, or a training about to start; a running training does not count."""
        return self.training.queue.busy

    def close(self):
        """End the training with the panel."""
        self._timer.stop()
        self._poller.stop()
        self.training.close()

    def leaveScene(self):
        """The training goes on when the scene is closed; its curves are drawn again in the next one."""
        self._plot.show(None)
        self.training.leaveScene()

    def refresh(self):
        """Say how things stand; enable what can be done."""
        ui, training = self.ui, self.training
        isRunning, canWork = training.stage.isRunning, not self.panel.missingText
        settings, free = self._settings(), not training.queue.busy
        hasNodes = settings is not None and None not in (
            settings.inputVolume,
            settings.segmentation if self._isOfSegments else settings.inputVolume,
        )
        ui.addCaseButton.enabled = canWork and free and hasNodes and self._folder is not None
        canTrain = self._found is not None and self._found.canTrain
        ui.trainButton.enabled = isRunning or (canWork and free and canTrain)
        ui.trainButton.text = _("Stop") if isRunning else _("Train")
        for widget in (ui.stepsSpinBox, ui.trainingDeviceComboBox):
            widget.enabled = not isRunning
        ui.dimensionsComboBox.enabled = not isRunning and not self._isSetOfPoints
        ui.secondStageCheckBox.enabled = not isRunning
        ui.secondStageCheckBox.visible = self._isSetOfPoints
        ui.openNetworkButton.enabled = not isRunning and (training.isCurrent or training.hasWeights)
        texts = (self.panel.missingText, self._message, describeRun(training, _))
        ui.trainingLabel.text = "\n".join(filter(None, texts))
        self._plot.show(training.curves.chartNode)

    def onFolderChosen(self, path):
        """Look what the folder holds."""
        self._message = ""
        self._showSet()

    def onAddCase(self, checked):
        """Write volume and segmentation into the set."""
        ui, settings = self.ui, self._settings()
        request = CaseRequest(
            self._folder,
            settings.inputVolume,
            settings.segmentation,
            settings.modality.value,
            self._chosen(ui.layoutComboBox, Layout),
            self._chosen(ui.formatComboBox, Format),
            ui.patientLineEdit.text,
            ui.replaceCaseCheckBox.checked,
        )
        self._message = _("Writing the case…")
        if self._isOfSegments:
            self.training.addCase(request, self.onAdded, self.onError)
        else:
            try:
                cut = self._labels is LabelSource.CUT
                self.training.addPoints(request, self._sevenPoints.take(cut), self.onAdded, self.onError)
            except ValueError as error:
                self.onError(error)
        self._poller.start()
        self.refresh()

    def onAdded(self, result):
        """Show the set as it is now."""
        notes = result[1]
        self._message = "\n".join([_("The case was written."), *notes])
        self._showSet()

    def onTrain(self, checked):
        """Begin or go on, or stop."""
        ui, training = self.ui, self.training
        if training.stage.isRunning:
            training.stop()
            return
        self._message = ""
        dims = self._chosen(ui.dimensionsComboBox, Dimensions)
        device = self._chosen(ui.trainingDeviceComboBox, Device)
        steps, both = ui.stepsSpinBox.value, ui.secondStageCheckBox.checked
        training.start(self._folder, dims, steps, device, self.onStarted, self.onError, both)
        self._poller.start()
        self.refresh()

    def onStarted(self, recipe):
        """Look at the process from time to time."""
        self._timer.start()
        self.refresh()

    def onPoll(self):
        """Show what the training did."""
        self.training.poll()
        if not self.training.stage.isRunning:
            self._timer.stop()
            if self.training.stage is Stage.DONE and self._opensNetwork:
                self._open()
            self._opensNetwork = False
        self.refresh()

    def onOpenNetwork(self, checked):
        """Show the other module with the network, which is written first if there are better weights."""
        if self.training.isCurrent:
            self._open()
            return
        self._opensNetwork = True
        self.training.exportNetwork(self.onError)
        self._timer.start()
        self.refresh()

    def onError(self, error):
        """Say in the section what went wrong."""
        self._message = str(error)
        if isinstance(error, OSError):
            self._message = _("The folder cannot be used: {error}. Choose another one.").format(error=error)
        self.refresh()

    def follow(self):
        """Draw the curves in a new scene."""
        self.training.showCurves()
        self.refresh()

    def release(self):
        """Nothing of the section is in the views."""

    def _open(self):
        if not hasattr(slicer.modules, "scribblerefine"):
            self._message = _(
                "The module Scribble Refine is not loaded: the network's file can be used without."
            )
            return
        slicer.modules.scribblerefine.widgetRepresentation()  # its settings node comes with its panel
        self.training.handOver()
        slicer.util.selectModule("ScribbleRefine")

    def _showSet(self):
        self._found, text = None, _("Choose a new or empty folder, or one that was filled here.")
        if self._folder is not None:
            try:
                self._found = readSet(self._folder)
                text = describeSet(self._found, _)
                self._followSet()
            except (ValueError, OSError) as error:
                text = str(error)
        self.ui.casesLabel.text = text
        self.refresh()

    def _followSet(self):
        """A set that has begun goes on in its layout, its format and its kind of labels."""
        if self._found is not None:
            if self._found.isOfPoints == self._isOfSegments:
                labels = LabelSource.CUT if self._found.isOfPoints else LabelSource.SEGMENTS
                self.ui.labelsComboBox.currentIndex = list(LabelSource).index(labels)
            self.ui.layoutComboBox.currentIndex = list(Layout).index(Layout(self._found.layout))
            self.ui.formatComboBox.currentIndex = list(Format).index(Format(self._found.suffix))

    @property
    def _isSetOfPoints(self):
        return self._found is not None and self._found.isOfPoints

    @property
    def _labels(self):
        return list(LabelSource)[self.ui.labelsComboBox.currentIndex]

    @property
    def _isOfSegments(self):
        return self._labels is LabelSource.SEGMENTS

    @property
    def _folder(self):
        text = self.ui.trainingFolderLineEdit.currentPath.strip()
        return Path(text) if text else None

    def _choices(self):
        ui = self.ui
        return (
            (ui.labelsComboBox, LabelSource),
            (ui.layoutComboBox, Layout),
            (ui.formatComboBox, Format),
            (ui.dimensionsComboBox, Dimensions),
            (ui.trainingDeviceComboBox, Device),
        )

    def _chosen(self, box, choice):
        return list(choice)[box.currentIndex].value
