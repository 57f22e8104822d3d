"""The list that a list parameter reads as: what is changed in it is changed in the node."""

from collections.abc import Callable, Iterable, MutableSequence
from typing import Any


class ObservedList(MutableSequence):
    """Items that are written back after every change; on a refused value they stay as they were."""

    def __init__(self, items: list, save: Callable[[list], None]) -> None:
        self._items, self._save = items, save

    def _replace(self, items: Iterable[Any]) -> None:
        changed = list(items)
        self._save(changed)
        self._items = changed

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int | slice) -> Any:
        return self._items[index]

    def __setitem__(self, index: int | slice, value: Any) -> None:
        changed = self._items[:]
        changed[index] = value
        self._replace(changed)

    def __delitem__(self, index: int | slice) -> None:
        changed = self._items[:]
        del changed[index]
        self._replace(changed)

    def insert(self, index: int, value: Any) -> None:
        self._replace([*self._items[:index], value, *self._items[index:]])

    def __eq__(self, other: object) -> bool:
        return self._items == (other._items if isinstance(other, ObservedList) else other)

    __hash__ = None

    def __repr__(self) -> str:
        return f"ObservedList({self._items})"
