"""The C++ objects behind a scripted module: what its python class gets as `parent`."""

import importlib
import sys
from typing import Any

import slicer
from PySide6 import QtCore, QtGui, QtWidgets

from standin import errors
from standin.properties import computed, stored


class qSlicerScriptedLoadableModuleWidget(QtWidgets.QWidget):
    """Holds the widgets that a module's <Name>Widget makes, and calls its methods.

    As in Slicer, an exception in `setup`, `enter` or `exit` does not reach the caller; it is collected.
    """

    slicer_class = "qSlicerScriptedLoadableModuleWidget"

    def __init__(self, module: "qSlicerScriptedLoadableModule") -> None:
        super().__init__()
        self._module, self._entered, self._instance = module, False, None
        self.setLayout(QtWidgets.QVBoxLayout())
        self._make_instance()

    isEntered = computed(bool, lambda self: self._entered)
    moduleName = computed(str, lambda self: self._module.name)

    def self(self) -> Any:
        """The module's <Name>Widget."""
        return self._instance

    def enter(self) -> None:
        self._entered = True
        errors.guard(self._instance.enter)()

    def exit(self) -> None:
        self._entered = False
        errors.guard(self._instance.exit)()

    def reload(self) -> None:
        """Make the panel again, from the module that is in `sys.modules` now."""
        self._make_instance()
        if self._entered:
            self.enter()

    def _make_instance(self) -> None:
        name = self._module.name + "Widget"
        cls = getattr(sys.modules[self._module.name], name)
        self._instance = cls(self)
        setattr(slicer.modules, name, self._instance)
        errors.guard(self._instance.setup)()


class qSlicerScriptedLoadableModule(QtCore.QObject):
    """`slicer.modules.<name>`; only its properties can be set."""

    slicer_class = "qSlicerScriptedLoadableModule"

    def __init__(self, name: str, path: str) -> None:
        super().__init__()
        self._name, self._path, self._representation = name, path, None
        self._logic = slicer.vtkMRMLAbstractLogic()
        self._logic.SetMRMLScene(slicer.mrmlScene)

    name = computed(str, lambda self: self._name)
    path = computed(str, lambda self: self._path)
    title = stored(str)
    helpText = stored(str)
    acknowledgementText = stored(str)
    categories = stored("QStringList")
    contributors = stored("QStringList")
    dependencies = stored("QStringList")
    associatedNodeTypes = stored("QStringList")
    hidden = stored(bool)
    index = stored(int, -1)
    icon = stored(QtGui.QIcon, QtGui.QIcon())

    def logic(self) -> Any:
        return self._logic

    def widgetRepresentation(self) -> qSlicerScriptedLoadableModuleWidget | None:
        """The one panel, made at the first call; None for a module without <Name>Widget."""
        if self._representation is None and self._has_widget():
            self._representation = self.createNewWidgetRepresentation()
        return self._representation

    def createNewWidgetRepresentation(self) -> qSlicerScriptedLoadableModuleWidget:
        return qSlicerScriptedLoadableModuleWidget(self)

    def _has_widget(self) -> bool:
        return hasattr(importlib.import_module(self._name), self._name + "Widget")
