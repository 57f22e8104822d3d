"""Modules that Slicer has and the wheels lack, made of stand-in parts and entered in `sys.modules`."""

import sys
from types import ModuleType
from typing import Any

INSTALLED: dict[str, ModuleType] = {}


def install_module(name: str, doc: str, contents: dict[str, Any], *, package: bool = False) -> ModuleType:
    """Make `import name` give a module that holds exactly `contents`; dotted names are set on their parent."""
    module = ModuleType(name, doc)
    vars(module).update(contents)
    module.__all__ = [key for key in contents if not key.startswith("_")]
    if package:
        module.__path__ = []
    sys.modules[name] = INSTALLED[name] = module
    parent, _, own = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], own, module)
    return module
