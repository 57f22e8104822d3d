"""The parts of the segment editor's panel: segments, effects and masking."""

from collections.abc import Callable
from typing import Any

import slicer
from PySide6 import QtCore, QtGui, QtWidgets

_ID = QtCore.Qt.ItemDataRole.UserRole
_MASK_MODES = (
    ("Everywhere", slicer.vtkMRMLSegmentationNode.EditAllowedEverywhere),
    ("Inside all segments", slicer.vtkMRMLSegmentationNode.EditAllowedInsideAllSegments),
    ("Inside all visible segments", slicer.vtkMRMLSegmentationNode.EditAllowedInsideVisibleSegments),
    ("Outside all segments", slicer.vtkMRMLSegmentationNode.EditAllowedOutsideAllSegments),
    ("Outside all visible segments", slicer.vtkMRMLSegmentationNode.EditAllowedOutsideVisibleSegments),
)
_OVERWRITE_MODES = (
    ("All segments", slicer.vtkMRMLSegmentEditorNode.OverwriteAllSegments),
    ("Visible segments", slicer.vtkMRMLSegmentEditorNode.OverwriteVisibleSegments),
    ("None", slicer.vtkMRMLSegmentEditorNode.OverwriteNone),
)


class SegmentsTable(QtWidgets.QTableWidget):
    """Colour and name of each segment; the selected row is the current segment."""

    def __init__(self, parent: QtWidgets.QWidget, chosen: Callable[[str], None]) -> None:
        super().__init__(0, 2, parent)
        self._chosen, self._filling = chosen, False
        self.setHorizontalHeaderLabels(["Color", "Name"])
        self.horizontalHeader().setStretchLastSection(True)
        self.verticalHeader().hide()
        self.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMaximumHeight(160)
        self.connect("itemSelectionChanged()", self._report)

    def show_segments(self, segmentation_node: Any, current: str) -> None:
        segmentation = segmentation_node.GetSegmentation() if segmentation_node is not None else None
        ids = segmentation.GetSegmentIDs() if segmentation is not None else ()
        self._filling = True
        self.clearSelection()
        self.setRowCount(len(ids))
        for row, segment_id in enumerate(ids):
            segment = segmentation.GetSegment(segment_id)
            colour, name = QtWidgets.QTableWidgetItem(), QtWidgets.QTableWidgetItem(segment.GetName())
            colour.setBackground(QtGui.QColor.fromRgbF(*segment.GetColor()))
            name.setData(_ID, segment_id)
            self.setItem(row, 0, colour)
            self.setItem(row, 1, name)
            if segment_id == current:
                self.selectRow(row)
        self._filling = False

    def _report(self) -> None:
        rows = self.selectionModel().selectedRows(1)
        if not self._filling:
            self._chosen(rows[0].data(_ID) if rows else "")


class EffectButtons(QtWidgets.QGroupBox):
    """One button per effect, the first for none."""

    def __init__(self, parent: QtWidgets.QWidget, names: list[str], chosen: Callable[[str], None]) -> None:
        super().__init__("Effects", parent)
        layout = QtWidgets.QGridLayout(self)
        self._buttons: dict[str, QtWidgets.QToolButton] = {}
        for column, name in enumerate(["", *names]):
            button = QtWidgets.QToolButton(self)
            button.setObjectName(name or "NULL")
            button.setText(name or "None")
            button.setCheckable(True)
            button.connect("clicked()", lambda name=name: chosen(name))
            layout.addWidget(button, 0, column)
            self._buttons[name] = button

    def show_names(self, names: list[str]) -> None:
        """Show these, in this order; the button for none is always there."""
        for column, name in enumerate(["", *names]):
            self.layout().addWidget(self._buttons[name], 0, column)
        for name, button in self._buttons.items():
            button.setVisible(not name or name in names)

    def show_state(self, active: str, usable: bool) -> None:
        for name, button in self._buttons.items():
            button.setChecked(name == active)
            button.setEnabled(usable or not name)


class MaskingSection(QtWidgets.QGroupBox):
    """Editable area, intensity range and overwriting; all of it is kept in the editor node."""

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__("Masking", parent)
        self._node = None
        self._area, self._overwrite = QtWidgets.QComboBox(self), QtWidgets.QComboBox(self)
        self._range = QtWidgets.QCheckBox("Editable intensity range", self)
        for text, mode in _OVERWRITE_MODES:
            self._overwrite.addItem(text, mode)
        layout = QtWidgets.QFormLayout(self)
        layout.addRow("Editable area:", self._area)
        layout.addRow(self._range)
        layout.addRow("Modify other segments:", self._overwrite)
        self._area.connect("activated(int)", self._area_chosen)
        self._overwrite.connect(
            "activated(int)", lambda row: self._node.SetOverwriteMode(self._overwrite.itemData(row))
        )
        self._range.connect("clicked(bool)", lambda on: self._node.SetSourceVolumeIntensityMask(on))

    def show_node(self, node: Any) -> None:
        self._node = node
        segmentation_node = node.GetSegmentationNode()
        segmentation = segmentation_node.GetSegmentation() if segmentation_node is not None else None
        self._area.clear()
        for text, mode in _MASK_MODES:
            self._area.addItem(text, mode)
        for segment_id in segmentation.GetSegmentIDs() if segmentation is not None else ():
            self._area.addItem(f"Inside {segmentation.GetSegment(segment_id).GetName()}", segment_id)
        inside_one = (
            node.GetMaskMode() == segmentation_node.EditAllowedInsideSingleSegment if segmentation else False
        )
        self._area.setCurrentIndex(
            self._area.findData(node.GetMaskSegmentID() if inside_one else node.GetMaskMode())
        )
        self._overwrite.setCurrentIndex(self._overwrite.findData(node.GetOverwriteMode()))
        self._range.setChecked(bool(node.GetSourceVolumeIntensityMask()))

    def _area_chosen(self, row: int) -> None:
        mode = self._area.itemData(row)
        if isinstance(mode, str):
            self._node.SetMaskSegmentID(mode)
            mode = slicer.vtkMRMLSegmentationNode.EditAllowedInsideSingleSegment
        self._node.SetMaskMode(mode)
