"""A Qt widget that shows an off-screen VTK window and hands it mouse and keyboard: ctkVTKAbstractView."""

from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from standin.offscreen import OffscreenWindow

_BUTTONS = {
    QtCore.Qt.MouseButton.LeftButton: "Left",
    QtCore.Qt.MouseButton.RightButton: "Right",
    QtCore.Qt.MouseButton.MiddleButton: "Middle",
}
_MODIFIERS = QtCore.Qt.KeyboardModifier


class ScreenWidget(QtWidgets.QWidget):
    """Shows the pixels of the window that its subclass makes."""

    _screen: OffscreenWindow

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        pixels = self._screen.image()
        height, width, _ = pixels.shape
        picture = QtGui.QImage(pixels.data, width, height, 3 * width, QtGui.QImage.Format.Format_RGB888)
        QtGui.QPainter(self).drawImage(0, 0, picture)


class ctkVTKAbstractView(ScreenWidget):
    """Renders when it is painted or asked to, not on every change."""

    slicer_class = "ctkVTKAbstractView"

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._paused = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(50, 50)

    def renderWindow(self) -> Any:
        return self._screen.window

    def interactor(self) -> Any:
        return self._screen.interactor

    def scheduleRender(self) -> None:
        self._screen.invalidate()
        self.update()

    def forceRender(self) -> None:
        """Render at once, unless rendering is paused."""
        if not self._paused:
            self._screen.render()
            self.update()

    def pauseRender(self) -> None:
        self._paused += 1

    def resumeRender(self) -> None:
        self._paused = max(0, self._paused - 1)
        if not self._paused:
            self.scheduleRender()

    def setRenderPaused(self, paused: bool) -> None:
        (self.pauseRender if paused else self.resumeRender)()

    # Qt's events

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        self._resize_window(event.size().width(), event.size().height())

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        self._send(event, _BUTTONS[event.button()] + "ButtonPressEvent")

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        self._send(event, _BUTTONS[event.button()] + "ButtonReleaseEvent")

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        self._send(event, "MouseMoveEvent")

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        self._send(event, f"MouseWheel{'Forward' if event.angleDelta().y() > 0 else 'Backward'}Event")

    def enterEvent(self, event: QtGui.QEnterEvent) -> None:
        self._send(event, "EnterEvent")

    def leaveEvent(self, event: QtCore.QEvent) -> None:
        self.interactor().InvokeEvent("LeaveEvent")

    def _send(self, event: Any, name: str) -> None:
        """Qt counts rows from the top, VTK from the bottom."""
        position, modifiers = event.position().toPoint(), event.modifiers()
        self.interactor().SetEventInformation(
            position.x(),
            self.renderWindow().GetSize()[1] - 1 - position.y(),
            int(bool(modifiers & _MODIFIERS.ControlModifier)),
            int(bool(modifiers & _MODIFIERS.ShiftModifier)),
            chr(0),
            0,
            None,
        )
        self.interactor().InvokeEvent(name)

    # for subclasses

    def _resize_window(self, width: int, height: int) -> None:
        self._screen.resize(width, height)
