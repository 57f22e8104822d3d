"""qMRMLSegmentSelectorWidget: a segmentation, and one of its segments."""

from typing import Any, ClassVar

import slicer
from PySide6 import QtCore, QtWidgets

from standin.mrml_widgets.node_combo_box import qMRMLNodeComboBox
from standin.properties import computed
from standin.scene_widget import qMRMLWidget

_CHANGES = (
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
)


class qMRMLSegmentSelectorWidget(qMRMLWidget):
    """As in Slicer, any change of any segment fills the list anew and chooses the first segment.

    Only the choice of a single segment is there (`multiSelection` is not).
    """

    slicer_class = "qMRMLSegmentSelectorWidget"
    slicer_signals: ClassVar = {
        "currentNodeChanged(vtkMRMLNode*)": "_nodeChanged",
        "currentNodeChanged(bool)": "_nodePresent",
    }
    _nodeChanged, _nodePresent = QtCore.Signal(object), QtCore.Signal(bool)
    currentSegmentChanged = QtCore.Signal(str)

    segmentationNodeSelectorVisible = computed(
        bool, lambda self: self._nodes.isVisible(), lambda self, on: self._nodes.setVisible(on)
    )
    noneEnabled = computed(
        bool, lambda self: self._nodes.noneEnabled, lambda self, on: self._set_none_enabled(on)
    )
    editEnabled = computed(
        bool, lambda self: self._nodes.editEnabled, lambda self, on: setattr(self._nodes, "editEnabled", on)
    )
    selectNodeUponCreation = computed(
        bool,
        lambda self: self._nodes.selectNodeUponCreation,
        lambda self, on: setattr(self._nodes, "selectNodeUponCreation", on),
    )

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._segmentation, self._segment_id = None, ""
        self._nodes, self._segments = qMRMLNodeComboBox(self), QtWidgets.QComboBox(self)
        self._nodes.nodeTypes = ["vtkMRMLSegmentationNode"]
        self._message = QtWidgets.QLabel(self)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._nodes, self._message, self._segments):
            layout.addWidget(widget)
        self._nodes.connect("currentNodeChanged(vtkMRMLNode*)", self._node_chosen)
        self._segments.connect("currentIndexChanged(int)", self._segment_chosen)
        self._populate()

    def currentNode(self) -> Any:
        return self._nodes.currentNode()

    def setCurrentNode(self, node: Any) -> None:
        self._nodes.setCurrentNode(node)

    def currentNodeID(self) -> str:
        return self._nodes.currentNodeID

    def setCurrentNodeID(self, node_id: str) -> None:
        self._nodes.setCurrentNodeID(node_id)

    def currentSegmentID(self) -> str:
        """The chosen segment; after the segmentation is gone still the last one, as in Slicer."""
        return self._segment_id

    def setCurrentSegmentID(self, segment_id: str) -> None:
        """Choose a segment; unknown ones change nothing."""
        row = 0 if not segment_id and self.noneEnabled else self._segments.findData(segment_id)
        if row >= 0:
            self._segments.setCurrentIndex(row)

    def _follow_scene(self, scene: Any) -> None:
        super()._follow_scene(scene)
        self._nodes.setMRMLScene(scene)

    def _set_none_enabled(self, enabled: bool) -> None:
        self._nodes.noneEnabled = enabled
        self._populate()

    def _node_chosen(self, node: Any) -> None:
        if node is not self._segmentation:
            if self._segmentation is not None:
                self._unwatch(self._segmentation)
            self._segmentation = node
            for event in _CHANGES if node is not None else ():
                self._watch(node, event, self._populate)
            self._populate()
        self._nodeChanged.emit(node)
        self._nodePresent.emit(node is not None)

    def _populate(self) -> None:
        self._segments.clear()
        node = self._segmentation
        ids = node.GetSegmentation().GetSegmentIDs() if node is not None else ()
        self._message.setText(
            "No node is selected" if node is None else "" if ids else "No segments in segmentation"
        )
        self._message.setVisible(not ids)
        self._segments.setVisible(bool(ids))
        if not ids:
            return
        was_blocked = self._segments.blockSignals(True)
        if self.noneEnabled:
            self._segments.addItem("None", "")
        for segment_id in ids:
            self._segments.addItem(node.GetSegmentation().GetSegment(segment_id).GetName(), segment_id)
        self._segments.setCurrentIndex(-1)
        self._segments.blockSignals(was_blocked)
        self._segments.setCurrentIndex(1 if self.noneEnabled else 0)

    def _segment_chosen(self, row: int) -> None:
        if self._segmentation is not None:
            self._segment_id = self._segments.itemData(row) or ""
            self.currentSegmentChanged.emit(self._segment_id)
