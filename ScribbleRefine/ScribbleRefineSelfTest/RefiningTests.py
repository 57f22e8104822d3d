"""Scribbles in the views, and what the refined network makes of them."""

import numpy as np
import slicer

from ScribbleRefineLib.Settings import Edges, Region
from ScribbleRefineSelfTest import Gestures, Phantom
from ScribbleRefineSelfTest.PanelCase import RATE, PanelCase

SPLEEN_LINE = [(5, 18, 24), (5, 18, 30)]
CYST_LINE = [(5, 5, 21), (5, 5, 27)]
LIVER_LINE = [(5, 10, 9), (5, 20, 9)]


class RefiningTests(PanelCase):
    """Mixed into the module's test class."""

    def test_TheNetworkRunsAsItIs(self):
        """Its classes become segments with the names of the classes, on the volume's grid."""
        self.begin()
        self.assertIn("network's result is written", self.message)
        found = self.results()
        self.assertEqual({"liver", "spleen"} - set(found), set())
        self.assertGreater((found["liver"] & Phantom.bodyMask("liver")).sum(), 800)
        self.assertGreater((found["spleen"] & Phantom.bodyMask("spleen")).sum(), 400)
        self.assertEqual(
            [self.stateOf(name) for name in Phantom.CLASSES], ["background", "mapped", "mapped", "missing"]
        )
        self.assertIn("paint", self.hint)
        self.assertFalse(self.ui.refineButton.enabled)

    def test_AStrokeIsSatisfiedAndTheLabelFollows(self):
        """The stroke's voxels get the label, others like them too, and the panel says after how many iterations."""
        self.begin()
        before = self.results()
        stroke = self.paint("background", CYST_LINE)
        self.assertGreater(stroke.sum(), 5)
        self.assertGreater((stroke & (before["liver"] | before["spleen"])).sum(), 0, "nothing to correct")
        self.assertIn("Press 'Refine'", self.hint)
        self.refine()
        self.assertRegex(self.message, r"All scribbles satisfied after \d+ iterations")
        after = self.results()
        self.assertEqual(sum((stroke & mask).sum() for mask in after.values()), 0)
        self.assertTrue(any((before[name] != after[name])[~stroke].any() for name in before))
        self.assertFalse(self.ui.jumpButton.visible)

    def test_TwoLabelsInOneRound(self):
        """A stroke for each, painted in two views; both hold afterwards."""
        self.begin()
        strokes = {
            "background": self.paint("background", CYST_LINE),
            "spleen": self.paint("spleen", [(3, 18, 27), (7, 18, 27)], "Yellow"),
            "liver": self.paint("liver", LIVER_LINE),
        }
        self.assertGreater(min(stroke.sum() for stroke in strokes.values()), 3)
        self.refine()
        after = self.results()
        for name in ("spleen", "liver"):
            self.assertTrue(after[name][strokes[name]].all(), name)
        self.assertFalse((after["spleen"] | after["liver"])[strokes["background"]].any())

    def test_PaintingALabelTakesItFromAnother(self):
        """Scribbles do not overlap; the eraser removes scribbles and nothing of the result."""
        self.begin()
        before = self.results()
        first = self.paint("liver", LIVER_LINE)
        self.paint("spleen", LIVER_LINE)
        self.assertEqual((self.scribbles("liver").sum(), self.scribbles("spleen").sum()), (0, first.sum()))
        self.paint("spleen", LIVER_LINE, effect="Erase")
        self.assertEqual(self.scribbles("spleen").sum(), 0)
        self.assertEqualMasks(self.results(), before)
        self.assertFalse(self.ui.refineButton.enabled)

    def test_AMissingLabelIsInserted(self):
        """The network has a class that it never found: one click gives it a segment, a stroke teaches it."""
        self.begin()
        self.assertFalse(self.result("kidney").any())
        self.choose("kidney")
        self.assertTrue(self.ui.insertLabelButton.enabled)
        self.ui.insertLabelButton.click()
        self.assertEqual(self.stateOf("kidney"), "mapped")
        self.assertFalse(self.ui.insertLabelButton.enabled)
        stroke = self.paint("kidney", CYST_LINE)
        self.refine()
        self.assertTrue(self.result("kidney")[stroke].all())

    def test_ANewOrganIsAdded(self):
        """A label that the network does not know gets a channel of its own."""
        self.begin()
        self.assertEqual(self.ui.labelTable.rowCount, 4)
        self.ui.labelNameLineEdit.text = "cyst"
        self.ui.addLabelButton.click()
        self.assertEqual((self.ui.labelTable.rowCount, self.stateOf("cyst")), (5, "new"))
        self.assertEqual(self.widget.labels.current, 4, "the new label is chosen at once")
        stroke = self.paint("cyst", CYST_LINE)
        self.paint("background", [(5, 2, 5), (5, 2, 12)])
        self.refine()
        self.assertTrue(self.result("cyst")[stroke].all())
        self.ui.addLabelButton.click()
        self.assertIn("name", self.message)

    def test_OnlyThisSliceChanges(self):
        """All other slices keep their labels to the last voxel."""
        self.begin()
        before = self.results()
        self.ui.scopeComboBox.currentIndex = list(Region).index(Region.SLICE)
        self.assertFalse(self.ui.sliceViewSelector.isHidden())
        self.correctCyst()
        self.assertEqual(self.changedSlices(before), [5])

    def test_ASlabAndABox(self):
        """Nothing changes beyond them."""
        self.begin()
        before = self.results()
        self.ui.scopeComboBox.currentIndex = list(Region).index(Region.SLAB)
        self.ui.slabSpinBox.value = 1
        self.correctCyst()
        self.assertLessEqual(set(self.changedSlices(before)), {4, 5, 6})
        self.ui.undoButton.click()
        box = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
        low, high = (Phantom.worldOf(self.volume, voxel) for voxel in ((4, 2, 19), (6, 8, 29)))
        box.SetCenter(*((low + high) / 2))
        box.SetSize(*np.abs(high - low))
        self.ui.scopeComboBox.currentIndex = list(Region).index(Region.BOX)
        self.ui.roiSelector.setCurrentNode(box)
        self.correctCyst()
        outside = np.ones(Phantom.SHAPE, bool)
        outside[4:7, 2:9, 19:30] = False
        for name, mask in self.results().items():
            np.testing.assert_array_equal(mask[outside], before[name][outside])
        self.assertEqual(set(self.changedSlices(before)) - {4, 5, 6}, set())

    def test_ALockedLabelStays(self):
        """Its voxels neither vanish nor appear."""
        self.begin()
        before = self.results()
        self.lock("spleen")
        self.assertEqual(self.panel.session.labels.lockedIndices(), (2,))
        self.paint("background", [(5, 5, 20), (5, 5, 28)])
        self.paint("liver", SPLEEN_LINE)
        self.refine()
        np.testing.assert_array_equal(self.result("spleen"), before["spleen"])

    def test_LabelsFollowTheEdgesAsChosen(self):
        """The strokes hold with every choice; what lies beside them depends on it."""
        self.begin()
        found = []
        for edges in Edges:
            self.ui.regulariseComboBox.currentIndex = list(Edges).index(edges)
            stroke = self.correctCyst()
            found.append(self.results())
            self.assertEqual(sum((stroke & mask).sum() for mask in found[-1].values()), 0, edges)
            self.ui.undoButton.click()
        for first, second in ((0, 1), (0, 2), (1, 2)):
            same = [np.array_equal(found[first][name], found[second][name]) for name in ("liver", "spleen")]
            self.assertFalse(all(same), f"{list(Edges)[first]} is like {list(Edges)[second]}")

    def test_StopKeepsTheBest(self):
        """The button stops the iterations; what they reached is written."""
        self.beginEndlessRound()
        self.ui.refineButton.click()
        self.waitUntilIdle()
        self.assertIn("Stopped after", self.message)
        self.assertTrue(self.ui.saveWeightsButton.enabled or self.panel.session.hasWeights)
        self.assertTrue(self.ui.undoButton.enabled)
        self.assertEqual(self.ui.refineButton.text, "Refine")

    def test_EscapeCancelsAndNothingChanges(self):
        """Mask, scribbles and weights are as before, and the next round works."""
        before, stroke = self.beginEndlessRound()
        Gestures.press("Escape")
        self.waitUntilIdle()
        self.assertEqualMasks(self.results(), before)
        np.testing.assert_array_equal(self.scribbles("background"), stroke)
        self.assertFalse(self.panel.session.hasWeights)
        self.ui.learningRateSpinBox.value = RATE
        self.ui.iterationsSpinBox.value = 50
        self.refine()
        self.assertIn("All scribbles satisfied", self.message)

    def test_TheSceneIsClosedWhileItComputes(self):
        """The result is dropped, the panel is as new, and works."""
        self.beginEndlessRound()
        slicer.mrmlScene.Clear()
        self.waitUntilIdle()
        self.assertEqual((self.ui.labelTable.rowCount, self.message), (0, ""))
        self.assertIn("Choose the volume", self.hint)
        self.volume = self.loadPhantom()
        self.begin()
        self.correctCyst()
        self.assertIn("All scribbles satisfied", self.message)

    def test_ThePanelGoesOnWhileItComputes(self):
        """Progress, plot and message come while the iterations run."""
        self.beginEndlessRound()
        self.assertFalse(self.ui.progressBar.isHidden())
        self.assertEqual(self.ui.refineButton.text, "Stop, keep best")
        self.assertRegex(self.message, r"Iteration \d+ of at most \d+: \d+ scribbled voxels are still wrong")
        self.waitFor(lambda: not self.ui.plotContainer.isHidden(), "the plot")
        table = self.panel.session.plot.tableNode.GetTable()
        rows = table.GetNumberOfRows()
        self.waitFor(lambda: table.GetNumberOfRows() > rows, "more of the plot")

    def test_GrowingIsShownAndCounts(self):
        """The slider lets scribbles claim their neighbors; the preview comes and goes."""
        self.begin()
        self.paint("spleen", [(5, 18, 26), (5, 18, 28)])
        self.assertFalse(self.panel.session.growth.isShown)
        self.ui.growthSlider.value = 25
        self.waitUntilIdle()
        self.assertTrue(self.panel.session.growth.isShown)
        self.ui.growthPreviewCheckBox.click()
        self.waitUntilIdle()
        self.assertFalse(self.panel.session.growth.isShown)
        self.refine()
        self.assertGreater(self.panel.session.lastResult.grownVoxels, 10)
        self.ui.growthSlider.value = 0
        self.ui.proposeButton.click()
        self.waitUntilIdle()
        self.assertGreater(self.settings.growth, 0)

    def beginEndlessRound(self):
        """Start a round that cannot end by itself for a long time; returns masks and scribbles before."""
        self.begin()
        before = self.results()
        stroke = self.paint("background", CYST_LINE)
        self.ui.learningRateSpinBox.value = 0.00001
        self.ui.iterationsSpinBox.value = 1000
        self.ui.refineButton.click()
        self.waitFor(lambda: "Iteration" in self.message, "the first iteration")
        return before, stroke

    def changedSlices(self, before):
        """Slices in which any segment differs."""
        after = self.results()
        changed = sum((after[name] != before[name]).any((1, 2)) for name in before)
        self.assertTrue(np.any(changed), "nothing changed at all")
        return np.flatnonzero(changed).tolist()
