"""The self-tests of the modules, over the stand-in.

As with "Reload and Test", and with `slicer_add_python_unittest` in a Slicer build tree, a method finds the
application as the one before it left it: nothing but the methods' own `setUp` and `tearDown` clears the scene, and
nobody leaves the panel. So a mode, a selection, an observer or a computation that one leaves behind shows in the next.
What else that button does, finding the methods and running them on one object, is tried with a few of them.
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
EVERY = 12  # so many methods are run once for each that is run a second time


@pytest.mark.parametrize(("module", "method"), CASES)
def test_method(module, method):
    runner.run_self_test(module, method)


@pytest.mark.parametrize("module", MODULES)
def test_reload_and_test_runs_them_on_one_object(module):
    runner.run_all(module, only=runner.self_test_names(module)[::EVERY])


@pytest.mark.parametrize("module", MODULES)
def test_every_method_is_listed_here(module):
    listed = [method for name, method in CASES if name == module]
    assert runner.self_test_names(module) == listed
    assert runner.names_with_test(module) == listed, "the button would run these, whatever they are"
