"""A scene is saved, closed, loaded again, and work goes on in the same widgets and views."""

import numpy as np
import pytest
import slicer

from scene_builder import segment_in_volume
from view_case import ViewCase
from view_gestures import click, drag, ras_of

# What the slice node says when it reads an oblique orientation, which it then takes over all the same.
KNOWN = "invalid orientation preset name: Reformat"
PIXELS = ((120, 200), (280, 190), (210, 120), (200, 290))


@pytest.fixture(autouse=True)
def _no_complaints(capfd):
    """MRML and VTK may not report errors."""
    yield
    lines = capfd.readouterr().err.splitlines()
    assert [line for line in lines if "ERR|" in line and KNOWN not in line] == []


class Session:
    """A volume, four points, a painted segment and the widgets that made them."""

    def __init__(self, scene) -> None:
        self.scene, self.case = scene, ViewCase(scene, "tilted")
        self.place = slicer.qSlicerMarkupsPlaceWidget()
        self.place.setMRMLScene(scene)
        self.place.placeMultipleMarkups = self.place.ForcePlaceMultipleMarkups
        self.volumes = slicer.qMRMLNodeComboBox()
        self.volumes.nodeTypes = ["vtkMRMLScalarVolumeNode"]
        self.volumes.setMRMLScene(scene)
        self.editor = slicer.qMRMLSegmentEditorWidget()
        self.editor.setMRMLScene(scene)
        self.use_editor_node()
        self.points = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "points")
        self.segmentation = self.case.build.segmentation(self.case.volume)

    def use_editor_node(self) -> None:
        node = slicer.vtkMRMLSegmentEditorNode()
        node.SetSingletonTag("Reload")
        self.editor.setMRMLSegmentEditorNode(self.scene.AddNode(node))

    def place_points(self) -> list:
        self.place.setCurrentNode(self.points)
        self.place.setPlaceModeEnabled(True)
        view = self.case.view("Yellow")
        placed = [click(view, ras_of(view, pixel)) for pixel in PIXELS]
        self.place.setPlaceModeEnabled(False)
        return placed

    def paint(self, segment_id: str) -> np.ndarray:
        self.editor.setSegmentationNode(self.segmentation)
        self.editor.setSourceVolumeNode(self.case.volume)
        self.editor.setCurrentSegmentID(segment_id)
        self.editor.setActiveEffectByName("Paint")
        drag(self.case.view("Red"), (150, 180), (260, 210))
        self.editor.setActiveEffect(None)
        return self.voxels(segment_id)

    def voxels(self, segment_id: str) -> np.ndarray:
        return segment_in_volume(self.segmentation, segment_id, self.case.volume)

    def find_nodes(self) -> None:
        self.case.volume = slicer.util.getNode("image")
        self.points = slicer.util.getNode("points")
        self.segmentation = slicer.util.getNode("segmentation")

    def positions(self) -> np.ndarray:
        return slicer.util.arrayFromMarkupsControlPoints(self.points, world=True)

    def close(self) -> None:
        self.place.setPlaceModeEnabled(False)
        self.editor.setMRMLSegmentEditorNode(None)
        for widget in (self.place, self.volumes, self.editor):
            widget.delete()


@pytest.fixture
def session(scene):
    session = Session(scene)
    yield session
    session.close()


@pytest.mark.parametrize("ending", ["scene.mrb", "scene.mrml"])
def test_what_was_saved_comes_back(session, tmp_path, ending):
    placed, painted = session.place_points(), session.paint("liver")
    image = slicer.util.arrayFromVolume(session.case.volume).copy()
    if ending.endswith(".mrml"):
        for name, node in (("image.nrrd", session.case.volume), ("points.mrk.json", session.points)):
            assert slicer.util.saveNode(node, str(tmp_path / name), {})
        assert slicer.util.saveNode(session.segmentation, str(tmp_path / "seg.seg.nrrd"), {})
    assert slicer.util.saveScene(str(tmp_path / ending))
    session.scene.Clear()
    assert session.volumes.nodeCount() == 0
    slicer.util.loadScene(str(tmp_path / ending))
    session.find_nodes()
    assert session.volumes.nodeCount() == 1
    assert np.array_equal(slicer.util.arrayFromVolume(session.case.volume), image)
    assert session.positions() == pytest.approx(np.array(placed), abs=1e-4)
    assert np.array_equal(session.voxels("liver"), painted)
    assert not session.voxels("spleen").any()


def test_work_goes_on_after_reloading(session, tmp_path):
    session.place_points()
    painted = session.paint("liver")
    slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    session.scene.Clear()
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    session.find_nodes()
    slicer.util.setSliceViewerLayers(background=session.case.volume, fit=True, rotateToVolumePlane=True)
    slicer.util.resetSliceViews()
    placed = session.place_points()
    assert np.abs(session.positions()[4:] - placed).max() == 0.0
    assert session.paint("spleen").any()
    assert np.array_equal(session.voxels("liver"), painted)
    session.editor.undo()
    assert not session.voxels("spleen").any()


def test_loading_into_the_same_scene_adds(session, tmp_path):
    session.place_points()
    views = session.scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")
    slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    assert session.volumes.nodeCount() == 2
    assert session.scene.GetNumberOfNodesByClass("vtkMRMLSliceNode") == views


def test_loading_can_replace(session, tmp_path):
    slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.util.loadScene(str(tmp_path / "scene.mrb"), {"clear": True})
    assert session.volumes.nodeCount() == 1


def test_views_show_the_saved_slice_again(session, tmp_path):
    session.case.widget("Green").sliceController().setSliceOffsetValue(-3.25)
    saved = slicer.util.arrayFromVTKMatrix(session.case.widget("Green").mrmlSliceNode().GetSliceToRAS())
    slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    session.scene.Clear()
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    widget = session.case.widget("Green")
    assert slicer.util.arrayFromVTKMatrix(widget.mrmlSliceNode().GetSliceToRAS()) == pytest.approx(
        saved, abs=1e-4
    )
    assert widget.mrmlSliceCompositeNode().GetBackgroundVolumeID() is not None
    assert widget.sliceView()._screen.image().max() > 0


def test_closing_while_painting_and_placing(session):
    session.paint("liver")
    session.editor.setActiveEffectByName("Paint")
    session.place.setCurrentNode(session.points)
    session.place.setPlaceModeEnabled(True)
    session.scene.Clear()
    assert (session.editor.segmentationNode(), session.editor.sourceVolumeNode()) == (None, None)
    assert session.editor.activeEffect() is None
    session.editor.undo()
    drag(session.case.view("Red"), (150, 180), (260, 210))
    assert session.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


def test_a_missing_file_is_an_error(scene, tmp_path):
    with pytest.raises(RuntimeError, match="Failed to load"):
        slicer.util.loadScene(str(tmp_path / "nowhere.mrb"))
