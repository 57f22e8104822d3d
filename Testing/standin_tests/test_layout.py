"""The layout: three slice views and a 3D view that show the scene and stay when it is closed."""

import numpy as np
import pytest
import qt
import slicer
import vtk

from scene_builder import SHAPE
from view_case import VIEWS, ViewCase
from view_gestures import pixel_of


@pytest.fixture
def layout(app):
    return app.layoutManager()


@pytest.fixture
def case(scene) -> ViewCase:
    """A dark volume with one bright voxel, in a view of its own grey scale."""
    array = np.zeros(SHAPE, np.int16)
    array[5, 12, 21] = 100
    case = ViewCase(scene, "ras", array)
    case.volume.GetDisplayNode().SetAutoWindowLevel(0)
    case.volume.GetDisplayNode().SetWindowLevelMinMax(0, 100)
    case.volume.GetDisplayNode().SetInterpolate(0)
    return case


def pixels(view) -> np.ndarray:
    return view._screen.image()


def test_views_have_slicers_names_and_orientations(layout):
    assert layout.sliceViewNames() == VIEWS
    assert [layout.sliceWidget(name).sliceOrientation for name in VIEWS] == ["Axial", "Sagittal", "Coronal"]
    assert [layout.sliceWidget(name).mrmlSliceNode().GetLayoutName() for name in VIEWS] == list(VIEWS)
    assert layout.sliceWidget("Blue") is None


def test_widgets_hand_out_the_parts_that_belong_together(layout):
    for name in VIEWS:
        widget = layout.sliceWidget(name)
        node = widget.mrmlSliceNode()
        assert widget.sliceLogic().GetSliceNode() is node
        assert widget.sliceView().mrmlSliceNode() is node
        assert widget.sliceController().mrmlSliceNode() is node
        assert widget.mrmlSliceCompositeNode() is widget.sliceLogic().GetSliceCompositeNode()
        assert widget.sliceView().interactorStyle().GetInteractor() is widget.sliceView().interactor()
        assert node.GetDimensions()[:2] == widget.sliceView().renderWindow().GetSize()


def test_a_voxel_shows_where_the_slice_node_says(case):
    world = np.array((-20.0, -15.0, -10.0)) + np.array((21, 12, 5)) * (1, 1, 2)
    for name in VIEWS:
        case.widget(name).sliceController().setSliceOffsetValue(case.axes(name)[2] @ world)
        column, row = pixel_of(case.view(name), tuple(world))
        image = pixels(case.view(name))[::-1, :, 0]  # rows from below, as VTK counts
        assert image[row, column] == 255
        bright = np.argwhere(image > 127)
        middle = bright.mean(0)[::-1]
        assert middle == pytest.approx(case.view(name).convertRASToXYZ(list(world))[:2], abs=1)


def test_fitting_snaps_to_the_middle_of_a_voxel_layer(case):
    case.widget("Red").sliceLogic().SetSliceOffset(0.7)
    slicer.util.resetSliceViews()
    layer = (case.widget("Red").sliceLogic().GetSliceOffset() + 10) / 2
    assert layer == pytest.approx(round(layer), abs=1e-9)
    assert max(case.widget("Red").mrmlSliceNode().GetFieldOfView()[:2]) == pytest.approx(SHAPE[2], rel=0.01)


def test_views_follow_the_layers_of_slicer_util(case):
    slicer.util.setSliceViewerLayers(background=None)
    for name in VIEWS:
        assert case.widget(name).mrmlSliceCompositeNode().GetBackgroundVolumeID() is None
        assert pixels(case.view(name)).max() == 0


def test_views_rotate_to_an_oblique_volume(scene):
    case = ViewCase(scene, "tilted")
    normals = [case.axes(name)[2] for name in VIEWS]
    matrix = vtk.vtkMatrix4x4()
    case.volume.GetIJKToRASDirectionMatrix(matrix)
    directions = slicer.util.arrayFromVTKMatrix(matrix)[:3, :3]
    alignment = np.abs(np.array(normals) @ directions)
    assert alignment.max(1) == pytest.approx(np.ones(3), abs=1e-9)
    assert sorted(alignment.argmax(1)) == [0, 1, 2]


def test_nothing_is_drawn_until_pixels_are_asked_for(case, app):
    view, drawn = case.view("Red"), []
    pixels(view)
    tag = view.renderWindow().AddObserver(vtk.vtkCommand.EndEvent, lambda *_: drawn.append(1))
    case.widget("Red").sliceController().setSliceOffsetValue(4.0)
    app.processEvents()
    assert drawn == []
    pixels(view)
    pixels(view)
    view.renderWindow().RemoveObserver(tag)
    assert len(drawn) == 1


def test_the_slice_follows_the_size_of_the_view(case):
    view, node = case.view("Red"), case.widget("Red").mrmlSliceNode()
    before = node.GetFieldOfView()
    view.resize(300, 200)
    assert (node.GetDimensions()[:2], view.renderWindow().GetSize()) == ((300, 200), (300, 200))
    assert pixels(view).shape == (200, 300, 3)
    view.resize(400, 400)
    assert node.GetFieldOfView() == pytest.approx(before)


def test_rendering_can_be_paused(case, app):
    drawn = []
    view = case.view("Red")
    tag = view.renderWindow().AddObserver(vtk.vtkCommand.EndEvent, lambda *_: drawn.append(1))
    with slicer.util.RenderBlocker():
        view.forceRender()
    assert drawn == []
    slicer.util.forceRenderAllViews()
    view.renderWindow().RemoveObserver(tag)
    assert len(drawn) == 1


def test_positions_go_in_as_lists(case):
    view = case.view("Red")
    assert view.convertXYZToRAS(list(view.convertRASToXYZ([3.0, 4.0, 2.0]))) == pytest.approx((3, 4, 2))
    for wrong in ((1.0, 2.0, 3.0), np.zeros(3), [1.0]):
        with pytest.raises(ValueError, match="list of 3 numbers"):
            view.convertRASToXYZ(wrong)


def test_views_survive_the_closing_of_the_scene(case, layout):
    before = [layout.sliceWidget(name).mrmlSliceNode() for name in VIEWS]
    case.scene.Clear()
    for name, node in zip(VIEWS, before, strict=True):
        widget = layout.sliceWidget(name)
        assert widget.mrmlSliceNode() is node
        assert node.GetScene() is case.scene
        assert widget.mrmlSliceCompositeNode().GetBackgroundVolumeID() is None
    assert [layout.sliceWidget(name).sliceOrientation for name in VIEWS] == ["Axial", "Sagittal", "Coronal"]
    again = ViewCase(case.scene)
    assert pixels(again.view("Green")).max() > 0


def test_the_3d_view_shows_a_model(layout, scene):
    view = layout.threeDWidget(0).threeDView()
    background = pixels(view)[5, 200].astype(int)
    sphere = vtk.vtkSphereSource()
    sphere.SetRadius(60)
    sphere.Update()
    slicer.modules.models.logic().AddModel(sphere.GetOutput()).GetDisplayNode().SetColor(1, 0, 0)
    slicer.util.resetThreeDViews()
    red, green, blue = pixels(view)[200, 200].astype(int)
    assert (red > green + 50, red > blue + 50) == (True, True)
    assert background[2] > background[0]  # a blue sky
    assert view.cameraNode().GetScene() is scene


def test_layout_changes_are_told_once(layout):
    told = []
    before = layout.layout
    layout.connect("layoutChanged(int)", told.append)
    layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    layout.layout = before
    layout.disconnect("layoutChanged(int)", told.append)
    assert told == [slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView, before]


def test_the_main_window_is_found_by_slicer_util(app):
    window = slicer.util.mainWindow()
    assert window.className() == "qSlicerMainWindow"
    assert slicer.util.showStatusMessage("here")
    assert window.statusBar().currentMessage() == "here"
    slicer.util.setViewControllersVisible(False)
    assert not app.layoutManager().sliceWidget("Red").sliceController().visible
    slicer.util.setViewControllersVisible(True)


class PanelDouble(qt.QWidget):
    """Notes when it is entered and left."""

    def __init__(self, calls: list[str], name: str) -> None:
        super().__init__()
        self.calls, self.label = calls, name

    def enter(self) -> None:
        self.calls.append(f"enter {self.label}")

    def exit(self) -> None:
        self.calls.append(f"exit {self.label}")


def test_selecting_a_module_leaves_the_other(monkeypatch):
    calls = []
    for name in ("First", "Second"):
        panel = PanelDouble(calls, name)
        module = type("Module", (), {"name": name, "widgetRepresentation": lambda self, panel=panel: panel})()
        monkeypatch.setattr(slicer.modules, name.lower(), module, raising=False)
    slicer.util.selectModule("First")
    slicer.util.selectModule("First")
    slicer.util.selectModule("Second")
    assert slicer.util.selectedModule() == "Second"
    slicer.util.moduleSelector().selectModule("")
    assert calls == ["enter First", "exit First", "enter Second", "exit Second"]
    with pytest.raises(RuntimeError, match="Nowhere"):
        slicer.util.selectModule("Nowhere")
