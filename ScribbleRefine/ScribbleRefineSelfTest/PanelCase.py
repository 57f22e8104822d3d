"""The panel with a phantom in the views, as the tests find it, and what they do with it."""

import numpy as np
import qt
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from CueSegBackendSelfTest.ShownPanel import ShownPanel
from CueSegMRML import Requirements
from ScribbleRefineSelfTest import Gestures, Phantom

BRUSH = 2.2  # mm
RATE = 0.03  # the small network takes larger steps than real ones
KEEP = 0.1  # the bodies fill a fifth of the volume, not the small share that organs have of a scan
MISSING_REQUIREMENTS = Requirements.missingRequirements


class PanelCase(ShownPanel):
    """Mixed into the module's test class."""

    moduleName = "ScribbleRefine"
    patience = 60

    def setUp(self):
        """Show the panel on a scene with the phantom, and press nothing yet."""
        Requirements.missingRequirements = MISSING_REQUIREMENTS
        self.showPanel()
        self.panel.checkPackages()
        self.volume = self.loadPhantom()

    def tearDown(self):
        """Leave nothing running."""
        self.panel.session.cancel()
        slicer.mrmlScene.Clear()
        self.waitUntilIdle()
        Requirements.missingRequirements = MISSING_REQUIREMENTS

    def loadPhantom(self, name="phantom", seed=0):
        """Make a phantom, show it in the views and choose it in the panel."""
        return self.showVolume(Phantom.addVolume(name, seed))

    @property
    def message(self):
        """What the panel says of the last round."""
        return self.ui.messageLabel.text

    @property
    def said(self):
        """All that the panel says, for the reports of failures."""
        return f"{self.hint} {self.message}"

    def begin(self):
        """Import the network and write its result."""
        self.importNetwork()
        self.ui.learningRateSpinBox.value = RATE
        self.ui.betaSpinBox.value = KEEP
        self.ui.initialButton.click()
        self.waitUntilIdle()

    def importNetwork(self, path=None):
        """Import a network's file, the small one's unless another is given, by the panel's own controls."""
        self.ui.networkPathLineEdit.setCurrentPath(path or Phantom.networkFile())
        self.ui.importButton.click()
        self.waitUntilIdle()

    def rowOf(self, name):
        """Row of a label in the table."""
        table = self.ui.labelTable
        return next(row for row in range(table.rowCount) if table.item(row, 0).text() == name)

    def choose(self, name):
        """Choose a label in the table."""
        self.ui.labelTable.setCurrentCell(self.rowOf(name), 0)

    def stateOf(self, name):
        """What the table says of a label."""
        return self.ui.labelTable.item(self.rowOf(name), 1).text()

    def lock(self, name):
        """Tick the label's box."""
        self.ui.labelTable.item(self.rowOf(name), 3).setCheckState(qt.Qt.Checked)

    def paint(self, label, voxels, view="Red", effect="Paint"):
        """Paint scribbles for a label along voxels (slice, row, column) in a view; returns their mask."""
        self.choose(label)
        editor = self.ui.segmentEditorWidget
        button = editor.findChild(qt.QToolButton, effect)
        if not button.checked:
            button.click()
        editor.activeEffect().setCommonParameter("BrushDiameterIsRelative", 0)
        editor.activeEffect().setCommonParameter("BrushAbsoluteDiameter", BRUSH)
        Gestures.stroke(view, [Phantom.worldOf(self.volume, voxel) for voxel in voxels])
        return self.scribbles(label)

    def scribbles(self, label):
        """Bool (slices, rows, columns): what is scribbled for a label."""
        segmentation = self.panel.session.scribbleNode
        return self._voxels(segmentation, label)

    def result(self, label):
        """Bool (slices, rows, columns): the label's segment of the result."""
        return self._voxels(self.settings.segmentation, label)

    def results(self):
        """The segments of the result by their names."""
        segmentation = self.settings.segmentation.GetSegmentation()
        names = [segmentation.GetSegment(n).GetName() for n in segmentation.GetSegmentIDs()]
        return {name: self.result(name) for name in names}

    def _voxels(self, node, name):
        """A segment on the volume's grid, which both segmentations have."""
        voxels = np.zeros(Phantom.SHAPE, bool)
        segmentId = node.GetSegmentation().GetSegmentIdBySegmentName(name)
        labelmap = slicer.vtkOrientedImageData()
        if segmentId and node.GetBinaryLabelmapRepresentation(segmentId, labelmap) and not labelmap.IsEmpty():
            i0, i1, j0, j1, k0, k1 = labelmap.GetExtent()
            scalars = vtk_to_numpy(labelmap.GetPointData().GetScalars())
            shape = (k1 - k0 + 1, j1 - j0 + 1, i1 - i0 + 1)
            voxels[k0 : k1 + 1, j0 : j1 + 1, i0 : i1 + 1] = scalars.reshape(shape) != 0
        return voxels

    def press(self, button):
        """Press an enabled button and wait for what comes of it."""
        self.assertTrue(button.enabled, self.said)
        button.click()
        self.waitUntilIdle()

    def refine(self):
        """Press "Refine" and wait for the result."""
        self.assertTrue(self.ui.refineButton.enabled, self.hint)
        self.ui.refineButton.click()
        self.waitUntilIdle()

    def correctCyst(self):
        """Scribble background over the cyst, which the network takes for something else, and refine."""
        stroke = self.paint("background", [(5, 5, 21), (5, 5, 27)])
        self.refine()
        return stroke

    def assertEqualMasks(self, first, second, what=""):
        """The same segments with the same voxels."""
        self.assertEqual(sorted(first), sorted(second), what)
        for name in first:
            np.testing.assert_array_equal(first[name], second[name], f"{name} {what}")
