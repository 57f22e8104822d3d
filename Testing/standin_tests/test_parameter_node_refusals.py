"""Bindings that Slicer refuses, or would quietly get wrong, raise."""

from typing import Annotated

import ctk
import pytest
import qt
from slicer import vtkMRMLTextNode
from slicer.parameterNodeWrapper import Minimum, parameterNodeWrapper


@parameterNodeWrapper
class Settings:
    flag: bool
    pressed: bool
    count: Annotated[int, Minimum(-5)] = 3
    weight: float = 0.125
    name: str = "lung"
    text: vtkMRMLTextNode


@pytest.fixture
def settings(scene):
    return Settings(scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))


def bound_to(name, *widgets):
    """Widgets as attributes of an object, all naming one parameter."""
    ui = type("Ui", (), {})()
    for number, widget in enumerate(widgets):
        widget.setProperty("SlicerParameterName", name)
        setattr(ui, f"widget{number}", widget)
    return ui


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("flag", qt.QLineEdit, "no connector"),
        ("name", qt.QComboBox, "needs a parameter with Choice"),
        ("count", qt.QSlider, "needs a parameter WithinRange"),
        ("weight", ctk.ctkSliderWidget, "needs a parameter WithinRange"),
        ("weight", ctk.ctkDoubleSpinBox, "no connector"),
        ("flag", ctk.ctkCollapsibleButton, "no connector"),
        ("pressed", qt.QPushButton, "must be checkable"),
        ("text", qt.QComboBox, "no connector"),
    ],
)
def test_pairs_that_slicer_does_not_connect_are_refused(settings, name, make, message):
    with pytest.raises(RuntimeError, match=message):
        settings.connectParametersToGui({name: make()})


def test_unknown_parameters_are_refused(settings):
    with pytest.raises(ValueError, match="no parameter 'flagg'"):
        settings.connectGui(bound_to("flagg", qt.QCheckBox()))


def test_one_parameter_in_two_widgets_is_refused(settings):
    with pytest.raises(ValueError, match="both show the parameter 'flag'"):
        settings.connectGui(bound_to("flag", qt.QCheckBox(), qt.QCheckBox()))
