"""PythonQt's view of Qt objects, put over PySide6.

In Slicer, Qt comes through PythonQt. It differs from PySide6 in ways that matter to every module:

1. Qt properties are attributes (`checkBox.checked`), and `name` is `objectName`.
2. `connect('clicked(bool)', function)` and `disconnect`, by signature; see `standin.signals`.
3. Attributes that a C++ object does not have cannot be set on it.
4. Numbers, not texts or numpy scalars, go into number properties; lists of text come back as tuples.
5. `className()` and `delete()`.

`install` replaces attribute access on every Qt class, so that objects which C++ made behave alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import shiboken6
from PySide6 import QtCore, QtGui, QtNetwork, QtTest, QtUiTools, QtWidgets

from standin import plain_access, signals
from standin.plain_access import READ_BY_CLASS
from standin.properties import QtProperty

QT_MODULES = (QtWidgets, QtGui, QtCore, QtUiTools, QtNetwork, QtTest)
_NUMBERS = ("bool", "int", "uint", "double", "float", "qlonglong", "qulonglong")
_VIRTUAL = (
    "sizeHint",
    "minimumSizeHint",
    "spacing",
)  # properties whose getter Qt calls as a virtual method, by name
_being_read: set[tuple[int, str]] = set()
_loading_ui: list[bool] = []  # not empty while a .ui file is loaded


def install() -> None:
    """Give every Qt class the semantics above. Calling it twice is once."""
    if READ_BY_CLASS:
        return
    for module in QT_MODULES:
        for cls in [getattr(module, name) for name in dir(module)]:  # dir: PySide6 makes classes on demand
            if isinstance(cls, type) and issubclass(cls, QtCore.QObject):
                READ_BY_CLASS[cls] = cls.__getattribute__
    for cls in READ_BY_CLASS:
        cls.__getattribute__ = _read
        cls.__setattr__ = _write


@contextmanager
def loading_ui() -> Iterator[None]:
    """PySide6 makes the named widgets of a .ui file attributes of the top one; PythonQt does not."""
    _loading_ui.append(True)
    try:
        yield
    finally:
        _loading_ui.pop()


def override(obj: QtCore.QObject, name: str, method: Callable) -> None:
    """Make `method` the getter of a property that C++ has as a virtual method, such as `sizeHint`."""
    obj.__dict__[name] = method  # where PySide6 looks first


def class_name(obj: QtCore.QObject) -> str:
    """Name of the class in C++, which a stand-in may give as `slicer_class`."""
    return vars(type(obj)).get("slicer_class", type(obj).__name__)


@cache
def property_types(cls: type) -> dict[str, QtCore.QMetaProperty]:
    """The Qt properties of a class, less those that a python subclass of a module has redefined."""
    meta = cls.staticMetaObject
    found = {meta.property(index).name(): meta.property(index) for index in range(meta.propertyCount())}
    for base in cls.__mro__:
        if is_cpp_class(base):
            break
        for name, value in vars(base).items():
            if not isinstance(value, QtProperty):
                found.pop(name, None)
    return found


@cache
def is_cpp_class(cls: type) -> bool:
    """Whether a class is C++ in Slicer: one of Qt, or a stand-in for one."""
    return cls.__module__.split(".")[0] in ("PySide6", "standin", "Shiboken")


@cache
def _python_property(cls: type, name: str) -> QtProperty | None:
    value = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
    return value if isinstance(value, QtProperty) else None


def _read(self: QtCore.QObject, name: str) -> Any:
    cls = type(self)
    plain = partial(plain_access.read, self)
    if name[0] == "_":
        return plain(name)
    if name == "exec_":  # the name from python 2, which slicer.util uses and PySide6 warns of
        return plain("exec")
    name = "objectName" if name == "name" and "name" not in property_types(cls) else name
    if name in property_types(cls):
        return _read_virtual(self, name) if name in _VIRTUAL else _read_property(self, name)
    if name in _OWN:
        return partial(_OWN[name], self)
    if name in signals.signal_names(cls):
        return signals.BoundSignal(self, signals.signal_names(cls)[name])
    try:
        return plain(name)
    except AttributeError:
        if name.encode() in plain("dynamicPropertyNames")():
            return plain("property")(name)
        raise AttributeError(f"{class_name(self)} has no attribute named {name!r}") from None


def _read_property(self: QtCore.QObject, name: str) -> Any:
    defined = _python_property(type(self), name)
    value = defined.fget(self) if defined else plain_access.read(self, "property")(name)
    return tuple(value) if isinstance(value, list) else value


def _read_virtual(self: QtCore.QObject, name: str) -> Any:
    """The value; or the method where PySide6, on its way to that value, looks whether python overrides it."""
    key = (id(self), name)
    if key in _being_read:
        return plain_access.read(self, name)
    _being_read.add(key)
    try:
        return _read_property(self, name)
    finally:
        _being_read.discard(key)


def _write(self: QtCore.QObject, name: str, value: Any) -> None:
    cls = type(self)
    if _loading_ui and isinstance(value, QtCore.QObject) and value.objectName == name:
        return
    if isinstance(value, QtCore.SignalInstance):  # PySide6 itself keeps it with a widget that a .ui file made
        plain_access.read(self, "__dict__")[name] = value
        return
    name = "objectName" if name == "name" and "name" not in property_types(cls) else name
    if name in property_types(cls):
        _write_property(self, name, value)
    elif not is_cpp_class(cls) or (name[0] == "_" and cls.__module__.split(".")[0] == "standin"):
        attribute = getattr(cls, name, None)
        if hasattr(type(attribute), "__set__"):
            type(attribute).__set__(attribute, self, value)
        else:
            plain_access.read(self, "__dict__")[name] = value
    elif name.encode() in plain_access.read(self, "dynamicPropertyNames")():
        plain_access.read(self, "setProperty")(name, value)
    else:
        what = "cannot be overwritten" if hasattr(cls, name) else "does not exist"
        raise AttributeError(f"{name!r} {what} on {class_name(self)}: it is a C++ object")


def _write_property(self: QtCore.QObject, name: str, value: Any) -> None:
    meta, defined = property_types(type(self))[name], _python_property(type(self), name)
    if not meta.isWritable():
        raise AttributeError(f"property {name!r} of {class_name(self)} is not writable")
    value = _converted(meta, value)
    refused = f"property {name!r} of {class_name(self)}, a {meta.typeName()}, does not accept {value!r}"
    if meta.typeName() in _NUMBERS and not isinstance(value, int | float):
        raise AttributeError(refused)
    if defined:
        defined.fset(self, value)
    elif not plain_access.read(self, "setProperty")(name, value):
        raise AttributeError(refused)


def _converted(meta: QtCore.QMetaProperty, value: Any) -> Any:
    """The value as PythonQt hands it to Qt."""
    if meta.typeName() == "QString":
        return str(value)
    if isinstance(value, int | float) and not meta.isEnumType():
        kinds = {"bool": bool, "int": int, "double": float, "float": float}
        return kinds.get(meta.typeName(), lambda same: same)(value)
    return list(value) if isinstance(value, tuple) else value


def _inherits(self: QtCore.QObject, name: str) -> bool:
    return any(vars(base).get("slicer_class", base.__name__) == name for base in type(self).__mro__)


_OWN = {
    "connect": signals.connect,
    "disconnect": signals.disconnect,
    "className": class_name,
    "inherits": _inherits,
    "delete": shiboken6.delete,
}
