"""Every name of Qt, CTK, the MRML widgets and slicer.util that the modules use exists in Slicer."""

import ast
import xml.etree.ElementTree as ElementTree
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from project_tree import PANELS, ROOT, python_files, relative, syntax_tree

pytest.importorskip("PySide6", reason="Qt's own names come from PySide6")

import slicer_names

# What the application and its python files add to the names of the wheel.
OF_THE_APPLICATION = {"app", "mrmlScene", "modules", "moduleNames", "util", "selfTests"} | {
    "ScriptedLoadableModule",
    "i18n",
    "packaging",
    "parameterNodeWrapper",
    "testing",
}
BACKEND_FOLDERS = ("CueSegBackend/CueSegMRML", "CueSegBackend/CueSegBackendSelfTest")
FILES = [*python_files(*BACKEND_FOLDERS, *PANELS), ROOT / "CueSegBackend" / "CueSegBackend.py"]


@cache
def util_names() -> frozenset[str]:
    """`__all__` and the other functions and classes of the real slicer/util.py."""
    wheel = find_spec("slicer")
    if wheel is None:
        pytest.skip("the names of slicer.util come from the package slicer-core")
    tree = ast.parse(Path(wheel.submodule_search_locations[0], "util.py").read_text(encoding="utf-8"))
    return frozenset(n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef))


@cache
def slicer_names_of_the_wheel() -> frozenset[str]:
    import slicer

    return frozenset(dir(slicer)) | OF_THE_APPLICATION | util_names()


def panel_root(module: str) -> ElementTree.Element:
    return ElementTree.parse(ROOT / module / "Resources" / "UI" / f"{module}.ui").getroot()


def widgets_of(path: Path) -> dict[str, str]:
    module = path.relative_to(ROOT).parts[0]
    if module not in PANELS:
        return {}
    return {widget.get("name"): widget.get("class") for widget in panel_root(module).iter("widget")}


def findings(source: str, panel: dict[str, str] | None = None) -> list[str]:
    tree = ast.parse(source)
    return slicer_names.findings_in_source(tree, panel or {}, slicer_names_of_the_wheel(), util_names())


@pytest.mark.parametrize("panel", PANELS)
def test_panels_use_names_of_slicer(panel):
    assert list(slicer_names.findings_in_panel(panel_root(panel))) == []


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_modules_use_names_of_slicer(path):
    names = slicer_names_of_the_wheel(), util_names()
    assert slicer_names.findings_in_source(syntax_tree(path), widgets_of(path), *names) == []


PANEL = {"slider": "ctkSliderWidget", "button": "QPushButton", "selector": "qMRMLNodeComboBox"}


@pytest.mark.parametrize(
    "line",
    [
        "self.ui.slider.value = 3",
        "self.ui.slider.setValue(3)",
        "ui.button.text = ui.button.text + 'x'",
        "self.ui.button.connect('clicked(bool)', f)",
        "self.ui.selector.connect('currentNodeChanged(vtkMRMLNode*)', f)",
        "self.ui.button.clicked.connect(f)",
        "self._timer = qt.QTimer()\nself._timer.connect('timeout()', f)",
        "qt.QTimer.singleShot(0, f)",
        "x = qt.Qt.AlignLeft | qt.QMessageBox.Ok",
        "slicer.app.layoutManager().sliceWidget('Red').sliceView().convertRASToXYZ([0, 0, 0])",
        "slicer.util.mainWindow().moduleSelector().selectModule('X')",
        "slicer.util.arrayFromVolume(slicer.vtkMRMLScalarVolumeNode())",
        "class X(ScriptedLoadableModule):\n    def f(self):\n        self.parent.title = 'x'",
        "from slicer.util import VTKObservationMixin\nfrom slicer import vtkMRMLScalarVolumeNode",
    ],
)
def test_right_names_pass(line):
    assert findings(line, PANEL) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("self.ui.slider.setMinimum(3)", "ctkSliderWidget.setMinimum"),
        ("self.ui.slider.vlaue = 3", "ctkSliderWidget.vlaue"),
        ("self.ui.slider.setValue = 3", "is no property"),
        ("ui.button.text()", "is a property"),
        ("self.ui.selector.setNodeTypes(['x'])", "qMRMLNodeComboBox.setNodeTypes"),
        ("self.ui.button.connect('clickd(bool)', f)", "signal clickd(bool) of QPushButton"),
        ("a, s = 1, self.ui.selector\ns.disconnect('nodeChanged()', f)", "signal nodeChanged()"),
        ("self._timer = qt.QTimer()\nself._timer.connect('timeOut()', f)", "signal timeOut() of QTimer"),
        ("self._timer = qt.QTimer()\nself._timer.begin()", "QTimer.begin"),
        ("qt.QTimer.singleShoot(0, f)", "QTimer.singleShoot"),
        ("qt.QTimr()", "qt.QTimr"),
        ("qt.Signal()", "qt.Signal"),
        ("x = qt.Qt.AlignLfet", "Qt.AlignLfet"),
        ("qt.QLabel(text='x')", "keyword argument of QLabel"),
        ("ctk.ctkSlider()", "ctk.ctkSlider"),
        ("slicer.qMRMLNodeCombo()", "slicer.qMRMLNodeCombo"),
        ("slicer.vtkMRMLScalarVolume()", "slicer.vtkMRMLScalarVolume"),
        ("slicer.util.arrayFromVolum(v)", "slicer.util.arrayFromVolum"),
        ("slicer.app.layoutManger()", "qSlicerApplication.layoutManger"),
        ("slicer.app.layoutManager().sliceWidget('Red').sliceview()", "qMRMLSliceWidget.sliceview"),
        ("slicer.util.mainWindow().moduleSelektor()", "qSlicerMainWindow.moduleSelektor"),
        ("class X(ScriptedLoadableModule):\n    def f(self):\n        self.parent.tittle = 'x'", "tittle"),
        ("from slicer.util import VTKObservationMixing", "slicer.util.VTKObservationMixing"),
        ("from slicer import vtkMRMLNothingNode", "slicer.vtkMRMLNothingNode"),
    ],
)
def test_wrong_names_are_found(line, found):
    (text,) = findings(line, PANEL)
    assert found in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('class="ctkSliderWidget"', 'class="ctkSlider"'),
        ('name="maximum"', 'name="maximun"'),
        ("mrmlSceneChanged(vtkMRMLScene*)", "sceneChanged(vtkMRMLScene*)"),
        ("setMRMLScene(vtkMRMLScene*)", "setScene(vtkMRMLScene*)"),
        ("<receiver>inputVolumeSelector", "<receiver>inputSelector"),
    ],
)
def test_wrong_names_in_a_panel_are_found(old, new):
    text = ElementTree.tostring(panel_root("ExtremePointSeg"), encoding="unicode")
    assert old in text
    assert len(list(slicer_names.findings_in_panel(ElementTree.fromstring(text.replace(old, new, 1))))) == 1


def test_the_files_are_found():
    assert len(FILES) > 10
