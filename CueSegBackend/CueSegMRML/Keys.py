"""Keyboard shortcuts that are there while a panel is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

# Milliseconds for which a held key counts as held: until it begins to repeat, and between repeats.
FIRST_REPEAT, NEXT_REPEAT = 700, 200
_TEXT_FIELDS = ("QLineEdit", "QTextEdit", "QPlainTextEdit", "QAbstractSpinBox")


class Keys:
    """Shortcuts of one window, installed and taken away together."""

    def __init__(self, actions: Iterable[tuple[str, Callable[[], None] | Hold]]) -> None:
        """Take pairs of a key and what it does; a `Hold` gets the repeats of a held key too."""
        self._actions, self._installed = list(actions), []

    @property
    def installed(self) -> bool:
        """Whether the keys work now."""
        return bool(self._installed)

    def install(self, window: Any) -> None:
        """Let the keys work in a window, unless they are being typed into a text field."""
        import qt  # not at the top: this package works without Qt, too

        self.uninstall()
        for key, action in self._actions:
            shortcut = qt.QShortcut(qt.QKeySequence(key), window)
            shortcut.autoRepeat = isinstance(action, Hold)
            slot = action.press if isinstance(action, Hold) else action
            shortcut.connect("activated()", _unlessTyping(slot) if len(key) == 1 else slot)
            self._installed.append(shortcut)

    def uninstall(self) -> None:
        """Leave nothing in the window."""
        for shortcut in self._installed:
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._installed = []
        for _, action in self._actions:
            if isinstance(action, Hold):
                action.release()


class Hold:
    """A key that is held down. Qt tells presses and repeats of a shortcut, not its release: that is awaited."""

    def __init__(self, function: Callable[[bool], None]) -> None:
        """Call with True when the key goes down and with False when it comes up."""
        import qt

        self._function, self._held = function, False
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.connect("timeout()", self.release)

    def press(self) -> None:
        """The key went down, or still is."""
        self._timer.start(NEXT_REPEAT if self._held else FIRST_REPEAT)
        if not self._held:
            self._held = True
            self._function(True)

    def release(self) -> None:
        """The key is up."""
        self._timer.stop()
        if self._held:
            self._held = False
            self._function(False)


def _unlessTyping(slot: Callable[[], None]) -> Callable[[], None]:
    def call() -> None:
        if not _isTyping():
            slot()

    return call


def _isTyping() -> bool:
    """Whether a key that is pressed now is text; most text fields take it before a shortcut does, but not all."""
    import qt

    field = qt.QApplication.focusWidget()
    if field is None:
        return False
    isText = any(field.inherits(name) for name in _TEXT_FIELDS)
    return isText or (field.inherits("QComboBox") and bool(field.property("editable")))
