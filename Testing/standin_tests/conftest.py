"""Starts the stand-in before the tests import qt, ctk or slicer; nothing may go wrong unseen in any of them."""

from collections.abc import Iterator
from typing import Any

import pytest

import standin

standin.boot()

from standin import errors  # noqa: E402 (needs what boot sets up)


@pytest.fixture
def app() -> Any:
    """`slicer.app`, the same for all tests."""
    return standin.boot()


@pytest.fixture(autouse=True)
def _no_swallowed_exceptions(app: Any) -> Iterator[None]:
    with errors.none_allowed():
        yield
        app.processEvents()


@pytest.fixture
def scene() -> Iterator[Any]:
    """The empty scene; it is emptied again afterwards."""
    import slicer

    slicer.mrmlScene.Clear()
    yield slicer.mrmlScene
    slicer.mrmlScene.Clear()
