"""`qt`: every public class of Qt in one module, as PythonQt offers it."""

import sys
from types import ModuleType
from typing import Any

from PySide6 import QtCore

from standin import pythonqt
from standin.ui_loader import QUiLoader


class QtModule(ModuleType):
    """Looks names up in the modules of PySide6; only those that start with Q are Qt's."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("Q"):
            for module in pythonqt.QT_MODULES:
                if hasattr(module, name):
                    return getattr(module, name)
        raise AttributeError(f"module 'qt' has no attribute {name!r}")


class QFile(QtCore.QFile):
    """QFile whose open modes are members of the class, as in C++."""

    ReadOnly, WriteOnly, ReadWrite = (
        getattr(QtCore.QIODevice.OpenModeFlag, name) for name in ("ReadOnly", "WriteOnly", "ReadWrite")
    )


def install() -> ModuleType:
    """Make `import qt` work, and Qt behave as under PythonQt."""
    pythonqt.install()
    module = QtModule("qt", __doc__)
    module.QUiLoader, module.QFile = QUiLoader, QFile
    sys.modules["qt"] = module
    return module
