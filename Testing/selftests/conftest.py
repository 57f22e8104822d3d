"""Starts the stand-in and loads the modules as the application would: the backend first."""

from collections.abc import Iterator
from typing import Any

import pytest

import standin
from project_tree import MODULES, ROOT

standin.boot()

from standin import module_loader  # noqa: E402 (needs what boot sets up)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Self-tests run in the order of "Reload and Test", also where a plugin shuffles tests."""
    places = [place for place, item in enumerate(items) if item.path.name == "test_selftests.py"]
    in_order = sorted((items[place] for place in places), key=lambda item: item.nodeid.removesuffix("]"))
    for place, item in zip(places, in_order, strict=True):
        items[place] = item


@pytest.fixture(scope="session", autouse=True)
def modules() -> Iterator[dict[str, Any]]:
    """Name -> module object; every panel has been made once."""
    loaded = {name: module_loader.load_module(ROOT / name) for name in MODULES}
    for module in loaded.values():
        module.widgetRepresentation()
    yield loaded
    leave()


@pytest.fixture(autouse=True)
def _nothing_stays_of_a_failure(request: pytest.FixtureRequest, modules: dict[str, Any]) -> Iterator[None]:
    """The next test is not to fail because this one did; what a test that passes leaves is left."""
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        leave()


def leave() -> None:
    """Show no module and empty the scene."""
    import slicer

    slicer.util.mainWindow().moduleSelector().selectModule("")
    slicer.mrmlScene.Clear()
    slicer.app.processEvents()
