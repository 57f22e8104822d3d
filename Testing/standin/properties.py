"""Qt properties of stand-in widgets: real ones, so that .ui files and `property()` reach them too."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Property, QObject

_EMPTY = {bool: False, int: 0, float: 0.0, str: "", "QStringList": ()}


class QtProperty(Property):
    """A Qt property defined in python; attribute access calls its functions directly."""


def computed(
    kind: type | str, read: Callable[[Any], Any], write: Callable[[Any, Any], None] | None = None
) -> QtProperty:
    """Property of Qt type `kind` ("QStringList" for lists of text), read and written through functions."""
    return QtProperty(kind, read, write) if write else QtProperty(kind, read)


def stored(kind: type | str, default: Any = None, *, notify: str = "", changed: str = "") -> QtProperty:
    """Property kept in the widget.

    Args:
        kind: Qt type, as for `computed`.
        default: first value; the empty value of `kind` if None.
        notify: name of the signal that is emitted with a new value.
        changed: name of the method that is called, without arguments, before that.
    """
    first = _EMPTY.get(kind) if default is None else default
    values: dict[str, str] = {}  # the attribute's name, once known

    def key(self: QObject) -> str:
        if not values:
            owner = next(c for c in type(self).__mro__ if made in vars(c).values())
            values["key"] = "_value_of_" + next(name for name, v in vars(owner).items() if v is made)
        return values["key"]

    def read(self: QObject) -> Any:
        return self.__dict__.get(key(self), first)

    def write(self: QObject, value: Any) -> None:
        if read(self) == value:
            return
        self.__dict__[key(self)] = value
        if changed:
            getattr(self, changed)()
        if notify:
            getattr(self, notify).emit(value)

    made = QtProperty(kind, read, write)
    return made


def setter(name: str) -> Callable[[Any, Any], None]:
    """Slot that sets the property `name`: for the `set...` slots that the real class has."""

    def set_property(self: QObject, value: Any) -> None:
        setattr(self, name, value)

    set_property.__name__ = "set" + name[:1].upper() + name[1:]
    return set_property
