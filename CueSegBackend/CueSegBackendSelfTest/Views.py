"""Slice views, their pixels, and events that reach Slicer's own interaction code."""

import numpy as np
import slicer


def sliceWidget(name):
    """The view Red, Yellow or Green."""
    return slicer.app.layoutManager().sliceWidget(name)


def xyOf(name, ras):
    """The pixel of the view nearest to a world position; (0, 0) is the lower left corner."""
    x, y, _ = sliceWidget(name).sliceView().convertRASToXYZ([float(value) for value in ras])
    return round(x), round(y)


def rasOf(name, xy):
    """World RAS of a pixel of the view."""
    matrix = sliceWidget(name).mrmlSliceNode().GetXYToRAS()
    return np.array(matrix.MultiplyPoint((xy[0], xy[1], 0.0, 1.0))[:3])


def send(name, xy, event):
    """Send a mouse event of VTK at a pixel of the view."""
    interactor = sliceWidget(name).sliceView().interactorStyle().GetInteractor()
    interactor.SetEventInformation(xy[0], xy[1], 0, 0, chr(0), 0, None)
    interactor.InvokeEvent(event)
