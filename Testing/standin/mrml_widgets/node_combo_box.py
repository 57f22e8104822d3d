"""qMRMLNodeComboBox: the nodes of a scene, filtered by class and attribute, to choose one from."""

from functools import partial
from typing import Any, ClassVar

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from standin.mrml_widgets.node_combo_options import NodeComboOptions
from standin.mrml_widgets.node_rows import NodeRows
from standin.properties import computed


class qMRMLNodeComboBox(NodeComboOptions):
    """Rows are: "None" if enabled, one per node in scene order, then what can be done."""

    slicer_class = "qMRMLNodeComboBox"
    slicer_signals: ClassVar = {
        "currentNodeChanged(vtkMRMLNode*)": "_nodeChanged",
        "currentNodeChanged(bool)": "_nodePresent",
        "nodeActivated(vtkMRMLNode*)": "_activated",
        "nodeAdded(vtkMRMLNode*)": "_added",
        "nodeAddedByUser(vtkMRMLNode*)": "_addedByUser",
        "nodeAddedByUserAction(vtkMRMLNode*)": "_addedByAction",
        "nodeAboutToBeRemoved(vtkMRMLNode*)": "_removed",
        "nodeAboutToBeEdited(vtkMRMLNode*)": "_edited",
    }
    _nodeChanged, _nodePresent = QtCore.Signal(object), QtCore.Signal(bool)
    _activated, _added, _removed = QtCore.Signal(object), QtCore.Signal(object), QtCore.Signal(object)
    _addedByUser, _addedByAction = QtCore.Signal(object), QtCore.Signal(object)
    _edited = QtCore.Signal(object)
    currentNodeIDChanged, currentNodeRenamed = QtCore.Signal(str), QtCore.Signal(str)

    currentNodeID = computed(
        str,
        lambda self: self._current.GetID() if self._current else "",
        lambda self, i: self.setCurrentNodeID(i),
    )

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._current = self._requested = None
        box = QtWidgets.QComboBox(self)
        box.connect("activated(int)", self._chosen)
        self._rows = NodeRows(box)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(box)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setEnabled(False)

    # nodes

    def currentNode(self) -> Any:
        return self._current

    def setCurrentNode(self, node: Any) -> None:
        """Choose a node; one that the box does not offer becomes none."""
        if not (node is None or isinstance(node, slicer.vtkMRMLNode)):
            raise ValueError(f"setCurrentNode takes a node or None, not {node!r}")
        if self.mrmlScene() is None:
            self._requested = node
        nodes = self._nodes()
        if not self._rows.show(nodes):
            self._fill(nodes)
        self._select(node if node in nodes else None)

    def setCurrentNodeID(self, node_id: str) -> None:
        scene = self.mrmlScene()
        self.setCurrentNode(scene.GetNodeByID(node_id) if scene and node_id else None)

    def setCurrentNodeIndex(self, index: int) -> None:
        nodes = self._nodes()
        self.setCurrentNode(nodes[index] if 0 <= index < len(nodes) else None)

    def nodeCount(self) -> int:
        return len(self._nodes())

    def nodeFromIndex(self, index: int) -> Any:
        nodes = self._nodes()
        return nodes[index] if 0 <= index < len(nodes) else None

    def addNode(self, node_type: str | None = None) -> Any:
        """Add a node of the given or first type to the scene, as "Create new ..." does."""
        if not self._filter.types or (node_type or self._filter.types[0]) not in self._filter.types:
            return None
        kind = node_type or self._filter.types[0]
        node = self.mrmlScene().CreateNodeByClass(kind)
        node.UnRegister(None)
        name = self.baseName or node.GetNodeTagName()
        node.SetName(self.mrmlScene().GenerateUniqueName(name))
        for name, value in self._filter.attributes_of(kind):
            node.SetAttribute(name, value or "")
        node = self.mrmlScene().AddNode(node)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self._addedByUser.emit(node)
        return node

    def removeCurrentNode(self) -> None:
        self.mrmlScene().RemoveNode(self._current)

    def renameCurrentNode(self) -> None:
        if self._current is None:
            return
        name, accepted = QtWidgets.QInputDialog.getText(
            self, "Rename", "New name:", text=self._current.GetName()
        )
        if accepted and name:
            self._current.SetName(name)
            self.currentNodeRenamed.emit(name)

    def editCurrentNode(self) -> None:
        self._edited.emit(self._current)

    # following the scene

    def _follow_scene(self, scene: Any) -> None:
        self._unwatch()
        if scene is not None:
            self._watch_node(scene, slicer.vtkMRMLScene.NodeAddedEvent, self._node_added)
            self._watch_node(scene, slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, self._node_leaves)
            for node in slicer.util.getNodesByClass("vtkMRMLNode", scene):
                self._watch_name(node)
        self._fill(self._nodes())
        self.setEnabled(scene is not None)
        requested, self._requested = self._requested, None
        if requested is not None:
            self.setCurrentNode(requested)

    def _watch_name(self, node: Any) -> None:
        if self._filter.matches_class(node):
            self._unwatch(node)
            self._watch(node, vtk.vtkCommand.ModifiedEvent, self._node_modified)

    def _node_added(self, node: Any) -> None:
        self._watch_name(node)
        if self._filter.accepts(node):
            self._fill(self._nodes())
            self._added.emit(node)

    def _node_leaves(self, node: Any) -> None:
        """A node that goes is followed by the next one, else by the last, as Qt does with removed rows."""
        self._unwatch(node)
        if not self._filter.accepts(node):
            return
        nodes = self._nodes()
        self._removed.emit(node)
        row, left = nodes.index(node), [other for other in nodes if other is not node]
        if node is self._current:
            follower = left[min(row, len(left) - 1)] if left else None
            self._fill(left, follower)
        else:
            self._fill(left)

    def _node_modified(self) -> None:
        """Only names and visibility matter; images and points change all the time."""
        nodes = self._nodes()
        if not self._rows.show(nodes):
            self._fill(nodes)

    def _nodes(self) -> list:
        scene = self.mrmlScene()
        if scene is None:
            return []
        return [
            node for node in slicer.util.getNodesByClass("vtkMRMLNode", scene) if self._filter.accepts(node)
        ]

    def _refresh(self) -> None:
        if self.mrmlScene() is not None:
            self._fill(self._nodes())

    # rows

    def _fill(self, nodes: list, current: Any = None) -> None:
        """Write the rows anew; without `current` the choice stays, or becomes the first node if it must."""
        chosen = current or (self._current if self._current in nodes else None)
        if chosen is None and nodes and not self.noneEnabled:
            chosen = nodes[0]
        self._rows.fill(nodes, self.noneDisplay if self.noneEnabled else None, self._actions())
        self._select(chosen)

    def _actions(self) -> list[tuple[str, Any]]:
        types = self._filter.types
        label = self.nodeTypeLabel(types[0]) if len(types) == 1 else "node"
        offered = (
            (self.renameEnabled, f"Rename current {label}", self.renameCurrentNode),
            (self.editEnabled, f"Edit current {label}", self.editCurrentNode),
            *(
                (self.addEnabled, f"Create new {self.nodeTypeLabel(kind)}", partial(self._create, kind))
                for kind in types
            ),
            (self.removeEnabled, f"Delete current {label}", self.removeCurrentNode),
            *((True, action.text, action.trigger) for action in self._menu),
        )
        return [(text, act) for enabled, text, act in offered if enabled]

    def _create(self, node_type: str) -> None:
        node = self.addNode(node_type)
        self.setCurrentNode(node)
        self._addedByAction.emit(node)

    def _select(self, node: Any) -> None:
        self._rows.select(node)
        if node is self._current:
            return
        self._current = node
        self._nodeChanged.emit(node)
        self._nodePresent.emit(node is not None)
        self.currentNodeIDChanged.emit(node.GetID() if node is not None else "")

    def _chosen(self, row: int) -> None:
        """The user clicked a row; one with an action cannot become current."""
        action = self._rows.action(row)
        if action is not None:
            self._rows.select(self._current)
            action()
        else:
            self._select(self._rows.node(row))
            self._activated.emit(self._current)
