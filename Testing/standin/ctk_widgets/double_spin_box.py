"""ctkDoubleSpinBox: a widget around a QDoubleSpinBox; it is none itself."""

from typing import Any

from PySide6 import QtCore, QtWidgets

from standin import properties


def of_spin_box(kind: type, name: str, then: str = "") -> properties.QtProperty:
    """Property that is one of the inner spin box; `then` names a method to call after a change."""

    def write(self: QtWidgets.QWidget, value: Any) -> None:
        setattr(self._spin_box, name, value)
        if then:
            getattr(self, then)()

    return properties.computed(kind, lambda self: getattr(self._spin_box, name), write)


class ctkDoubleSpinBox(QtWidgets.QWidget):
    """Number with decimals."""

    slicer_class = "ctkDoubleSpinBox"
    valueChanged = QtCore.Signal(float)
    decimalsChanged = QtCore.Signal(int)
    editingFinished = QtCore.Signal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._spin_box = QtWidgets.QDoubleSpinBox()
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._spin_box)
        self._spin_box.valueChanged.connect(self.valueChanged.emit)
        self._spin_box.editingFinished.connect(self.editingFinished.emit)

    value = of_spin_box(float, "value")
    minimum = of_spin_box(float, "minimum")
    maximum = of_spin_box(float, "maximum")
    singleStep = of_spin_box(float, "singleStep")
    decimals = of_spin_box(int, "decimals", then="_report_decimals")
    prefix = of_spin_box(str, "prefix")
    suffix = of_spin_box(str, "suffix")
    readOnly = of_spin_box(bool, "readOnly")
    cleanText = properties.computed(str, lambda self: self._spin_box.cleanText)
    setValue = properties.setter("value")
    setDecimals = properties.setter("decimals")
    setReadOnly = properties.setter("readOnly")

    def stepUp(self) -> None:
        self._spin_box.stepUp()

    def stepDown(self) -> None:
        self._spin_box.stepDown()

    def _report_decimals(self) -> None:
        self.decimalsChanged.emit(self.decimals)
