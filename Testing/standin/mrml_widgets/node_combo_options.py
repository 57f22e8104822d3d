"""What a node combo box offers: its properties and the attributes that nodes must have."""

from typing import Any

from PySide6 import QtGui, QtWidgets

from standin.mrml_widgets.node_filter import NodeFilter
from standin.properties import computed, stored
from standin.scene_widget import SceneHolder


class NodeComboOptions(SceneHolder, QtWidgets.QWidget):
    """Base of qMRMLNodeComboBox; every change of an option calls `_refresh`."""

    addEnabled = stored(bool, True, changed="_refresh")
    removeEnabled = stored(bool, True, changed="_refresh")
    editEnabled = stored(bool, False, changed="_refresh")
    renameEnabled = stored(bool, False, changed="_refresh")
    noneEnabled = stored(bool, False, changed="_refresh")
    noneDisplay = stored(str, "None", changed="_refresh")
    selectNodeUponCreation = stored(bool, True)
    baseName = stored(str)
    nodeTypes = computed(
        "QStringList", lambda self: list(self._filter.types), lambda self, names: self._narrow(types=names)
    )
    hideChildNodeTypes = computed(
        "QStringList", lambda self: list(self._filter.hidden), lambda self, names: self._narrow(hidden=names)
    )
    showChildNodeTypes = computed(
        bool, lambda self: self._filter.children, lambda self, on: self._narrow(children=on)
    )
    showHidden = computed(
        bool, lambda self: self._filter.show_hidden, lambda self, on: self._narrow(show_hidden=on)
    )

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._filter = NodeFilter()
        self._type_labels: dict[str, str] = {}
        self._menu: list[QtGui.QAction] = []

    def addAttribute(self, node_type: str, name: str, value: str | None = None) -> None:
        self._filter.require(node_type, name, value)
        self._refresh()

    def removeAttribute(self, node_type: str, name: str) -> None:
        self._filter.forget(node_type, name)
        self._refresh()

    def nodeTypeLabel(self, node_type: str) -> str:
        label = self._type_labels.get(node_type)
        if label is None and self.mrmlScene():
            label = self.mrmlScene().GetTypeDisplayNameByClassName(node_type)
        return label or "node"

    def setNodeTypeLabel(self, label: str, node_type: str) -> None:
        self._type_labels[node_type] = label
        self._refresh()

    def addMenuAction(self, action: QtGui.QAction) -> None:
        self._menu.append(action)
        self._refresh()

    def _narrow(self, **changes: Any) -> None:
        self._filter.change(**changes)
        self._refresh()

    def _refresh(self) -> None:
        """For the subclass: write the rows anew."""
