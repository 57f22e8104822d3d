"""The panel in the life of a scene: shown and left, closed, saved and loaded again, packages missing."""

import tempfile
from pathlib import Path

import qt
import slicer

from CueSegMRML import Requirements
from ScribbleRefineLib.Settings import Edges, Method, Overlay, Region, refineSettings
from ScribbleRefineSelfTest import Gestures, Phantom
from ScribbleRefineSelfTest.PanelCase import PanelCase
from ScribbleRefineSelfTest.RefiningTests import CYST_LINE, LIVER_LINE


class SceneTests(PanelCase):
    """Mixed into the module's test class."""

    def nodeIds(self):
        """All nodes of the scene."""
        scene = slicer.mrmlScene
        return {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}

    def leave(self):
        """Show another module."""
        slicer.util.selectModule("ExtremePointSeg")
        slicer.app.processEvents()

    def enter(self):
        """Show the panel again."""
        slicer.util.selectModule("ScribbleRefine")
        slicer.app.processEvents()

    def shortcuts(self):
        """Shortcuts of the main window."""
        return {shortcut.key.toString() for shortcut in slicer.util.mainWindow().findChildren(qt.QShortcut)}

    def test_MissingPackagesAreNamed(self):
        """Without PyTorch the panel says what to install and where, and nothing can be pressed that needs it."""
        Requirements.missingRequirements = lambda: ["torch>=2.2"]
        self.panel.checkPackages()
        self.widget.refresh()
        for text in ("PyTorch", "Extensions Manager", "Set up"):
            self.assertIn(text, self.hint)
        self.assertFalse(self.ui.setUpButton.isHidden())
        self.assertIn("not installed", self.ui.deviceLabel.text)
        self.ui.networkPathLineEdit.setCurrentPath(__file__)
        for button in (
            self.ui.initialButton,
            self.ui.inspectButton,
            self.ui.importButton,
            self.ui.refineButton,
        ):
            self.assertFalse(button.enabled)
        Requirements.missingRequirements = list
        self.panel.checkPackages()
        self.widget.refresh()
        self.assertTrue(self.ui.setUpButton.isHidden())

    def test_TheHintLeadsThroughThePanel(self):
        """Volume, network, run, paint, refine, and what next."""
        self.ui.inputVolumeSelector.setCurrentNode(None)
        self.assertIn("Choose the volume", self.hint)
        self.ui.inputVolumeSelector.setCurrentNode(self.volume)
        self.assertIn("Choose a network", self.hint)
        self.assertFalse(self.ui.initialButton.enabled)
        self.importNetwork()
        self.assertIn("Run network", self.hint)
        self.assertTrue(self.ui.initialButton.enabled)
        self.ui.initialButton.click()
        self.waitUntilIdle()
        self.assertIn("paint", self.hint)
        self.paint("background", CYST_LINE)
        self.assertIn("Press 'Refine'", self.hint)
        self.refine()
        self.assertIn("Paint more", self.hint)

    def test_LeavingThePanelLeavesNothingBehind(self):
        """No shortcut, no brush, no map, no observer, no node but the editor's own hidden one."""
        self.begin()
        self.leave()
        nodes, keys, observations = self.nodeIds(), self.shortcuts(), len(self.widget.Observations)
        self.enter()
        self.assertGreater(len(self.shortcuts()), len(keys))
        self.correctCyst()
        self.ui.overlayComboBox.currentIndex = 1
        self.ui.growthSlider.value = 20
        self.waitUntilIdle()
        self.leave()
        made = [slicer.mrmlScene.GetNodeByID(found) for found in self.nodeIds() - nodes]
        self.assertEqual([node.GetName() for node in made if not node.GetHideFromEditors()], [])
        self.assertEqual([node.GetName() for node in made if node.GetSaveWithScene()], [])
        self.assertEqual(self.shortcuts(), keys)
        self.assertEqual(len(self.widget.Observations), observations)
        self.assertIsNone(self.ui.segmentEditorWidget.mrmlSegmentEditorNode())
        composite = Gestures.sliceWidget("Red").mrmlSliceCompositeNode()
        self.assertIsNone(composite.GetForegroundVolumeID())
        stroke = self.scribbles("background")
        Gestures.stroke("Red", [Phantom.worldOf(self.volume, voxel) for voxel in LIVER_LINE])
        self.assertEqual((self.scribbles("background") != stroke).sum(), 0)

    def test_ComingBackChangesNothing(self):
        """Labels, scribbles and history are there, and every stroke still counts once."""
        self.begin()
        stroke = self.correctCyst()
        after = self.results()
        for _ in range(2):
            self.leave()
            self.enter()
        self.waitUntilIdle()
        self.assertEqualMasks(self.results(), after)
        self.assertEqual((self.scribbles("background") != stroke).sum(), 0)
        self.assertTrue(self.ui.undoButton.enabled)
        self.paint("liver", LIVER_LINE)
        self.refine()
        self.assertTrue(self.result("liver")[self.scribbles("liver")].all())

    def test_KeysChooseLabelsAndEffects(self):
        """Q and W go through the labels, 1 and 2 take brush and eraser, U refines; all can be switched off."""
        self.begin()
        self.choose("liver")
        Gestures.press("W")
        self.assertEqual(self.widget.labels.current, 2)
        Gestures.press("Q")
        Gestures.press("Q")
        self.assertEqual(self.widget.labels.current, 0)
        editor = self.ui.segmentEditorWidget
        Gestures.press("2")
        self.assertEqual(editor.activeEffect().name, "Erase")
        Gestures.press("1")
        self.assertEqual(editor.activeEffect().name, "Paint")
        Gestures.press("Escape")
        self.assertIsNone(editor.activeEffect())
        self.paint("background", CYST_LINE)
        Gestures.press("U")
        self.assertTrue(self.panel.session.isRunning)
        self.waitUntilIdle()
        self.assertIn("All scribbles satisfied", self.message)
        self.ui.shortcutsCheckBox.click()
        Gestures.press("W")
        self.assertEqual(self.widget.labels.current, 0)
        for key in "UHMZYQW":
            self.assertIn(f"{key}\t", self.ui.shortcutsLabel.text)

    def test_WorkGoesOnInASavedAndReloadedScene(self):
        """Volume, network, labels and scribbles come back."""
        self.begin()
        self.ui.labelNameLineEdit.text = "cyst"
        self.ui.addLabelButton.click()
        stroke = self.paint("cyst", CYST_LINE)
        self.lock("liver")
        self.ui.betaSpinBox.value = 0.25
        voxels = self.results()["liver"].sum()
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "scene.mrb")
            self.assertTrue(slicer.util.saveScene(path))
            slicer.mrmlScene.Clear()
            self.assertEqual(self.ui.labelTable.rowCount, 0)
            slicer.util.loadScene(path)
            self.waitUntilIdle()
        self.volume = self.settings.inputVolume
        self.assertEqual((self.ui.labelTable.rowCount, self.settings.beta), (5, 0.25))
        self.assertEqual(self.panel.session.labels.lockedIndices(), (1,))
        self.assertEqual((self.scribbles("cyst").sum(), self.result("liver").sum()), (stroke.sum(), voxels))
        slicer.util.setSliceViewerLayers(background=self.volume, fit=True, rotateToVolumePlane=True)
        self.paint("background", [(5, 2, 5), (5, 2, 12)])
        self.refine()
        self.assertTrue(self.result("cyst")[stroke].all())

    def test_NodesAreRemovedWhileThePanelIsShown(self):
        """The panel asks for another one; nothing breaks."""
        self.begin()
        self.paint("background", CYST_LINE)
        slicer.mrmlScene.RemoveNode(self.settings.segmentation)
        slicer.app.processEvents()
        self.assertFalse(self.ui.refineButton.enabled)
        self.ui.initialButton.click()
        self.waitUntilIdle()
        self.assertIn("liver", self.results())
        slicer.mrmlScene.RemoveNode(self.volume)
        slicer.app.processEvents()
        self.assertIn("Choose the volume", self.hint)

    def test_ThePanelAndItsSettingsAgree(self):
        """Each control changes its setting, and each setting its control."""
        ui, settings = self.ui, self.settings
        for checkBox, name in (
            (ui.keepScribblesCheckBox, "keepScribbles"),
            (ui.keepUnmatchedCheckBox, "keepUnmatched"),
            (ui.growthPreviewCheckBox, "growthPreview"),
            (ui.shortcutsCheckBox, "useShortcuts"),
        ):
            before = getattr(settings, name)
            checkBox.click()
            self.assertEqual(getattr(settings, name), not before)
            setattr(settings, name, before)
            self.assertEqual(checkBox.checked, before)
        for box, name, choices in (
            (ui.methodComboBox, "method", Method),
            (ui.regulariseComboBox, "regularise", Edges),
            (ui.scopeComboBox, "scope", Region),
            (ui.overlayComboBox, "overlay", Overlay),
        ):
            self.assertEqual([box.itemText(n) for n in range(box.count)], [c.label() for c in choices])
            box.currentIndex = 1
            self.assertEqual(getattr(settings, name), list(choices)[1])
            setattr(settings, name, next(iter(choices)))
            self.assertEqual(box.currentIndex, 0)
        for box, name, value in (
            (ui.slabSpinBox, "slabSlices", 4),
            (ui.layersSpinBox, "layers", 3),
            (ui.iterationsSpinBox, "iterations", 20),
            (ui.cacheSpinBox, "cacheMegabytes", 256),
            (ui.limitSpinBox, "limit", 12.5),
            (ui.learningRateSpinBox, "learningRate", 0.002),
            (ui.alphaSpinBox, "alpha", 0.05),
            (ui.betaSpinBox, "beta", 99_999),
            (ui.growthSlider, "growth", 7.5),
        ):
            box.value = value
            self.assertAlmostEqual(getattr(settings, name), value)
            setattr(settings, name, value + 1)
            self.assertAlmostEqual(box.value, value + 1)

    def test_EveryChoiceReachesTheRound(self):
        """What is set in the panel is what a round is told; 0 leaves the choice to the network or method."""
        ui = self.ui
        plain = refineSettings(self.settings)
        self.assertEqual((plain.layers, plain.learningRate, plain.alpha, plain.keepRadius), (None,) * 4)
        ui.methodComboBox.currentIndex = list(Method).index(Method.F_BRS)
        ui.regulariseComboBox.currentIndex = list(Edges).index(Edges.GRAPH_CUT)
        ui.keepScribblesCheckBox.click()
        for box, value in (
            (ui.layersSpinBox, 3),
            (ui.iterationsSpinBox, 20),
            (ui.cacheSpinBox, 256),
            (ui.limitSpinBox, 12.5),
            (ui.learningRateSpinBox, 0.002),
            (ui.alphaSpinBox, 0.05),
            (ui.betaSpinBox, 0.25),
            (ui.growthSlider, 7.5),
        ):
            box.value = value
        told = refineSettings(self.settings)
        self.assertEqual((told.method, told.layers, told.maxIterations), ("f-brs", 3, 20))
        self.assertEqual((plain.regularise, told.regularise), ("random-walker", "graph-cut"))
        self.assertEqual((told.cacheMegabytes, told.useEarlierScribbles), (256, False))
        self.assertEqual((told.keepRadius, told.learningRate), (12.5, 0.002))
        self.assertEqual((told.alpha, told.beta, told.growthThreshold), (0.05, 0.25, 7.5))
