"""Which part may import which: panels -> Lib -> CueSegMRML -> cueseg, and never back or sideways."""

import ast
from pathlib import Path

import pytest

from project_tree import MODULES, PANELS, ROOT, imports_any, python_files, relative, syntax_tree

QT = ("qt", "ctk", "PythonQt", "PySide6")
SLICER = ("slicer", "vtk", *QT)
GLOBALS = {"mrmlScene", "app", "modules"}  # of slicer: below the panels, nodes and scenes are handed over
LIBS = [path for panel in PANELS for path in python_files(f"{panel}/{panel}Lib")]
ADAPTERS = python_files("CueSegBackend/CueSegMRML")
BACKEND = python_files("CueSegBackend/cueseg")
MAY_USE_QT = {"Requirements.py", "BackgroundTask.py", "Keys.py"}  # inside functions only


def ids(path: Path) -> str:
    return relative(path)


def test_every_layer_has_files():
    assert LIBS
    assert ADAPTERS
    assert BACKEND


@pytest.mark.parametrize("path", BACKEND, ids=ids)
def test_the_backend_is_pure(path):
    assert imports_any(path, (*SLICER, "CueSegMRML", "torchvision")) == set()


@pytest.mark.parametrize(
    "path", [p for p in BACKEND if p.parent.name == "cueseg" and p.name == "__init__.py"], ids=ids
)
def test_the_backend_package_itself_imports_no_torch(path):
    assert imports_any(path, ("torch", "scipy", "SimpleITK")) == set()


@pytest.mark.parametrize("path", LIBS, ids=ids)
def test_libs_know_no_widgets_and_no_translation(path):
    assert imports_any(path, (*QT, "slicer.i18n", "slicer.ScriptedLoadableModule")) == set()


@pytest.mark.parametrize("path", ADAPTERS, ids=ids)
def test_adapters_use_qt_in_three_files_and_there_inside_functions_only(path):
    used = imports_any(path, QT, at_module_level_only=path.name in MAY_USE_QT)
    assert used == set()


@pytest.mark.parametrize("path", ADAPTERS, ids=ids)
def test_adapters_do_not_know_who_uses_them(path):
    assert imports_any(path, tuple(f"{panel}{end}" for panel in PANELS for end in ("", "Lib"))) == set()


@pytest.mark.parametrize("path", [*LIBS, *ADAPTERS], ids=ids)
def test_nothing_below_the_panels_reaches_for_globals(path):
    used = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "slicer"
    }
    assert {name for name in used if name.split(".")[1] in GLOBALS} == set()


@pytest.mark.parametrize("panel", PANELS)
def test_panels_never_import_each_other(panel):
    others = tuple(f"{other}{end}" for other in PANELS if other != panel for end in ("", "Lib"))
    for path in python_files(panel):
        assert imports_any(path, others) == set(), relative(path)


@pytest.mark.parametrize("path", [*LIBS, *ADAPTERS, *(ROOT / m / f"{m}.py" for m in MODULES)], ids=ids)
def test_torch_is_never_imported_when_a_panel_opens(path):
    heavy = ("torch", "cueseg.predictor", "cueseg.models")
    assert imports_any(path, heavy, at_module_level_only=True) == set()
