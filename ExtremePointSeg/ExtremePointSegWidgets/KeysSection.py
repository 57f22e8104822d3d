"""The section "Keyboard shortcuts": keys that press the panel's buttons while it is shown."""

import slicer
from slicer.i18n import tr as _

from CueSegMRML.Keys import Keys
from ExtremePointSegLib.Messages import KEYS


class KeysSection:
    """Part of the panel's widget."""

    isBusy = False

    def __init__(self, ui, settings, isShown, actions):
        """List the keys.

        :param settings: called for the parameter node, None while none is bound.
        :param isShown: called to know whether the panel is in front.
        :param actions: name in `KEYS` -> what the key does, for keys that press no button.
        """
        self._settings, self._isShown = settings, isShown
        self._buttons = {
            "place": ui.placeButton,
            "run": ui.applyButton,
            "cue": ui.showCueCheckBox,
            "undo": ui.undoButton,
            "redo": ui.redoButton,
        }
        slots = {name: button.click for name, button in self._buttons.items()} | actions
        self._keys = Keys((KEYS[name][0], slot) for name, slot in slots.items())
        ui.keysLabel.text = "\n".join(
            f"{key}\t{_(text)}" for name, (key, text) in KEYS.items() if name in slots
        )

    def follow(self):
        """Let the keys work while the panel is in front, if the user wants them."""
        if not (self._settings().useShortcuts and self._isShown()):
            self._keys.uninstall()
        elif not self._keys.installed:
            self._keys.install(slicer.util.mainWindow())

    def refresh(self):
        """Say in the buttons' tooltips which key presses them."""
        for name, button in self._buttons.items():
            ending = f" ({KEYS[name][0]})"
            if not button.toolTip.endswith(ending):
                button.toolTip += ending

    def release(self):
        """Leave the keys to others."""
        self._keys.uninstall()

    def leaveScene(self):
        """Keys belong to no scene."""

    def close(self):
        """Leave the keys to others."""
        self._keys.uninstall()
