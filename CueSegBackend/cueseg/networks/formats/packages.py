"""Packages that only some formats need."""

import sys
from importlib import import_module
from types import ModuleType

__all__ = ["require_package"]


def require_package(module: str, package: str, purpose: str) -> ModuleType:
    """Import a module of an optional package.

    Args:
        module: to import.
        package: its name for pip.
        purpose: what it is needed for, for the message.

    Raises:
        ModuleNotFoundError: not installed; the message names the command that installs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != package:
            raise
        raise ModuleNotFoundError(
            f"{package} is needed {purpose} and is not installed: {sys.executable} -m pip install {package}",
            name=package,
        ) from error
