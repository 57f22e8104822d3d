"""Seven points per object: clicked, taken back, a box instead, several objects, points that are wrong."""

import numpy as np
import slicer

from CueSegMRML import Targets
from ExtremePointSegSelfTest import Expectation, Gestures
from ExtremePointSegSelfTest.SevenPointsCase import CLICKS, SIDES, SevenPointsCase

BESIDE = (60.0, 5.0, 0.0)  # mm to another place of the volume


class SevenPointsTests(SevenPointsCase):
    """Mixed into the module's test class."""

    def test_SevenClicksInThreeViewsMakeLabels(self):
        """Every click sets a mark; after the seventh the mouse is free, and the labels are shown."""
        self.openSection()
        self.assertIn("click first into the object", self.pointsSay)
        self.assertEqual(self.marks(), set())
        points = []
        for number, click in enumerate(CLICKS):
            self.assertIsNone(self.shownLabels())
            points += list(self.clickPoints([click]))
            self.assertEqual(self.marks(), {"seed", *SIDES[:number]}, self.pointsSay)
        self.assertFalse(self.ui.placeTargetButton.checked)
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        self.assertEqual(interaction.GetCurrentInteractionMode(), interaction.ViewTransform)
        self.assertIn("All 7 points are placed", self.pointsSay)
        self.assertIn("Case: 1 of 1 objects complete", self.pointsSay)
        self.assertShown(np.array(points))
        node = self.settings.target
        self.assertEqual([node.GetNthControlPointLabel(n) for n in range(7)], ["seed", *SIDES])

    def test_TheOrderOfTheClicksDoesNotMatter(self):
        """Only the seed comes first."""
        self.openSection()
        order = [CLICKS[n] for n in (0, 6, 2, 4, 1, 5, 3)]
        points = self.clickPoints(order)
        self.assertEqual(self.marks(), {"seed", *SIDES})
        self.assertShown(points)
        labels = [self.settings.target.GetNthControlPointLabel(n) for n in range(1, 7)]
        self.assertEqual(labels, [SIDES[n] for n in (5, 1, 3, 0, 4, 2)])

    def test_APointIsTakenBackAndPlacedAgain(self):
        """The last one goes first, and the seed stays the seed, even if it is placed again last."""
        self.openSection()
        points = self.clickPoints()
        self.ui.takeBackButton.click()
        self.waitUntilIdle()
        self.assertEqual(self.marks(), {"seed", *SIDES[:5]})
        self.assertIn("Missing: inferior.", self.pointsSay)
        self.assertIsNone(self.shownLabels())
        self.assertTrue(self.ui.placeTargetButton.enabled)
        points[6:] = self.clickPoints(CLICKS[6:])
        self.assertShown(points)
        self.settings.target.UnsetNthControlPointPosition(0)
        self.waitUntilIdle()
        self.assertIn("into the object", self.pointsSay)
        points[:1] = self.clickPoints([("Red", (4, -3, 0))])
        self.assertShown(points)

    def test_ABoxStandsForTheSixPoints(self):
        """Two clicks for the box, one for the seed; pressed again, the box goes."""
        self.openSection()
        center = self.center()
        self.showPlace(center)
        self.ui.targetBoxButton.click()
        for offset in ((-24, 20, 0), (22, -18, 0)):
            Gestures.click("Red", center + np.array(offset, float))
        self.waitUntilIdle()
        self.assertTrue(self.ui.placeTargetButton.checked, "the seed is next")
        self.assertIn("click into the object", self.pointsSay)
        Gestures.click("Red", center)
        self.waitUntilIdle()
        self.assertFalse(self.ui.placeTargetButton.checked)
        self.assertEqual(self.marks(), {"seed", *SIDES})
        labels, box = self.shownLabels(), Targets.boxOf(self.settings.target)
        places = Expectation.toWorld(
            self.volume, np.stack(np.meshgrid(*map(np.arange, labels.shape), indexing="ij"), -1)[..., ::-1]
        )
        centre, size = (np.array(found) for found in (box.GetCenter(), box.GetSize()))
        inside = (np.abs(places - centre) <= size / 2 + 1e-6).all(-1)
        np.testing.assert_array_equal(labels > 0, inside)
        self.assertTrue((labels == 1).any())
        box.SetSize(*(size - 8))
        self.waitUntilIdle()
        self.assertLess((self.shownLabels() > 0).sum(), inside.sum())
        self.ui.targetBoxButton.click()
        self.waitUntilIdle()
        self.assertEqual(slicer.util.getNodesByClass("vtkMRMLMarkupsROINode"), [])
        self.assertIsNone(self.shownLabels())
        self.assertIn("1 of 7 points", self.pointsSay)

    def test_SeveralObjectsOfACase(self):
        """Added, looked at in turn, removed; one that is not complete is named."""
        self.openSection()
        first = self.clickPoints()
        self.ui.addTargetButton.click()
        self.assertTrue(self.ui.placeTargetButton.checked)
        self.assertEqual(self.marks(), set())
        beside = self.center(*BESIDE)
        some = self.clickPoints(CLICKS[:4], beside)
        self.assertIn("Case: 1 of 2 objects complete", self.pointsSay)
        self.assertIn(f"without {self.settings.target.GetName()}", self.pointsSay)
        self.assertShown(first)
        second = np.concatenate([some, self.clickPoints(CLICKS[4:], beside)])
        self.assertIn("Case: 2 of 2 objects complete", self.pointsSay)
        self.assertShown(first, second)
        self.assertEqual(self.ui.targetComboBox.count, 2)
        self.ui.nextTargetButton.click()
        np.testing.assert_allclose(self.settings.target.GetNthControlPointPositionWorld(0), first[0])
        offset = Gestures.sliceAxes("Red")[3][2] - first[0][2]
        self.assertLess(abs(offset), max(self.volume.GetSpacing()), "the view went to the seed")
        self.ui.removeTargetButton.click()
        self.waitUntilIdle()
        self.assertShown(second)
        self.assertEqual(self.ui.targetComboBox.count, 1)
        slicer.mrmlScene.RemoveNode(self.settings.target)
        self.waitUntilIdle()
        self.assertIsNone(self.shownLabels())
        self.assertEqual((self.ui.targetComboBox.count, self.marks()), (0, set()))

    def test_PointsOfAnotherVolumeAreNotInTheWay(self):
        """They are shown again with their volume, and when the panel is left."""
        self.openSection()
        self.clickPoints()
        volume, target = self.volume, self.settings.target
        self.loadAbdomen("another")
        self.assertFalse(target.GetDisplayVisibility())
        self.showVolume(volume)
        self.assertTrue(target.GetDisplayVisibility())
        self.loadAbdomen("a third")
        slicer.util.selectModule("ScribbleRefine")
        self.assertTrue(target.GetDisplayVisibility())
        slicer.util.selectModule("ExtremePointSeg")

    def test_AMarkLeadsToItsPoint(self):
        """In all views."""
        self.openSection()
        points = self.clickPoints()
        self.showPlace(points[0])
        self.ui.superiorMarkButton.click()
        offset = Gestures.sliceAxes("Red")[3][2] - points[5][2]
        self.assertLess(abs(offset), self.volume.GetSpacing()[2])

    def test_PointsThatAreWrongAreNamed(self):
        """With what to do."""
        self.openSection()
        clicks = [*CLICKS[:6], ("Red", (30, 4, 0))]
        self.clickPoints(clicks)
        self.assertIn("Missing: inferior", self.pointsSay)
        self.assertIn("move 'outside' beyond the object's inferior end", self.pointsSay)
        self.assertFalse(self.ui.segmentTargetsButton.enabled)
