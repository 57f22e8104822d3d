"""Qt objects behave as under PythonQt."""

import sys

import pytest
import qt
import slicer
from numpy import float32, float64, int64


def test_properties_are_attributes():
    box = qt.QCheckBox("text")
    assert box.text == "text"
    assert box.checked is False
    box.checked = True
    assert box.isChecked()


def test_calling_a_property_is_an_error():
    with pytest.raises(TypeError):
        qt.QLabel("text").text()


def test_name_is_the_object_name():
    widget = qt.QWidget()
    widget.name = "here"
    assert (widget.objectName, widget.name) == ("here", "here")


def test_own_name_property_wins():
    assert slicer.modules.scriptedmodule_probe.name == "Probe"


@pytest.fixture(autouse=True)
def _a_module_object():
    slicer.modules.scriptedmodule_probe = slicer.qSlicerScriptedLoadableModule("Probe", "/nowhere/Probe.py")
    yield
    del slicer.modules.scriptedmodule_probe


@pytest.mark.parametrize("make", [qt.QPushButton, qt.QSlider, slicer.qMRMLWidget, slicer.qMRMLNodeComboBox])
def test_unknown_attributes_can_neither_be_read_nor_set(make):
    widget = make()
    with pytest.raises(AttributeError, match="no attribute named 'colour'"):
        widget.colour  # noqa: B018
    with pytest.raises(AttributeError, match="does not exist"):
        widget.colour = "red"
    assert not hasattr(widget, "colour")


def test_private_attributes_of_qt_objects_cannot_be_set_either():
    with pytest.raises(AttributeError, match="C\\+\\+"):
        qt.QPushButton()._mine = 1


def test_methods_cannot_be_overwritten():
    with pytest.raises(AttributeError, match="cannot be overwritten"):
        qt.QPushButton().setText = None


def test_read_only_properties_cannot_be_set():
    with pytest.raises(AttributeError, match="not writable"):
        slicer.modules.scriptedmodule_probe.path = "/elsewhere"


def test_python_subclasses_keep_attributes_of_their_own():
    class Panel(qt.QWidget):
        def __init__(self):
            super().__init__()
            self.answer = 42

    panel = Panel()
    panel.enabled = False
    assert (panel.answer, panel.enabled, panel.isEnabled()) == (42, False, False)


def test_python_subclasses_may_redefine_a_property():
    class Panel(qt.QWidget):
        def width(self):
            return "wide"

    assert Panel().width() == "wide"


@pytest.mark.parametrize("value", ["3", None, int64(3), float32(3)])
def test_number_properties_take_python_numbers_only(value):
    """PythonQt converts neither texts nor numpy scalars."""
    with pytest.raises(AttributeError, match="does not accept"):
        qt.QDoubleSpinBox().value = value


def test_number_properties_convert_python_numbers():
    box, double_box = qt.QSpinBox(), qt.QDoubleSpinBox()
    box.value, double_box.value = 3.0, float64(4.5)
    assert (box.value, double_box.value) == (3, 4.5)


def test_text_properties_take_anything():
    label = qt.QLabel()
    label.text = 5
    assert label.text == "5"


def test_lists_of_text_come_back_as_tuples():
    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLModelNode", "vtkMRMLTextNode"]
    assert selector.nodeTypes == ("vtkMRMLModelNode", "vtkMRMLTextNode")


def test_dynamic_properties_are_attributes_once_they_are_there():
    widget = qt.QWidget()
    widget.setProperty("SlicerParameterName", "threshold")
    assert widget.SlicerParameterName == "threshold"
    widget.SlicerParameterName = "other"
    assert widget.property("SlicerParameterName") == "other"


def test_class_names():
    assert qt.QPushButton().className() == "QPushButton"
    assert slicer.qMRMLNodeComboBox().className() == "qMRMLNodeComboBox"
    assert slicer.qMRMLNodeComboBox().inherits("QWidget")
    assert not slicer.qMRMLNodeComboBox().inherits("QLabel")


def test_delete_destroys_the_object():
    parent = qt.QWidget()
    child = qt.QWidget(parent)
    child.delete()
    assert child not in parent.children()


def test_getters_that_are_virtual_in_c_plus_plus():
    box = qt.QComboBox()
    box.setEditable(True)
    assert box.sizeHint.width() > 0

    class Wide(qt.QWidget):
        def sizeHint(self):
            return qt.QSize(321, 12)

    parent = qt.QWidget()
    layout = qt.QVBoxLayout(parent)
    layout.addWidget(Wide())
    assert parent.sizeHint.width() >= 321


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is never freed there")
def test_calls_into_qt_do_not_use_up_none():
    """Some versions of PySide6 do, see pyproject.toml; the interpreter ends when there is none left."""
    button = qt.QPushButton()
    button.connect("clicked()", lambda: None)
    before = sys.getrefcount(None)
    for _ in range(200):
        button.click()
    assert abs(sys.getrefcount(None) - before) < 100


def test_objects_made_by_qt_behave_alike():
    box = qt.QDialogButtonBox(qt.QDialogButtonBox.Ok)
    (button,) = box.buttons()
    button.text = "Fine"
    assert button.text == "Fine"
    with pytest.raises(AttributeError):
        button.colour = "red"


@pytest.mark.parametrize("name", ["Signal", "Slot", "Property", "QNothing", "shiboken6"])
def test_qt_has_the_names_of_qt_only(name):
    with pytest.raises(AttributeError, match="no attribute"):
        getattr(qt, name)


def test_qt_has_classes_of_all_its_modules():
    assert qt.QFile.ReadOnly == qt.QIODevice.ReadOnly
    assert [qt.Qt.AlignLeft, qt.QIcon(), qt.QSettings, qt.QUiLoader, qt.QTest] != []


def test_settings_begin_empty_and_belong_to_the_process():
    settings = qt.QSettings()
    assert not settings.contains("standin/answer")
    assert "slicer-standin-settings" in settings.fileName()
