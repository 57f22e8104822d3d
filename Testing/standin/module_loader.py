"""Loads a module from its folder, as the application does at start or when a folder is dropped on it."""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import slicer

from standin.loadable_module import qSlicerScriptedLoadableModule, qSlicerScriptedLoadableModuleWidget


def load_module(folder: str | Path) -> Any:
    """The module object of the folder's one python file, which has the folder's name; loads it once.

    Its panel is made by `widgetRepresentation()`.

    Raises:
        ValueError: the folder has no such file, or others besides it.
        RuntimeError: a module that it depends on is not loaded.
    """
    folder = Path(folder).resolve()
    name = folder.name
    if hasattr(slicer.modules, name.lower()):
        return getattr(slicer.modules, name.lower())
    files = sorted(path.name for path in folder.glob("*.py"))
    if files != [f"{name}.py"]:
        raise ValueError(f"a module folder holds one python file of its own name, {folder} holds {files}")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    python = importlib.import_module(name)
    module = qSlicerScriptedLoadableModule(name, str(folder / f"{name}.py"))
    instance = getattr(python, name)(module)
    missing = [needed for needed in module.dependencies if not hasattr(slicer.modules, needed.lower())]
    if missing:
        raise RuntimeError(f"{name} depends on {missing}: load them first")
    setattr(slicer.modules, name.lower(), module)
    setattr(slicer.modules, f"{name}Instance", instance)
    setattr(slicer.moduleNames, name, name)
    slicer.app.moduleManager().moduleLoaded.emit(name)
    return module


def unload_module(name: str) -> None:
    """Let the module clean up and forget it, as at the end of the application."""
    module = getattr(slicer.modules, name.lower())
    slicer.app.moduleManager().moduleAboutToBeUnloaded.emit(name)
    panel = vars(slicer.modules).pop(f"{name}Widget", None)
    if panel is not None:
        module.widgetRepresentation().deleteLater()
    for attribute in (name.lower(), f"{name}Instance"):
        delattr(slicer.modules, attribute)
    delattr(slicer.moduleNames, name)


def install() -> None:
    """Enter the classes that `slicer.util` asks for."""
    slicer.moduleNames = SimpleNamespace()
    for cls in (qSlicerScriptedLoadableModule, qSlicerScriptedLoadableModuleWidget):
        setattr(slicer, cls.__name__, cls)
