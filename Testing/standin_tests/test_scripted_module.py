"""Base classes of scripted modules, loading a module, running its self-test."""

import sys
import unittest

import pytest
import qt
import slicer
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

from standin import errors, module_loader, runner

SOURCE = """
import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import *
from slicer.util import VTKObservationMixin

class {name}(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("A probe")
        self.parent.categories = ["Testing"]
        self.parent.dependencies = {dependencies}

class {name}Widget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    calls = []
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        self.layout.addWidget(slicer.util.loadUI(self.resourcePath("UI/{name}.ui")))
        self.logic = {name}Logic()
        self.calls.append("setup")
    def enter(self):
        self.calls.append("enter")
    def exit(self):
        self.calls.append("exit")
    def cleanup(self):
        self.calls.append("cleanup")

class {name}Logic(ScriptedLoadableModuleLogic): pass

class {name}Test(ScriptedLoadableModuleTest):
    ran = []
    def setUp(self):
        self.ran.append("setUp")
    def tearDown(self):
        self.ran.append("tearDown")
    def test_One(self):
        self.ran.append("one")
    def test_Two(self):
        self.ran.append("two")
    def test_Wrong(self):
        self.assertEqual(1, 2)
    def test_Slot(self):
        import qt
        button = qt.QPushButton()
        button.connect("clicked()", lambda: 1 / 0)
        button.click()
    def test_Left_Out(self):
        self.skipTest("not today")
"""
PANEL = """<ui version="4.0"><class>{name}</class><widget class="QWidget" name="{name}"/></ui>"""


@pytest.fixture
def make_module(tmp_path):
    """Writes a module folder; modules loaded from it are unloaded afterwards."""
    names = []

    def make(name="StandInProbe", dependencies=()):
        folder = tmp_path / name
        (folder / "Resources" / "UI").mkdir(parents=True)
        (folder / f"{name}.py").write_text(
            SOURCE.format(name=name, dependencies=list(dependencies)), encoding="utf-8"
        )
        (folder / "Resources" / "UI" / f"{name}.ui").write_text(PANEL.format(name=name), encoding="utf-8")
        names.append(name)
        return folder

    yield make
    for name in names:
        if hasattr(slicer.modules, name.lower()):
            module_loader.unload_module(name)
        sys.modules.pop(name, None)
        sys.path[:] = [path for path in sys.path if not path.startswith(str(tmp_path))]


@pytest.fixture
def probe(make_module):
    return module_loader.load_module(make_module())


def test_a_loaded_module_is_known_everywhere(probe):
    assert slicer.modules.standinprobe is probe
    assert (probe.name, probe.title, probe.categories) == ("StandInProbe", "A probe", ("Testing",))
    assert slicer.util.getModule("StandInProbe") is probe
    assert "StandInProbe" in slicer.util.moduleNames()
    assert slicer.util.modulePath("StandInProbe").endswith("StandInProbe.py")
    assert slicer.moduleNames.StandInProbe == "StandInProbe"
    assert "StandInProbe" in slicer.selfTests
    assert probe.logic().GetMRMLScene() is slicer.mrmlScene


def test_loading_twice_is_once(probe, tmp_path):
    assert module_loader.load_module(tmp_path / "StandInProbe") is probe


def test_a_module_folder_holds_one_file(make_module):
    folder = make_module()
    (folder / "helper.py").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="one python file of its own name"):
        module_loader.load_module(folder)


def test_dependencies_must_be_loaded(make_module):
    with pytest.raises(RuntimeError, match="Nowhere"):
        module_loader.load_module(make_module("StandInDependent", ["Nowhere"]))
    assert not hasattr(slicer.modules, "standindependent")


def test_the_panel_is_made_once_and_entered_and_left(probe):
    panel = slicer.util.getModuleWidget("StandInProbe")
    panel.calls.clear()
    slicer.util.selectModule("StandInProbe")
    representation = probe.widgetRepresentation()
    assert representation.self() is panel
    assert (representation.isEntered, slicer.util.selectedModule()) == (True, "StandInProbe")
    slicer.util.mainWindow().moduleSelector().selectModule("")
    assert (representation.isEntered, panel.calls) == (False, ["enter", "exit"])
    assert slicer.modules.StandInProbeWidget is panel
    assert panel.parent is representation
    assert isinstance(slicer.util.getModuleLogic("StandInProbe"), ScriptedLoadableModuleLogic)


def test_reloading_makes_a_new_panel(probe):
    old = slicer.util.getModuleWidget("StandInProbe")
    old.onReload()
    new = slicer.modules.StandInProbeWidget
    assert new is not old
    assert old.calls[-1] == "cleanup"
    assert type(new).__module__ == "StandInProbe"
    assert probe.widgetRepresentation().self() is new
    assert probe.widgetRepresentation().layout().count() == 1


def test_unloading_cleans_up(make_module):
    module_loader.load_module(make_module())
    panel = slicer.util.getModuleWidget("StandInProbe")
    module_loader.unload_module("StandInProbe")
    assert panel.calls[-1] == "cleanup"
    assert not hasattr(slicer.modules, "standinprobe")


def test_an_exception_in_setup_is_collected(make_module):
    folder = make_module()
    (folder / "Resources" / "UI" / "StandInProbe.ui").unlink()
    module = module_loader.load_module(folder)
    with errors.expected(RuntimeError):
        assert module.widgetRepresentation() is not None


def test_metadata_of_the_parent_is_limited_to_its_properties(probe):
    with pytest.raises(AttributeError):
        probe.author = "nobody"


def test_self_tests_run_one_by_one(probe):
    assert runner.self_test_names("StandInProbe") == [
        "test_Left_Out",
        "test_One",
        "test_Slot",
        "test_Two",
        "test_Wrong",
    ]
    ran = sys.modules["StandInProbe"].StandInProbeTest.ran
    runner.run_self_test("StandInProbe", "test_Two")
    assert ran == ["setUp", "two", "tearDown"]


@pytest.mark.parametrize(
    ("method", "message"),
    [("test_Wrong", "1 != 2"), ("test_Slot", "division by zero"), ("test_Left_Out", "was not run")],
)
def test_failures_swallowed_exceptions_and_skips_are_errors(probe, method, message):
    with pytest.raises(AssertionError, match=message):
        runner.run_self_test("StandInProbe", method)


def test_run_test_runs_all_of_them(probe):
    cls = sys.modules["StandInProbe"].StandInProbeTest
    for name in ("test_Wrong", "test_Slot", "test_Left_Out"):
        delattr(cls, name)
    runner.run_all("StandInProbe")
    assert cls.ran == ["setUp", "one", "tearDown", "setUp", "two", "tearDown"]
    runner.run_all("StandInProbe", only=["test_Two"])
    assert cls.ran[6:] == ["setUp", "two", "tearDown"]


def test_run_test_takes_helpers_for_tests_too(probe):
    cls = sys.modules["StandInProbe"].StandInProbeTest
    cls.latest = lambda self: self.ran.append("latest")
    assert runner.names_with_test("StandInProbe") == ["latest", *runner.self_test_names("StandInProbe")]
    runner.run_all("StandInProbe", only=["latest"])
    assert cls.ran == ["setUp", "latest", "tearDown"]


def test_the_build_tree_way_reports_failure(probe, capfd):
    del sys.modules["StandInProbe"].StandInProbeTest.test_Slot
    with pytest.raises(RuntimeError, match="self-test of StandInProbe failed"):
        slicer.testing.runUnitTest([], "StandInProbe")
    assert "test_Wrong" in capfd.readouterr().err


def test_without_a_parent_the_widget_opens_a_window():
    class AloneWidget(ScriptedLoadableModuleWidget):
        def setup(self):
            self.layout.addWidget(qt.QLabel("here"))

    widget = AloneWidget()
    assert (widget.moduleName, widget.parent.visible) == ("Alone", True)
    assert widget.parent.mrmlScene() is slicer.mrmlScene
    widget.parent.hide()


def test_a_test_class_works_with_mix_ins(caplog):
    class EmptyTest(ScriptedLoadableModuleTest, slicer.util.VTKObservationMixin):
        pass

    case = EmptyTest()
    case.runTest()
    case.delayDisplay("working", msec=10)
    assert isinstance(case, unittest.TestCase)
    assert case.Observations == []
    assert "No test is defined in EmptyTest" in caplog.text
