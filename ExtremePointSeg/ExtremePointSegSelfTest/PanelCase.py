"""The panel with a real CT in the views, as the tests find it, and what they do with it."""

from pathlib import Path

import numpy as np
import slicer

from CueSegBackendSelfTest.ShownPanel import ShownPanel
from CueSegMRML import Requirements
from ExtremePointSegLib.Predictor import loadPredictor
from ExtremePointSegSelfTest import Expectation, Gestures
from ExtremePointSegSelfTest.Doubles import BrightQuadrilateralDouble

MISSING_REQUIREMENTS = Requirements.missingRequirements


class PanelCase(ShownPanel):
    """Mixed into the module's test class; the network is a double unless a test says otherwise."""

    moduleName = "ExtremePointSeg"

    def setUp(self):
        """Show the panel on a scene with one CT, and press nothing yet."""
        self.pretendMissing([])
        self.showPanel()
        self.double = BrightQuadrilateralDouble()
        self.panel.session.usePredictors(lambda model: self.double)
        self.panel.checkPackages()
        self.volume = self.loadAbdomen()

    def tearDown(self):
        """Leave nothing of the double behind."""
        self.double.gate.set()
        self.double.failure = None
        slicer.mrmlScene.Clear()
        self.useNetwork()

    def pretendMissing(self, packages):
        """Let these, and only these, required packages be missing."""
        Requirements.missingRequirements = lambda: list(packages)

    def useNetwork(self):
        """Nothing is pretended, and the network is the real one."""
        Requirements.missingRequirements = MISSING_REQUIREMENTS
        self.panel.session.usePredictors(loadPredictor)
        self.panel.checkPackages()
        self.widget.refresh()

    def loadAbdomen(self, name="abdomen"):
        """Load the CT, show it in the views and choose it in the panel."""
        path = Path(slicer.util.modulePath("ExtremePointSeg")).parent / "Resources/SelfTest/Abdomen.nrrd"
        return self.showVolume(slicer.util.loadVolume(str(path), {"name": name}))

    def center(self, *offset):
        """World RAS of a voxel in the spleen, near its edge in all three planes, or so many mm beside it."""
        position = Expectation.toWorld(self.volume, np.array([58.0, 43.0, 10.0]))
        return position + np.array(offset) if offset else position

    def addSegment(self):
        """Press "Add"; returns the new segment's id."""
        self.ui.addSegmentButton.click()
        return self.settings.segmentId

    def clickRing(self, name="Red", offsets=Gestures.RING, center=None):
        """Place points around the center, in a view; returns where they are."""
        if not self.ui.placeButton.checked:
            self.ui.placeButton.click()
        center = self.center() if center is None else np.array(center, float)
        return [Gestures.click(name, ras) for ras in Gestures.ringAround(name, center, offsets)]

    def segmentRing(self, name="Red", **where):
        """Add a segment if there is none, place four points and wait for the result; returns the clicks."""
        if not self.settings.segmentId:
            self.addSegment()
        clicks = self.clickRing(name, **where)
        self.waitUntilIdle()
        return clicks

    def placedPoints(self):
        """(N, 3) world RAS of the panel's points, without the one under the cursor."""
        node = self.settings.points
        defined = [
            n
            for n in range(node.GetNumberOfControlPoints())
            if node.GetNthControlPointPositionStatus(n) == node.PositionDefined
        ]
        positions = [list(node.GetNthControlPointPositionWorld(n)) for n in defined]
        return np.array(positions).reshape(-1, 3)

    def voxelCount(self, segmentId=None):
        """Number of voxels of a segment, of the chosen one by default."""
        return len(
            Expectation.segmentPoints(self.settings.segmentation, segmentId or self.settings.segmentId)
        )

    def assertSegmentFits(self, name, clicks, segmentId=None, oblique=False):
        """The segment is what the double says of the view, within one voxel, and is on this slice alone."""
        own = BrightQuadrilateralDouble()
        expected, grid = Expectation.expectedInView(name, clicks, self.volume, own, self.settings.threshold)
        segmentation, segmentId = self.settings.segmentation, segmentId or self.settings.segmentId
        self.assertGreater(expected.sum() * np.prod(grid.spacing), 100, "mm2: too little to compare with")
        shown = Expectation.segmentInView(segmentation, segmentId, grid)
        spacing = self.volume.GetSpacing()  # across a tilted plane, voxels at the corners are neighbors too
        voxelSize = np.linalg.norm(spacing) if oblique else max(spacing)
        beyond = Expectation.beyondOneVoxel(shown, expected, grid, voxelSize + 0.01)
        self.assertEqual(beyond, 0, f"pixels of the {name} view differ by more than a voxel; {self.hint}")
        normal, origin = Gestures.sliceAxes(name)[2:]
        axes = Expectation.toIJK(self.volume, np.array([normal, np.zeros(3)]))
        reach = np.abs((Expectation.segmentPoints(segmentation, segmentId) - origin) @ normal).max()
        self.assertLessEqual(reach, np.abs(axes[0] - axes[1]).sum() * max(self.volume.GetSpacing()) ** 2)
