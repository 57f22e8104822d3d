"""The section on seven points as its tests find it, and what they do with it."""

import numpy as np
import slicer

from ExtremePointSegSelfTest import Expectation, Gestures
from ExtremePointSegSelfTest.PanelCase import PanelCase

VIEWS = ("Red", "Yellow", "Green")
# View and mm beside the middle (R, A, S): the seed, then left, right, anterior, posterior, superior, inferior.
CLICKS = (
    ("Red", (0, 0, 0)),
    ("Red", (-26, 0, 0)),
    ("Red", (24, 0, 0)),
    ("Yellow", (0, 22, 0)),
    ("Yellow", (0, -20, 0)),
    ("Green", (0, 0, 13)),
    ("Green", (0, 0, -12)),
)
SIDES = ("left", "right", "anterior", "posterior", "superior", "inferior")


class SevenPointsCase(PanelCase):
    """Base of the tests of that section."""

    @property
    def pointsSection(self):
        """The panel's part that is tested here."""
        return self.widget.sevenPoints

    @property
    def pointsSay(self):
        """All that the section says."""
        return f"{self.ui.targetHintLabel.text}\n{self.ui.targetsLabel.text}"

    def openSection(self):
        """Open it; `tearDown` closes it again."""
        self.addCleanup(setattr, self.ui.sevenPointsCollapsibleButton, "collapsed", True)
        self.ui.sevenPointsCollapsibleButton.collapsed = False

    def showPlace(self, ras):
        """Move all views to a place."""
        for name in VIEWS:
            Gestures.sliceWidget(name).mrmlSliceNode().JumpSliceByOffsetting(*ras)

    def clickPoints(self, clicks=CLICKS, center=None):
        """Press "Place points", click in the views, wait; returns where the points are, (N, 3) world RAS."""
        center = self.center() if center is None else center
        self.showPlace(center)
        if not self.ui.placeTargetButton.checked:
            self.ui.placeTargetButton.click()
        placed = [Gestures.click(name, center + np.array(offset, float)) for name, offset in clicks]
        self.waitUntilIdle()
        return np.array(placed)

    def labelsOf(self, *points, threshold=None):
        """What the backend makes of points (7, 3), world RAS, seed first, one set for each object."""
        from cueseg.seven_points import Target, expand_points

        targets = []
        for placed in points:
            seed, *outside = Expectation.toIJK(self.volume, placed).tolist()
            targets.append(Target(tuple(seed), tuple(map(tuple, outside))))
        threshold = self.settings.expansionThreshold if threshold is None else threshold
        values = slicer.util.arrayFromVolume(self.volume)
        return expand_points(values, targets, self.volume.GetSpacing()[::-1], threshold)

    def shownLabels(self):
        """What lies over all three views; None where there is nothing."""
        composites = [Gestures.sliceWidget(name).mrmlSliceCompositeNode() for name in VIEWS]
        (shown,) = {node.GetForegroundVolumeID() for node in composites}
        return None if shown is None else slicer.util.arrayFromVolume(slicer.mrmlScene.GetNodeByID(shown))

    def marks(self):
        """The marks that say that a point is set."""
        buttons = {side: getattr(self.ui, f"{side}MarkButton") for side in ("seed", *SIDES)}
        for side, button in buttons.items():
            self.assertEqual(button.text, f"{'●' if button.enabled else '○'} {side}")
        return {side for side, button in buttons.items() if button.enabled}

    def assertShown(self, *points):
        """The labels of these points lie over the views."""
        np.testing.assert_array_equal(self.shownLabels(), self.labelsOf(*points), self.pointsSay)
