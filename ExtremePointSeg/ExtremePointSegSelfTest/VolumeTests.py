"""From clicked slices to a volume: filled, carried on, cancelled, undone; marks, suggestions, what is in the way."""

import numpy as np
import slicer

from ExtremePointSegLib.Messages import KEYS
from ExtremePointSegLib.Predictor import loadPredictor
from ExtremePointSegSelfTest import Gestures
from ExtremePointSegSelfTest.VolumeCase import MIDDLE, VolumeCase

LOW, HIGH = MIDDLE - 3, MIDDLE + 3
SMALL = [(a * 0.7, b * 0.7) for a, b in Gestures.RING]


class VolumeTests(VolumeCase):
    """Mixed into the module's test class."""

    def test_SlicesBetweenClickedOnesAreMade(self):
        """The network is asked about each of them; clicked slices stay; all of it is one step."""
        self.openVolume()
        self.clickSlices(LOW, HIGH)
        self.assertIn("Axial slices: 2 clicked (7, 13)", self.volumeSays)
        self.assertEqual(self.ui.volumeFillButton.text, "Fill between slices")
        before, asked = self.volumeVoxels(), len(self.double.calls)
        self.pushAndWait(self.ui.volumeFillButton)
        between = range(LOW + 1, HIGH)
        self.assertEqual(len(self.double.calls) - asked, len(between), self.volumeSays)
        self.assertEqual(
            self.sliceKinds(), {LOW: "clicked", HIGH: "clicked"} | dict.fromkeys(between, "derived")
        )
        after = self.volumeVoxels()
        np.testing.assert_array_equal(after[[LOW, HIGH]], before[[LOW, HIGH]])
        slices = self.segmentSlices()
        for index in between:
            image = slices.stack.images(slicer.util.arrayFromVolume(self.volume))[index]
            np.testing.assert_array_equal(self.double.calls[asked][0], image)
            asked += 1
            self.assertGreater(slices.masks[index].sum(), 100)
        self.assertIn("Slices made: 5 (5 by the network)", self.volumeSays)
        self.ui.undoButton.click()
        self.waitUntilIdle()
        np.testing.assert_array_equal(self.volumeVoxels(), before)
        self.assertIn("5 between them empty", self.volumeSays)
        self.ui.redoButton.click()
        self.waitUntilIdle()
        np.testing.assert_array_equal(self.volumeVoxels(), after)

    def test_OnlyWhatChangedIsComputedAgain(self):
        """A new click asks the network up to its neighbors only, and slices painted since are kept."""
        self.openVolume()
        self.clickSlices(LOW, MIDDLE, HIGH)
        self.pushAndWait(self.ui.volumeFillButton)
        self.assertEqual(self.ui.volumeFillButton.text, "Update between slices")
        self.pushAndWait(self.ui.volumeFillButton)
        self.assertIn("Runs of the network: 0; answers known from before: 4", self.volumeSays)
        self.clickSlices(HIGH, offsets=SMALL)
        self.assertIn("Beside slices that changed since: 11-12", self.volumeSays)
        self.paintSlice(LOW + 1, slice(40, 44), slice(50, 70))
        painted = self.volumeVoxels()[LOW + 1]
        asked = len(self.double.calls)
        self.pushAndWait(self.ui.volumeFillButton)
        self.assertEqual(len(self.double.calls) - asked, 3, self.volumeSays)
        np.testing.assert_array_equal(self.volumeVoxels()[LOW + 1], painted)
        self.assertIn("Kept, because painted or changed by hand: 1 (8)", self.volumeSays)

    def test_MarksLeadToTheirSlices(self):
        """One for each slice, with words for the mouse; the suggested slice is reached by button too."""
        self.openVolume()
        self.clickSlices(LOW, HIGH)
        self.assertEqual(list(self.stripMarks()), list(range(LOW, HIGH + 1)))
        self.pushAndWait(self.ui.volumeFillButton)
        self.paintSlice(LOW + 1, slice(40, 44), slice(50, 70))
        marks = self.stripMarks()
        self.assertEqual((marks[LOW], marks[LOW + 1], marks[HIGH]), ("●", "◐", "●"))
        (suggested,) = (index for index, mark in marks.items() if mark == "▲")
        self.assertEqual(set(marks.values()), {"●", "◐", "▲", "○"})
        label = self.ui.volumeStripLabel
        label.linkHovered(str(LOW))
        self.assertEqual(label.toolTip, f"Slice {LOW}: clicked.")
        label.linkHovered("")
        self.assertIn("● clicked", label.toolTip)
        for index in (HIGH, LOW + 1):
            label.linkActivated(str(index))
            self.assertEqual(self.shownSlice(), index)
        self.ui.volumeNextButton.click()
        self.assertEqual(self.shownSlice(), suggested)
        self.press(KEYS["suggested"][0])
        self.assertNotEqual(self.shownSlice(), suggested)

    def test_ShapesAreFilledWithoutTheNetwork(self):
        """If the user wants that, and where PyTorch is missing."""
        self.openVolume()
        self.clickSlices(LOW, HIGH)
        asked = len(self.double.calls)
        self.ui.volumeNetworkCheckBox.click()
        self.assertFalse(self.settings.volumeNetwork)
        self.pushAndWait(self.ui.volumeFillButton)
        self.assertEqual(len(self.double.calls), asked)
        self.assertEqual(set(self.sliceKinds().values()), {"clicked", "filled"})
        filled = self.volumeVoxels()
        self.ui.volumeFillingComboBox.currentIndex = 1
        self.pushAndWait(self.ui.volumeFillButton)
        self.assertTrue((self.volumeVoxels() != filled).any(), "the Segment Editor's own shapes")
        self.ui.undoButton.click()
        self.ui.undoButton.click()
        self.ui.volumeFillingComboBox.currentIndex = 0
        self.ui.volumeNetworkCheckBox.click()
        self.pretendMissing(["torch"])
        self.panel.checkPackages()
        self.widget.refresh()
        self.assertIn("slices are filled by shape only", self.volumeSays)
        self.assertFalse(self.ui.volumeHighButton.enabled)
        self.pushAndWait(self.ui.volumeFillButton)
        np.testing.assert_array_equal(self.volumeVoxels(), filled)
        self.assertIn("by shape alone", self.volumeSays)

    def test_TheLastSliceIsCarriedOn(self):
        """Up and down, and the section says how far and why no further."""
        self.openVolume()
        self.clickSlices(MIDDLE)
        self.assertIn("is the only one", self.volumeSays)
        self.assertFalse(self.ui.volumeFillButton.enabled)
        self.assertEqual(self.ui.volumeHighButton.text, "Carry on to superior")
        for button, step in ((self.ui.volumeHighButton, 1), (self.ui.volumeLowButton, -1)):
            before = self.sliceKinds()
            self.pushAndWait(button)
            new = sorted(set(self.sliceKinds()) - set(before))
            self.assertTrue(new, self.volumeSays)
            self.assertEqual({self.sliceKinds()[index] for index in new}, {"propagated"})
            self.assertTrue(all((index - MIDDLE) * step > 0 for index in new))
            self.assertIn("Carried on to slice", self.volumeSays)
            self.assertIn("stopped because", self.volumeSays)

    def test_ARunIsCancelledWithinOneSlice(self):
        """And nothing is written; the panel goes on while the network works."""
        self.openVolume()
        self.clickSlices(LOW, HIGH)
        before, asked = self.volumeVoxels(), len(self.double.calls)
        self.double.gate.clear()
        self.ui.volumeFillButton.click()
        self.waitFor(lambda: len(self.double.calls) > asked, "the start of the run")
        self.waitFor(lambda: "Slice 1 of 5" in self.volumeSays, "progress")
        self.assertEqual(self.ui.volumeFillButton.text, "Cancel")
        self.assertNotIn("Computing", self.hint)
        self.ui.volumeFillButton.click()
        self.assertIn("Cancelled: nothing was changed", self.volumeSays)
        self.double.gate.set()
        self.waitUntilIdle()
        self.panel.queue.submit("after", lambda task: None, lambda _: None, self.fail)
        self.waitFor(lambda: self.panel.queue.deliver() or not self.panel.queue.busy, "the thread")
        self.assertEqual(len(self.double.calls) - asked, 1)
        np.testing.assert_array_equal(self.volumeVoxels(), before)

    def test_ARunGoesOnWhileAnotherSegmentIsChosen(self):
        """It is written to the segment that it is about, and the section says to which."""
        self.openVolume()
        self.clickSlices(LOW, HIGH)
        first, asked = self.settings.segmentId, len(self.double.calls)
        self.double.gate.clear()
        self.ui.volumeFillButton.click()
        self.waitFor(lambda: len(self.double.calls) > asked, "the start of the run")
        second = self.addSegment()
        self.double.gate.set()
        self.waitUntilIdle()
        self.assertIn("Segment 'Segment_1': Slices made: 5", self.volumeSays)
        self.assertTrue(self.volumeVoxels(first)[MIDDLE].any())
        self.assertEqual(self.voxelCount(second), 0)

    def test_SegmentsKeepTheirState(self):
        """Switching forgets nothing, and other segments are not touched."""
        self.openVolume()
        self.clickSlices(LOW, HIGH)
        self.pushAndWait(self.ui.volumeFillButton)
        first, voxels = self.settings.segmentId, self.volumeVoxels()
        second = self.addSegment()
        self.waitUntilIdle()
        self.assertIn("No slice of this segment is clicked yet", self.volumeSays)
        self.assertEqual(self.stripMarks(), {})
        self.clickSlices(MIDDLE, HIGH, offsets=SMALL)
        self.pushAndWait(self.ui.volumeFillButton)
        self.assertEqual(len(self.stripMarks()), 4)
        np.testing.assert_array_equal(self.volumeVoxels(first), voxels)
        self.ui.segmentComboBox.currentIndex = 0
        self.waitUntilIdle()
        self.assertEqual(len(self.stripMarks()), 7)
        self.pushAndWait(self.ui.volumeFillButton)
        self.assertIn("Runs of the network: 0", self.volumeSays)
        self.assertGreater(self.voxelCount(second), 0)

    def test_TheDirectionWithMostClickedSlicesIsTaken(self):
        """And the user can take another one."""
        self.openVolume()
        self.clickSlices(LOW, HIGH)
        self.segmentRing(
            "Green", center=self.center(0, 30, 0), offsets=[(a * 0.4, b * 0.2) for a, b in Gestures.RING]
        )
        box = self.ui.volumeAxisComboBox
        self.assertIn("axial", box.currentText)
        index = next(n for n in range(box.count) if "coronal" in box.itemText(n))
        box.currentIndex = index
        self.waitUntilIdle()
        self.assertIn("Coronal slices", self.volumeSays)

    def test_WhatIsInTheWayIsSaid(self):
        """Nothing chosen, an oblique view, a hidden segment."""
        self.openVolume()
        self.waitUntilIdle()
        self.assertIn("Choose volume, segmentation and segment", self.volumeSays)
        self.addSegment()
        self.waitUntilIdle()
        self.assertIn("No slice of this segment is clicked yet", self.volumeSays)
        red = Gestures.sliceWidget("Red").mrmlSliceNode()
        self.addCleanup(red.SetOrientation, "Axial")
        matrix = slicer.util.arrayFromVTKMatrix(red.GetSliceToRAS())
        turn = np.eye(4)
        turn[1:3, 1:3] = [[0.96, -0.28], [0.28, 0.96]]
        red.GetSliceToRAS().DeepCopy(slicer.util.vtkMatrixFromArray(matrix @ turn))
        red.UpdateMatrices()
        self.widget.refresh()
        self.assertIn("A view is oblique", self.volumeSays)
        self.settings.segmentation.GetDisplayNode().SetSegmentVisibility(self.settings.segmentId, False)
        self.widget.refresh()
        self.assertIn("The segment is hidden", self.volumeSays)

    def test_TheShippedNetworkMakesTheSpleenBetweenTwoSlices(self):
        """The real weights, called on the panel's own thread."""
        self.useNetwork()
        if self.panel.missingText:
            self.assertIn("is not installed", self.hint)
            return
        self.openVolume()
        self.clickSlices(MIDDLE - 1, MIDDLE + 1)
        self.pushAndWait(self.ui.volumeFillButton)
        self.assertEqual(self.sliceKinds()[MIDDLE], "derived", self.volumeSays)
        slices = self.segmentSlices()
        network = loadPredictor(self.settings.model)
        image = slices.stack.images(slicer.util.arrayFromVolume(self.volume))[MIDDLE]
        network.set_image(image, "ct", slices.stack.spacing[1:], None)
        mask = network.predict(slices.points(MIDDLE), self.settings.threshold).mask
        self.assertGreater(mask.sum(), 100)
        self.assertLessEqual((mask ^ slices.masks[MIDDLE]).sum(), 2)
