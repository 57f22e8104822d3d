"""What the segment editor's panel looks like, and its switches."""

from collections.abc import Sequence
from typing import Any

from PySide6 import QtCore, QtWidgets

from standin.mrml_widgets.node_combo_box import qMRMLNodeComboBox
from standin.properties import computed, setter, stored
from standin.scene_widget import qMRMLWidget
from standin.segment_editor.sections import EffectButtons, MaskingSection, SegmentsTable


def _visibility(*parts: str) -> QtCore.Property:
    """Property that shows or hides parts of the panel."""

    def show(self: QtWidgets.QWidget, on: bool) -> None:
        for part in parts:
            getattr(self, part).setVisible(on)

    return computed(bool, lambda self: all(not getattr(self, part).isHidden() for part in parts), show)


class SegmentEditorPanel(qMRMLWidget):
    """Widgets without a will of their own; subclasses have the slots that they are connected to."""

    segmentationNodeSelectorVisible = _visibility("_segmentations", "_segmentations_label")
    sourceVolumeNodeSelectorVisible = _visibility("_volumes", "_volumes_label")
    addRemoveSegmentButtonsVisible = _visibility("_add", "_remove")
    undoEnabled = _visibility("_undo", "_redo")
    maskingSectionVisible = stored(bool, True, changed="updateWidgetFromMRML")
    readOnly = stored(bool, False, changed="_lock")
    autoShowSourceVolumeNode = stored(bool, True)
    unorderedEffectsVisible = stored(bool, True, changed="updateEffectList")
    switchToSegmentationsButtonVisible = stored(bool, True)  # a button that is not there
    show3DButtonVisible = stored(bool, True)  # the same
    specifyGeometryButtonVisible = stored(bool, True)  # the same
    setUndoEnabled = setter("undoEnabled")
    setReadOnly = setter("readOnly")
    setAutoShowSourceVolumeNode = setter("autoShowSourceVolumeNode")
    _effect_order: tuple[str, ...] = ()
    maximumNumberOfUndoStates = computed(
        int,
        lambda self: self._logic.GetMaximumNumberOfUndoStates(),
        lambda self, count: self._logic.SetMaximumNumberOfUndoStates(count),
    )

    def _make_panel(self, logic: Any) -> None:
        self._segmentations_label, self._segmentations = self._selector(
            "Segmentation:", "vtkMRMLSegmentationNode"
        )
        self._volumes_label, self._volumes = self._selector("Source volume:", "vtkMRMLScalarVolumeNode")
        self._volumes.addEnabled = self._volumes.removeEnabled = False
        self._table = SegmentsTable(self, self._segment_chosen)
        self._table.setObjectName("SegmentsTableView")
        self._buttons = EffectButtons(self, list(self.availableEffectNames()), self.setActiveEffectByName)
        self._masking = MaskingSection(self)
        layout = QtWidgets.QFormLayout(self)
        layout.addRow(self._segmentations_label, self._segmentations)
        layout.addRow(self._volumes_label, self._volumes)
        remove = logic.RemoveSelectedSegment
        layout.addRow(self._row(("_add", "Add", logic.AddEmptySegment), ("_remove", "Remove", remove)))
        layout.addRow(self._table)
        layout.addRow(self._buttons)
        layout.addRow(self._row(("_undo", "Undo", self.undo), ("_redo", "Redo", self.redo)))
        layout.addRow(self._masking)
        self._segmentations.connect("currentNodeChanged(vtkMRMLNode*)", self._segmentation_chosen)
        self._volumes.connect("currentNodeChanged(vtkMRMLNode*)", self._volume_chosen)

    def effectNameOrder(self) -> tuple[str, ...]:
        return self._effect_order

    def setEffectNameOrder(self, names: Sequence[str]) -> None:
        """Show these effects first; unknown names are passed over."""
        self._effect_order = tuple(names)
        self.updateEffectList()

    def updateEffectList(self) -> None:
        """The ordered effects, then the others if they are to be seen."""
        names = [name for name in self._effect_order if name in self.availableEffectNames()]
        others = [name for name in self.availableEffectNames() if name not in names]
        self._buttons.show_names([*names, *(others if self.unorderedEffectsVisible else [])])

    def _selector(self, text: str, node_type: str) -> tuple[QtWidgets.QLabel, qMRMLNodeComboBox]:
        box = qMRMLNodeComboBox(self)
        box.nodeTypes, box.noneEnabled = [node_type], True
        return QtWidgets.QLabel(text, self), box

    def _row(self, *buttons: tuple[str, str, Any]) -> QtWidgets.QLayout:
        row = QtWidgets.QHBoxLayout()
        for attribute, text, action in buttons:
            button = QtWidgets.QPushButton(text, self)
            button.connect("clicked()", lambda action=action: action())
            setattr(self, attribute, button)
            row.addWidget(button)
        return row

    def _show_panel(self) -> None:
        """Bring all parts up to date with the editor node."""
        node, segmentation = self._node, self._segmentation
        usable = segmentation is not None and not self.readOnly
        self._table.show_segments(segmentation, self.currentSegmentID())
        self._table.setEnabled(not self.readOnly)
        self._add.setEnabled(usable and self._logic.CanAddSegments())
        self._remove.setEnabled(usable and bool(self.currentSegmentID()))
        self._volumes.setEnabled(segmentation is not None)
        effect = self.activeEffect()
        ready = usable and self.sourceVolumeNode() is not None and bool(self.currentSegmentID())
        self._buttons.show_state(effect.name if effect is not None else "", ready)
        self._masking.show_node(node)
        self._masking.setVisible(self.maskingSectionVisible and effect is not None)
        self._show_history()

    def _show_history(self) -> None:
        self._undo.setEnabled(not self.readOnly and self._logic.CanUndo())
        self._redo.setEnabled(not self.readOnly and self._logic.CanRedo())
