"""`@parameterNodeWrapper`: typed attributes over the text parameters of a vtkMRMLScriptedModuleNode."""

from __future__ import annotations

import typing
import weakref
from dataclasses import dataclass
from typing import Any

import slicer
import vtk

from standin.parameter_node.annotations import Default, Validator, first, split_annotated
from standin.parameter_node.gui_binding import GuiBinding, widgets_by_parameter
from standin.parameter_node.storage import Storage, make_storage

_OF_EVERY_CLASS = ("__module__", "__doc__", "__dict__", "__weakref__", "__annotations__")


@dataclass
class Parameter:
    """What the class says about one attribute."""

    name: str
    annotation: Any
    storage: Storage
    default: Default


class WrapperMethods:
    """What a wrapped class offers besides its parameters, under the names of Slicer.

    Attributes that are neither parameters nor private cannot be set: in Slicer a misspelt one would be kept
    and never be saved.
    """

    allParameters: typing.ClassVar[dict[str, Parameter]]

    def __init__(self, parameterNode: Any, prefix: str | None = None) -> None:
        self.parameterNode, self._prefix = parameterNode, prefix or ""
        self._values: dict[str, Any] = {}
        self._guis: dict[int, GuiBinding] = {}
        self._next_tag = 0
        self._writing = ""
        for name in self.allParameters:
            self._refresh(name)
        for name in self.allParameters:  # one observer each, like Slicer: their order is that of VTK
            self._follow(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or name in self.allParameters or name == "parameterNode":
            object.__setattr__(self, name, value)
        else:
            raise AttributeError(f"{type(self).__name__} has no parameter {name!r}")

    def getValue(self, paramName: str) -> Any:
        self._parameter(paramName)
        return self._values[paramName]

    def setValue(self, paramName: str, value: Any) -> None:
        """Raises TypeError or ValueError, and changes nothing, if the value does not fit."""
        self._parameter(paramName)
        before, self._writing = self._writing, paramName
        try:
            with slicer.util.NodeModify(self.parameterNode):  # observers see the new value already
                self._store(paramName, value)
                self._read(paramName)
        finally:
            self._writing = before

    def default(self, paramName: str) -> Default:
        return self._parameter(paramName).default

    def isCached(self, paramName: str) -> bool:
        self._parameter(paramName)
        return True

    @classmethod
    def dataType(cls, membername: str) -> Any:
        return cls._parameter(membername).annotation

    def connectGui(self, gui: Any) -> int:
        """Connect the widgets that name a parameter in their property SlicerParameterName."""
        return self.connectParametersToGui(widgets_by_parameter(gui))

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        """Connect parameter -> widget; the tag is for `disconnectGui`."""
        for name in mapping:
            self._parameter(name)
        self._next_tag += 1
        self._guis[self._next_tag] = GuiBinding(self, mapping)
        return self._next_tag

    def disconnectGui(self, guiTag: int) -> None:
        if guiTag in self._guis:
            self._guis.pop(guiTag).close()

    def StartModify(self) -> int:
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified: int) -> int:
        return self.parameterNode.EndModify(wasModified)

    def Modified(self) -> None:
        self.parameterNode.Modified()

    def AddObserver(self, event: Any, callback: Any, priority: float = 0.0) -> int:
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)

    @classmethod
    def _parameter(cls, name: str) -> Parameter:
        if name not in cls.allParameters:
            raise ValueError(f"{cls.__name__} has no parameter {name!r}, only {list(cls.allParameters)}")
        return cls.allParameters[name]

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def _store(self, name: str, value: Any) -> None:
        self.allParameters[name].storage.write(self.parameterNode, self._key(name), value)

    def _read(self, name: str) -> None:
        self._values[name] = self.allParameters[name].storage.read(self.parameterNode, self._key(name))

    def _refresh(self, name: str) -> None:
        """Read again; a node that was just made or loaded may lack the parameter, it gets the default then."""
        parameter = self.allParameters[name]
        if not parameter.storage.holds(self.parameterNode, self._key(name)):
            self._store(name, parameter.default.value)
        self._read(name)

    def _follow(self, name: str) -> None:
        """Refresh whenever somebody else changes the node, as long as this wrapper is in use."""
        this = weakref.ref(self)

        def on_modified(caller: Any, event: str) -> None:
            wrapper = this()
            if wrapper is not None and wrapper._writing != name:
                wrapper._refresh(name)

        tag = self.parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, on_modified)
        weakref.finalize(self, self.parameterNode.RemoveObserver, tag)


def parameterNodeWrapper(classtype: type | None = None) -> Any:
    """Class decorator; the annotated attributes become parameters."""
    return _wrap if classtype is None else _wrap(classtype)


def _wrap(cls: type) -> type:
    hints = typing.get_type_hints(cls, include_extras=True)
    parameters = {name: _make_parameter(cls, name, annotation) for name, annotation in hints.items()}
    methods = {name: method for name, method in vars(WrapperMethods).items() if name not in _OF_EVERY_CLASS}
    reserved = [name for name in methods if name in parameters or name in vars(cls)]
    if reserved:
        raise ValueError(f"a class for parameters may not define {reserved}")
    for name in parameters:
        setattr(cls, name, _make_property(name))
    for name, method in methods.items():
        setattr(cls, name, method)
    cls.allParameters, cls._is_parameter_node_wrapper = parameters, True
    return cls


def _make_parameter(cls: type, name: str, annotation: Any) -> Parameter:
    storage, notes = make_storage(annotation), split_annotated(annotation)[1]
    unknown = [note for note in notes if isinstance(note, type) and issubclass(note, Validator)]
    if unknown:
        raise TypeError(f"{name} of {cls.__name__}: {unknown[0].__name__} needs its arguments")
    stated = Default(getattr(cls, name)) if hasattr(cls, name) else first(notes, Default)
    return Parameter(name, annotation, storage, stated or Default(storage.default()))


def _make_property(name: str) -> property:
    return property(lambda self: self.getValue(name), lambda self, value: self.setValue(name, value))


def isParameterNodeWrapper(classOrObj: Any) -> bool:
    """Whether it is a wrapped class, or an object of one."""
    return getattr(classOrObj, "_is_parameter_node_wrapper", False)
