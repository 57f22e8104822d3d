"""A cleared scene for every test, and no error message of MRML goes unseen."""

from collections.abc import Iterator

import pytest
import slicer

import headless_slicer
from doubles import PolygonPredictorDouble
from scene_builder import SceneBuilder


@pytest.fixture
def app() -> headless_slicer.HeadlessSlicer:
    return headless_slicer.boot()


@pytest.fixture
def build(app: headless_slicer.HeadlessSlicer, capfd: pytest.CaptureFixture[str]) -> Iterator[SceneBuilder]:
    """Builder for an empty scene; afterwards nothing may have been reported as an error by VTK or MRML."""
    app.scene.Clear(False)
    views = _slice_nodes(app.scene)
    yield SceneBuilder(app.scene)
    for view in set(_slice_nodes(app.scene)).difference(views):  # singletons: clearing leaves them
        app.scene.RemoveNode(view)
    app.scene.Clear(False)
    complaints = [line for line in capfd.readouterr().err.splitlines() if "ERR|" in line or "ERROR:" in line]
    assert complaints == []


def _slice_nodes(scene: slicer.vtkMRMLScene) -> list[slicer.vtkMRMLSliceNode]:
    return slicer.util.getNodesByClass("vtkMRMLSliceNode", scene)


@pytest.fixture
def predictor() -> PolygonPredictorDouble:
    return PolygonPredictorDouble()
