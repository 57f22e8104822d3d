"""Hollow points of slices that nobody clicked: shown in the views, dragged, gone when the panel is left."""

import numpy as np
import slicer

from CueSegMRML import ControlPoints
from ExtremePointSegSelfTest import Gestures
from ExtremePointSegSelfTest.VolumeCase import MIDDLE, VolumeCase

LOW, HIGH = MIDDLE - 3, MIDDLE + 3


class VolumePointsTests(VolumeCase):
    """Mixed into the module's test class."""

    def makeVolume(self):
        """Make the slices between two clicked ones."""
        self.openVolume()
        self.clickSlices(LOW, HIGH)
        self.pushAndWait(self.ui.volumeFillButton)
        self.ui.clearButton.click()
        self.waitUntilIdle()

    @property
    def hollowNode(self):
        """The node of the hollow points."""
        return self.widget.volume.derived.node

    def placesOn(self, index):
        """World RAS of the points of a slice."""
        slices = self.segmentSlices()
        return slices.stack.worldPoints(slices.points(index), index)

    def dragPoint(self, index, millimetres):
        """Drag the leftmost hollow point of a slice to the left in the red view."""
        right = Gestures.sliceAxes("Red")[0]
        places = self.placesOn(index)
        start = places[np.argmin(places @ right)]
        Gestures.sliceWidget("Red").mrmlSliceNode().JumpSliceByOffsetting(*start)
        slicer.app.processEvents()
        Gestures.drag("Red", start, start - millimetres * right)
        self.waitUntilIdle()

    def test_ADraggedPointMakesAClickedSlice(self):
        """The network runs on that slice, and those beside it are offered for an update; undo takes it back."""
        self.makeVolume()
        before, asked = self.volumeVoxels(), len(self.double.calls)
        self.dragPoint(MIDDLE, 9)
        self.assertEqual(len(self.double.calls) - asked, 1, self.volumeSays)
        self.assertEqual(self.sliceKinds()[MIDDLE], "clicked")
        self.assertIn(f"Slice {MIDDLE} is a clicked one now", self.volumeSays)
        self.assertIn("Beside slices that changed since: 8-9, 11-12", self.volumeSays)
        after = self.volumeVoxels()
        np.testing.assert_array_equal(np.delete(after, MIDDLE, 0), np.delete(before, MIDDLE, 0))
        self.assertTrue((after[MIDDLE] != before[MIDDLE]).any())
        asked = len(self.double.calls)
        self.pushAndWait(self.ui.volumeFillButton)
        self.assertGreater(len(self.double.calls), asked)
        np.testing.assert_array_equal(self.volumeVoxels()[MIDDLE], after[MIDDLE])
        self.ui.undoButton.click()
        self.ui.undoButton.click()
        self.waitUntilIdle()
        np.testing.assert_array_equal(self.volumeVoxels(), before)
        self.assertEqual(self.sliceKinds()[MIDDLE], "derived")

    def test_PlacingGoesOnWhenTheyAppear(self):
        """Four clicks on a slice that was filled replace it, without pressing "Place points" again."""
        self.openVolume()
        self.clickSlices(LOW, HIGH)
        self.ui.placeButton.click()
        self.pushAndWait(self.ui.volumeFillButton)
        self.assertIsNotNone(self.hollowNode)
        self.assertTrue(self.ui.placeButton.checked)
        for ras in Gestures.ringAround("Red", self.center()):
            Gestures.click("Red", ras)
        self.waitUntilIdle()
        self.assertEqual(self.sliceKinds()[MIDDLE], "clicked", self.said)

    def test_APointIsDraggedAgain(self):
        """Until it is right; all drags of one slice are one step."""
        self.makeVolume()
        before = self.volumeVoxels()
        self.dragPoint(MIDDLE, 6)
        self.dragPoint(MIDDLE, 5)
        self.assertEqual(self.sliceKinds()[MIDDLE], "clicked")
        self.ui.undoButton.click()
        self.waitUntilIdle()
        np.testing.assert_array_equal(self.volumeVoxels(), before)

    def test_PointsComeAndGoWithTheirSlices(self):
        """Four for each slice that was made, in the views along them, in no list, in no file."""
        self.makeVolume()
        self.assertEqual(len(ControlPoints.worldPoints(self.hollowNode)), 4 * (HIGH - LOW - 1))
        self.assertTrue(self.hollowNode.GetHideFromEditors())
        self.assertFalse(self.hollowNode.GetSaveWithScene())
        shownIn = self.hollowNode.GetDisplayNode().GetViewNodeIDs()
        self.assertEqual(list(shownIn), [Gestures.sliceWidget("Red").mrmlSliceNode().GetID()])
        self.ui.undoButton.click()  # the points that were cleared
        self.ui.undoButton.click()
        self.waitUntilIdle()
        self.assertIsNone(self.hollowNode)
        self.ui.redoButton.click()
        self.waitUntilIdle()
        self.assertIsNotNone(self.hollowNode)
        self.ui.volumeCollapsibleButton.collapsed = True
        self.waitUntilIdle()
        self.assertIsNone(self.hollowNode)
        self.ui.volumeCollapsibleButton.collapsed = False
        self.waitUntilIdle()
        self.assertIsNotNone(self.hollowNode)
        slicer.util.selectModule("ScribbleRefine")
        found = slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode")
        self.assertEqual([node.GetName() for node in found if node.GetName() == "Derived points"], [])

    def test_AFailureBringsPointsBack(self):
        """And the slice stays as it was."""
        self.makeVolume()
        before, places = self.volumeVoxels(), self.placesOn(MIDDLE)
        self.double.failure = RuntimeError("out of memory")
        self.dragPoint(MIDDLE, 9)
        self.assertIn("Out of memory.", self.volumeSays)
        self.double.failure = None
        np.testing.assert_array_equal(self.volumeVoxels(), before)
        np.testing.assert_allclose(self.placesOn(MIDDLE), places)
        self.assertIsNone(self.widget.volume.derived.moved())
