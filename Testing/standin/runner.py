"""Runs the self-test of a module: method by method, or all at once as "Reload and Test" does."""

import sys
import unittest
from collections.abc import Sequence
from unittest.mock import patch

import slicer

from standin import errors


def self_test_names(module_name: str) -> list[str]:
    """The `test_*` methods of <Name>Test of a loaded module, in the order of unittest."""
    return list(unittest.TestLoader().getTestCaseNames(_test_case(module_name)))


def run_self_test(module_name: str, method: str) -> None:
    """Run one method with its `setUp` and `tearDown`.

    Raises:
        AssertionError: it failed, was not run, or an exception ended in a slot or an observer.
    """
    result = unittest.TestResult()
    with errors.none_allowed():
        _test_case(module_name)(method).run(result)
        slicer.app.processEvents()
    for _, report in result.errors + result.failures:
        raise AssertionError(report)
    if result.skipped or result.testsRun != 1:
        raise AssertionError(f"{module_name}.{method} was not run: {result.skipped}")


def names_with_test(module_name: str) -> list[str]:
    """What `runTest` takes for test methods: everything callable with "test" anywhere in its name."""
    case = _test_case(module_name)
    return [name for name in dir(case) if "test" in name and callable(getattr(case, name))]


def run_all(module_name: str, only: Sequence[str] | None = None) -> None:
    """Run `runTest` of <Name>Test through `slicer.selfTests`; raises as the test does.

    Args:
        module_name: a loaded module.
        only: the methods that `runTest` is to find; None: all.
    """
    case = _test_case(module_name)
    found = case if only is None else type(case.__name__, (case,), {"__dir__": lambda self: list(only)})
    with errors.none_allowed(), patch.object(sys.modules[module_name], case.__name__, found):
        slicer.selfTests[module_name]()
        slicer.app.processEvents()


def _test_case(module_name: str) -> type[unittest.TestCase]:
    return getattr(sys.modules[module_name], f"{module_name}Test")
