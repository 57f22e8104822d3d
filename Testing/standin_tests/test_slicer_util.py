"""The real slicer.util runs over the stand-in, unmodified."""

import logging
from pathlib import Path

import pytest
import qt
import slicer
import vtk


class Observer(slicer.util.VTKObservationMixin):
    def __init__(self):
        super().__init__()
        self.seen = []

    def onModified(self, caller, event):
        self.seen.append(event)


def test_it_is_the_real_file():
    assert "site-packages" in slicer.util.__file__


def test_main_window_and_layout():
    assert slicer.util.mainWindow().className() == "qSlicerMainWindow"
    assert slicer.util.moduleSelector() is slicer.util.mainWindow().moduleSelector()


def test_find_children_by_name_class_and_text():
    parent = qt.QWidget()
    button = qt.QPushButton("Go", parent)
    button.name = "goButton"
    assert slicer.util.findChildren(parent, name="go*") == [button]
    assert slicer.util.findChildren(parent, className="QPushButton", text="G?") == [button]
    assert slicer.util.findChild(parent, "goButton") is button
    with pytest.raises(RuntimeError, match="does not exist"):
        slicer.util.findChild(parent, "stopButton")


def test_settings_value():
    qt.QSettings().setValue("standin/flag", "true")
    assert slicer.util.settingsValue("standin/flag", False, converter=slicer.util.toBool) is True
    assert slicer.util.settingsValue("standin/missing", 7) == 7
    qt.QSettings().remove("standin/flag")


def test_wait_cursor():
    with slicer.util.WaitCursor():
        assert qt.QApplication.overrideCursor().shape() == qt.Qt.WaitCursor
    assert qt.QApplication.overrideCursor() is None


def test_render_blocker(app):
    with slicer.util.RenderBlocker():
        pass


def test_messages_are_logged_and_wait_for_nobody(caplog):
    with caplog.at_level(logging.INFO):
        slicer.util.errorDisplay("it failed")
        slicer.util.confirmOkCancelDisplay("really?")
    assert "it failed" in caplog.text
    assert "really?" in caplog.text
    assert "skipping message box" in caplog.text


def test_delay_display_with_a_window(app):
    slicer.util.delayDisplay("a moment", autoCloseMsec=400)


def test_progress_dialog():
    dialog = slicer.util.createProgressDialog(maximum=10, labelText="working")
    dialog.value = 4
    assert (dialog.value, dialog.maximum) == (4, 10)
    dialog.close()


def test_temp_directory():
    assert Path(slicer.util.tempDirectory("standin")).is_dir()


def test_observation_mixin(scene):
    observer, node = Observer(), scene.AddNewNodeByClass("vtkMRMLTextNode")
    observer.addObserver(node, vtk.vtkCommand.ModifiedEvent, observer.onModified)
    node.SetText("changed")
    assert observer.seen == ["ModifiedEvent"]
    assert observer.hasObserver(node, vtk.vtkCommand.ModifiedEvent, observer.onModified)
    observer.removeObservers()
    node.SetText("again")
    assert len(observer.seen) == 1


def test_parameter_edit_widgets(scene):
    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    box, changes = qt.QSpinBox(), []
    widgets = [(box, "count")]
    slicer.util.addParameterEditWidgetConnections(widgets, lambda *_: changes.append(box.value))
    box.value = 4
    slicer.util.updateNodeFromParameterEditWidgets(widgets, node)
    node.SetParameter("count", "9")
    slicer.util.updateParameterEditWidgetsFromNode(widgets, node)
    assert (box.value, changes) == (9, [4, 9])


def test_show_status_message():
    slicer.util.showStatusMessage("working", 100)
    assert slicer.util.mainWindow().statusBar().currentMessage() == "working"


def test_translation_leaves_texts_alone():
    assert slicer.i18n.tr("Segment") == slicer.i18n.translate("Context", "Segment") == "Segment"
