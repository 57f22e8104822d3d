"""The panel in the life of a scene: shown and left, closed, saved and loaded again, cue overlay, packages missing."""

import tempfile
from pathlib import Path

import qt
import slicer

from ExtremePointSegSelfTest import Gestures
from ExtremePointSegSelfTest.PanelCase import PanelCase


class SceneTests(PanelCase):
    """Mixed into the module's test class."""

    def nodeIds(self):
        """All nodes of the scene."""
        scene = slicer.mrmlScene
        return {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}

    def leave(self):
        """Show another module."""
        slicer.util.selectModule("ScribbleRefine")
        slicer.app.processEvents()

    def enter(self):
        """Show the panel again."""
        slicer.util.selectModule("ExtremePointSeg")
        slicer.app.processEvents()

    def test_LeavingThePanelLeavesNothingBehind(self):
        """No node, no shortcut, no place mode, no observer."""
        self.leave()
        nodes, shortcuts = self.nodeIds(), len(slicer.util.mainWindow().findChildren(qt.QShortcut))
        observations = len(self.widget.Observations)
        self.enter()
        self.assertNotEqual(self.nodeIds(), nodes, "the points have a node while the panel is shown")
        self.ui.placeButton.click()
        self.assertTrue(self.ui.placeButton.checked)
        self.leave()
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        self.assertEqual(interaction.GetCurrentInteractionMode(), interaction.ViewTransform)
        self.assertEqual(self.nodeIds(), nodes)
        self.assertEqual(len(slicer.util.mainWindow().findChildren(qt.QShortcut)), shortcuts)
        self.assertEqual(len(self.widget.Observations), observations)
        Gestures.click("Red", self.center())
        self.assertEqual(self.nodeIds(), nodes)

    def test_FreedMemoryIsFilledAgainWhenNeeded(self):
        """The button drops the network and what is known of the device, and nothing else."""
        clicks = self.segmentRing("Red")
        count = self.voxelCount()
        self.assertIn(self.double.device_note, self.ui.deviceLabel.text)
        self.assertTrue(self.ui.freeMemoryButton.enabled)
        self.ui.freeMemoryButton.click()
        self.assertIn(self.panel.deviceUnknown, self.ui.deviceLabel.text)
        self.assertEqual((self.voxelCount(), len(self.placedPoints())), (count, 4))
        self.ui.placeButton.click()
        Gestures.drag("Red", clicks[0], clicks[0] + 12 * Gestures.sliceAxes("Red")[0])
        self.waitUntilIdle()
        self.assertEqual(len(self.double.calls), 2)
        self.assertIn(self.double.device_note, self.ui.deviceLabel.text)

    def test_ComingBackChangesNothing(self):
        """Points, segment and settings are as they were, and every click still counts once."""
        clicks = self.segmentRing("Red")
        for _ in range(3):
            self.leave()
            self.enter()
        self.waitUntilIdle()
        self.assertEqual((len(self.placedPoints()), len(self.double.calls)), (4, 1))
        right = Gestures.sliceAxes("Red")[0]
        clicks[0] = Gestures.drag("Red", clicks[0], clicks[0] + 12 * right)
        self.waitUntilIdle()
        self.assertEqual(len(self.double.calls), 2)
        self.assertSegmentFits("Red", clicks)

    def test_WhileAnotherModuleIsShownPointsAreNotWatched(self):
        """The panel works on what the user does in it, not on what others do to its node."""
        self.segmentRing("Red")
        points = self.settings.points
        self.leave()
        points.RemoveNthControlPoint(0)
        points.AddControlPoint([0.0, 0.0, 0.0])
        slicer.app.processEvents()
        self.assertFalse(self.widget.isBusy)
        self.assertEqual(len(self.double.calls), 1)

    def test_TheSceneIsClosedWhileTheNetworkWorks(self):
        """Nothing is written or can be taken back, and the panel works with the next scene."""
        self.segmentRing("Red")
        self.assertTrue(self.ui.undoButton.enabled)
        self.double.gate.clear()
        self.clickRing("Green")
        self.waitFor(lambda: len(self.double.calls) == 2, "the start of the prediction")
        slicer.mrmlScene.Clear()
        self.assertFalse(self.widget.isBusy)
        self.double.gate.set()
        self.waitUntilIdle()
        self.assertEqual(slicer.util.getNodesByClass("vtkMRMLSegmentationNode"), [])
        self.assertEqual((self.settings.segmentId, self.ui.segmentComboBox.count), ("", 0))
        self.assertFalse(self.ui.undoButton.enabled)
        self.assertIn("Choose the volume", self.hint)
        self.volume = self.loadAbdomen()
        self.assertSegmentFits("Red", self.segmentRing("Red"))

    def test_SegmentationOrVolumeIsRemovedWhileTheNetworkWorks(self):
        """The result is dropped."""
        for which in ("segmentation", "inputVolume"):
            self.double.gate.clear()
            started = len(self.double.calls)
            self.addSegment()
            self.clickRing("Red")
            self.waitFor(lambda count=started: len(self.double.calls) > count, "the start of the prediction")
            slicer.mrmlScene.RemoveNode(getattr(self.settings, which))
            self.double.gate.set()
            self.waitUntilIdle()
            self.assertIsNone(getattr(self.settings, which))
            self.assertIn("Choose", self.hint)

    def test_WorkGoesOnInASavedAndReloadedScene(self):
        """Volume, segment and settings come back; the points do not, they are tools."""
        self.ui.keepExistingCheckBox.click()
        self.ui.thresholdSlider.value = 0.35
        first = self.segmentRing("Red")
        self.addSegment()
        segmentId, voxels = self.settings.segmentId, self.voxelCount(self.panel.segments(self.settings)[0][0])
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "scene.mrb")
            self.assertTrue(slicer.util.saveScene(path))
            slicer.mrmlScene.Clear()
            self.assertEqual(self.ui.segmentComboBox.count, 0)
            slicer.util.loadScene(path)
        self.waitUntilIdle()
        self.volume = self.settings.inputVolume
        self.assertEqual((self.volume.GetName(), self.settings.segmentId), ("abdomen", segmentId))
        self.assertEqual((self.settings.threshold, self.ui.thresholdSlider.value), (0.35, 0.35))
        self.assertTrue(self.ui.keepExistingCheckBox.checked)
        self.assertEqual(len(self.placedPoints()), 0)
        segments = [found for found, _ in self.panel.segments(self.settings)]
        self.assertEqual(self.voxelCount(segments[0]), voxels)
        slicer.util.setSliceViewerLayers(background=self.volume, fit=True, rotateToVolumePlane=True)
        Gestures.ringAround("Red", self.center())
        self.assertSegmentFits("Red", first, segments[0])
        self.assertSegmentFits("Red", self.segmentRing("Red"))
        self.assertEqual(self.voxelCount(segments[0]), voxels)
        self.ui.undoButton.click()
        self.assertEqual(self.voxelCount(), 0)

    def test_AnotherSceneIsAddedToThisOne(self):
        """Its settings are taken over; points that are placed stay."""
        self.segmentRing("Red")
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "scene.mrb")
            self.assertTrue(slicer.util.saveScene(path))
            slicer.util.loadScene(path)
        self.waitUntilIdle()
        self.assertEqual(len(slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode")), 1)
        self.assertEqual(len(self.placedPoints()), 4)
        self.volume = self.settings.inputVolume
        self.assertEqual(len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")), 2)
        self.assertSegmentFits("Red", self.segmentRing("Red"))

    def test_TheCueIsShownAndTakenAway(self):
        """As foreground of the views; what was there comes back."""
        composites = [
            Gestures.sliceWidget(name).mrmlSliceCompositeNode() for name in ("Red", "Yellow", "Green")
        ]
        before = [(node.GetForegroundVolumeID(), node.GetForegroundOpacity()) for node in composites]
        self.ui.showCueCheckBox.click()
        self.segmentRing("Red")
        shown = {node.GetForegroundVolumeID() for node in composites}
        self.assertEqual(len(shown - {None}), 1)
        cue = slicer.util.arrayFromVolume(slicer.mrmlScene.GetNodeByID(shown.pop()))
        self.assertEqual(cue.shape, (1, *self.double.calls[-1][0].shape))
        self.leave()
        self.assertEqual([(n.GetForegroundVolumeID(), n.GetForegroundOpacity()) for n in composites], before)
        self.enter()
        self.assertTrue(all(node.GetForegroundVolumeID() for node in composites))
        self.ui.showCueCheckBox.click()
        self.assertEqual([(n.GetForegroundVolumeID(), n.GetForegroundOpacity()) for n in composites], before)

    def test_MissingPackagesAreNamed(self):
        """Without PyTorch the panel says what to install and where, and four clicks do no harm."""
        self.pretendMissing(["torch>=2.2"])
        self.panel.checkPackages()
        self.widget.refresh()
        for text in ("PyTorch", "Extensions Manager", "Set up"):
            self.assertIn(text, self.hint)
        self.assertTrue(self.ui.setUpButton.visible)
        self.assertIn("not installed", self.ui.deviceLabel.text)
        self.segmentRing("Red")
        self.assertEqual((self.double.calls, self.voxelCount()), ([], 0))
        self.assertFalse(self.ui.applyButton.enabled)
        self.pretendMissing([])
        self.panel.checkPackages()
        self.widget.refresh()
        self.assertFalse(self.ui.setUpButton.visible)
        self.ui.applyButton.click()
        self.waitUntilIdle()
        self.assertGreater(self.voxelCount(), 0)
