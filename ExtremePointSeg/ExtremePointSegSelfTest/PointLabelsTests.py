"""Labels from seven points: over the views, in a segment, in a training set, and in the life of a scene."""

import json
import tempfile
from pathlib import Path

import numpy as np
import slicer

from CueSegMRML import Targets
from ExtremePointSegLib.Settings import LabelSource
from ExtremePointSegSelfTest import Gestures
from ExtremePointSegSelfTest.SevenPointsCase import CLICKS, SevenPointsCase


class PointLabelsTests(SevenPointsCase):
    """Mixed into the module's test class."""

    def test_ADraggedPointAndTheThresholdChangeTheLabels(self):
        """When the mouse rests; the same layer is changed."""
        self.openSection()
        points = self.clickPoints()
        shown = Gestures.sliceWidget("Red").mrmlSliceCompositeNode().GetForegroundVolumeID()
        self.showPlace(points[1])
        points[1] = Gestures.drag("Red", points[1], points[1] + (9, 0, 0))
        self.assertTrue(self.widget.isBusy)
        self.waitUntilIdle()
        self.assertShown(points)
        before = (self.shownLabels() == 1).sum()
        self.ui.expansionSlider.value = 0.5
        self.waitUntilIdle()
        self.assertShown(points)
        self.assertGreater((self.shownLabels() == 1).sum(), before)
        self.assertEqual(Gestures.sliceWidget("Red").mrmlSliceCompositeNode().GetForegroundVolumeID(), shown)
        self.ui.showExpansionCheckBox.click()
        self.assertIsNone(self.shownLabels())
        self.ui.showExpansionCheckBox.click()
        self.waitUntilIdle()
        self.assertShown(points)

    def test_TheObjectIsWrittenToASegment(self):
        """As the backend cuts it out; corrected by the next result, taken back at once, and cancelled."""
        from cueseg.seven_points import segment_from_points

        self.openSection()
        self.clickPoints()
        self.ui.segmentTargetsButton.click()
        self.waitUntilIdle()
        self.assertIn("Segmented in", self.pointsSay)
        targets = [state.target for state in self.pointsSection.states]
        values, spacing = slicer.util.arrayFromVolume(self.volume), self.volume.GetSpacing()[::-1]
        expected = segment_from_points(values, targets, spacing).mask
        segmentation, segmentId = self.settings.segmentation, self.settings.segmentId
        found = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segmentId, self.volume)
        np.testing.assert_array_equal(found != 0, expected)
        self.ui.expansionSlider.value = 0.3
        self.ui.segmentTargetsButton.click()
        self.waitUntilIdle()
        self.ui.undoTargetsButton.click()
        self.assertEqual(self.voxelCount(), 0)
        self.assertFalse(self.ui.undoTargetsButton.enabled)
        self.ui.segmentTargetsButton.click()
        self.assertEqual(self.ui.segmentTargetsButton.text, "Cancel")
        self.ui.segmentTargetsButton.click()
        self.waitUntilIdle()
        self.assertEqual(self.voxelCount(), 0)
        self.assertIn("Cancelled", self.pointsSay)

    def test_LeavingThePanelTakesTheLabelsAlong(self):
        """Points stay, what was shown before is shown again, and an object without a point goes."""
        self.openSection()
        points = self.clickPoints()
        self.ui.addTargetButton.click()
        slicer.util.selectModule("ScribbleRefine")
        slicer.app.processEvents()
        self.assertIsNone(self.shownLabels())
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        self.assertEqual(interaction.GetCurrentInteractionMode(), interaction.ViewTransform)
        self.assertEqual(len(Targets.targetsOf(self.volume)), 1)
        self.assertEqual(len(self.pointsSection.Observations), 0)
        slicer.util.selectModule("ExtremePointSeg")
        self.waitUntilIdle()
        self.assertShown(points)
        self.ui.addTargetButton.click()
        self.assertTrue(self.ui.placeTargetButton.checked)
        self.ui.sevenPointsCollapsibleButton.collapsed = True
        self.assertIsNone(self.shownLabels())
        self.assertFalse(self.ui.placeTargetButton.checked)

    def test_PointsAreThereInASavedAndReloadedScene(self):
        """With the box, the volume that they are of, and the threshold."""
        self.openSection()
        points = self.clickPoints()
        self.ui.expansionSlider.value = 0.35
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "scene.mrb")
            self.assertTrue(slicer.util.saveScene(path))
            slicer.mrmlScene.Clear()
            self.assertEqual(self.ui.targetComboBox.count, 0)
            slicer.util.loadScene(path)
        self.waitUntilIdle()
        self.volume = self.settings.inputVolume
        self.assertEqual(self.settings.expansionThreshold, 0.35)
        slicer.util.setSliceViewerLayers(background=self.volume, fit=True)
        self.assertIn("Case: 1 of 1 objects complete", self.pointsSay)
        np.testing.assert_array_equal(self.pointsSection.labels.values, self.labelsOf(points))

    def test_LabelsAndTheCueTakeTurns(self):
        """One layer over the views at a time."""
        self.openSection()
        points = self.clickPoints()
        self.ui.showCueCheckBox.click()
        self.segmentRing("Red")
        self.assertFalse(self.ui.showExpansionCheckBox.checked)
        self.assertEqual(self.shownLabels().shape[0], 1, "the cue of one slice")
        self.ui.showExpansionCheckBox.click()
        self.waitUntilIdle()
        self.assertFalse(self.ui.showCueCheckBox.checked)
        self.assertShown(points)
        self.ui.showExpansionCheckBox.click()
        self.assertIsNone(self.shownLabels())

    def test_TheCaseIsWrittenWithItsLabels(self):
        """Image, labels and points, by the section for training sets; only when it is complete."""
        self.openSection()
        points = self.clickPoints(CLICKS[:6])
        with tempfile.TemporaryDirectory() as folder:
            self.addCleanup(setattr, self.ui.trainingFolderLineEdit, "currentPath", "")
            self.addCleanup(setattr, self.ui.labelsComboBox, "currentIndex", 0)
            self.ui.trainingFolderLineEdit.currentPath = str(Path(folder) / "set")
            self.ui.labelsComboBox.currentIndex = list(LabelSource).index(LabelSource.POINTS)
            self.ui.addCaseButton.click()
            self.assertIn("are not complete", self.ui.trainingLabel.text)
            points = np.concatenate([points, self.clickPoints(CLICKS[6:])])
            self.ui.addCaseButton.click()
            self.waitUntilIdle()
            self.assertIn("The case was written", self.ui.trainingLabel.text)
            self.assertIn("object, from seven points", self.ui.casesLabel.text)
            np.testing.assert_array_equal(_writtenLabels(Path(folder) / "set"), self.labelsOf(points))

    def test_TheCaseIsWrittenCutOut(self):
        """Without a voxel that is unknown; a set of points keeps the choice."""
        self.openSection()
        self.clickPoints()
        with tempfile.TemporaryDirectory() as folder:
            self.addCleanup(setattr, self.ui.trainingFolderLineEdit, "currentPath", "")
            self.addCleanup(setattr, self.ui.labelsComboBox, "currentIndex", 0)
            self.ui.trainingFolderLineEdit.currentPath = str(Path(folder) / "set")
            chosen = list(LabelSource).index(LabelSource.CUT)
            self.ui.labelsComboBox.currentIndex = chosen
            self.ui.addCaseButton.click()
            self.waitUntilIdle()
            self.assertIn("object, from seven points", self.ui.casesLabel.text)
            self.assertEqual(self.ui.labelsComboBox.currentIndex, chosen)
            labels = _writtenLabels(Path(folder) / "set")
            self.assertEqual(np.unique(labels).tolist(), [0, 1])
            self.ui.segmentTargetsButton.click()
            self.waitUntilIdle()
            nodes = (self.settings.segmentation, self.settings.segmentId, self.volume)
            np.testing.assert_array_equal(labels, slicer.util.arrayFromSegmentBinaryLabelmap(*nodes))


def _writtenLabels(folder):
    """Of the only case of a training set."""
    (entry,) = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return slicer.util.arrayFromVolume(slicer.util.loadVolume(str(folder / entry["labels"])))
