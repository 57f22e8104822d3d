"""Each panel's .ui file, its Python and its settings agree, without Qt to try it."""

import ast
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from project_tree import MODULES, PANELS, ROOT, imports_any, module_class, python_files, syntax_tree

SCENE_CLASSES = ("qMRML", "qSlicer")


def ui_root(panel: str) -> ElementTree.Element:
    return ElementTree.parse(ROOT / panel / "Resources" / "UI" / f"{panel}.ui").getroot()


def widgets(panel: str) -> dict[str, str]:
    """Object name -> class."""
    return {w.get("name"): w.get("class") for w in ui_root(panel).iter("widget")}


def ui_attributes(panel: str) -> set[str]:
    """Names after `self.ui.` or `ui.` in the module file, in those of its widgets and in the part that panels share."""
    found = set()
    paths = [ROOT / panel / f"{panel}.py", *python_files(f"{panel}/{panel}Widgets")]
    paths.append(ROOT / "CueSegBackend" / "CueSegMRML" / "ReportControls.py")
    for node in (node for path in paths for node in ast.walk(syntax_tree(path))):
        if isinstance(node, ast.Attribute):
            owner = node.value
            is_ui = (isinstance(owner, ast.Name) and owner.id == "ui") or (
                isinstance(owner, ast.Attribute) and owner.attr == "ui"
            )
            if is_ui:
                found.add(node.attr)
    return found


def bound_parameters(panel: str) -> set[str]:
    return {
        prop.findtext("string")
        for prop in ui_root(panel).iter("property")
        if prop.get("name") == "SlicerParameterName"
    }


def settings_fields(panel: str) -> set[str]:
    wrapper = module_class(panel, "ParameterNode")
    if wrapper is None:
        return set()
    return {node.target.id for node in wrapper.body if isinstance(node, ast.AnnAssign)}


def attribute_names(panel: str) -> set[str]:
    paths = [ROOT / panel / f"{panel}.py", *(ROOT / panel / f"{panel}Lib").glob("*.py")]
    return {n.attr for p in paths for n in ast.walk(syntax_tree(p)) if isinstance(n, ast.Attribute)}


@pytest.mark.parametrize("panel", PANELS)
def test_every_widget_that_the_code_names_is_in_the_ui(panel):
    assert ui_attributes(panel), "the panel shows something"
    assert ui_attributes(panel) - set(widgets(panel)) == set()


@pytest.mark.parametrize("panel", PANELS)
def test_every_control_is_used_or_bound(panel):
    """A control that neither the code nor a setting knows does nothing."""
    root = ui_root(panel)
    bound = {
        w.get("name")
        for w in root.iter("widget")
        if any(p.get("name") == "SlicerParameterName" for p in w.findall("property"))
    }
    passive = ("QLabel", "QWidget", "ctkCollapsibleButton", "qMRMLWidget")
    controls = {name for name, kind in widgets(panel).items() if kind not in passive}
    assert controls - bound - ui_attributes(panel) == set()


@pytest.mark.parametrize("panel", PANELS)
def test_bound_parameters_are_fields_of_the_settings(panel):
    assert bound_parameters(panel) <= settings_fields(panel)


@pytest.mark.parametrize("panel", PANELS)
def test_fields_that_are_not_bound_are_handled_by_hand(panel):
    assert settings_fields(panel) - bound_parameters(panel) <= attribute_names(panel)


@pytest.mark.parametrize("panel", PANELS)
def test_names_are_unique(panel):
    names = [w.get("name") for w in ui_root(panel).iter("widget")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("panel", PANELS)
def test_every_control_has_a_tooltip(panel):
    silent = [
        w.get("name")
        for w in ui_root(panel).iter("widget")
        if w.get("class").startswith(("QPush", "QCheck", "QCombo", "ctkSlider", "qMRMLNode", "qMRMLSegment"))
        and not any(p.get("name") == "toolTip" for p in w.findall("property"))
    ]
    assert silent == []


@pytest.mark.parametrize("panel", PANELS)
def test_every_mrml_widget_gets_the_scene(panel):
    root = ui_root(panel)
    top = root.find("widget").get("name")
    connected = {
        c.findtext("receiver")
        for c in root.iter("connection")
        if c.findtext("signal") == "mrmlSceneChanged(vtkMRMLScene*)" and c.findtext("sender") == top
    }
    need = {name for name, kind in widgets(panel).items() if kind.startswith(SCENE_CLASSES) and name != top}
    assert connected == need


@pytest.mark.parametrize("panel", PANELS)
def test_custom_classes_are_declared(panel):
    declared = {c.findtext("class") for c in ui_root(panel).iter("customwidget")}
    used = {kind for kind in widgets(panel).values() if not kind.startswith("Q")}
    assert used == declared


@pytest.mark.parametrize("module", MODULES)
def test_module_folders_hold_one_python_file_and_are_no_package(module):
    assert [p.name for p in sorted((ROOT / module).glob("*.py"))] == [f"{module}.py"]


@pytest.mark.parametrize("module", MODULES)
def test_module_classes_have_the_names_that_slicer_looks_for(module):
    metadata = module_class(module)
    assert [base.id for base in metadata.bases if isinstance(base, ast.Name)] == ["ScriptedLoadableModule"]
    assert module_class(module, "Test") is not None
    assert (module_class(module, "Widget") is not None) == (module in PANELS)


@pytest.mark.parametrize("module", MODULES)
def test_self_tests_are_methods_and_run_test_is_not_overridden(module):
    own = module_class(module, "Test")
    cases = [node for path in self_test_files(module) for node in syntax_tree(path).body]
    classes = [own, *(node for node in cases if isinstance(node, ast.ClassDef))]
    names = [node.name for cls in classes for node in cls.body if isinstance(node, ast.FunctionDef)]
    assert any(name.startswith("test_") for name in names)
    assert len(names) == len(set(names)), "of two methods of one name, one would never run"
    assert "runTest" not in names
    assert [name for name in names if "test" in name and not name.startswith("test_")] == []


@pytest.mark.parametrize("module", MODULES)
def test_the_test_class_has_all_cases_of_its_folder(module):
    bases = {base.id for base in module_class(module, "Test").bases}
    cases = {path.stem for path in self_test_files(module) if path.stem.endswith("Tests")}
    assert bases == cases | {"ScriptedLoadableModuleTest"}


@pytest.mark.parametrize("module", MODULES)
def test_no_self_test_asks_where_it_runs(module):
    for path in (ROOT / module / f"{module}.py", *self_test_files(module)):
        assert not imports_any(path, ("standin", "PySide6", "pytest", "headless_slicer")), path
        assert "standin" not in path.read_text(encoding="utf-8").lower().replace("-", ""), path


def self_test_files(module: str) -> list[Path]:
    return python_files(f"{module}/{module}SelfTest")


@pytest.mark.parametrize("panel", PANELS)
def test_panels_have_an_icon_of_their_name(panel):
    icon = ROOT / panel / "Resources" / "Icons" / f"{panel}.svg"
    assert ElementTree.parse(icon).getroot().tag.endswith("svg")


def test_root_folder_holds_no_python():
    """Slicer's module finder reads every folder that the user drops on the window."""
    assert [p.name for p in Path(ROOT).glob("*.py")] == []
