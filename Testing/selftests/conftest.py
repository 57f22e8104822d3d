"""Starts the stand-in and loads the modules as the application would: the backend first."""

from collections.abc import Iterator
from typing import Any

import pytest

import standin
from project_tree import MODULES, ROOT

standin.boot()

from standin import module_loader  # noqa: E402 (needs what boot sets up)


@pytest.fixture(scope="session", autouse=True)
def modules() -> dict[str, Any]:
    """Name -> module object; every panel has been made once."""
    loaded = {name: module_loader.load_module(ROOT / name) for name in MODULES}
    for module in loaded.values():
        module.widgetRepresentation()
    return loaded


@pytest.fixture(autouse=True)
def _left_as_found(modules: dict[str, Any]) -> Iterator[None]:
    """Afterwards no module is shown and the scene is empty."""
    import slicer

    yield
    slicer.util.mainWindow().moduleSelector().selectModule("")
    slicer.mrmlScene.Clear()
    slicer.app.processEvents()
