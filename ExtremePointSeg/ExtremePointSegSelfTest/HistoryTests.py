"""Undo and keys: segments and points come back together, and nothing is computed for them."""

from random import Random

import numpy as np
import qt
import slicer

from CueSegBackendSelfTest.Views import sliceWidget
from ExtremePointSegLib.Messages import KEYS
from ExtremePointSegSelfTest import Expectation, Gestures
from ExtremePointSegSelfTest.PanelCase import PanelCase

# Of the slice views, of markups in place mode, and of the main window.
TAKEN = {"Left", "Right", *"BFVRGT[]{}", "Del", "Backspace", "Return", "Esc", "Space"}
GESTURES = (
    *("click", "ring", "ring", "ring", "ring", "drag", "drag"),
    *("delete", "segment", "leave", "clearButton", "undoButton", "redoButton"),
)


class HistoryTests(PanelCase):
    """Mixed into the module's test class."""

    def press(self, key):
        """Press and release a key in the main window."""
        window = slicer.util.mainWindow()
        window.activateWindow()
        slicer.app.processEvents()
        qt.QTest.keyClick(window, getattr(qt.Qt, f"Key_{key}"))
        slicer.app.processEvents()

    def labels(self):
        """Voxels of all segments, by id: bytes that differ when anything does."""
        segmentation = self.settings.segmentation
        ids = segmentation.GetSegmentation().GetSegmentIDs()
        return {name: Expectation.segmentPoints(segmentation, name).tobytes() for name in ids}

    def state(self):
        """What a step is to bring back bit by bit."""
        return self.labels(), self.placedPoints().tobytes()

    def test_UndoBringsPointsAndSegmentsBack(self):
        """Two slices, a drag, points cleared: back and forth, and the network is not asked again."""
        self.addSegment()
        states = [self.state()]
        clicks = self.segmentRing("Red")
        self.ui.placeButton.click()
        clicks[0] = Gestures.drag("Red", clicks[0], clicks[0] + 12 * Gestures.sliceAxes("Red")[0])
        self.waitUntilIdle()
        states.append(self.state())
        self.segmentRing("Green")
        states.append(self.state())
        self.ui.clearButton.click()
        self.waitUntilIdle()
        states.append(self.state())
        self.assertEqual(len(self.placedPoints()), 0)
        asked = len(self.double.calls)
        for expected in states[-2::-1]:
            self.ui.undoButton.click()
            self.waitUntilIdle()
            self.assertEqual(self.state(), expected)
        self.assertFalse(self.ui.undoButton.enabled)
        for expected in states[1:]:
            self.ui.redoButton.click()
            self.waitUntilIdle()
            self.assertEqual(self.state(), expected)
        self.assertFalse(self.ui.redoButton.enabled)
        self.assertEqual(len(self.double.calls), asked)

    def test_PointsThatCameBackCanBeDragged(self):
        """The slice is corrected, and it is one step with what it was before."""
        clicks = self.segmentRing("Red")
        self.segmentRing("Green")
        self.ui.undoButton.click()
        self.ui.placeButton.click()
        clicks[0] = Gestures.drag("Red", clicks[0], clicks[0] + 12 * Gestures.sliceAxes("Red")[0])
        self.waitUntilIdle()
        self.assertSegmentFits("Red", clicks)
        self.assertFalse(self.ui.redoButton.enabled)
        self.ui.undoButton.click()
        self.assertEqual((self.voxelCount(), len(self.placedPoints())), (0, 0))

    def test_ClicksThatMadeNoSliceAreUndoneFirst(self):
        """They come back by "Redo"; a click after that ends what could be redone."""
        clicks = self.segmentRing("Red")
        written = self.state()
        self.clickRing("Green", offsets=Gestures.RING[:2])
        self.waitUntilIdle()
        two = self.state()
        self.ui.undoButton.click()
        self.assertEqual(self.state(), written)
        np.testing.assert_allclose(self.placedPoints(), clicks)
        self.ui.redoButton.click()
        self.assertEqual(self.state(), two)
        self.ui.undoButton.click()
        self.clickRing("Green", offsets=Gestures.RING[:1])
        self.waitUntilIdle()
        self.assertFalse(self.ui.redoButton.enabled)

    def test_UndoWhileTheMouseIsInTheView(self):
        """The point under the cursor in place mode is none of the set, before and after."""
        self.segmentRing("Red")
        Gestures.hover("Red", self.center(20.0, 0.0, 0.0))
        for button, count in ((self.ui.undoButton, 0), (self.ui.redoButton, 4)):
            button.click()
            self.waitUntilIdle()
            self.assertEqual((len(self.placedPoints()), self.voxelCount() > 0), (count, count > 0))
            Gestures.hover("Red", self.center(25.0, 0.0, 0.0))
        self.segmentRing("Green")
        self.assertEqual((len(self.placedPoints()), len(self.double.calls)), (4, 2))

    def test_WhatTheSegmentEditorChangedStays(self):
        """Undo takes back the voxels of the slice, and no other."""
        self.segmentRing("Red")
        segmentation, segmentId = self.settings.segmentation, self.settings.segmentId
        painted = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segmentId, self.volume).copy()
        painted[2, 5:15, 5:15] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(painted, segmentation, segmentId, self.volume)
        count = self.voxelCount()
        self.ui.undoButton.click()
        self.assertEqual(self.voxelCount(), 100)
        self.ui.redoButton.click()
        self.assertEqual(self.voxelCount(), count)

    def test_UndoGoesToTheSegmentThatItChanges(self):
        """And leaves the others."""
        self.segmentRing("Red")
        first, count = self.settings.segmentId, self.voxelCount()
        second = self.addSegment()
        self.segmentRing("Green")
        self.settings.segmentId = first
        self.ui.undoButton.click()
        self.assertEqual((self.settings.segmentId, self.voxelCount(second)), (second, 0))
        self.assertEqual(self.voxelCount(first), count)

    def gesture(self, name, random):
        """Do one of the things that users do."""
        view, mm = random.choice(("Red", "Green", "Yellow")), random.uniform(8, 30)
        offset = random.choice(((-mm, 0.2 * mm), (mm, -0.1 * mm), (0.1 * mm, mm / 2), (-0.2 * mm, -mm / 2)))
        points = self.placedPoints()
        if name == "click":
            self.clickRing(view, offsets=[offset])
        elif name == "drag" and len(points):
            self.ui.placeButton.checked = False
            node = sliceWidget("Red").mrmlSliceNode()
            node.JumpSliceByOffsetting(*points[0])
            Gestures.drag("Red", points[0], points[0] + 5 * Gestures.sliceAxes("Red")[1])
        elif name == "delete" and len(points):
            self.settings.points.RemoveNthControlPoint(0)
        elif name == "segment":
            self.ui.segmentComboBox.currentIndex = 1 - self.ui.segmentComboBox.currentIndex
        elif name == "leave":
            slicer.util.selectModule("ScribbleRefine")
            slicer.util.selectModule("ExtremePointSeg")
        elif name in ("clearButton", "undoButton", "redoButton"):
            getattr(self.ui, name).click()
        elif name == "ring":
            self.clickRing(view, offsets=[(a * mm / 30, b * mm / 30) for a, b in Gestures.RING])

    def test_AnyOrderOfGesturesCanBeTakenBack(self):
        """Back to the beginning and forth again: the same bits, no node more, and nothing computed."""
        random = Random(4)
        self.addSegment()
        self.addSegment()
        start, nodes = self.state(), slicer.mrmlScene.GetNumberOfNodes()
        for _ in range(30):
            self.gesture(random.choice(GESTURES), random)
            self.waitUntilIdle()
        end, asked, steps = self.state(), len(self.double.calls), 0
        self.assertGreater(asked, 8)
        while self.ui.undoButton.enabled:
            self.ui.undoButton.click()
            self.waitUntilIdle()
            steps += 1
        self.assertEqual(self.state(), start)
        for _ in range(steps):
            self.ui.redoButton.click()
            self.waitUntilIdle()
        self.assertEqual(self.state(), end)
        self.assertGreater(steps, 4)
        self.assertEqual((len(self.double.calls), slicer.mrmlScene.GetNumberOfNodes()), (asked, nodes))

    def test_KeysPressTheButtons(self):
        """E places, C shows the cue, Z and Y go back and forth, N goes to the next slice, U segments."""
        self.addSegment()
        self.press("E")
        self.assertTrue(self.ui.placeButton.checked)
        self.segmentRing("Red")
        written, offset = self.voxelCount(), sliceWidget("Red").mrmlSliceNode().GetSliceOffset()
        self.press("Z")
        self.assertEqual((self.voxelCount(), len(self.placedPoints())), (0, 0))
        self.press("Y")
        self.assertEqual((self.voxelCount(), len(self.placedPoints())), (written, 4))
        self.press("N")
        self.waitUntilIdle()
        moved = sliceWidget("Red").mrmlSliceNode().GetSliceOffset() - offset
        self.assertEqual((self.voxelCount(), len(self.placedPoints())), (written, 0))
        self.assertAlmostEqual(moved, self.volume.GetSpacing()[2], delta=self.volume.GetSpacing()[2] / 2)
        self.press("C")
        self.assertTrue(self.settings.showCue)
        self.ui.autoApplyCheckBox.click()
        self.segmentRing("Red", center=self.center(0.0, 0.0, 2 * self.volume.GetSpacing()[2]))
        self.assertEqual(len(self.double.calls), 1)
        self.press("U")
        self.waitUntilIdle()
        self.assertEqual(len(self.double.calls), 2)

    def test_KeysAreListedAndCanBeSwitchedOff(self):
        """In the section and in the tooltips; none of Slicer's own is taken."""
        keys = {key for key, text in KEYS.values()}
        self.assertEqual(len(keys), len(KEYS))
        self.assertFalse(keys & TAKEN)
        for name, button in (("place", "placeButton"), ("run", "applyButton"), ("undo", "undoButton")):
            self.assertIn(f"{KEYS[name][0]}\t", self.ui.keysLabel.text)
            self.assertIn(f"({KEYS[name][0]})", getattr(self.ui, button).toolTip)
        self.ui.keysCheckBox.click()
        self.press("E")
        self.assertFalse(self.ui.placeButton.checked)
        self.ui.keysCheckBox.click()
        self.press("E")
        self.assertTrue(self.ui.placeButton.checked)

    def test_KeysAreNotHeardWhileTextIsTyped(self):
        """In a field of the panel, and in a text that can only be read."""
        self.ui.trainingCollapsibleButton.collapsed = False
        for field in (self.ui.patientLineEdit, qt.QTextEdit(self.widget.parent)):
            field.setReadOnly(field is not self.ui.patientLineEdit)
            field.show()
            slicer.util.mainWindow().activateWindow()
            field.setFocus()
            slicer.app.processEvents()
            self.assertIs(qt.QApplication.focusWidget(), field)
            qt.QTest.keyClick(field, qt.Qt.Key_E)
            slicer.app.processEvents()
            self.assertFalse(self.ui.placeButton.checked)
        self.assertEqual(self.ui.patientLineEdit.text, "e")
        self.ui.patientLineEdit.text = ""
        field.setParent(None)
        self.ui.placeButton.setFocus()
        self.press("E")
        self.assertTrue(self.ui.placeButton.checked)
