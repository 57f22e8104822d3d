"""ctkPathLineEdit: a path to type or to choose."""

from pathlib import Path

from PySide6 import QtCore, QtWidgets

from standin import properties


class ctkPathLineEdit(QtWidgets.QWidget):
    """The browse button is there to be seen; it opens no dialog."""

    slicer_class = "ctkPathLineEdit"
    currentPathChanged = QtCore.Signal(str)
    validInputChanged = QtCore.Signal(bool)
    Dirs, Files, Drives, Readable, Writable, Executable = 0x1, 0x2, 0x4, 0x10, 0x20, 0x40

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._combo_box, self._button = QtWidgets.QComboBox(), QtWidgets.QToolButton()
        self._combo_box.setEditable(True)
        self._button.setText("…")
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo_box, 1)
        layout.addWidget(self._button)
        self._was_valid = False
        self._combo_box.editTextChanged.connect(self._on_text)

    currentPath = properties.computed(
        str, lambda self: self._combo_box.currentText, lambda self, text: self._combo_box.setEditText(text)
    )
    filters = properties.stored(int, Files | Readable)
    nameFilters = properties.stored("QStringList")
    settingKey = properties.stored(str)
    showBrowseButton = properties.computed(
        bool, lambda self: not self._button.isHidden(), lambda self, on: self._button.setVisible(on)
    )
    setCurrentPath = properties.setter("currentPath")

    def comboBox(self) -> QtWidgets.QComboBox:
        return self._combo_box

    def addCurrentPathToHistory(self) -> None:
        if self.currentPath and self._combo_box.findText(self.currentPath) < 0:
            self._combo_box.addItem(self.currentPath)

    def _on_text(self, text: str) -> None:
        path = Path(text)
        valid = (path.is_dir() and bool(self.filters & self.Dirs)) or (
            path.is_file() and bool(self.filters & self.Files)
        )
        if valid != self._was_valid:
            self._was_valid = valid
            self.validInputChanged.emit(valid)
        self.currentPathChanged.emit(text)
