"""The section "Train on my labels": sets written, networks trained, stopped, gone on with and handed over."""

import json
import os
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import slicer

from CueSegMRML import SegmentMasks
from ExtremePointSegLib.Settings import LabelSource
from ExtremePointSegLib.Training import Stage
from ExtremePointSegSelfTest import Expectation
from ExtremePointSegSelfTest.PanelCase import PanelCase

SHAPE = (6, 24, 32)  # slices, rows, columns
BODIES = {"ball": (3, 9, 9), "cube": (3, 15, 22)}  # middles
POINTS = (
    (9, 9, 3),
    (1, 9, 3),
    (16, 9, 3),
    (9, 2, 3),
    (9, 15, 3),
    (9, 9, 0),
    (9, 9, 5),
)  # IJK, about the ball
LONG = 200  # steps that no test waits for: a state is saved after every 10, the first validation is after 20


class TrainingTests(PanelCase):
    """Mixed into the module's test class."""

    patience = 120  # seconds: every training begins a process, which imports torch

    @property
    def section(self):
        """The panel's part that is tested here."""
        return self.widget.training

    @property
    def trainingSays(self):
        """Messages of the section, for asserts and reports."""
        return f"{self.ui.casesLabel.text}\n{self.ui.trainingLabel.text}"

    def useFolder(self, folder, layout=0, form=0):
        """Open the section, type a folder and choose layout and format."""
        self.ui.trainingCollapsibleButton.collapsed = False
        self.ui.layoutComboBox.currentIndex = layout
        self.ui.formatComboBox.currentIndex = form
        self.ui.trainingFolderLineEdit.currentPath = str(folder)

    def addPhantom(self, name, segments=tuple(BODIES), seed=0):
        """A labelled volume in the panel: bright bodies in noise."""
        bodies = {body: np.zeros(SHAPE, bool) for body in BODIES}
        for body, (k, j, i) in BODIES.items():
            bodies[body][k - 2 : k + 2, j - 5 : j + 5, i - 6 : i + 6] = True
        values = np.random.default_rng(seed).normal(0, 5, SHAPE)
        for number, mask in enumerate(bodies.values(), start=1):
            values += 90.0 * number * mask
        volume = slicer.util.addVolumeFromArray(
            values.astype(np.float32), nodeClassName="vtkMRMLScalarVolumeNode", name=name
        )
        self.showVolume(volume)
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"labels of {name}")
        segmentation.CreateDefaultDisplayNodes()
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        for body in segments:
            segmentId = segmentation.GetSegmentation().AddEmptySegment("", body)
            SegmentMasks.setOnVolume(segmentation, segmentId, volume, bodies[body])
        self.ui.segmentationSelector.setCurrentNode(segmentation)
        return volume

    def addCase(self):
        """Press the button and wait."""
        self.assertTrue(self.ui.addCaseButton.enabled, self.trainingSays)
        self.ui.addCaseButton.click()
        self.waitUntilIdle()

    def addTwoCases(self, folder, **choices):
        """A set that can be trained on."""
        self.useFolder(folder, **choices)
        for seed, name in enumerate(("one", "two")):
            self.addPhantom(name, seed=seed)
            self.addCase()
        self.assertTrue(self.ui.trainButton.enabled, self.trainingSays)

    def train(self, steps):
        """Begin a training."""
        self.ui.dimensionsComboBox.currentIndex = 0
        self.ui.trainingDeviceComboBox.currentIndex = 1
        self.ui.stepsSpinBox.value = steps
        self.ui.trainButton.click()
        self.waitFor(
            lambda: self.section.training.stage.isRunning, f"the start of the training: {self.trainingSays}"
        )

    def waitForEnd(self, stage):
        """Wait for the process."""
        training = self.section.training
        self.waitFor(lambda: not training.stage.isRunning, "the end of the training")
        self.assertIs(training.stage, stage, self.trainingSays)

    @contextmanager
    def trainingFolder(self):
        """A folder; afterwards nothing runs any more, and the section is as it was."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                yield Path(folder)
            finally:
                training = self.section.training
                training.stop()
                self.waitFor(lambda: not training.stage.isRunning, "the end of the training")
                training.stage, training.runs, training.log = Stage.IDLE, None, None
                self.useFolder("")
                self.ui.replaceCaseCheckBox.checked = False
                self.ui.trainingCollapsibleButton.collapsed = True

    def test_ANetworkIsTrainedAndOpened(self):
        """From two cases to a curve and a network that Scribble Refine lists and has chosen."""
        with self.trainingFolder() as folder:
            self.addTwoCases(folder / "Dataset007_Phantom")
            self.assertIn("Cases: 2, 1 to learn from and 1 to validate on; ball, cube", self.trainingSays)
            self.train(4)
            self.waitForEnd(Stage.DONE)
            network = self.section.training.network
            self.assertIn(str(network), self.trainingSays)
            self.assertIn("Best validation Dice", self.trainingSays)
            self.assertTrue(self.ui.trainingPlotContainer.visible)
            log = self.section.training.log
            self.assertEqual([step for step, _ in log.losses], list(range(1, 5)))
            self.assertEqual(len(log.scores), 4)
            self.ui.openNetworkButton.click()
            other = slicer.modules.ScribbleRefineWidget
            self.assertTrue(other.parent.isEntered)
            self.assertEqual(other.ui.networkComboBox.currentText, network.name)
            slicer.util.selectModule("ExtremePointSeg")

    def addTwoCasesOfPoints(self, folder, source):
        """Two phantoms with seven points each, as labels of a `LabelSource`; the second stage is ticked."""
        self.addCleanup(setattr, self.ui.labelsComboBox, "currentIndex", 0)
        self.addCleanup(setattr, self.ui.secondStageCheckBox, "checked", False)
        self.addCleanup(setattr, self.ui.sevenPointsCollapsibleButton, "collapsed", True)
        self.ui.sevenPointsCollapsibleButton.collapsed = False
        self.useFolder(folder)
        self.ui.labelsComboBox.currentIndex = list(LabelSource).index(source)
        for seed, name in enumerate(("one", "two")):
            self.addPhantom(name, seed=seed)
            self.ui.addTargetButton.click()
            for number, place in enumerate(POINTS):
                world = Expectation.toWorld(self.settings.inputVolume, np.array(place))
                self.settings.target.SetNthControlPointPositionWorld(number, *world)
            self.waitUntilIdle()
            self.addCase()
        self.assertIn("ball, from seven points", self.trainingSays)
        self.ui.secondStageCheckBox.click()

    def test_PointsAreLearnedFromInTwoStages(self):
        """Two cases of seven points each, the button, and the network of the second stage."""
        with self.trainingFolder() as folder:
            self.addTwoCasesOfPoints(folder / "set", LabelSource.POINTS)
            self.train(3)
            self.assertIn("First network", self.trainingSays)
            for name in ("Second network", "Both together"):
                self.waitFor(lambda name=name: name in self.trainingSays, name)
            self.waitForEnd(Stage.DONE)
            self.assertIn("Best agreement with points and boxes", self.trainingSays)
            self.assertEqual(self.section.training.network.name, "set-points-both.pt")

    def test_CutOutObjectsHaveNoSecondStage(self):
        """Where nothing is unknown, the button says so and what to do, and nothing is started."""
        with self.trainingFolder() as folder:
            self.addTwoCasesOfPoints(folder / "set", LabelSource.CUT)
            self.ui.trainButton.click()
            self.waitFor(lambda: "untick 'Second stage'" in self.trainingSays, "what to do")
            self.assertIs(self.section.training.stage, Stage.IDLE)

    def test_AStoppedTrainingGoesOn(self):
        """Stopped by the button it goes on from what was saved; killed from outside it says so."""
        with self.trainingFolder() as folder:
            self.addTwoCases(folder / "set", layout=1, form=1)
            training = self.section.training
            state = folder / "set/runs/set-2d/state.pt"
            self.train(LONG)
            self.assertEqual(self.ui.trainButton.text, "Stop")
            self.waitFor(lambda: "Training: step" in self.trainingSays, "a report")
            slicer.mrmlScene.Clear()
            self.assertTrue(training.stage.isRunning, "closing the scene does not end the training")
            self.waitFor(state.exists, "a saved state")
            self.waitFor(lambda: self.ui.trainingPlotContainer.visible, "the curve in the new scene")
            self.assertIs(training.curves.chartNode.GetScene(), slicer.mrmlScene)
            self.ui.trainButton.click()
            self.waitForEnd(Stage.STOPPED)
            self.assertIn("goes on from the last saved state", self.trainingSays)
            self.assertEqual(self.ui.openNetworkButton.enabled, training.hasWeights)
            saved = state.stat().st_mtime_ns
            self.train(LONG)
            self.waitFor(lambda: state.stat().st_mtime_ns > saved, "the next saved state")
            self.assertIn("going on at step", training._process.log.read_text(encoding="utf-8"))
            os.kill(training._process.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            self.waitForEnd(Stage.FAILED)
            self.assertIn("The training failed", self.trainingSays)

    def test_AClickedSliceIsWrittenAsSuch(self):
        """Its clicks, the weights and that it was checked stand beside the labels."""
        self.segmentRing("Red")
        segment = self.settings.segmentation.GetSegmentation().GetSegment(self.settings.segmentId)
        segment.SetTag("Segmentation.Status", "completed")
        with self.trainingFolder() as folder:
            self.useFolder(folder / "set")
            self.addCase()
            self.assertIn("Add a case of another patient", self.trainingSays)
            self.assertFalse(self.ui.trainButton.enabled)
            record = json.loads((folder / "set/provenance/abdomen.json").read_text(encoding="utf-8"))
            (origin,) = record["slices"]
            self.assertEqual(
                (origin["origin"], origin["checked"], len(origin["points"])), ("clicked", True, 4)
            )
            self.assertEqual(origin["weights"]["name"], self.settings.model)

    def test_CasesThatDoNotFitAreRefusedInWords(self):
        """Without segments, twice the same, another kind of files, a folder that is none."""
        with self.trainingFolder() as folder:
            self.useFolder(folder / "set")
            self.addPhantom("bare", segments=())
            self.addCase()
            self.assertIn("has no segments", self.trainingSays)
            self.addPhantom("full")
            self.addCase()
            self.addCase()
            self.assertIn("tick 'Replace a case of the same name'", self.trainingSays)
            self.ui.replaceCaseCheckBox.click()
            self.addCase()
            self.assertIn("The case was written.", self.trainingSays)
            self.ui.formatComboBox.currentIndex = 1
            self.addCase()
            self.assertIn("holds a set in the layout nnunet with .nii.gz files", self.trainingSays)
            self.useFolder(folder / "another", layout=1, form=1)
            self.ui.trainingFolderLineEdit.currentPath = str(folder / "set")
            self.assertEqual(self.ui.layoutComboBox.currentText, "nnU-Net v2", "that of the folder")
            self.assertEqual(self.ui.formatComboBox.currentText, "NIfTI")
            self.useFolder(folder / "set/dataset.json/inside")
            self.addCase()
            self.assertIn("The folder cannot be used", self.trainingSays)
            self.assertIn("Choose another one", self.trainingSays)
            self.useFolder(folder / "set/imagesTr")
            self.assertIn("choose a new folder", self.trainingSays)
