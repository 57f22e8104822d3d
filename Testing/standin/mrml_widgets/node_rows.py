"""The rows of a node combo box: none, nodes, a line, actions."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6 import QtWidgets


class NodeRows:
    """Writes the rows into a QComboBox and knows what each of them stands for."""

    def __init__(self, box: QtWidgets.QComboBox) -> None:
        self._box = box
        self._nodes: list[Any] = []
        self._actions: dict[int, Callable[[], Any]] = {}
        self._shown: list[tuple[str, str]] = []
        self._has_none = False

    def fill(
        self, nodes: Sequence[Any], none_text: str | None, actions: list[tuple[str, Callable[[], Any]]]
    ) -> None:
        """Replace all rows; nothing is selected afterwards."""
        self._nodes, self._shown, self._has_none = list(nodes), _labels(nodes), none_text is not None
        self._box.clear()
        if none_text is not None:
            self._box.addItem(none_text)
        self._box.addItems([name for _, name in self._shown])
        if actions:
            self._box.insertSeparator(self._box.count)
        self._actions = {}
        for text, act in actions:
            self._actions[self._box.count] = act
            self._box.addItem(text)
        self._box.setCurrentIndex(-1)

    def show(self, nodes: Sequence[Any]) -> bool:
        """Whether the rows are those of these nodes, with their present names."""
        return _labels(nodes) == self._shown

    def select(self, node: Any) -> None:
        if node is not None:
            self._box.setCurrentIndex(self._nodes.index(node) + self._has_none)
        else:
            self._box.setCurrentIndex(0 if self._has_none else -1)

    def node(self, row: int) -> Any:
        """The node of a row, None for the row "None"."""
        index = row - self._has_none
        return self._nodes[index] if 0 <= index < len(self._nodes) else None

    def action(self, row: int) -> Callable[[], Any] | None:
        return self._actions.get(row)


def _labels(nodes: Sequence[Any]) -> list[tuple[str, str]]:
    return [(node.GetID(), node.GetName() or "") for node in nodes]
