"""The model, what it computes on, and what it needs."""

import slicer
from slicer.i18n import tr as _


class ModelSection:
    """Part of the panel's widget."""

    isBusy = False

    def __init__(self, ui, panel, settings, onChanged):
        """List the models and connect the controls.

        :param settings: called for the parameter node, None while none is bound.
        :param onChanged: called after packages were installed, or networks dropped.
        """
        self.ui, self.panel, self._settings, self._onChanged = ui, panel, settings, onChanged
        ui.modelComboBox.addItems([card.name for card in panel.models])
        ui.modelComboBox.connect("currentIndexChanged(int)", self.onChosen)
        ui.setUpButton.connect("clicked(bool)", self.onSetUp)
        ui.freeMemoryButton.connect("clicked(bool)", self.onFreeMemory)

    def follow(self):
        """Show the model of the settings."""
        self.ui.modelComboBox.currentIndex = self.panel.modelIndex(self._settings())

    def refresh(self):
        """Say what the network computes on; enable what can be done."""
        ui, missing = self.ui, bool(self.panel.missingText)
        ui.deviceLabel.text = self.panel.deviceText
        ui.setUpButton.visible = missing
        ui.freeMemoryButton.enabled = not (self.panel.queue.busy or missing)

    def release(self):
        """Nothing of the section is in the views."""

    def leaveScene(self):
        """Models belong to no scene."""

    def close(self):
        """Nothing calls back."""

    def onChosen(self, index):
        """Take over another model, and its threshold."""
        settings = self._settings()
        if settings is not None and index not in (-1, self.panel.modelIndex(settings)):
            self.panel.chooseModel(settings, index)

    def onSetUp(self, checked):
        """Install what is missing, after asking."""
        with slicer.util.tryWithErrorDisplay(_("The set-up did not finish."), waitCursor=True):
            try:
                self.panel.install()
            finally:
                self._onChanged()

    def onFreeMemory(self, checked):
        """Drop the networks; they are loaded again when needed."""
        self.panel.freeMemory()
        self._onChanged()
