"""A panel as the self-test of its module finds it, and waiting for what it does."""

import time

import slicer


class ShownPanel:
    """Mixed into the cases of a module; they say which module it is."""

    moduleName = ""
    patience = 30  # seconds to wait for anything

    def showPanel(self):
        """Show the panel on an empty scene."""
        slicer.mrmlScene.Clear()
        slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        slicer.util.selectModule(self.moduleName)
        self.widget = getattr(slicer.modules, f"{self.moduleName}Widget")
        self.ui, self.panel = self.widget.ui, self.widget.panel

    def showVolume(self, volume):
        """Show a volume in the views and choose it in the panel; returns it."""
        slicer.util.setSliceViewerLayers(background=volume, fit=True, rotateToVolumePlane=True)
        slicer.util.resetSliceViews()
        self.ui.inputVolumeSelector.setCurrentNode(volume)
        return volume

    @property
    def settings(self):
        """The parameter node that the panel is bound to."""
        return self.widget._parameterNode

    @property
    def hint(self):
        """What the panel says is to be done next."""
        return self.ui.hintLabel.text

    @property
    def said(self):
        """All that the panel says, for the reports of failures."""
        return self.hint

    def waitFor(self, condition, what):
        """Let the application go on until the condition holds."""
        end = time.monotonic() + self.patience
        while not condition():
            self.assertLess(time.monotonic(), end, f"waited in vain for {what}: {self.said}")
            slicer.app.processEvents()
            time.sleep(0.002)

    def waitUntilIdle(self):
        """Let clicks settle and computations end."""
        self.waitFor(lambda: not self.widget.isBusy, "the end of the computation")
        slicer.app.processEvents()
