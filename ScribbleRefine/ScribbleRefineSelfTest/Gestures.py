"""Mouse and keyboard, by events that reach Slicer's own interaction code."""

import qt
import slicer

from CueSegBackendSelfTest.Views import send, sliceWidget, xyOf


def stroke(name, positions):
    """Bring the slice into the view, press at the first position, pull along the others and release."""
    sliceWidget(name).mrmlSliceNode().JumpSliceByOffsetting(*(float(value) for value in positions[0]))
    pixels = [xyOf(name, ras) for ras in positions]
    send(name, pixels[0], "MouseMoveEvent")
    send(name, pixels[0], "LeftButtonPressEvent")
    for pixel in pixels[1:]:
        send(name, pixel, "MouseMoveEvent")
    send(name, pixels[-1], "LeftButtonReleaseEvent")
    slicer.app.processEvents()  # nobody paints faster than that


def click(name, position):
    """Bring the slice into the view, press and release the left button there."""
    sliceWidget(name).mrmlSliceNode().JumpSliceByOffsetting(*(float(value) for value in position))
    for event in ("MouseMoveEvent", "LeftButtonPressEvent", "LeftButtonReleaseEvent"):
        send(name, xyOf(name, position), event)
    slicer.app.processEvents()  # nobody clicks faster than that


def press(key):
    """Press and release a key in the main window."""
    window = slicer.util.mainWindow()
    window.activateWindow()
    slicer.app.processEvents()
    qt.QTest.keyClick(window, getattr(qt.Qt, f"Key_{key}"))
    slicer.app.processEvents()
