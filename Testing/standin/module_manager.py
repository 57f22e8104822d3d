"""`slicer.app.moduleManager()`: the modules that `slicer.modules` holds."""

from typing import Any

import slicer
from PySide6 import QtCore

from headless_slicer import MODULE_LOGICS

_BUILT_IN = {attribute: name for attribute, _, name in MODULE_LOGICS}


class qSlicerModuleFactoryManager(QtCore.QObject):
    """Names of modules; nothing is found on disk here, `standin.module_loader` loads by path."""

    slicer_class = "qSlicerModuleFactoryManager"

    def loadedModuleNames(self) -> tuple[str, ...]:
        return tuple(sorted(_modules()))

    def isLoaded(self, name: str) -> bool:
        return name in _modules()


class qSlicerModuleManager(QtCore.QObject):
    """Finds modules by name."""

    slicer_class = "qSlicerModuleManager"
    moduleLoaded = QtCore.Signal(str)
    moduleAboutToBeUnloaded = QtCore.Signal(str)

    def __init__(self, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._factory = qSlicerModuleFactoryManager(self)

    def factoryManager(self) -> qSlicerModuleFactoryManager:
        return self._factory

    def modulesNames(self) -> tuple[str, ...]:
        return self._factory.loadedModuleNames()

    def module(self, name: str) -> Any:
        return _modules().get(name)


def _modules() -> dict[str, Any]:
    """Name -> module; attributes of `slicer.modules` that are not in lower case are panels and the like."""
    found = {key: module for key, module in vars(slicer.modules).items() if key == key.lower()}
    return {_BUILT_IN.get(key, module.name): module for key, module in found.items()}
