"""The section on whole volumes as its tests find it, and what they do with it."""

import re

import numpy as np
import slicer

from ExtremePointSegLib.WholeVolumeSlices import slicesOf
from ExtremePointSegSelfTest import Expectation, Gestures
from ExtremePointSegSelfTest.PanelCase import PanelCase

MIDDLE = 10  # the slice of `PanelCase.center`


class VolumeCase(PanelCase):
    """Base of the tests of that section."""

    @property
    def volumeSays(self):
        """All that the section says."""
        return f"{self.ui.volumeHintLabel.text}\n{self.ui.volumeResultLabel.text}"

    def openVolume(self):
        """Open the section; `tearDown` closes it again."""
        self.addCleanup(setattr, self.ui.volumeCollapsibleButton, "collapsed", True)
        self.ui.volumeCollapsibleButton.collapsed = False

    def heightOf(self, index):
        """Millimetres from the middle slice to another."""
        return (index - MIDDLE) * self.volume.GetSpacing()[2]

    def clickSlices(self, *indices, offsets=Gestures.RING):
        """Click a ring on these slices in the red view, and stop placing points."""
        for index in indices:
            self.segmentRing("Red", center=self.center(0, 0, self.heightOf(index)), offsets=offsets)
        self.ui.placeButton.click()
        self.waitUntilIdle()

    def pushAndWait(self, button):
        """Press a button of the section and wait for what comes of it."""
        button.click()
        self.waitUntilIdle()

    def segmentSlices(self):
        """The chosen segment as it is, slice by slice."""
        settings = self.settings
        return slicesOf(settings.segmentation, settings.segmentId, self.volume)

    def sliceKinds(self):
        """Slice -> where it comes from."""
        return self.segmentSlices().kinds

    def stripMarks(self):
        """Slice -> its mark in the row of marks."""
        found = re.findall(r'href="(\d+)"[^>]*>(.)</a>', self.ui.volumeStripLabel.text)
        return {int(index): mark for index, mark in found}

    def shownSlice(self, name="Red"):
        """The slice of the volume in a view."""
        return int(np.floor(Expectation.toIJK(self.volume, Gestures.sliceAxes(name)[3])[2] + 0.5))

    def volumeVoxels(self, segmentId=None):
        """The segment on the grid of the volume, bool (K, J, I)."""
        return slicer.util.arrayFromSegmentBinaryLabelmap(
            self.settings.segmentation, segmentId or self.settings.segmentId, self.volume
        ).astype(bool)

    def paintSlice(self, index, rows, columns, value=True):
        """Change voxels of one slice as another tool would."""
        voxels = self.volumeVoxels()
        voxels[index, rows, columns] = value
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            voxels.astype(np.uint8), self.settings.segmentation, self.settings.segmentId, self.volume
        )
        self.waitUntilIdle()
