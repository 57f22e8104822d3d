"""Just enough of the Slicer application to import module files: what the slicer-core wheel lacks.

These stand-ins know no widgets. They are for a process of their own, never for the tests of a tier.
"""

import sys
import unittest
from types import ModuleType, SimpleNamespace

import headless_slicer


def _module(name: str, **members) -> None:
    module = ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


class ModuleStandIn:
    """ScriptedLoadableModule: keeps its parent."""

    def __init__(self, parent) -> None:
        self.parent = parent


class LogicStandIn:
    """ScriptedLoadableModuleLogic: hands out one nameless settings node."""

    def __init__(self, parent=None) -> None:
        pass

    def getParameterNode(self) -> SimpleNamespace:
        return SimpleNamespace()


class TestStandIn(unittest.TestCase):
    """ScriptedLoadableModuleTest."""


def wrapper_standin(cls: type) -> type:
    """parameterNodeWrapper: annotated fields become attributes, without a default None."""

    def __init__(self, node) -> None:
        for name in cls.__annotations__:
            setattr(self, name, getattr(cls, name, None))

    cls.__init__ = __init__
    return cls


def install() -> headless_slicer.HeadlessSlicer:
    """Put the stand-ins in place and boot the headless Slicer."""
    _module("qt", QTimer=type("QTimer", (), {}))
    _module("slicer.i18n", tr=lambda text: text, translate=lambda context, text: text)
    _module(
        "slicer.ScriptedLoadableModule",
        ScriptedLoadableModule=ModuleStandIn,
        ScriptedLoadableModuleWidget=type("WidgetStandIn", (), {}),
        ScriptedLoadableModuleLogic=LogicStandIn,
        ScriptedLoadableModuleTest=TestStandIn,
    )
    _module(
        "slicer.parameterNodeWrapper",
        parameterNodeWrapper=wrapper_standin,
        WithinRange=lambda low, high: (low, high),
    )
    app = headless_slicer.boot()
    app.connect = lambda signal, slot: None  # the application never completes its start
    return app
