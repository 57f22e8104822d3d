"""One object in a box that is drawn in the views, by a network of two classes."""

import tempfile
from pathlib import Path

import numpy as np
import slicer

from ScribbleRefineLib.Settings import Overlay, boxSettings
from ScribbleRefineSelfTest import Gestures, Phantom
from ScribbleRefineSelfTest.BoxCase import FEW, BoxCase
from ScribbleRefineSelfTest.RefiningTests import CYST_LINE, LIVER_LINE

LIVER_BOX = (5, 4, 2), (5, 26, 18)  # voxels (slice, row, column)
PAIR_BOX = (5, 1, 18), (5, 26, 34)  # around spleen and cyst, which the network takes for one
MANY = 50  # alternations


class BoxTests(BoxCase):
    """Mixed into the module's test class."""

    def test_EveryOptionReachesTheRound(self):
        """What is set in the panel is what the backend is told."""
        names = (
            "smoothness",
            "sigma",
            "t0",
            "t1",
            "epsilon",
            "omega",
            "alternations",
            "learningRate",
            "layers",
        )
        values = (2.5, 0.25, 0.3, 0.6, 0.5, 7.5, 3, 0.002, 2)
        for name, value in zip(names, values, strict=True):
            getattr(self.ui, f"{name}SpinBox").value = value
        told = boxSettings(self.settings)
        self.assertEqual(tuple(getattr(told, name) for name in names), values)

    def test_ABoxIsDrawnAndSegmented(self):
        """Two clicks and a button: the body in the box, and nothing beyond it."""
        self.beginWithBox(LIVER_BOX)
        self.assertIn("Segment box", self.hint)
        self.press(self.ui.segmentBoxButton)
        self.assertIn("The box is segmented", self.message)
        found, liver = self.result("object"), Phantom.bodyMask("liver")
        self.assertGreater(2 * (found & liver).sum() / (found.sum() + liver.sum()), 0.85)
        self.assertFalse(found[~self.inBox()].any())
        self.assertFalse(self.panel.session.hasWeights)
        self.press(self.ui.undoButton)
        self.assertEqual(self.results(), {})

    def test_FineTuningFollowsTheScribbles(self):
        """With and without scribbles; mask, scribbles and weights are undone together."""
        self.beginWithBox(PAIR_BOX)
        self.press(self.ui.segmentBoxButton)
        self.press(self.ui.tuneButton)
        self.assertIn("Fine-tuned in", self.message)
        before, weights = self.results(), self.panel.session._space.history.weights
        self.assertIsNotNone(weights)
        stroke = self.paint("background", CYST_LINE)
        self.assertGreater((before["object"] & stroke).sum(), 5)
        self.press(self.ui.tuneButton)
        after = self.results()
        self.assertFalse(after["object"][stroke].any())
        self.assertIsNot(self.panel.session._space.history.weights, weights)
        self.press(self.ui.undoButton)
        self.assertEqualMasks(self.results(), before)
        self.assertIs(self.panel.session._space.history.weights, weights)
        self.assertFalse(self.scribbles("background").any())
        self.press(self.ui.redoButton)
        self.assertEqualMasks(self.results(), after)
        np.testing.assert_array_equal(self.scribbles("background"), stroke)

    def test_TheSameBoxGoesOnAndTheNextBeginsAnew(self):
        """Voxel for voxel what the backend does; an undone round is no part of the next one."""
        self.beginWithBox(PAIR_BOX)
        self.paint("background", CYST_LINE)
        for _ in range(2):
            self.press(self.ui.tuneButton)
        _, second = self.directly(self.corners(), self.painted(), self.painted())
        np.testing.assert_array_equal(self.result("object"), second.mask)
        self.press(self.ui.undoButton)
        self.press(self.ui.tuneButton)
        self.assertSameWeights(second)
        self.drawBox(LIVER_BOX)
        self.assertFalse(self.scribbles("background").any())
        self.assertEqual(self.ui.targetComboBox.currentText, "New segment")
        self.press(self.ui.tuneButton)
        self.assertSameWeights(self.directly(self.corners(), None)[0])
        self.assertEqual(sorted(self.results()), ["object", "object 2"])
        np.testing.assert_array_equal(self.result("object"), second.mask)
        for _ in range(2):
            self.press(self.ui.undoButton)
        self.assertEqual(self.ui.targetComboBox.currentText, "object")
        self.assertTrue(self.scribbles("background").any())
        self.assertSameWeights(second)

    def test_ThePanelAndTheCommandLineAgree(self):
        """The same files, box and scribbles give the same voxels."""
        from cueseg.cli.main import main
        from cueseg.image_files import read_image, read_segmentation

        self.beginWithBox(PAIR_BOX)
        self.paint("background", CYST_LINE)
        self.paint("object", [(5, 18, 25), (5, 18, 29)])
        self.press(self.ui.tuneButton)
        with tempfile.TemporaryDirectory() as folder:
            paths = [str(Path(folder) / name) for name in ("v.nrrd", "s.seg.nrrd", "o.seg.nrrd")]
            self.assertTrue(slicer.util.saveNode(self.volume, paths[0]))
            self.assertTrue(slicer.util.saveNode(self.panel.session.scribbleNode, paths[1]))
            box = [str(number) for corner in self.corners() for number in corner]
            given = ["--network", Phantom.objectNetworkFile(), "--scribbles", paths[1], "--output", paths[2]]
            steps = ["--alternations", str(FEW)]
            self.assertEqual(main(["bifseg", paths[0], "--box", *box, *given, *steps]), 0)
            written = read_segmentation(paths[2], read_image(paths[0]))
        np.testing.assert_array_equal(written.mask_of("object"), self.result("object"))

    def test_ATurnedBox(self):
        """Nothing is found outside of it, though the network sees the straight box around it."""
        self.beginWithBox(LIVER_BOX)
        box, angle = self.settings.box, np.radians(35)
        matrix = np.eye(4)
        matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        matrix[:3, 3] = Phantom.worldOf(self.volume, (5, 15, 10))
        box.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(matrix))
        box.SetSize(10.0, 30.0, 9.0)
        self.press(self.ui.segmentBoxButton)
        found, inside = self.result("object"), self.inBox()
        self.assertGreater(found.sum(), 300)
        self.assertFalse(found[~inside].any())
        (x0, y0, z0), (x1, y1, z1) = self.corners()
        straight = np.zeros(Phantom.SHAPE, bool)
        straight[z0 : z1 + 1, y0 : y1 + 1, x0 : x1 + 1] = True
        self.assertTrue((Phantom.bodyMask("liver") & straight & ~inside).any(), "nothing was cut off")
        self.paint("object", [(5, 14, 3), (5, 16, 3)])
        self.ui.tuneButton.click()
        self.assertRegex(self.message, r"scribbled as 'object' outside of the box '.*': enlarge")

    def test_BoxesAndNetworksThatCannotBeUsed(self):
        """Each is named, with what to do."""
        self.beginWithBox(LIVER_BOX)
        self.settings.box.SetCenter(500.0, 0.0, 0.0)
        self.ui.segmentBoxButton.click()
        self.waitUntilIdle()
        self.assertRegex(self.message, "holds no voxel of 'phantom': move or enlarge it")
        self.ui.boxSelector.setCurrentNode(None)
        self.assertIn("Draw box", self.hint)
        self.assertFalse(self.ui.segmentBoxButton.enabled or self.ui.tuneButton.enabled)
        self.importNetwork()
        self.assertIn("4 classes (background, liver, spleen, kidney)", self.hint)
        self.assertIn("choose or import", self.hint)
        self.drawBox(LIVER_BOX)
        self.assertFalse(self.ui.segmentBoxButton.enabled or self.ui.tuneButton.enabled)

    def test_OneSegmentIsWritten(self):
        """The chosen one, in the box; one that overlaps with it, and a locked one, stay as they are."""
        self.beginWithBox(LIVER_BOX)
        masks = {"mine": Phantom.bodyMask("cyst"), "other": Phantom.bodyMask("liver")}
        for name, mask in masks.items():
            segmentId = self.settings.segmentation.GetSegmentation().AddEmptySegment(name, name)
            values = mask.astype(np.uint8)
            slicer.util.updateSegmentBinaryLabelmapFromArray(
                values, self.settings.segmentation, segmentId, self.volume
            )
        self.widget.refresh()
        self.ui.targetComboBox.currentIndex = self.ui.targetComboBox.findText("mine")
        self.lock("object")
        self.press(self.ui.segmentBoxButton)
        self.assertEqualMasks(self.results(), masks)
        self.panel.session.labels.setLocked(1, False)
        self.press(self.ui.segmentBoxButton)
        self.assertIn("of 'mine' outside of the box stay", self.message)
        after, inside = self.results(), self.inBox()
        np.testing.assert_array_equal(after["other"], masks["other"])
        np.testing.assert_array_equal(after["mine"][~inside], masks["mine"][~inside])
        self.assertGreater((after["mine"] & masks["other"]).sum(), 500)

    def test_WhatTheFineTuningLeftOutIsShown(self):
        """As the backend says."""
        self.beginWithBox(PAIR_BOX)
        self.paint("background", CYST_LINE)
        self.press(self.ui.tuneButton)
        self.ui.overlayComboBox.currentIndex = list(Overlay).index(Overlay.LEFT_OUT)
        shown = Gestures.sliceWidget("Red").mrmlSliceCompositeNode().GetForegroundVolumeID()
        voxels = slicer.util.arrayFromVolume(slicer.mrmlScene.GetNodeByID(shown)) != 0
        result = self.directly(self.corners(), self.painted())[0]
        self.assertTrue(result.uncertain.any())
        np.testing.assert_array_equal(voxels, result.uncertain)

    def test_EscapeCancelsTheFineTuning(self):
        """Nothing changes; the controls of the method come and go with it."""
        self.beginWithBox(PAIR_BOX)
        self.assertTrue(self.ui.refineButton.isHidden())
        self.press(self.ui.segmentBoxButton)
        before, stroke = self.results(), self.paint("background", LIVER_LINE)
        self.ui.alternationsSpinBox.value = MANY
        self.ui.learningRateSpinBox.value = 0.00001
        self.ui.tuneButton.click()
        self.waitFor(lambda: "Iteration" in self.message, "the first iteration")
        self.assertEqual(self.ui.tuneButton.text, "Stop, keep best")
        Gestures.press("Escape")
        self.waitUntilIdle()
        self.assertEqualMasks(self.results(), before)
        np.testing.assert_array_equal(self.scribbles("background"), stroke)
        self.assertFalse(self.panel.session.hasWeights)
        self.ui.methodComboBox.currentIndex = 0
        self.assertTrue(self.ui.boxCollapsibleButton.isHidden())
        self.assertFalse(self.ui.refineButton.isHidden())
