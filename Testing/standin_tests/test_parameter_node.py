"""parameterNodeWrapper: types, defaults, validators, persistence."""

import enum
import pathlib
from typing import Annotated

import numpy as np
import pytest
import slicer
from slicer import vtkMRMLModelNode, vtkMRMLScalarVolumeNode
from slicer.parameterNodeWrapper import (
    Choice,
    Default,
    Exclude,
    Maximum,
    Minimum,
    Validator,
    WithinRange,
    isParameterNodeWrapper,
    parameterNodeWrapper,
)


class Mode(enum.Enum):
    FAST = 1
    EXACT = "slow"


class Even(Validator):
    def validate(self, value):
        if value % 2:
            raise ValueError(f"value must be even, is {value}")


@parameterNodeWrapper
class Settings:
    """One parameter of every kind."""

    volume: vtkMRMLScalarVolumeNode
    flag: bool
    enabled: bool = True
    count: int = 3
    threshold: Annotated[float, WithinRange(0.01, 0.99)] = 0.5
    low: Annotated[int, Minimum(0), Maximum(10)] = 1
    size: Annotated[str, Choice(["S", "M"]), Default("M")]
    name: Annotated[str, Exclude(["root"])] = ""
    folder: pathlib.Path = pathlib.Path("/data")
    mode: Mode
    other: Mode = Mode.EXACT
    pair: Annotated[int, Even()] = 2
    numbers: list[float]
    names: Annotated[list[str], Default(generator=lambda: ["a", "b"])]
    models: list[vtkMRMLModelNode]

    def double(self):
        return 2 * self.count


@pytest.fixture
def node(scene):
    return scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")


@pytest.fixture
def settings(node):
    return Settings(node)


def test_defaults(settings):
    assert settings.volume is None
    assert (settings.flag, settings.enabled) == (False, True)
    assert (settings.count, settings.threshold, settings.size) == (3, 0.5, "M")
    assert settings.folder == pathlib.Path("/data")
    assert (settings.mode, settings.other) == (Mode.FAST, Mode.EXACT)
    assert (settings.numbers, settings.names) == ([], ["a", "b"])


def test_defaults_are_written_to_the_node(settings, node):
    assert node.GetParameter("threshold") == "0.5"
    assert node.GetParameter("other") == "EXACT"
    assert (node.GetParameter("names_len"), node.GetParameter("names_1")) == ("2", "b")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("flag", True, "True"),
        ("count", -7, "-7"),
        ("threshold", 0.25, "0.25"),
        ("size", "S", "S"),
        ("name", "lung; left", "lung; left"),
        ("folder", pathlib.Path("/a b/c"), "/a b/c"),
        ("mode", Mode.EXACT, "EXACT"),
    ],
)
def test_values_are_kept_as_text_that_another_wrapper_reads(settings, node, name, value, text):
    setattr(settings, name, value)
    assert node.GetParameter(name) == text
    assert getattr(settings, name) == getattr(Settings(node), name) == value


def test_floats_take_whole_numbers(settings):
    wide = Annotated[float, WithinRange(0, 10)]
    wrapped = parameterNodeWrapper(type("Wide", (), {"__annotations__": {"x": wide}}))(settings.parameterNode)
    wrapped.x = 2
    assert isinstance(wrapped.x, float)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("count", 1.0, TypeError),
        ("count", True, TypeError),
        ("count", np.int64(1), TypeError),
        ("count", None, ValueError),
        ("threshold", "0.5", TypeError),
        ("threshold", 1.0, ValueError),
        ("low", -1, ValueError),
        ("low", 11, ValueError),
        ("size", "L", ValueError),
        ("name", "root", ValueError),
        ("folder", "/data", TypeError),
        ("mode", "EXACT", TypeError),
        ("pair", 3, ValueError),
        ("flag", 1, TypeError),
        ("numbers", ["x"], TypeError),
    ],
)
def test_values_that_do_not_fit_are_refused_and_change_nothing(settings, name, value, error):
    before = getattr(settings, name)
    with pytest.raises(error):
        setattr(settings, name, value)
    assert getattr(settings, name) == before


def test_misspelt_parameters_are_refused(settings):
    with pytest.raises(AttributeError, match="no parameter 'treshold'"):
        settings.treshold = 0.5
    with pytest.raises(AttributeError):
        settings.treshold  # noqa: B018
    with pytest.raises(ValueError, match="no parameter 'treshold'"):
        settings.setValue("treshold", 0.5)


def test_methods_of_the_class_stay(settings):
    assert settings.double() == 6


def test_nodes_and_none(settings, node, scene):
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    settings.volume = volume
    assert settings.volume is volume
    assert node.GetNodeReferenceID("volume") == volume.GetID()
    settings.volume = None
    assert settings.volume is None
    assert node.GetNodeReferenceID("volume") is None


def test_nodes_of_another_class_or_no_scene_are_refused(settings, scene):
    with pytest.raises(TypeError):
        settings.volume = scene.AddNewNodeByClass("vtkMRMLModelNode")
    with pytest.raises(ValueError, match="in no scene"):
        settings.volume = vtkMRMLScalarVolumeNode()


def test_subclasses_of_a_node_class_are_accepted(settings, scene):
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    settings.volume = labels
    assert settings.volume is labels


def test_a_removed_node_leaves_none(settings, scene):
    settings.volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    scene.RemoveNode(settings.volume)
    settings.Modified()
    assert settings.volume is None


def test_prefixes_keep_wrappers_apart(node):
    first, second = Settings(node, "first_"), Settings(node, "second_")
    first.count = 8
    assert (second.count, node.GetParameter("first_count")) == (3, "8")


def test_questions_about_parameters(settings):
    assert settings.dataType("count") is int
    assert Settings.dataType("threshold").__origin__ is float
    assert settings.default("count").value == 3
    assert settings.isCached("count")
    assert (settings.getValue("count"), list(settings.allParameters)[:2]) == (3, ["volume", "flag"])
    assert isParameterNodeWrapper(settings)
    assert isParameterNodeWrapper(Settings)
    assert not isParameterNodeWrapper(settings.parameterNode)


@pytest.mark.parametrize("kind", [dict[str, int], tuple[int, int], int | None, complex])
def test_types_that_the_stand_in_lacks_are_refused(kind):
    with pytest.raises(TypeError, match="no parameters of type"):
        parameterNodeWrapper(type("Other", (), {"__annotations__": {"x": kind}}))


def test_reserved_names_are_refused():
    with pytest.raises(ValueError, match="connectGui"):
        parameterNodeWrapper(type("Other", (), {"__annotations__": {"connectGui": int}}))


@pytest.mark.parametrize("ending", ["mrml", "mrb"])
def test_values_survive_saving_and_loading_a_scene(scene, tmp_path, ending):
    settings = Settings(_singleton(scene))
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "image")
    slicer.util.updateVolumeFromArray(volume, np.zeros((2, 3, 4), np.int16))
    settings.volume, settings.threshold, settings.mode, settings.names = (
        volume,
        0.75,
        Mode.EXACT,
        ["x", "y", "z"],
    )
    path = tmp_path / f"scene.{ending}"
    assert slicer.util.saveNode(volume, str(tmp_path / "image.nrrd"))
    assert slicer.util.saveScene(str(path))
    scene.Clear()
    slicer.util.loadScene(str(path))
    reloaded = Settings(_singleton(scene))
    assert reloaded.volume.GetName() == "image"
    assert (reloaded.threshold, reloaded.mode, list(reloaded.names)) == (0.75, Mode.EXACT, ["x", "y", "z"])


def _singleton(scene):
    class ProbeLogic(slicer.ScriptedLoadableModule.ScriptedLoadableModuleLogic):
        pass

    return ProbeLogic().getParameterNode()
