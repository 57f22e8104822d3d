"""Binding parameters to widgets, both ways."""

import enum
import pathlib
from typing import Annotated

import ctk
import pytest
import qt
import slicer
from slicer import vtkMRMLTextNode
from slicer.parameterNodeWrapper import (
    Choice,
    Decimals,
    Maximum,
    Minimum,
    SingleStep,
    WithinRange,
    parameterNodeWrapper,
)

from standin import errors


class Mode(enum.Enum):
    FAST = 1
    EXACT = 2

    def label(self):
        return f"As {self.name.lower()} as possible"


class Plain(enum.Enum):
    FIRST = 1
    SECOND = 2


@parameterNodeWrapper
class Settings:
    flag: bool
    pressed: bool
    count: Annotated[int, Minimum(-5)] = 3
    level: Annotated[int, WithinRange(0, 9)] = 1
    weight: Annotated[float, Decimals(3), SingleStep(0.5)] = 0.125
    threshold: Annotated[float, WithinRange(0.01, 0.99), Decimals(2), SingleStep(0.01)] = 0.5
    whole: Annotated[int, Minimum(1), Maximum(20)] = 4
    mode: Mode = Mode.EXACT
    plain: Plain
    size: Annotated[int, Choice([8, 16, 32])] = 16
    name: str = "lung"
    note: str = "long"
    folder: pathlib.Path = pathlib.Path("/data")
    text: vtkMRMLTextNode


WIDGETS = {
    "flag": qt.QCheckBox,
    "pressed": qt.QPushButton,
    "count": qt.QSpinBox,
    "level": qt.QSlider,
    "weight": qt.QDoubleSpinBox,
    "threshold": ctk.ctkSliderWidget,
    "whole": ctk.ctkSliderWidget,
    "mode": qt.QComboBox,
    "plain": qt.QComboBox,
    "size": qt.QComboBox,
    "name": qt.QLineEdit,
    "note": qt.QTextEdit,
    "folder": ctk.ctkPathLineEdit,
    "text": slicer.qMRMLNodeComboBox,
}


class Ui:
    """What childWidgetVariables returns: widgets as attributes."""

    def __init__(self, scene):
        for name, make in WIDGETS.items():
            widget = make()
            widget.setProperty("SlicerParameterName", name)
            widget.name = f"{name}Widget"
            setattr(self, name, widget)
        self.pressed.checkable = True
        self.text.noneEnabled = True
        self.text.setMRMLScene(scene)


@pytest.fixture
def settings(scene):
    return Settings(scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))


@pytest.fixture
def ui(scene):
    return Ui(scene)


@pytest.fixture
def bound(settings, ui):
    tag = settings.connectGui(ui)
    yield settings, ui
    settings.disconnectGui(tag)


def test_widgets_show_the_parameters_at_once(bound):
    _, ui = bound
    assert (ui.flag.checked, ui.pressed.checked) == (False, False)
    assert (ui.count.value, ui.level.value, ui.weight.value) == (3, 1, 0.125)
    assert (ui.threshold.value, ui.whole.value) == (0.5, 4)
    assert (ui.mode.currentText, ui.plain.currentText) == ("As exact as possible", "FIRST")
    assert (ui.size.currentText, ui.name.text, ui.note.toPlainText()) == ("16", "lung", "long")
    assert (ui.folder.currentPath, ui.text.currentNode()) == ("/data", None)


CHANGES = {  # parameter: its new value, how the user sets it
    "flag": (True, lambda w: w.click()),
    "pressed": (True, lambda w: w.click()),
    "count": (-2, lambda w: setattr(w, "value", -2)),
    "level": (7, lambda w: setattr(w, "value", 7)),
    "weight": (2.5, lambda w: setattr(w, "value", 2.5)),
    "threshold": (0.75, lambda w: setattr(w, "value", 0.75)),
    "whole": (9, lambda w: setattr(w, "value", 9)),
    "mode": (Mode.FAST, lambda w: setattr(w, "currentIndex", 0)),
    "plain": (Plain.SECOND, lambda w: setattr(w, "currentIndex", 1)),
    "size": (32, lambda w: setattr(w, "currentText", "32")),
    "name": ("liver", lambda w: setattr(w, "text", "liver")),
    "note": ("short", lambda w: w.setPlainText("short")),
    "folder": (pathlib.Path("/tmp"), lambda w: setattr(w, "currentPath", "/tmp")),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_user_changes_the_parameter(bound, name):
    settings, ui = bound
    value, change = CHANGES[name]
    change(getattr(ui, name))
    assert getattr(settings, name) == value
    assert type(getattr(settings, name)) is type(value)


@pytest.mark.parametrize("name", CHANGES)
def test_the_parameter_changes_the_widget(bound, name):
    settings, _ = bound
    value, change = CHANGES[name]
    other = WIDGETS[name]()
    if name == "pressed":
        other.checkable = True
    settings.connectParametersToGui({name: other})
    change(other)
    first, second = (settings._guis[tag]._connectors[name].read() for tag in settings._guis)
    assert first == second == getattr(settings, name) == value


def test_nodes_both_ways(bound, scene):
    settings, ui = bound
    first, second = (scene.AddNewNodeByClass("vtkMRMLTextNode") for _ in range(2))
    settings.text = first
    assert ui.text.currentNode() is first
    ui.text.setCurrentNode(second)
    assert settings.text is second
    scene.RemoveNode(second)
    assert settings.text is ui.text.currentNode()


def test_widgets_take_limits_from_the_annotations(bound):
    _, ui = bound
    assert (ui.count.minimum, ui.count.maximum) == (-5, 2**31 - 1)
    assert (ui.level.minimum, ui.level.maximum) == (0, 9)
    assert (ui.weight.decimals, ui.weight.singleStep) == (3, 0.5)
    assert (ui.threshold.minimum, ui.threshold.maximum, ui.threshold.singleStep) == (0.01, 0.99, 0.01)
    assert (ui.whole.minimum, ui.whole.maximum) == (1, 20)
    assert ui.text.nodeTypes == ("vtkMRMLTextNode",)


def test_disconnecting_ends_both_ways(settings, ui):
    tag = settings.connectGui(ui)
    settings.disconnectGui(tag)
    ui.name.text = "spleen"
    settings.count = 8
    assert (settings.name, ui.count.value) == ("lung", 3)
    settings.disconnectGui(tag)


def test_connecting_again_works(settings, ui):
    settings.disconnectGui(settings.connectGui(ui))
    tag = settings.connectGui(ui)
    ui.name.text = "spleen"
    assert settings.name == "spleen"
    settings.disconnectGui(tag)


def test_changes_by_others_reach_the_widgets(bound):
    settings, ui = bound
    Settings(settings.parameterNode).name = "kidney"
    assert ui.name.text == "kidney"


def test_the_first_parameter_reaches_its_widget_one_change_late(bound):
    """VTK calls the first observer of an object last, so in Slicer too the widget is written before."""
    settings, ui = bound
    settings.parameterNode.SetParameter("flag", "True")
    assert (settings.flag, ui.flag.checked) == (True, False)
    settings.parameterNode.Modified()
    assert ui.flag.checked


def test_a_widget_binds_its_children(settings):
    parent = qt.QWidget()
    box = qt.QCheckBox(parent)
    box.setProperty("SlicerParameterName", "flag")
    tag = settings.connectGui(parent)
    box.click()
    assert settings.flag
    settings.disconnectGui(tag)


def test_a_value_that_is_not_allowed_fails_the_test_that_set_it(settings):
    edit = qt.QDoubleSpinBox()
    tag = settings.connectParametersToGui({"threshold": edit})
    edit.maximum = 5
    with errors.expected(ValueError):
        edit.value = 3
    assert settings.threshold == 0.5
    settings.disconnectGui(tag)
