"""Which nodes a node combo box offers."""

from typing import Any


class NodeFilter:
    """Classes, attributes and visibility that a node needs to be offered."""

    def __init__(self) -> None:
        self.types: tuple[str, ...] = ()
        self.hidden: tuple[str, ...] = ()
        self.children, self.show_hidden = True, False
        self._attributes: dict[str, dict[str, str | None]] = {}

    def change(self, **changes: Any) -> None:
        """Set `types`, `hidden` (classes left out), `children` (also derived classes) or `show_hidden`."""
        for field, value in changes.items():
            setattr(self, field, tuple(filter(None, value)) if field in ("types", "hidden") else value)

    def require(self, node_type: str, name: str, value: str | None) -> None:
        """Nodes of a class must have an attribute, with a value unless it is None."""
        self._attributes.setdefault(node_type, {})[name] = None if value is None else str(value)

    def forget(self, node_type: str, name: str) -> None:
        self._attributes.get(node_type, {}).pop(name, None)

    def attributes_of(self, node_type: str) -> list[tuple[str, str | None]]:
        return list(self._attributes.get(node_type, {}).items())

    def matches_class(self, node: Any) -> bool:
        if any(node.IsA(name) for name in self.hidden):
            return False
        return any(self._is_a(node, name) for name in self.types)

    def accepts(self, node: Any) -> bool:
        if not self.matches_class(node) or (node.GetHideFromEditors() and not self.show_hidden):
            return False
        return all(
            self._has(node, name, value)
            for node_type, wanted in self._attributes.items()
            if self._is_a(node, node_type)
            for name, value in wanted.items()
        )

    def _is_a(self, node: Any, node_type: str) -> bool:
        return bool(node.IsA(node_type)) if self.children else node.GetClassName() == node_type

    @staticmethod
    def _has(node: Any, name: str, value: str | None) -> bool:
        present = node.GetAttribute(name)
        return present is not None and value in (None, present)
