"""`slicer.testing`: how a Slicer build tree runs the self-test of a module."""

import sys
import unittest
from typing import NoReturn

from standin.facade import install_module


def exitSuccess() -> None:
    """Slicer ends here; the process of the stand-in goes on."""


def exitFailure(message: str = "") -> NoReturn:
    raise RuntimeError(message)


def runUnitTest(path: str | list[str], testname: str) -> None:
    """Run every `test_*` method of the test cases in the module `testname`; RuntimeError if one fails."""
    sys.path.extend([path] if isinstance(path, str) else path)
    suite = unittest.TestLoader().loadTestsFromName(testname)
    if not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful():
        exitFailure(f"self-test of {testname} failed")


def install() -> None:
    """Make `slicer.testing` importable."""
    functions = (exitSuccess, exitFailure, runUnitTest)
    install_module("slicer.testing", __doc__, {function.__name__: function for function in functions})
