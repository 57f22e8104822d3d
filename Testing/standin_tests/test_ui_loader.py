"""Loading .ui files through the real slicer.util.loadUI; mistakes in them raise."""

import ctk
import pytest
import qt
import slicer

from standin import ui_loader
from standin.ui_loader import UiFileError

PANEL = """<ui version="4.0"><class>Panel</class>
<widget class="qMRMLWidget" name="Panel"><layout class="QVBoxLayout" name="verticalLayout">
 <item><widget class="ctkCollapsibleButton" name="section">
  <property name="text"><string>Section</string></property>
  <property name="collapsed"><bool>true</bool></property>
  <layout class="QFormLayout" name="formLayout">
   <item row="0" column="0"><widget class="ctkSliderWidget" name="slider">
    <property name="maximum"><double>0.500000000000000</double></property>
    <property name="SlicerParameterName" stdset="0"><string>threshold</string></property>
   </widget></item>
   <item row="1" column="0"><widget class="ctkPathLineEdit" name="path">
    <property name="filters"><set>ctkPathLineEdit::Dirs|ctkPathLineEdit::Writable</set></property>
   </widget></item>
  </layout>
 </widget></item>
 <item><widget class="qMRMLNodeComboBox" name="selector">
  <property name="nodeTypes"><stringlist notr="true"><string>vtkMRMLTextNode</string></stringlist></property>
 </widget></item>
 <item><widget class="Line" name="line"><property name="orientation"><enum>Qt::Horizontal</enum></property>
 </widget></item>
 <item><widget class="QPushButton" name="button"><property name="text"><string>Go</string></property></widget></item>
</layout></widget>
<connections>
 <connection><sender>Panel</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
  <receiver>selector</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection>
</connections></ui>"""


@pytest.fixture
def load(tmp_path):
    def load(text=PANEL):
        path = tmp_path / "Panel.ui"
        path.write_text(text, encoding="utf-8")
        return slicer.util.loadUI(str(path))

    return load


def test_widgets_get_their_classes_names_and_properties(load):
    top = load()
    ui = slicer.util.childWidgetVariables(top)
    assert (top.name, top.className()) == ("Panel", "qMRMLWidget")
    assert ui.section.collapsed
    assert ui.slider.maximum == 0.5
    assert ui.slider.property("SlicerParameterName") == "threshold"
    assert ui.selector.nodeTypes == ("vtkMRMLTextNode",)
    assert ui.button.text == "Go"


def test_flags_of_stand_ins_are_numbers(load):
    path = slicer.util.childWidgetVariables(load()).path
    assert path.filters == path.Dirs | path.Writable


def test_connections_carry_mrml_objects(load, scene):
    top = load()
    top.setMRMLScene(scene)
    assert slicer.util.childWidgetVariables(top).selector.mrmlScene() is scene


def test_widgets_do_not_become_attributes_of_the_top_one(load):
    with pytest.raises(AttributeError):
        load().button  # noqa: B018


def test_missing_file_raises():
    with pytest.raises(RuntimeError, match="file not found"):
        slicer.util.loadUI("/nowhere/Panel.ui")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('class="ctkSliderWidget"', 'class="ctkSlider"', "unknown widget class ctkSlider"),
        ('class="QPushButton"', 'class="QPushBotton"', "unknown widget class QPushBotton"),
        ('name="maximum"', 'name="maximun"', "no property 'maximun'"),
        ("ctkPathLineEdit::Dirs", "ctkPathLineEdit::Folders", "has no ctkPathLineEdit::Folders"),
        ("<receiver>selector", "<receiver>selecter", "no object 'selecter'"),
        ("<slot>setMRMLScene", "<slot>setScene", "has no slot setScene"),
        ("mrmlSceneChanged", "sceneChanged", "no signal"),
        ("mrmlSceneChanged(vtkMRMLScene*)", "mrmlSceneChanged()", "no signal|does not carry"),
    ],
)
def test_mistakes_raise(load, old, new, message):
    assert old in PANEL
    with pytest.raises((UiFileError, ValueError), match=message):
        load(PANEL.replace(old, new))


def test_a_widget_that_cannot_be_made_is_reported(load, monkeypatch):
    class Broken(ctk.ctkSliderWidget):
        def __init__(self, parent=None):
            raise OSError("no colours left")

    monkeypatch.setitem(ui_loader.WIDGETS, "ctkSliderWidget", Broken)
    with pytest.raises(UiFileError, match="no colours left"):
        load()


def test_only_widgets_can_be_registered():
    with pytest.raises(ValueError, match="must be a QWidget"):
        ui_loader.register("ctkTimer", qt.QTimer)
