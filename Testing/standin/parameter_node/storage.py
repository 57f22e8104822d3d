"""How values of each type are kept in a vtkMRMLScriptedModuleNode: as Slicer keeps them, so that scenes fit."""

from __future__ import annotations

import enum
import pathlib
import typing
from collections.abc import Callable
from typing import Any

import slicer

from standin.parameter_node.annotations import Validator, split_annotated
from standin.parameter_node.observed_list import ObservedList

_PATHS = (pathlib.Path, pathlib.PosixPath, pathlib.PurePath, pathlib.PurePosixPath)


class Storage:
    """One text parameter per value."""

    def __init__(self, kind: type, to_text: Callable[[Any], str], from_text: Callable[[str], Any]) -> None:
        self.kind, self._to_text, self._from_text = kind, to_text, from_text
        self.validators: list[Validator] = []

    def default(self) -> Any:
        return next(iter(self.kind)) if issubclass(self.kind, enum.Enum) else self.kind()

    def check(self, value: Any) -> None:
        """Raise TypeError or ValueError if the value cannot be kept."""
        accepted = (int, float) if self.kind is float else self.kind
        if value is None:
            raise ValueError("value must not be None")
        if not isinstance(value, accepted) or (isinstance(value, bool) and self.kind is not bool):
            raise TypeError(f"value must be a {self.kind.__name__}, is {value!r} ({type(value).__name__})")
        for validator in self.validators:
            validator.validate(value)

    def holds(self, node: Any, key: str) -> bool:
        return bool(node.HasParameter(key))

    def write(self, node: Any, key: str, value: Any) -> None:
        self.check(value)
        node.SetParameter(key, self._to_text(value))

    def read(self, node: Any, key: str) -> Any:
        return self._from_text(node.GetParameter(key))

    def remove(self, node: Any, key: str) -> None:
        node.UnsetParameter(key)


class NodeStorage(Storage):
    """A node reference; an empty parameter of the same name says that it was set, perhaps to None."""

    def __init__(self, kind: type) -> None:
        super().__init__(kind, str, str)

    def default(self) -> None:
        """No node."""

    def check(self, value: Any) -> None:
        if value is not None:
            super().check(value)

    def write(self, node: Any, key: str, value: Any) -> None:
        self.check(value)
        if value is not None and value.GetID() is None:
            raise ValueError(f"{value.GetName()} is in no scene: a parameter cannot refer to it")
        node.SetParameter(key, "")
        node.SetNodeReferenceID(key, None if value is None else value.GetID())

    def read(self, node: Any, key: str) -> Any:
        return node.GetNodeReference(key)

    def remove(self, node: Any, key: str) -> None:
        super().remove(node, key)
        node.RemoveNodeReferenceIDs(key)


class ListStorage(Storage):
    """`<name>_len`, and `<name>_0` and so on for the items."""

    def __init__(self, item: Storage) -> None:
        super().__init__(list, str, str)
        self._item = item

    def check(self, value: Any) -> None:
        for item in value:
            self._item.check(item)
        for validator in self.validators:
            validator.validate(value)

    def holds(self, node: Any, key: str) -> bool:
        return bool(node.HasParameter(f"{key}_len"))

    def write(self, node: Any, key: str, value: Any) -> None:
        items = list(value)
        self.check(items)
        with slicer.util.NodeModify(node):
            for index in range(len(items), self._length(node, key)):
                self._item.remove(node, f"{key}_{index}")
            for index, item in enumerate(items):
                self._item.write(node, f"{key}_{index}", item)
            node.SetParameter(f"{key}_len", str(len(items)))

    def read(self, node: Any, key: str) -> ObservedList:
        items = [self._item.read(node, f"{key}_{index}") for index in range(self._length(node, key))]
        return ObservedList(items, lambda changed: self.write(node, key, changed))

    def remove(self, node: Any, key: str) -> None:
        self.write(node, key, [])
        node.UnsetParameter(f"{key}_len")

    def _length(self, node: Any, key: str) -> int:
        return int(node.GetParameter(f"{key}_len")) if self.holds(node, key) else 0


def make_storage(annotation: Any) -> Storage:
    """Storage for an annotated type; TypeError for a type that the stand-in does not know."""
    kind, notes = split_annotated(annotation)
    storage = _storage_of(kind)
    storage.validators = [note for note in notes if isinstance(note, Validator)]
    return storage


def _storage_of(kind: Any) -> Storage:
    if kind in (int, float, str, *_PATHS):
        return Storage(kind, str, kind)
    if kind is bool:
        return Storage(bool, str, lambda text: text == "True")
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return Storage(kind, lambda value: value.name, lambda text: kind[text])
    if isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode):
        return NodeStorage(kind)
    if typing.get_origin(kind) is list:
        (item,) = typing.get_args(kind)
        return ListStorage(make_storage(item))
    raise TypeError(f"the stand-in has no parameters of type {kind}")
