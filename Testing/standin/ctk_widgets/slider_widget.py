"""ctkSliderWidget: a slider and a spin box for the same number."""

from PySide6 import QtCore, QtWidgets

from standin import properties
from standin.ctk_widgets.double_spin_box import of_spin_box


class ctkSliderWidget(QtWidgets.QWidget):
    """The spin box holds the number, the slider's positions are steps from the minimum."""

    slicer_class = "ctkSliderWidget"
    valueChanged = QtCore.Signal(float)
    valueIsChanging = QtCore.Signal(float)
    decimalsChanged = QtCore.Signal(int)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self._spin_box = QtWidgets.QDoubleSpinBox()
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)
        layout.addWidget(self._spin_box)
        self._follow_spin_box()
        self._spin_box.valueChanged.connect(self._on_value)
        self._slider.valueChanged.connect(self._on_slider)
        self._slider.sliderReleased.connect(self._take_over_slider)

    value = of_spin_box(float, "value")
    minimum = of_spin_box(float, "minimum", then="_follow_spin_box")
    maximum = of_spin_box(float, "maximum", then="_follow_spin_box")
    singleStep = of_spin_box(float, "singleStep", then="_follow_spin_box")
    decimals = of_spin_box(int, "decimals", then="_on_decimals")
    prefix = of_spin_box(str, "prefix")
    suffix = of_spin_box(str, "suffix")
    pageStep = properties.stored(float, 10.0, changed="_follow_spin_box")
    tracking = properties.stored(bool, True)
    spinBoxVisible = properties.computed(
        bool, lambda self: not self._spin_box.isHidden(), lambda self, on: self._spin_box.setVisible(on)
    )
    setValue = properties.setter("value")
    setDecimals = properties.setter("decimals")
    setSpinBoxVisible = properties.setter("spinBoxVisible")

    def reset(self) -> None:
        self.value = 0.0

    def _on_value(self, value: float) -> None:
        self._follow_spin_box()
        self.valueChanged.emit(value)

    def _on_decimals(self) -> None:
        self._follow_spin_box()
        self.decimalsChanged.emit(self.decimals)

    def _on_slider(self, position: int) -> None:
        if self._slider.sliderDown and not self.tracking:
            self.valueIsChanging.emit(self.minimum + position * self.singleStep)
        else:
            self._take_over_slider()

    def _take_over_slider(self) -> None:
        self.value = self.minimum + self._slider.value * self.singleStep

    def _follow_spin_box(self) -> None:
        step = self._spin_box.singleStep
        was_blocked = self._slider.blockSignals(True)
        self._slider.setRange(0, round((self._spin_box.maximum - self._spin_box.minimum) / step))
        self._slider.setPageStep(max(1, round(self.pageStep / step)))
        self._slider.setValue(round((self._spin_box.value - self._spin_box.minimum) / step))
        self._slider.blockSignals(was_blocked)
