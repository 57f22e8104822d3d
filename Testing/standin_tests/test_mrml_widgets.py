"""The qMRML and qSlicer widgets follow the scene and say what Slicer's say, no more and no less."""

import gc

import pytest
import slicer

from standin import ui_loader
from widget_case import WidgetMaker, told

VOLUME = "vtkMRMLScalarVolumeNode"
SEGMENTATION = "vtkMRMLSegmentationNode"


@pytest.fixture
def made():
    maker = WidgetMaker()
    yield maker.make
    maker.delete_all()


class TestSegmentSelector:
    @pytest.fixture
    def node(self, scene):
        node = scene.AddNewNodeByClass(SEGMENTATION, "segmentation")
        for name in ("liver", "spleen"):
            node.GetSegmentation().AddEmptySegment(name, name)
        return node

    @pytest.fixture
    def selector(self, made, scene):
        return made(slicer.qMRMLSegmentSelectorWidget, scene)

    def test_a_segmentation_brings_its_first_segment(self, made, scene, node):
        selector = made(slicer.qMRMLSegmentSelectorWidget)
        segments = told(selector, "currentSegmentChanged(QString)")
        nodes = told(selector, "currentNodeChanged(vtkMRMLNode*)")
        selector.setMRMLScene(scene)
        assert (selector.currentSegmentID(), segments[-1], nodes) == ("liver", "liver", [node])

    def test_segments_are_chosen_by_id(self, selector, node):
        selector.setCurrentNode(node)
        segments = told(selector, "currentSegmentChanged(QString)")
        for segment_id in ("spleen", "spleen", "nowhere"):
            selector.setCurrentSegmentID(segment_id)
        assert (selector.currentSegmentID(), segments) == ("spleen", ["spleen"])

    def test_any_change_of_a_segment_chooses_the_first_again(self, selector, node):
        selector.setCurrentNode(node)
        selector.setCurrentSegmentID("spleen")
        node.GetSegmentation().GetSegment("liver").SetName("Liver")
        assert selector.currentSegmentID() == "liver"

    def test_none_can_be_chosen_where_it_is_allowed(self, selector, node):
        selector.noneEnabled = True
        selector.setCurrentNode(node)
        assert selector.currentSegmentID() == "liver"
        selector.setCurrentSegmentID("")
        assert selector.currentSegmentID() == ""

    def test_the_node_selector_can_be_hidden(self, selector):
        selector.segmentationNodeSelectorVisible = False
        assert selector._nodes.isHidden()


class TestPlaceWidget:
    @pytest.fixture
    def points(self, scene):
        return scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "points")

    @pytest.fixture
    def place(self, made, scene, points):
        place = made(slicer.qSlicerMarkupsPlaceWidget, scene)
        place.setCurrentNode(points)
        yield place
        place.setPlaceModeEnabled(False)

    def test_mode_button_and_nodes_agree(self, place, points):
        changes = told(place, "activeMarkupsPlaceModeChanged(bool)")
        interaction = place.interactionNode()
        place.setPlaceModeEnabled(True)
        assert interaction.GetCurrentInteractionMode() == interaction.Place
        assert place.selectionNode().GetActivePlaceNodeID() == points.GetID()
        assert (place.placeModeEnabled, place.currentNodeActive, place.placeButton().checked) == (True,) * 3
        interaction.SwitchToViewTransformMode()
        assert (place.placeModeEnabled, place.placeButton().checked) == (False, False)
        assert changes == [True, False]

    def test_the_button_switches_the_mode(self, place):
        place.setPlaceModeEnabled(True)
        place.placeButton().click()
        assert not place.placeModeEnabled
        place.placeButton().click()
        assert place.placeModeEnabled

    def test_without_a_node_nothing_happens(self, place):
        place.setCurrentNode(None)
        place.setPlaceModeEnabled(True)
        assert not place.placeModeEnabled
        assert place.interactionNode().GetCurrentInteractionMode() != place.interactionNode().Place

    def test_the_mode_stays_on_when_the_node_changes(self, place, scene):
        others = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "others")
        place.setPlaceModeEnabled(True)
        place.setCurrentNode(others)
        assert not place.placeModeEnabled  # of the new node
        assert place.interactionNode().GetCurrentInteractionMode() == place.interactionNode().Place

    @pytest.mark.parametrize(
        ("option", "persistent"), [("ForcePlaceMultipleMarkups", 1), ("ForcePlaceSingleMarkup", 0)]
    )
    def test_persistence_can_be_forced(self, place, option, persistent):
        place.interactionNode().SetPlaceModePersistence(1 - persistent)
        place.placeMultipleMarkups = getattr(place, option)
        place.setPlaceModeEnabled(True)
        assert place.placeModePersistency == bool(persistent)

    def test_points_are_deleted_and_unset(self, place, points):
        for x in range(3):
            points.AddControlPoint(x, 0, 0)
        place.deleteButton().click()
        assert points.GetNumberOfControlPoints() == 2
        place.unsetLastDefinedPoint()
        assert points.GetNumberOfDefinedControlPoints() == 1
        place.deleteAllPoints()
        assert points.GetNumberOfControlPoints() == 0
        assert not place.deleteButton().enabled

    def test_buttons_can_be_hidden(self, place):
        place.buttonsVisible = False
        assert place.placeButton().isHidden()

    def test_closing_the_scene_ends_nothing_by_itself_but_is_survived(self, place, scene):
        place.setPlaceModeEnabled(True)
        scene.Clear()
        place.setCurrentNode(None)
        assert not place.placeModeEnabled


def test_a_scene_is_passed_on_once(made, scene):
    widget = made(slicer.qMRMLWidget)
    scenes = told(widget, "mrmlSceneChanged(vtkMRMLScene*)")
    widget.setMRMLScene(scene)
    widget.setMRMLScene(scene)
    assert scenes == [scene]
    assert widget.mrmlScene() is scene


@pytest.mark.parametrize("deleted", [True, False])
def test_observers_end_with_the_widget(scene, deleted):
    node = scene.AddNewNodeByClass(VOLUME)
    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes = [VOLUME]
    box.setMRMLScene(scene)
    if deleted:
        box.delete()
    del box
    gc.collect()
    node.SetName("new")  # an observer that is half there would raise or crash
    scene.AddNewNodeByClass(VOLUME)


def test_observers_of_nodes_that_only_the_widget_held(scene):
    """Interaction and selection node live on in the scene; without a finalizer this ends the process."""
    place = slicer.qSlicerMarkupsPlaceWidget()
    place.setMRMLScene(scene)
    place.delete()
    del place
    gc.collect()
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")  # changes the selection node
    assert slicer.modules.markups.logic().GetActiveListID() == node.GetID()


def test_the_widgets_are_known_to_ui_files():
    for name in (
        "qMRMLWidget",
        "qMRMLNodeComboBox",
        "qMRMLSegmentSelectorWidget",
        "qSlicerMarkupsPlaceWidget",
    ):
        assert ui_loader.WIDGETS[name] is getattr(slicer, name)
