"""What is written where: volumes, segments, models, options, undo, and the network that ships."""

import threading
from dataclasses import replace

import numpy as np
import slicer

from ExtremePointSegLib.Predictor import loadPredictor
from ExtremePointSegLib.Settings import Modality, Overwrite
from ExtremePointSegSelfTest import Expectation, Gestures
from ExtremePointSegSelfTest.PanelCase import PanelCase

SPLEEN = ((39, 59), (88, 39), (81, 10), (55, 75))  # (i, j) of extreme points on slice 10


class WritingTests(PanelCase):
    """Mixed into the module's test class."""

    def test_AnotherSegmentIsWrittenAlone(self):
        """Segments may overlap; the one that is not chosen stays as it is."""
        clicks = self.segmentRing("Red")
        first, second = self.settings.segmentId, self.addSegment()
        self.assertEqual(self.ui.segmentComboBox.count, 2)
        self.segmentRing("Red", offsets=[(a - 4, b) for a, b in Gestures.RING])
        self.assertEqual(self.settings.segmentId, second)
        self.assertSegmentFits("Red", clicks, first)
        voxels = self.voxelCount(second)
        self.ui.segmentComboBox.currentIndex = 0
        self.assertEqual(self.settings.segmentId, first)
        self.segmentRing("Red", center=self.center(0, 0, 6))
        self.assertEqual(self.voxelCount(second), voxels)
        self.assertGreater(self.voxelCount(first), voxels)

    def test_AnotherVolumeIsLookedAt(self):
        """The network gets the volume that is chosen, and its result goes to the same segmentation."""
        self.segmentRing("Red")
        other = self.loadAbdomen("other")
        slicer.util.updateVolumeFromArray(other, -slicer.util.arrayFromVolume(other))
        self.assertEqual(self.settings.inputVolume.GetID(), other.GetID())
        self.volume = other
        self.addSegment()
        self.assertSegmentFits("Red", self.segmentRing("Red"))
        first, second = (call[0] for call in self.double.calls)
        np.testing.assert_array_equal(first, -second)

    def test_AnotherModelIsLoadedAndSetsItsThreshold(self):
        """Models are made when they are first needed, once."""
        made = []
        self.panel.session.usePredictors(lambda model: made.append(model) or self.double)
        other = replace(self.panel.models[0], name="another", threshold=0.25)
        models = self.panel.models
        self.panel.models = [*models, other]
        box = self.ui.modelComboBox
        box.addItem("another")
        try:
            self.settings.threshold = 0.9
            self.segmentRing("Red")
            box.currentIndex = len(models)
            self.assertEqual((self.settings.model, self.settings.threshold), ("another", 0.25))
            self.segmentRing("Red")
            box.currentIndex = 0
            self.segmentRing("Red")
        finally:
            box.currentIndex = 0
            box.removeItem(len(models))
            self.panel.models = models
        self.assertEqual(made, [self.panel.models[0].name, "another"])
        self.assertEqual([call[3] for call in self.double.calls], [0.9, 0.25, self.panel.models[0].threshold])

    def test_UndoAndRedo(self):
        """Step by step, and the buttons know whether there is a step."""
        self.segmentRing("Red")
        first = self.voxelCount()
        self.segmentRing("Green")
        both = self.voxelCount()
        self.assertGreater(both, first)
        counts = []
        for button in (self.ui.undoButton, self.ui.undoButton, self.ui.redoButton, self.ui.redoButton):
            self.assertTrue(button.enabled)
            button.click()
            counts.append(self.voxelCount())
        self.assertEqual(counts, [first, 0, first, both])
        self.assertFalse(self.ui.redoButton.enabled)

    def test_ThePanelAndItsSettingsAgree(self):
        """Each control changes its setting, and each setting its control."""
        ui, settings = self.ui, self.settings
        for checkBox, name in (
            (ui.autoApplyCheckBox, "autoApply"),
            (ui.showCueCheckBox, "showCue"),
            (ui.keepExistingCheckBox, "keepExisting"),
        ):
            before = getattr(settings, name)
            self.assertEqual(checkBox.checked, before)
            checkBox.click()
            self.assertEqual(getattr(settings, name), not before)
            setattr(settings, name, before)
            self.assertEqual(checkBox.checked, before)
        for box, name, choices in (
            (ui.modalityComboBox, "modality", Modality),
            (ui.overwriteComboBox, "overwrite", Overwrite),
        ):
            self.assertEqual([box.itemText(n) for n in range(box.count)], [c.label() for c in choices])
            box.currentIndex = 1
            self.assertEqual(getattr(settings, name), list(choices)[1])
            setattr(settings, name, next(iter(choices)))
            self.assertEqual(box.currentIndex, 0)
        ui.thresholdSlider.value = 0.75
        self.assertAlmostEqual(settings.threshold, 0.75)
        settings.threshold = 0.25
        self.assertAlmostEqual(ui.thresholdSlider.value, 0.25)
        ui.segmentationSelector.setCurrentNode(None)
        self.assertIsNone(settings.segmentation)
        ui.inputVolumeSelector.setCurrentNode(None)
        self.assertIn("Choose the volume", self.hint)

    def test_OptionsReachTheResult(self):
        """Modality, threshold, keeping what is there, and taking it from other segments."""
        self.ui.modalityComboBox.currentIndex = list(Modality).index(Modality.MR)
        self.ui.thresholdSlider.value = 0.75
        clicks = self.segmentRing("Red")
        self.assertEqual((self.double.calls[-1][1], self.double.calls[-1][3]), ("mr", 0.75))
        self.assertSegmentFits("Red", clicks)
        first = self.voxelCount()
        self.ui.keepExistingCheckBox.click()
        self.segmentRing("Red", offsets=[(a * 0.3, b * 0.3) for a, b in Gestures.RING])
        self.assertEqual(self.voxelCount(), first, "a part of what is there adds nothing and removes nothing")
        self.ui.overwriteComboBox.currentIndex = list(Overwrite).index(Overwrite.ALL)
        loser, winner = self.settings.segmentId, self.addSegment()
        self.segmentRing("Red", offsets=[(a * 0.5, b * 0.5) for a, b in Gestures.RING])
        self.assertEqual(self.voxelCount(loser), first - self.voxelCount(winner))

    def test_ThePointsWaitForTheButtonIfTheUserWants(self):
        """Without automatic segmentation nothing happens before "Segment" is pressed."""
        self.ui.autoApplyCheckBox.click()
        clicks = self.segmentRing("Red")
        self.assertEqual((self.voxelCount(), self.ui.applyButton.enabled), (0, True))
        self.ui.applyButton.click()
        self.waitUntilIdle()
        self.assertSegmentFits("Red", clicks)

    def test_ThePanelGoesOnWhileTheNetworkWorks(self):
        """The computation has its own thread; the panel says so and can cancel it."""
        self.double.gate.clear()
        self.addSegment()
        self.clickRing("Red")
        self.waitFor(lambda: self.double.calls, "the start of the prediction")
        slicer.app.processEvents()
        self.assertEqual(self.double.released, 0, "the panel waited for the network")
        self.assertNotEqual(self.double.calls[0][4], threading.get_ident())
        self.assertIn("Computing", self.hint)
        self.assertEqual(self.ui.applyButton.text, "Cancel")
        self.ui.applyButton.click()
        self.double.gate.set()
        self.waitUntilIdle()
        self.assertEqual((self.voxelCount(), self.ui.applyButton.text), (0, "Segment"))

    def test_AFailureIsSaidInThePanel(self):
        """And the next result takes the message away."""
        self.double.failure = ValueError("the points lie in one line")
        self.segmentRing("Red")
        self.assertIn("the points lie in one line", self.hint)
        self.assertEqual(self.voxelCount(), 0)
        self.double.failure = None
        self.ui.applyButton.click()
        self.waitUntilIdle()
        self.assertNotIn("line", self.hint)
        self.assertGreater(self.voxelCount(), 0)

    def test_TheShippedNetworkFindsTheSpleen(self):
        """The real weights: the segment is what the backend itself says of the same slice and points."""
        self.useNetwork()
        if self.panel.missingText:
            self.assertIn("is not installed", self.hint)
            return
        spleen = [Expectation.toWorld(self.volume, np.array([i, j, 10.0])) for i, j in SPLEEN]
        Gestures.sliceWidget("Red").mrmlSliceNode().JumpSliceByOffsetting(*spleen[0])
        self.addSegment()
        self.ui.placeButton.click()
        clicks = np.array([Gestures.click("Red", ras) for ras in spleen])
        self.waitUntilIdle()
        image = slicer.util.arrayFromVolume(self.volume)[10]
        network = loadPredictor(self.settings.model)
        network.set_image(image, "ct", self.volume.GetSpacing()[1::-1], None)
        mask = network.predict(Expectation.toIJK(self.volume, clicks)[:, :2], self.settings.threshold).mask
        self.assertGreater(mask.sum(), 800)
        segment = slicer.util.arrayFromSegmentBinaryLabelmap(
            self.settings.segmentation, self.settings.segmentId, self.volume
        ).astype(bool)
        self.assertLessEqual((segment[10] ^ mask).sum(), 2)
        self.assertEqual(np.delete(segment, 10, 0).sum(), 0)
        self.assertNotIn("Chosen when", self.ui.deviceLabel.text)
