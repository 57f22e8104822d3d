"""Parameter nodes: lists that write through, events, several wrappers of one node, the module's own node."""

import gc
from typing import Annotated

import pytest
import qt
import slicer
import vtk
from slicer import vtkMRMLModelNode
from slicer.parameterNodeWrapper import Default, parameterNodeWrapper
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic


@parameterNodeWrapper
class Settings:
    flag: bool
    count: int = 3
    numbers: list[float]
    names: Annotated[list[str], Default(["a", "b"])]
    models: list[vtkMRMLModelNode]
    model: vtkMRMLModelNode


@pytest.fixture
def node(scene):
    return scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")


@pytest.fixture
def settings(node):
    return Settings(node)


def test_lists_write_through(settings, node):
    settings.numbers = [1.0, 2.5]
    settings.numbers.append(4.0)
    settings.numbers[0] = 0.5
    del settings.numbers[1]
    settings.numbers += [9.0]
    assert settings.numbers == Settings(node).numbers == [0.5, 4.0, 9.0]
    with pytest.raises(TypeError):
        settings.numbers.append("x")
    assert settings.numbers == [0.5, 4.0, 9.0]


def test_shorter_lists_leave_nothing_behind(settings, node):
    settings.names = ["x"]
    assert not node.HasParameter("names_1")


def test_lists_of_nodes(settings, scene):
    models = [scene.AddNewNodeByClass("vtkMRMLModelNode") for _ in range(2)]
    settings.models = models
    assert list(settings.models) == models


def test_one_event_per_change_after_the_value_is_there(settings):
    seen = []
    settings.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: seen.append(settings.count))
    settings.count = 5
    settings.count = 5
    settings.model = None
    assert seen == [5]


def test_several_changes_in_one_event(settings):
    seen = []
    tag = settings.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: seen.append(settings.count))
    with slicer.util.NodeModify(settings):
        settings.count = 5
        settings.flag = True
    settings.RemoveObserver(tag)
    settings.count = 6
    assert seen == [5]


def test_changes_made_in_the_node_are_seen(settings, node):
    node.SetParameter("count", "12")
    assert settings.count == 12


def test_a_second_wrapper_sees_changes(settings, node):
    other = Settings(node)
    settings.count = 9
    assert other.count == 9


def test_wrappers_let_go_of_the_node(scene):
    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    before = node.HasObserver(vtk.vtkCommand.ModifiedEvent)
    wrapper = Settings(node)
    assert node.HasObserver(vtk.vtkCommand.ModifiedEvent)
    del wrapper
    gc.collect()
    assert node.HasObserver(vtk.vtkCommand.ModifiedEvent) == before


def test_forgotten_bindings_survive_garbage_collection(node):
    """VTK's wrappers take part in it: an observer that only they can reach would be taken apart."""
    box = qt.QSpinBox()
    Settings(node).connectParametersToGui({"count": box})
    gc.collect()
    node.SetParameter("count", "5")
    assert box.value == 5


def test_a_singleton_parameter_node_survives_closing_the_scene(scene):
    class ProbeLogic(ScriptedLoadableModuleLogic):
        pass

    logic = ProbeLogic()
    node = logic.getParameterNode()
    assert logic.getParameterNode() is node
    assert (node.GetSingletonTag(), node.GetAttribute("ModuleName")) == ("Probe", "Probe")
    scene.Clear()
    assert logic.getParameterNode().GetAttribute("ModuleName") == "Probe"
    assert logic.getAllParameterNodes() == [logic.getParameterNode()]
    logic.isSingletonParameterNode = False
    second = scene.AddNode(logic.createParameterNode())
    assert logic.getAllParameterNodes() == [logic.getParameterNode(), second]
