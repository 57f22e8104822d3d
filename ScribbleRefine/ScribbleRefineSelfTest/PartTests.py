"""The network on a part of the volume only."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import slicer

from ScribbleRefineLib.Settings import Region
from ScribbleRefineSelfTest import Phantom
from ScribbleRefineSelfTest.PanelCase import KEEP, RATE, PanelCase

WINDOW = (4, 16, 16)  # of the network, much smaller than the phantom
CYST = (4, 2, 19), (6, 8, 29)  # first and last voxel of a box around it


class PartTests(PanelCase):
    """Mixed into the module's test class."""

    def test_TheNetworkRunsOnAPartOfTheVolume(self):
        """Network and round change the scope only, say how much they looked at, and can be undone."""
        self.importNetwork(self.windowedNetwork())
        self.ui.learningRateSpinBox.value, self.ui.betaSpinBox.value = RATE, KEEP
        self.assertFalse(self.ui.partCheckBox.enabled, "the whole volume has no part")
        outside = self.chooseBox()
        self.assertTrue(self.ui.partCheckBox.enabled)
        self.ui.partCheckBox.click()
        self.assertTrue(self.settings.partOnly)
        self.press(self.ui.initialButton)
        self.assertIn("The network sees 7 x 17 x 26 of the volume's 10 x 28 x 36 voxels", self.message)
        initial = self.results()
        self.assertTrue(initial["spleen"].any(), "the cyst is taken for it")
        for mask in initial.values():
            self.assertFalse(mask[outside].any())
        stroke = self.correctCyst()
        self.assertIn("The network sees 7 x 17 x 26", self.message)
        for name, mask in self.results().items():
            np.testing.assert_array_equal(mask[outside], initial[name][outside])
        self.assertFalse(self.result("spleen")[stroke].any())
        self.ui.undoButton.click()
        self.assertEqualMasks(self.results(), initial)
        self.ui.scopeComboBox.currentIndex = list(Region).index(Region.VOLUME)
        self.assertFalse(self.ui.partCheckBox.enabled)
        self.press(self.ui.initialButton)
        self.assertNotIn("network sees", self.message)
        self.assertTrue(self.result("liver")[outside].any())

    def chooseBox(self):
        """Make a box around the cyst the scope; bool (slices, rows, columns), what lies outside."""
        box = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
        low, high = (Phantom.worldOf(self.volume, voxel) for voxel in CYST)
        box.SetCenter(*((low + high) / 2))
        box.SetSize(*np.abs(high - low))
        self.ui.scopeComboBox.currentIndex = list(Region).index(Region.BOX)
        self.ui.roiSelector.setCurrentNode(box)
        outside = np.ones(Phantom.SHAPE, bool)
        outside[tuple(slice(a, b + 1) for a, b in zip(*CYST, strict=True))] = False
        return outside

    def windowedNetwork(self):
        """File of the phantom's network, to be run in windows."""
        from cueseg.networks import load_network, save_network

        network = load_network(Phantom.networkFile())
        path = Path(tempfile.mkdtemp(prefix="scribblerefine-")) / "windows.pt"
        save_network(path, network.module, replace(network.card, patch_size=WINDOW, file="", sha256=""))
        return str(path)
