"""The mouse in slice views, by events that reach Slicer's own interaction code."""

import numpy as np
import slicer

from CueSegBackendSelfTest.Views import rasOf, send, sliceWidget, xyOf

# The ring of clicks that most tests use: mm to the right and up from the middle of a view.
RING = ((-32.0, 2.0), (29.0, -3.0), (3.0, 11.0), (-4.0, -12.0))


def sliceAxes(name):
    """Unit vectors of a view in world RAS: to the right, up, along the normal; and its origin."""
    matrix = slicer.util.arrayFromVTKMatrix(sliceWidget(name).mrmlSliceNode().GetSliceToRAS())
    axes = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    return axes[:, 0], axes[:, 1], axes[:, 2], matrix[:3, 3]


def ringAround(name, center, offsets=RING):
    """World RAS of clicks around a point, which the view is moved to."""
    right, up, normal = sliceAxes(name)[:3]
    node = sliceWidget(name).mrmlSliceNode()
    node.JumpSliceByOffsetting(*center)
    center = center + normal * (normal @ (sliceAxes(name)[3] - center))
    return [center + a * right + b * up for a, b in offsets]


def click(name, ras):
    """Press and release the left button at the pixel nearest to a point; returns where that is."""
    xy = xyOf(name, ras)
    for event in ("MouseMoveEvent", "LeftButtonPressEvent", "LeftButtonReleaseEvent"):
        send(name, xy, event)
    slicer.app.processEvents()  # nobody clicks faster than that
    return rasOf(name, xy)


def hover(name, ras):
    """Move the mouse to a point, no button pressed."""
    send(name, xyOf(name, ras), "MouseMoveEvent")


def drag(name, start, end):
    """Move the mouse onto a control point, so that it can be grasped, and pull it elsewhere."""
    start, end = xyOf(name, start), xyOf(name, end)
    send(name, start, "MouseMoveEvent")
    slicer.util.clickAndDrag(sliceWidget(name), start=start, end=end, steps=6)
    return rasOf(name, end)
