"""The self-tests of the modules, over the stand-in: each method alone, and all at once as in "Reload and Test".

In a Slicer build tree `slicer_add_python_unittest` runs the same classes.
"""

import ast
from collections.abc import Iterator

import pytest

from project_tree import MODULES, ROOT, module_class, syntax_tree
from standin import runner


def cases() -> Iterator[tuple[str, str]]:
    """Module and method, from the source, so that nothing is loaded while pytest collects."""
    for module in MODULES:
        bodies = [module_class(module, "Test").body]
        folder = ROOT / module / f"{module}SelfTest"
        for path in sorted(folder.glob("*.py")):
            bodies += [node.body for node in syntax_tree(path).body if isinstance(node, ast.ClassDef)]
        functions = [node for body in bodies for node in body if isinstance(node, ast.FunctionDef)]
        yield from ((module, node.name) for node in functions if node.name.startswith("test_"))


CASES = sorted(set(cases()))


@pytest.mark.parametrize(("module", "method"), CASES)
def test_method(module, method):
    runner.run_self_test(module, method)


@pytest.mark.parametrize("module", MODULES)
def test_all_at_once(module):
    runner.run_all(module)


@pytest.mark.parametrize("module", MODULES)
def test_every_method_is_listed_here(module):
    assert runner.self_test_names(module) == [method for name, method in CASES if name == module]
