"""The keys of the segment editor."""

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6 import QtGui, QtWidgets

_PREVIOUS_NEXT = (("Q", "W"), ("/", "*"), (",", "."), (">", "<"))


class KeyboardShortcuts:
    """Shortcuts of one editor in one window."""

    def __init__(self, editor: Any) -> None:
        self._editor, self._installed = editor, []

    def install(self, window: QtWidgets.QWidget) -> None:
        """Numbers switch effects, Escape ends them, z and y undo and redo, q and w change the segment."""
        self.uninstall()
        editor = self._editor
        for index in range(1, 11):
            for prefix, offset in (("", 0), ("Shift+", 10)):
                self._add(window, f"{prefix}{index % 10}", partial(self._toggle, index + offset))
        self._add(window, "Esc", partial(self._toggle, 0))
        self._add(window, "Space", editor._activate_last_effect)
        standard = QtGui.QKeySequence.StandardKey
        for keys, slot in ((("Z", standard.Undo), editor.undo), (("Y", standard.Redo), editor.redo)):
            for key in keys:
                self._add(window, key, slot)
        for previous, following in _PREVIOUS_NEXT:
            self._add(window, previous, editor.selectPreviousSegment)
            self._add(window, following, editor.selectNextSegment)
        self._add(window, "I", editor.toggleSourceVolumeIntensityMaskEnabled)

    def uninstall(self) -> None:
        for shortcut in self._installed:
            shortcut.delete()
        self._installed.clear()

    def _add(self, window: QtWidgets.QWidget, key: Any, slot: Callable[[], None]) -> None:
        shortcut = QtGui.QShortcut(QtGui.QKeySequence(key), window)
        shortcut.connect("activated()", slot)
        self._installed.append(shortcut)

    def _toggle(self, index: int) -> None:
        effect = self._editor.effectByIndex(index)
        self._editor.setActiveEffect(None if effect is self._editor.activeEffect() else effect)
