"""Points: placed, dragged, deleted, on one slice or several, in views of every kind."""

import numpy as np
import slicer
import vtk

from ExtremePointSegSelfTest import Gestures
from ExtremePointSegSelfTest.PanelCase import PanelCase


class PlacingTests(PanelCase):
    """Mixed into the module's test class."""

    def test_FourClicksInTheRedView(self):
        """Axial."""
        self.assertSegmentFits("Red", self.segmentRing("Red"))

    def test_FourClicksInTheYellowView(self):
        """Sagittal."""
        self.assertSegmentFits("Yellow", self.segmentRing("Yellow"))

    def test_FourClicksInTheGreenView(self):
        """Coronal."""
        self.assertSegmentFits("Green", self.segmentRing("Green"))

    def test_FourClicksInAnObliqueView(self):
        """The mask is written to the voxels that the tilted plane cuts."""
        node = Gestures.sliceWidget("Red").mrmlSliceNode()
        turn = vtk.vtkTransform()
        turn.RotateX(20)
        turn.RotateY(-15)
        turn.RotateZ(30)
        node.GetSliceToRAS().DeepCopy(turn.GetMatrix())
        node.UpdateMatrices()
        clicks = self.segmentRing("Red", offsets=[(0.8 * a, 0.8 * b) for a, b in Gestures.RING])
        self.assertSegmentFits("Red", clicks, oblique=True)

    def test_FourClicksOnATransformedVolume(self):
        """Views show the volume where its transform puts it, across its voxels or along them."""
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        turn = vtk.vtkTransform()
        turn.Translate(40, -25, 60)
        turn.RotateZ(20)
        turn.RotateX(-12)
        transform.SetMatrixTransformToParent(turn.GetMatrix())
        self.volume.SetAndObserveTransformNodeID(transform.GetID())
        slicer.util.setSliceViewerLayers(background=self.volume, fit=True)
        for name, orientation in (("Red", "Axial"), ("Green", "Coronal")):
            Gestures.sliceWidget(name).mrmlSliceNode().SetOrientation(orientation)
        self.assertSegmentFits("Green", self.segmentRing("Green"), oblique=True)
        slicer.util.setSliceViewerLayers(background=self.volume, fit=True, rotateToVolumePlane=True)
        self.addSegment()
        self.assertSegmentFits("Red", self.segmentRing("Red"))

    def test_ADraggedPointCorrectsTheResult(self):
        """The slice is segmented again when the mouse rests, in the same undo step."""
        clicks = self.segmentRing("Red")
        self.ui.placeButton.click()
        right = Gestures.sliceAxes("Red")[0]
        clicks[1] = Gestures.drag("Red", clicks[1], clicks[1] - 14 * right)
        self.assertTrue(self.widget.isBusy)
        self.waitUntilIdle()
        self.assertEqual(len(self.double.calls), 2)
        self.assertSegmentFits("Red", clicks)
        self.ui.undoButton.click()
        self.assertEqual(self.voxelCount(), 0)
        self.assertFalse(self.ui.undoButton.enabled)

    def test_AFifthClickBeginsANewSet(self):
        """The points before it go, what they made stays."""
        self.segmentRing("Red")
        voxels = self.voxelCount()
        fifth = self.clickRing("Red", offsets=[(10, 5)])
        self.waitUntilIdle()
        np.testing.assert_allclose(self.placedPoints(), fifth, atol=1e-6)
        self.assertEqual((self.voxelCount(), len(self.double.calls)), (voxels, 1))
        self.assertIn("1 of 4", self.hint)
        slices = [*fifth, *self.clickRing("Red", offsets=[(-20, 5), (0, 12), (0, -10)])]
        self.waitUntilIdle()
        self.assertSegmentFits("Red", slices)

    def test_PointsOnTwoSlicesAreTwoSets(self):
        """A point on another slice, or in another view, cannot belong to the ones before."""
        self.addSegment()
        self.clickRing("Red", offsets=Gestures.RING[:3])
        self.waitUntilIdle()
        for name, center in (("Red", self.center(0, 0, 8)), ("Yellow", self.center(25, 0, -4))):
            placed = self.clickRing(name, offsets=[(3, 9)], center=center)
            self.waitUntilIdle()
            np.testing.assert_allclose(self.placedPoints(), placed, atol=1e-6)
        self.assertEqual(self.double.calls, [])

    def test_TwoSlicesOfOneSegment(self):
        """Each set writes its own slice and leaves the others."""
        clicks = self.segmentRing("Red")
        first = self.voxelCount()
        self.segmentRing("Red", center=self.center(0, 0, 6))
        self.assertGreater(self.voxelCount(), first * 1.5)
        self.ui.undoButton.click()
        self.assertEqual(self.voxelCount(), first)
        Gestures.ringAround("Red", self.center())
        self.assertSegmentFits("Red", clicks)

    def test_DeletedPoints(self):
        """One is missing then, or all are; the segment stays."""
        self.segmentRing("Red")
        voxels = self.voxelCount()
        self.ui.placeButton.click()
        self.settings.points.RemoveNthControlPoint(1)
        self.waitUntilIdle()
        self.assertIn("3 of 4", self.hint)
        self.assertFalse(self.ui.applyButton.enabled)
        self.ui.clearButton.click()
        self.waitUntilIdle()
        self.assertEqual((len(self.placedPoints()), self.voxelCount()), (0, voxels))
        self.assertIn("leftmost", self.hint)
        self.assertEqual(len(self.double.calls), 1)

    def test_AnotherVolumeInTheViewsIsTold(self):
        """Else its picture would be clicked, and the chosen volume segmented."""
        self.assertNotIn("The views show", self.hint)
        self.loadAbdomen("another")
        self.ui.inputVolumeSelector.setCurrentNode(self.volume)
        self.assertIn("The views show 'another', but 'abdomen' is segmented", self.hint)
        self.showVolume(self.volume)
        self.widget.refresh()
        self.assertNotIn("The views show", self.hint)

    def test_MovingTheMouseIsNoPoint(self):
        """The point under the cursor counts when it is clicked, and asks for nothing before."""
        self.addSegment()
        self.clickRing("Red", offsets=Gestures.RING[:3])
        self.waitUntilIdle()
        for offset in range(8):
            Gestures.hover("Red", self.center(offset, 0, 0))
        self.waitUntilIdle()
        self.assertEqual((len(self.placedPoints()), self.double.calls), (3, []))
        self.assertIn("3 of 4", self.hint)

    def test_PlaceModeAndButtonAreOne(self):
        """The button follows the mode, whoever ends it."""
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        self.assertNotEqual(interaction.GetCurrentInteractionMode(), interaction.Place)
        self.ui.placeButton.click()
        self.assertEqual(interaction.GetCurrentInteractionMode(), interaction.Place)
        interaction.SetCurrentInteractionMode(interaction.ViewTransform)
        slicer.app.processEvents()
        self.assertFalse(self.ui.placeButton.checked)
        Gestures.click("Red", self.center())
        self.assertEqual(len(self.placedPoints()), 0)
