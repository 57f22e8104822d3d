"""`qt.QUiLoader` that knows the ctk, qMRML and qSlicer widgets, and that accepts no mistake.

Qt turns an unknown property of a .ui file into a dynamic one and drops a connection that it cannot make.
Here both raise `UiFileError`, as do unknown classes.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

from PySide6 import QtCore, QtUiTools, QtWidgets

from standin import pythonqt, signals

WIDGETS: dict[str, type] = {}  # class in a .ui file -> stand-in; filled by the packages of widgets
_LINE = "Line"  # what Qt Designer calls a QFrame between parts, with an orientation


class UiFileError(RuntimeError):
    """The .ui file names something that does not exist."""


def register(name: str, cls: type) -> type:
    """Use `cls` for widgets of class `name` in .ui files; returns `cls`."""
    if not issubclass(cls, QtWidgets.QWidget):
        raise ValueError(f"{name} in a .ui file must be a QWidget, {cls.__name__} is none")
    WIDGETS[name] = cls
    return cls


class QUiLoader(QtUiTools.QUiLoader):
    """The class that modules and `slicer.util.loadUI` see as `qt.QUiLoader`."""

    def createWidget(self, class_name: str, parent: QtWidgets.QWidget | None = None, name: str = ""):
        """Called by Qt for every widget of the file."""
        if class_name not in WIDGETS:
            return super().createWidget(class_name, parent, name)
        try:
            widget = WIDGETS[class_name](parent)
        except Exception as error:  # noqa: BLE001 (it would end in C++; `load` raises it)
            self._failure = error
            return None
        widget.objectName = name
        return widget

    def load(self, device: QtCore.QIODevice, parent: QtWidgets.QWidget | None = None) -> QtWidgets.QWidget:
        """The file's top widget, its connections made; raises UiFileError."""
        root = ElementTree.fromstring(bytes(device.readAll()))
        device.close()
        connections = root.find("connections")
        if connections is not None:
            root.remove(connections)
        by_hand = list(_checked_properties(root))
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(root))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        self._failure = None
        with pythonqt.loading_ui():
            top = super().load(buffer, parent)
        if self._failure is not None:
            raise UiFileError(f"a widget could not be made: {self._failure!r}") from self._failure
        for name, key, value in by_hand:
            setattr(_object(top, name), key, value)
        for connection in () if connections is None else connections:
            _connect(top, *(connection.findtext(k) for k in ("sender", "signal", "receiver", "slot")))
        return top


def _checked_properties(root: ElementTree.Element) -> Iterator[tuple[str, str, int]]:
    """Check classes and properties; take out the enumerations of stand-ins, which Qt does not know.

    Yields widget, property and value of those.
    """
    for element in root.iter("widget"):
        class_name, name = element.get("class"), element.get("name")
        qt_name = "QFrame" if class_name == _LINE else class_name
        cls = WIDGETS.get(class_name, getattr(QtWidgets, qt_name, None))
        if cls is None:
            raise UiFileError(f"unknown widget class {class_name} ({name})")
        known = pythonqt.property_types(cls)
        for found in element.findall("property"):
            key = found.get("name")
            if (
                key not in known
                and found.get("stdset") != "0"
                and (class_name, key) != (_LINE, "orientation")
            ):
                raise UiFileError(f"{class_name} ({name}) has no property {key!r}")
            if found[0].tag in ("enum", "set") and class_name in WIDGETS and not known[key].isEnumType():
                element.remove(found)
                yield name, key, _enumeration(cls, found[0].text)


def _enumeration(cls: type, text: str) -> int:
    value = 0
    for name in text.split("|"):
        try:
            value |= int(getattr(cls, name.split("::")[-1]))
        except AttributeError:
            raise UiFileError(f"{cls.__name__} has no {name}") from None
    return value


def _object(top: QtWidgets.QWidget, name: str) -> QtCore.QObject:
    found = top if top.objectName == name else top.findChild(QtCore.QObject, name)
    if found is None:
        raise UiFileError(f"there is no object {name!r} to connect or set")
    return found


def _connect(top: QtWidgets.QWidget, sender: str, signal: str, receiver: str, slot: str) -> None:
    target = _object(top, receiver)
    if not callable(getattr(target, slot.split("(")[0], None)):
        raise UiFileError(f"{target.className()} ({receiver}) has no slot {slot}")
    if slot.count(",") > signal.count(",") or (slot.endswith("()") < signal.endswith("()")):
        raise UiFileError(f"{signal} does not carry what {slot} takes")
    signals.connect(_object(top, sender), signal, target, slot)
