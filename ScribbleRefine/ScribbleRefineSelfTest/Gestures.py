"""Mouse and keyboard, by events that reach Slicer's own interaction code."""

import numpy as np
import qt
import slicer


def sliceWidget(name):
    """The view Red, Yellow or Green."""
    return slicer.app.layoutManager().sliceWidget(name)


def rasOf(name, xy):
    """World RAS of a pixel of the view."""
    matrix = sliceWidget(name).mrmlSliceNode().GetXYToRAS()
    return np.array(matrix.MultiplyPoint((xy[0], xy[1], 0.0, 1.0))[:3])


def stroke(name, positions):
    """Bring the slice into the view, press at the first position, pull along the others and release."""
    sliceWidget(name).mrmlSliceNode().JumpSliceByOffsetting(*(float(value) for value in positions[0]))
    pixels = [_xyOf(name, ras) for ras in positions]
    _send(name, pixels[0], "MouseMoveEvent")
    _send(name, pixels[0], "LeftButtonPressEvent")
    for pixel in pixels[1:]:
        _send(name, pixel, "MouseMoveEvent")
    _send(name, pixels[-1], "LeftButtonReleaseEvent")
    slicer.app.processEvents()  # nobody paints faster than that


def press(key):
    """Press and release a key in the main window."""
    window = slicer.util.mainWindow()
    window.activateWindow()
    slicer.app.processEvents()
    qt.QTest.keyClick(window, getattr(qt.Qt, f"Key_{key}"))
    slicer.app.processEvents()


def _xyOf(name, ras):
    x, y, _ = sliceWidget(name).sliceView().convertRASToXYZ([float(value) for value in ras])
    return round(x), round(y)


def _send(name, xy, event):
    interactor = sliceWidget(name).sliceView().interactorStyle().GetInteractor()
    interactor.SetEventInformation(xy[0], xy[1], 0, 0, chr(0), 0, None)
    interactor.InvokeEvent(event)
