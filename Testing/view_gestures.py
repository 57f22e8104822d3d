"""Mouse gestures in slice views, in ways that work in Slicer too."""

from typing import Any

Point = tuple[float, float, float]


def pixel_of(view: Any, ras: Point) -> tuple[int, int]:
    """The pixel of the view nearest to a point."""
    x, y, _ = view.convertRASToXYZ(list(ras))
    return round(x), round(y)


def ras_of(view: Any, pixel: tuple[int, int]) -> Point:
    """Where a click on a pixel lands, from the slice node alone."""
    return view.mrmlSliceNode().GetXYToRAS().MultiplyPoint((*pixel, 0.0, 1.0))[:3]


def send(view: Any, pixel: tuple[int, int], event: str) -> None:
    interactor = view.interactorStyle().GetInteractor()
    interactor.SetEventInformation(*pixel, 0, 0, chr(0), 0, None)
    interactor.InvokeEvent(event)


def click(view: Any, ras: Point) -> Point:
    """Click at the pixel nearest to a point; returns where that is."""
    pixel = pixel_of(view, ras)
    for event in ("MouseMoveEvent", "LeftButtonPressEvent", "LeftButtonReleaseEvent"):
        send(view, pixel, event)
    return ras_of(view, pixel)


def drag(view: Any, start: tuple[int, int], end: tuple[int, int], steps: int = 5) -> None:
    """Move onto the first pixel, so that what is there can be grasped, press, and release at the other."""
    send(view, start, "MouseMoveEvent")
    send(view, start, "LeftButtonPressEvent")
    for step in range(1, steps + 1):
        between = tuple(round(a + (b - a) * step / steps) for a, b in zip(start, end, strict=True))
        send(view, between, "MouseMoveEvent")
    send(view, end, "LeftButtonReleaseEvent")
