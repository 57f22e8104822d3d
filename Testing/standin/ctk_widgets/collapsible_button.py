"""ctkCollapsibleButton: a title bar that hides what is below it."""

from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from standin import properties, pythonqt

_MARGIN = 8  # pixels around the text of the title


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """Checked is open. Children that were hidden by themselves stay hidden when it opens."""

    slicer_class = "ctkCollapsibleButton"
    contentsCollapsed = QtCore.Signal(bool)

    def __init__(self, *arguments: Any) -> None:
        """Like C++: `(parent)` or `(text, parent)`."""
        text = arguments[0] if arguments and isinstance(arguments[0], str) else ""
        parent = arguments[-1] if arguments and not isinstance(arguments[-1], str) else None
        super().__init__(parent)
        pythonqt.override(self, "sizeHint", self._size_hint)
        pythonqt.override(self, "minimumSizeHint", self._minimum_size_hint)
        self._collapsed, self._hiding, self._hidden_by_owner = False, False, set()
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(True)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Minimum, QtWidgets.QSizePolicy.Policy.Preferred)
        self.setBackgroundRole(QtGui.QPalette.ColorRole.Window)
        self.setContentsMargins(0, self._title_height(), 0, 0)
        self.toggled.connect(self._on_toggled)

    collapsed = properties.computed(
        bool, lambda self: self._collapsed, lambda self, on: self.setChecked(not on)
    )
    collapsedHeight = properties.stored(int, 10, changed="updateGeometry")

    def _on_toggled(self, opened: bool) -> None:
        if self._collapsed == (not opened):
            return
        self._collapsed = not opened
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget):
                self._show_or_hide(child)
        self.updateGeometry()
        self.contentsCollapsed.emit(self._collapsed)

    def _show_or_hide(self, child: QtWidgets.QWidget) -> None:
        self._hiding = True
        child.setVisible(not self._collapsed and child not in self._hidden_by_owner)
        if child not in self._hidden_by_owner:  # else Qt would not report that the owner hides it now
            child.setAttribute(QtCore.Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)
        self._hiding = False

    def childEvent(self, event: QtCore.QChildEvent) -> None:
        """Watch the children, to know which their owner hides."""
        super().childEvent(event)
        if isinstance(event.child(), QtWidgets.QWidget):
            if event.added():
                event.child().installEventFilter(self)
            elif event.removed():
                self._hidden_by_owner.discard(event.child())

    def eventFilter(self, child: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """A child shown by its owner while this is closed waits until it opens."""
        if not self._hiding and event.type() == QtCore.QEvent.Type.ShowToParent:
            self._hidden_by_owner.discard(child)
            if self._collapsed:
                self._show_or_hide(child)
        elif not self._hiding and event.type() == QtCore.QEvent.Type.HideToParent:
            self._hidden_by_owner.add(child)
        return super().eventFilter(child, event)

    def _title_height(self) -> int:
        return self.fontMetrics().height() + _MARGIN

    def _size_hint(self) -> QtCore.QSize:
        """Title and contents, or the title alone."""
        width = self.fontMetrics().horizontalAdvance(self.text) + 4 * _MARGIN
        closed = QtCore.QSize(width, self._title_height() + self.collapsedHeight)
        return closed if self._collapsed else super().sizeHint().expandedTo(closed)

    def _minimum_size_hint(self) -> QtCore.QSize:
        """As small as the contents allow."""
        return self._size_hint() if self._collapsed else super().minimumSizeHint()

    def hitButton(self, position: QtCore.QPoint) -> bool:
        """Only the title can be clicked."""
        return position.y() < self._title_height()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Title bar with an arrow."""
        title, size = QtCore.QRect(0, 0, self.width, self._title_height()), self.fontMetrics().height() // 2
        option = QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect = title
        option.state |= QtWidgets.QStyle.StateFlag.State_Raised
        painter, style = QtGui.QPainter(self), self.style()
        style.drawControl(QtWidgets.QStyle.ControlElement.CE_PushButtonBevel, option, painter, self)
        arrow = QtWidgets.QStyle.PrimitiveElement
        option.rect = QtCore.QRect(_MARGIN, (title.height() - size) // 2, size, size)
        kind = arrow.PE_IndicatorArrowRight if self._collapsed else arrow.PE_IndicatorArrowDown
        style.drawPrimitive(kind, option, painter, self)
        text = title.adjusted(2 * _MARGIN + size, 0, -_MARGIN, 0)
        style.drawItemText(
            painter, text, QtCore.Qt.AlignmentFlag.AlignVCenter, self.palette, self.enabled, self.text
        )
