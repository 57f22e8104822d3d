"""Files and functions stay short enough to be read at once."""

import ast
import re
from pathlib import Path

import pytest

from project_tree import MODULES, ROOT, project_files, python_files, relative, syntax_tree

FILE_LINES, MODULE_LINES, FUNCTION_LINES = 250, 350, 40
TEXT = (".py", ".md", ".txt", ".toml", ".cmake", ".json", ".ui", ".svg", ".cfg", ".yml", ".sh")
# Places on one machine; what a test writes comes from tmp_path.
MACHINE_PATH = re.compile(r"(?<![\w./~])/(?:work|home|root|Users|mnt|srv|scratch)/\w")


def code_lines(function: ast.FunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and ast.get_docstring(function) is not None
    docstring = first.end_lineno - first.lineno + 1 if documented else 0
    return function.end_lineno - function.lineno + 1 - docstring


@pytest.mark.parametrize("path", python_files(), ids=relative)
def test_files_are_short(path: Path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    is_module = path in [ROOT / m / f"{m}.py" for m in MODULES]
    assert lines <= (MODULE_LINES if is_module else FILE_LINES)


@pytest.mark.parametrize("path", python_files(), ids=relative)
def test_functions_are_short(path: Path):
    functions = (node for node in ast.walk(syntax_tree(path)) if isinstance(node, ast.FunctionDef))
    lines = {node.name: code_lines(node) for node in functions}
    assert {name: count for name, count in lines.items() if count > FUNCTION_LINES} == {}


def test_no_file_names_a_place_on_one_machine():
    found = {}
    for path in project_files():
        if path.suffix in TEXT or path.name in ("Makefile", "run"):
            hits = MACHINE_PATH.findall(path.read_text(encoding="utf-8"))
            if hits and path != Path(__file__):
                found[relative(path)] = hits
    assert found == {}


def test_test_folders_are_no_packages_and_file_names_are_unique():
    tests = [path for path in python_files("Testing") if path.name.startswith("test_")]
    assert [relative(p.parent) for p in tests if (p.parent / "__init__.py").exists()] == []
    names = [p.name for p in tests]
    assert sorted(names) == sorted(set(names))


def test_files_are_small_enough_to_be_committed():
    large = [relative(p) for p in project_files() if p.stat().st_size > 30_000_000]
    assert large == []
