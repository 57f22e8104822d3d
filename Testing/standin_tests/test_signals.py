"""Connecting by signature; wrong names raise."""

import pytest
import qt
import slicer

from standin.signals import UnknownSignalError


@pytest.fixture
def button():
    button = qt.QPushButton()
    button.checkable = True
    return button


@pytest.mark.parametrize(
    "signature", ["clickd(bool)", "clicked(int)", "clicked", "setText(QString)", "clicked(bool,bool)"]
)
def test_unknown_signals_raise(button, signature):
    with pytest.raises(UnknownSignalError):
        button.connect(signature, print)
    with pytest.raises(UnknownSignalError):
        button.disconnect(signature, print)


def test_qt_6_has_no_text_overload_of_current_index_changed():
    """Code that used it would work in one build of Slicer only."""
    with pytest.raises(UnknownSignalError):
        qt.QComboBox().connect("currentIndexChanged(QString)", print)


def test_values_arrive(button):
    got = []
    assert button.connect("toggled(bool)", got.append)
    button.click()
    assert got == [True]


def test_a_signal_without_values_hands_on_none(button):
    got = []
    button.connect("clicked()", lambda *values: got.append(values))
    button.click()
    assert got == [()]


def test_python_functions_get_as_many_values_as_they_take(button):
    got = []

    class Panel:
        def onClick(self):
            got.append("method")

    panel = Panel()
    button.connect("clicked(bool)", panel.onClick)
    button.connect("clicked(bool)", lambda: got.append("function"))
    button.click()
    assert got == ["method", "function"]


def test_overloads_are_told_apart():
    group, got = qt.QButtonGroup(), []
    button = qt.QPushButton()
    group.addButton(button, 7)
    group.connect("buttonClicked(QAbstractButton*)", lambda clicked: got.append(clicked is button))
    group.connect("idClicked(int)", got.append)
    button.click()
    assert sorted(got) == [True, 7]


def test_signals_that_carry_nodes(scene):
    selector, got = slicer.qMRMLNodeComboBox(), []
    selector.nodeTypes = ["vtkMRMLTextNode"]
    selector.setMRMLScene(scene)
    selector.connect("currentNodeChanged(vtkMRMLNode*)", got.append)
    selector.connect("currentNodeChanged(bool)", got.append)
    node = scene.AddNewNodeByClass("vtkMRMLTextNode")
    selector.setCurrentNode(node)
    assert sorted(got, key=str) == sorted([node, True], key=str)


def test_the_python_names_behind_such_signals_are_hidden():
    with pytest.raises(UnknownSignalError):
        slicer.qMRMLNodeComboBox().connect("_nodeChanged(PyObject)", print)


def test_receiver_and_slot_by_name(button):
    box = qt.QCheckBox()
    button.connect("toggled(bool)", box, "setChecked(bool)")
    button.click()
    assert box.checked


def test_missing_slot_raises(button):
    with pytest.raises(AttributeError):
        button.connect("toggled(bool)", qt.QCheckBox(), "setTicked(bool)")
    with pytest.raises(TypeError, match="connect takes a function"):
        button.connect("toggled(bool)", "setChecked(bool)")


def test_disconnect_takes_one_function_away(button):
    got = []

    class Panel:
        def onClick(self):
            got.append("panel")

    panel = Panel()
    button.connect("clicked()", panel.onClick)
    button.connect("clicked()", lambda: got.append("other"))
    assert button.disconnect("clicked()", panel.onClick)
    button.click()
    assert got == ["other"]
    assert not button.disconnect("clicked()", panel.onClick)


def test_disconnect_without_function_takes_all_away(button):
    got = []
    button.connect("clicked()", lambda: got.append(1))
    button.connect("toggled(bool)", lambda: got.append(2))
    assert button.disconnect("clicked()")
    button.click()
    assert got == [2]


def test_signals_are_attributes_too(button):
    got = []
    button.clicked.connect(got.append)
    button.clicked.emit(True)
    button.clicked(False)
    assert got == [True, False]
    assert button.clicked.disconnect(got.append)


def test_blocked_signals_stay_silent(button):
    got = []
    button.connect("toggled(bool)", got.append)
    button.blockSignals(True)
    button.checked = True
    assert got == []


def test_a_method_of_a_destroyed_object_is_not_called(button):
    class Panel(qt.QWidget):
        called = False

        def onClick(self):
            Panel.called = True

    panel = Panel()
    button.connect("clicked()", panel.onClick)
    panel.delete()
    button.click()
    assert not Panel.called


def test_signals_of_widgets_from_a_ui_file_are_emitted_too(tmp_path):
    path = tmp_path / "label.ui"
    path.write_text(
        '<ui version="4.0"><class>W</class><widget class="QWidget" name="W"><layout class="QVBoxLayout" name="l">'
        '<item><widget class="QLabel" name="label"/></item></layout></widget></ui>',
        encoding="utf-8",
    )
    widget, got = slicer.util.loadUI(str(path)), []
    label = slicer.util.childWidgetVariables(widget).label
    label.connect("linkActivated(QString)", got.append)
    label.linkActivated("7")
    label.linkActivated.emit("8")
    assert got == ["7", "8"]
