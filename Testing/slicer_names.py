"""Finds names in module files and panels that Slicer does not have, without running them.

What is looked at: `qt.`, `ctk.`, `slicer.util.` and `slicer.q...`; members, signals and slots of every widget of
a .ui file, of objects made in the same file, and of what `slicer.app` and a module's `parent` lead to. What
Slicer has is listed in `standin/slicer_api_names.json`; Qt's own names are those of PySide6.
"""

import ast
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from PySide6 import QtCore, QtGui, QtNetwork, QtTest, QtUiTools, QtWidgets

SHEET = json.loads((Path(__file__).parent / "standin" / "slicer_api_names.json").read_text(encoding="utf-8"))
_QT = (QtWidgets, QtGui, QtCore, QtUiTools, QtNetwork, QtTest)
_OF_PYTHONQT = {"name", "connect", "disconnect", "className", "delete", "inherits", "help"}
# What these methods return, whatever object they are called on.
_RETURNS = {
    "layoutManager": "qSlicerLayoutManager",
    "sliceWidget": "qMRMLSliceWidget",
    "sliceView": "qMRMLSliceView",
    "sliceController": "qMRMLSliceControllerWidget",
    "threeDWidget": "qMRMLThreeDWidget",
    "threeDView": "qMRMLThreeDView",
    "moduleManager": "qSlicerModuleManager",
    "factoryManager": "qSlicerModuleFactoryManager",
    "ioManager": "qSlicerIOManager",
    "coreIOManager": "qSlicerCoreIOManager",
    "mainWindow": "qSlicerMainWindow",
    "moduleSelector": "qSlicerModuleSelectorToolBar",
    "widgetRepresentation": "qSlicerScriptedLoadableModuleWidget",
}
_PARENTS = {
    "ScriptedLoadableModule": "qSlicerScriptedLoadableModule",
    "ScriptedLoadableModuleWidget": "qSlicerScriptedLoadableModuleWidget",
}


def qt_class(name: str) -> type | None:
    return next((getattr(module, name) for module in _QT if hasattr(module, name)), None)


def qt_base(name: str) -> type | None:
    """The class of Qt that `name` is or derives from."""
    return qt_base(SHEET[name]["base"]) if name in SHEET else qt_class(name)


def is_known(name: str) -> bool:
    return name in SHEET or qt_class(name) is not None


@cache
def members(name: str, *kinds: str) -> frozenset[str]:
    """Names of these kinds in the sheet's class and its bases; the kinds are the keys of the sheet."""
    if name not in SHEET:
        return frozenset()
    return frozenset(n for kind in kinds for n in SHEET[name].get(kind, ())) | members(
        SHEET[name]["base"], *kinds
    )


@cache
def qt_properties(cls: type | None) -> frozenset[str]:
    meta = getattr(cls, "staticMetaObject", None)
    return frozenset(meta.property(i).name() for i in range(meta.propertyCount())) if meta else frozenset()


def is_property(name: str, member: str) -> bool:
    return member in members(name, "properties") or member in qt_properties(qt_base(name)) or member == "name"


def has_member(name: str, member: str) -> bool:
    own = members(name, "properties", "slots", "invokable", "enumerators")
    own |= {signature.split("(")[0] for signature in members(name, "signals")}
    base = qt_base(name)
    return member in own | _OF_PYTHONQT | qt_properties(base) or hasattr(base, member)


def has_signal(name: str, signature: str) -> bool:
    def plain(text: str) -> str:
        return bytes(QtCore.QMetaObject.normalizedSignature(text)).decode()

    meta = getattr(qt_base(name), "staticMetaObject", None)
    return plain(signature) in map(plain, members(name, "signals")) or (
        meta is not None and meta.indexOfSignal(plain(signature)) >= 0
    )


def findings_in_panel(root: ElementTree.Element) -> Iterator[str]:
    """What is wrong in a .ui file."""
    classes = {widget.get("name"): widget.get("class") for widget in root.iter("widget")}
    for widget in root.iter("widget"):
        name = widget.get("class")
        if not is_known(name):
            yield f"class {name}"
            continue
        for found in widget.findall("property"):
            if found.get("stdset") != "0" and not is_property(name, found.get("name")):
                yield f"property {found.get('name')} of {name}"
    for connection in root.iter("connection"):
        sender, signal, receiver, slot = (
            connection.findtext(key) for key in ("sender", "signal", "receiver", "slot")
        )
        if sender not in classes or not has_signal(classes[sender], signal):
            yield f"signal {signal} of {sender}"
        if receiver not in classes or not has_member(classes[receiver], slot.split("(")[0]):
            yield f"slot {slot} of {receiver}"


def findings_in_source(
    tree: ast.Module, panel: dict[str, str], slicer_names: set[str], util_names: set[str]
) -> list[str]:
    """What is wrong in a module file, as "line: text".

    Args:
        tree: the file.
        panel: object name of each widget of the module's .ui file -> class.
        slicer_names: names in `slicer`, those of widgets excepted.
        util_names: names in `slicer.util`.
    """
    checker = _Checker(panel, slicer_names, util_names)
    checker.visit(tree)
    return checker.findings


class _Checker(ast.NodeVisitor):
    def __init__(self, panel: dict[str, str], slicer_names: set[str], util_names: set[str]) -> None:
        self.findings: list[str] = []
        self._panel, self._slicer, self._util = panel, slicer_names, util_names
        self._known: dict[str, str] = {}  # "self._timer" -> "QTimer"
        self._parent = ""

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        bases = [
            _PARENTS[base.id] for base in node.bases if isinstance(base, ast.Name) and base.id in _PARENTS
        ]
        before, self._parent = self._parent, bases[0] if bases else ""
        self.generic_visit(node)
        self._parent = before

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        names = {"slicer": self._slicer, "slicer.util": self._util}.get(node.module or "")
        for alias in node.names if names is not None else ():
            if alias.name not in names and not alias.name.startswith("q"):
                self._report(node, f"{node.module}.{alias.name}")

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=False))
            for name, value in pairs:
                if self._class_of(value):
                    self._known[ast.unparse(name)] = self._class_of(value)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        made = self._class_of(node) if not isinstance(node.func, ast.Name) else None
        if made and node.keywords and ast.unparse(node.func).split(".")[0] in ("qt", "ctk"):
            self._report(node, f"keyword argument of {made}, which PythonQt does not take")
        if not isinstance(node.func, ast.Attribute):
            return
        owner, method = self._class_of(node.func.value), node.func.attr
        of_class = ast.unparse(node.func.value) == f"qt.{owner}"  # a static method, e.g. qt.QTimer.singleShot
        if owner and not of_class and method not in _OF_PYTHONQT and is_property(owner, method):
            self._report(node, f"{owner}.{method} is a property: it is not called")
        is_connection = owner and method in ("connect", "disconnect") and node.args
        signature = node.args[0].value if is_connection and isinstance(node.args[0], ast.Constant) else None
        if signature is not None and not has_signal(owner, str(signature)):
            self._report(node, f"signal {signature} of {owner}")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        path = ast.unparse(node.value)
        if path == "qt" and (not node.attr.startswith("Q") or qt_class(node.attr) is None):
            self._report(node, f"qt.{node.attr}")
        elif path == "ctk" and node.attr not in SHEET:
            self._report(node, f"ctk.{node.attr}")
        elif path == "slicer.util" and node.attr not in self._util:
            self._report(node, f"slicer.util.{node.attr}")
        elif path == "slicer" and node.attr not in (SHEET if node.attr.startswith("q") else self._slicer):
            self._report(node, f"slicer.{node.attr}")
        self._check_member(node)

    def _check_member(self, node: ast.Attribute) -> None:
        owner = self._class_of(node.value)
        if owner is None:
            return
        if not has_member(owner, node.attr):
            self._report(node, f"{owner}.{node.attr}")
        elif isinstance(node.ctx, ast.Store) and not is_property(owner, node.attr):
            self._report(node, f"{owner}.{node.attr} is no property: it cannot be set")

    def _class_of(self, node: ast.expr) -> str | None:
        """Class of the object that an expression is, or of the class of Qt that it names; None if unknown."""
        path = ast.unparse(node)
        if path in self._known:
            return self._known[path]
        if path == "slicer.app":
            return "qSlicerApplication"
        if path == "self.parent" and self._parent:
            return self._parent
        if isinstance(node, ast.Attribute):
            if ast.unparse(node.value) in ("ui", "self.ui"):
                return self._panel.get(node.attr)
            module = ast.unparse(node.value)
            return node.attr if module in ("qt", "ctk", "slicer") and is_known(node.attr) else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            made = self._class_of(node.func)
            return made if made else _RETURNS.get(node.func.attr)
        return None

    def _report(self, node: ast.AST, text: str) -> None:
        self.findings.append(f"{node.lineno}: {text}")
