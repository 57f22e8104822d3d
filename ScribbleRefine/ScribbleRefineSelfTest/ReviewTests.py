"""After a round: undo, maps, before and after, weights, times."""

import tempfile
from pathlib import Path

import numpy as np
import qt
import slicer

from ScribbleRefineLib.Settings import Overlay
from ScribbleRefineSelfTest import Gestures, Phantom
from ScribbleRefineSelfTest.PanelCase import RATE, PanelCase
from ScribbleRefineSelfTest.RefiningTests import CYST_LINE, LIVER_LINE


class ReviewTests(PanelCase):
    """Mixed into the module's test class."""

    def test_UndoAndRedoARound(self):
        """Mask, scribbles and weights go back and come again together."""
        self.begin()
        before = self.results()
        stroke = self.correctCyst()
        after = self.results()
        self.assertTrue(self.panel.session.hasWeights)
        self.ui.undoButton.click()
        self.assertEqualMasks(self.results(), before, "after undo")
        self.assertFalse(self.scribbles("background").any())
        self.assertFalse(self.panel.session.hasWeights)
        self.assertFalse(self.ui.saveWeightsButton.enabled)
        self.ui.redoButton.click()
        self.assertEqualMasks(self.results(), after, "after redo")
        np.testing.assert_array_equal(self.scribbles("background"), stroke)
        self.assertTrue(self.panel.session.hasWeights)
        self.assertFalse(self.ui.redoButton.enabled)

    def test_KeysUndoStrokesFirst(self):
        """Z takes back the stroke that was painted last, then the round; Y brings them back."""
        self.begin()
        initial = self.results()
        first = self.correctCyst()
        self.paint("liver", LIVER_LINE)
        Gestures.press("Z")
        self.assertFalse(self.scribbles("liver").any())
        np.testing.assert_array_equal(self.scribbles("background"), first)
        Gestures.press("Z")
        self.assertEqualMasks(self.results(), initial)

    def test_TheChangeMapAndTheUncertainty(self):
        """Laid over the views and taken away; what was there comes back."""
        names = ("Red", "Yellow", "Green")
        composites = [Gestures.sliceWidget(name).mrmlSliceCompositeNode() for name in names]
        self.begin()
        before = [node.GetForegroundVolumeID() for node in composites]
        initial = self.results()
        self.correctCyst()
        shown = {}
        for overlay in (Overlay.CHANGES, Overlay.UNCERTAINTY):
            self.ui.overlayComboBox.currentIndex = list(Overlay).index(overlay)
            ids = {node.GetForegroundVolumeID() for node in composites}
            self.assertEqual(len(ids - {None}), 1)
            shown[overlay] = slicer.util.arrayFromVolume(slicer.mrmlScene.GetNodeByID(ids.pop())).copy()
        after = self.results()
        changed = sum(after[name] != initial[name] for name in initial) > 0
        np.testing.assert_array_equal(shown[Overlay.CHANGES] != 0, changed)
        self.assertGreater(shown[Overlay.UNCERTAINTY].max(), 0.1)
        self.ui.overlayComboBox.currentIndex = 0
        self.assertEqual([node.GetForegroundVolumeID() for node in composites], before)
        Gestures.press("M")
        self.assertIs(self.settings.overlay, Overlay.CHANGES)
        Gestures.press("M")
        self.assertEqual([node.GetForegroundVolumeID() for node in composites], before)

    def test_BeforeIsSeenWhileTheButtonOrKeyIsHeld(self):
        """The data are not touched."""
        self.begin()
        self.correctCyst()
        after, nodes = self.results(), self.segmentationCount()
        qt.QTest.mousePress(self.ui.beforeButton, qt.Qt.LeftButton)
        self.assertEqual(
            self.segmentationCount(), nodes + 1, "the earlier state is shown by a node of its own"
        )
        qt.QTest.mouseRelease(self.ui.beforeButton, qt.Qt.LeftButton)
        self.assertEqual(self.segmentationCount(), nodes)
        Gestures.press("H")
        self.assertEqual(self.segmentationCount(), nodes + 1)
        self.waitFor(lambda: self.segmentationCount() == nodes, "the key to come up")
        self.assertEqualMasks(self.results(), after)

    def test_VolumesBeforeAndAfter(self):
        """In milliliters, for each label."""
        self.begin()
        before = self.results()
        self.correctCyst()
        after, milliliters = self.results(), np.prod(Phantom.SPACING) / 1000
        table = self.ui.volumeTable
        shown = {
            table.item(row, 0).text(): [float(table.item(row, c).text()) for c in (1, 2, 3)]
            for row in range(table.rowCount)
        }
        for name in ("liver", "spleen"):
            first, last = before[name].sum() * milliliters, after[name].sum() * milliliters
            np.testing.assert_allclose(shown[name], [first, last, last - first], atol=0.0051)

    def test_WeightsAreSavedAndAppliedToAnotherVolume(self):
        """A small file; the same image and weights give the same result."""
        self.begin()
        self.correctCyst()
        after = self.results()
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "adapted.pt")
            self.ui.weightsPathLineEdit.setCurrentPath(path)
            self.ui.saveWeightsButton.click()
            self.assertGreater(Path(path).stat().st_size, 100, self.message)
            self.ui.undoButton.click()
            self.ui.applyWeightsButton.click()
            self.waitUntilIdle()
            self.assertIn("adapted network's result", self.message)
            agreement = [(self.results()[name] == after[name]).mean() for name in ("liver", "spleen")]
            self.assertGreater(min(agreement), 0.98)
            self.volume = self.loadPhantom("another", seed=9)
            self.ui.segmentationSelector.addNode()
            self.waitUntilIdle()
            self.ui.initialButton.click()
            self.waitUntilIdle()
            plain = self.results()
            self.ui.applyWeightsButton.click()
            self.waitUntilIdle()
            adapted = self.results()
        cyst = Phantom.bodyMask("cyst")
        found = [(masks["liver"] | masks["spleen"])[cyst].sum() for masks in (plain, adapted)]
        self.assertLess(found[1], found[0])

    def test_WeightsAreReset(self):
        """The next round begins with the network as it came; the mask stays."""
        self.begin()
        self.correctCyst()
        after = self.results()
        self.ui.resetWeightsButton.click()
        self.assertFalse(self.panel.session.hasWeights)
        self.assertFalse(self.ui.resetWeightsButton.enabled)
        self.assertEqualMasks(self.results(), after)

    def test_FreedMemoryIsFilledAgainWhenNeeded(self):
        """The button drops the network and what is known of the device; results and scribbles stay."""
        self.begin()
        stroke, before = self.paint("background", CYST_LINE), self.results()
        self.assertRegex(self.ui.deviceLabel.text, r"^[●◐▲] [CG]PU")
        self.press(self.ui.freeMemoryButton)
        self.assertIn(self.panel.deviceUnknown, self.ui.deviceLabel.text)
        self.assertEqualMasks(self.results(), before)
        self.assertTrue(self.scribbles("background")[stroke].all())
        self.refine()
        self.assertRegex(self.ui.deviceLabel.text, r"^[●◐▲] [CG]PU")
        self.assertFalse(self.result("spleen")[stroke].any())

    def test_ALabelThatIsNotSatisfiedIsNamedAndShown(self):
        """When the iterations end too early, the panel says which label, and moves the views there."""
        self.begin()
        stroke = self.paint("background", CYST_LINE)
        self.ui.learningRateSpinBox.value = 0.00001
        self.ui.iterationsSpinBox.value = 1
        self.settings.growth = 0
        self.refine()
        self.assertRegex(self.message, r"still wrong: background \(\d+\)")
        self.assertFalse(self.ui.jumpButton.isHidden())
        node = Gestures.sliceWidget("Red").mrmlSliceNode()
        node.JumpSliceByOffsetting(0, 0, -9)
        self.ui.jumpButton.click()
        position = Phantom.worldOf(self.volume, np.argwhere(stroke).mean(0))
        height = slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())[2, 3]
        self.assertAlmostEqual(height, position[2], delta=0.8)

    def test_WhatIsToBeSaidAboutTheScribbles(self):
        """One label alone, and no scribbles for the round."""
        self.begin()
        self.assertIn("paint", self.hint)
        self.paint("background", CYST_LINE)
        self.refine()
        self.assertIn("Only 'background' is scribbled", self.message)
        self.ui.keepScribblesCheckBox.click()
        self.assertTrue(self.ui.refineButton.enabled)
        self.ui.refineButton.click()
        self.waitUntilIdle()
        self.assertIn("nothing was scribbled since the last round", self.message)
        self.ui.clearScribblesButton.click()
        self.assertFalse(self.scribbles("background").any())
        self.assertFalse(self.ui.refineButton.enabled)

    def test_ASegmentationIsTheBeginning(self):
        """Segments are matched by name; others become new labels if that is wanted."""
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "mine")
        segmentation.CreateDefaultDisplayNodes()
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(self.volume)
        masks = {"Liver": Phantom.bodyMask("liver"), "stone": Phantom.bodyMask("cyst")}
        for name, mask in masks.items():
            segmentId = segmentation.GetSegmentation().AddEmptySegment("", name)
            slicer.util.updateSegmentBinaryLabelmapFromArray(
                mask.astype(np.uint8), segmentation, segmentId, self.volume
            )
        self.ui.segmentationSelector.setCurrentNode(segmentation)
        self.importNetwork()
        self.ui.useSegmentationButton.click()
        self.assertIn("'stone' is no label of the network", self.message)
        self.assertEqual((self.stateOf("liver"), self.ui.labelTable.rowCount), ("mapped", 4))
        self.ui.keepUnmatchedCheckBox.click()
        self.ui.useSegmentationButton.click()
        self.assertEqual(self.stateOf("stone"), "new")
        self.assertEqualMasks(self.results(), masks)
        stroke = self.paint("background", CYST_LINE)
        self.paint("liver", LIVER_LINE)
        self.ui.learningRateSpinBox.value = RATE
        self.refine()
        self.assertFalse(self.result("stone")[stroke].any())

    def test_TheNetworkIsInspected(self):
        """A report in words; a file that is no network is refused with a reason."""
        self.importNetwork()
        self.assertFalse(self.ui.reportTextEdit.isHidden())
        for text in ("phantom-net", "liver"):
            self.assertIn(text, self.ui.reportTextEdit.toPlainText())
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "nothing.pt"
            self.ui.networkPathLineEdit.setCurrentPath(str(path))
            self.ui.importButton.click()
            self.assertIn("there is no file", self.message)
            path.write_bytes(b"no network at all")
            self.ui.networkPathLineEdit.setCurrentPath(str(path))
            self.ui.importButton.click()
            self.waitUntilIdle()
            self.assertNotIn("there is no file", self.message)
            self.assertTrue(self.message or "error" in self.ui.reportTextEdit.toPlainText().lower())
        self.assertEqual(self.ui.networkComboBox.currentText, "nothing.pt")
        box = self.ui.networkComboBox
        box.currentIndex = box.findText("phantom-net.pt")
        self.waitUntilIdle()
        self.ui.initialButton.click()
        self.waitUntilIdle()
        self.assertIn("liver", self.results())

    def segmentationCount(self):
        """Segmentation nodes in the scene."""
        return slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
