"""Keyboard shortcuts that are there while the panel is shown."""

import qt

# Milliseconds for which a held key counts as held: until it begins to repeat, and between repeats.
FIRST_REPEAT, NEXT_REPEAT = 700, 200


class Keys:
    """Shortcuts of one window, installed and taken away together."""

    def __init__(self, actions):
        """Take pairs of a key and what it does; a `Hold` gets the repeats of a held key too."""
        self._actions, self._installed = list(actions), []

    @property
    def installed(self):
        """Whether the keys work now."""
        return bool(self._installed)

    def install(self, window):
        """Let the keys work in a window."""
        self.uninstall()
        for key, action in self._actions:
            shortcut = qt.QShortcut(qt.QKeySequence(key), window)
            shortcut.autoRepeat = isinstance(action, Hold)
            shortcut.connect("activated()", action.press if isinstance(action, Hold) else action)
            self._installed.append(shortcut)

    def uninstall(self):
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

    def __init__(self, function):
        """Call with True when the key goes down and with False when it comes up."""
        self._function, self._held = function, False
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.connect("timeout()", self.release)

    def press(self):
        """The key went down, or still is."""
        self._timer.start(NEXT_REPEAT if self._held else FIRST_REPEAT)
        if not self._held:
            self._held = True
            self._function(True)

    def release(self):
        """The key is up."""
        self._timer.stop()
        if self._held:
            self._held = False
            self._function(False)
