"""Everything that the stand-in offers exists in Slicer under that name.

`slicer_api_names.json` lists what PythonQt exposes of the C++ classes: properties, slots, signals and invokable
methods from their headers. `slicer_module_names.json` lists what Slicer's python modules define.
"""

import importlib
import inspect
import json
import pkgutil
import sys
from functools import cache
from pathlib import Path

import PySide6.QtWidgets as QtWidgets
import pytest
import slicer
from PySide6.QtCore import QObject

import standin
from standin import facade, pythonqt, signals, ui_loader

FOLDER = Path(standin.__file__).parent
SHEET = json.loads((FOLDER / "slicer_api_names.json").read_text(encoding="utf-8"))
MODULES = json.loads((FOLDER / "slicer_module_names.json").read_text(encoding="utf-8"))
OF_THE_STAND_IN = {"slicer_class", "slicer_signals", "staticMetaObject"}  # on classes: notes for the stand-in


def stand_in_classes() -> dict[str, type]:
    """Real name -> class, for every stand-in of a C++ class."""
    found = {}
    for info in pkgutil.walk_packages(standin.__path__, "standin."):
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, type) and value.__module__ == info.name and "slicer_class" in vars(value):
                found[value.slicer_class] = value
    return found


CLASSES = stand_in_classes()


@cache
def real_names(name: str) -> frozenset[str]:
    """What the real class and its bases offer, without what Qt's own base class does."""
    if name not in SHEET:
        return frozenset()
    entry = SHEET[name]
    own = {*entry["properties"], *entry["slots"], *entry["invokable"], *entry.get("enumerators", ())}
    own |= {signature.split("(")[0] for signature in entry["signals"]}
    return frozenset(own) | real_names(entry["base"])


@cache
def real_signals(name: str) -> frozenset[str]:
    """Signatures of the real class and its bases."""
    if name not in SHEET:
        return frozenset()
    return frozenset(map(signals.normalized, SHEET[name]["signals"])) | real_signals(SHEET[name]["base"])


def qt_base(name: str) -> str:
    """The class of Qt that the real class derives from."""
    return qt_base(SHEET[name]["base"]) if name in SHEET else name


def first_qt_class(cls: type) -> type:
    return next((base for base in cls.__mro__ if base.__module__.startswith("PySide6")), object)


def offered_names(cls: type) -> set[str]:
    """Public attributes that the stand-in adds to Qt's class or overrides in it."""
    added = [base for base in cls.__mro__ if base.__module__.split(".")[0] in ("standin", "headless_slicer")]
    return {name for base in added for name in vars(base) if not name.startswith("_")} - OF_THE_STAND_IN


def test_the_sheet_is_complete_and_closed():
    for name, entry in SHEET.items():
        base = entry["base"]
        assert base in SHEET or hasattr(QtWidgets, base) or base == "QObject", f"{name}: unknown base {base}"
    assert len(SHEET) > 30
    assert set(CLASSES) <= set(SHEET), "look the class up and enter what its header says"


# The others are no stand-ins for a QObject and have neither signals nor properties.
QT_CLASSES = sorted(name for name, cls in CLASSES.items() if issubclass(cls, QObject))


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_attribute_exists_in_slicer(name):
    cls = CLASSES[name]
    inherited = {attribute for attribute in offered_names(cls) if hasattr(first_qt_class(cls), attribute)}
    assert offered_names(cls) - real_names(name) - inherited == set()


@pytest.mark.parametrize("name", QT_CLASSES)
def test_every_signal_has_its_real_signature(name):
    cls = CLASSES[name]
    of_qt = {s for signatures in signals.qt_signatures(first_qt_class(cls)).values() for s in signatures}
    hidden = set(signals.declared(cls).values())
    own = {s for n, found in signals.qt_signatures(cls).items() if n not in hidden for s in found}
    assert (own | set(signals.declared(cls))) - of_qt - real_signals(name) == set()


@pytest.mark.parametrize("name", QT_CLASSES)
def test_every_property_is_one_in_slicer(name):
    """A method there must not be a property here, nor the other way round."""
    cls = CLASSES[name]
    real, entry = set(), name
    while entry in SHEET:
        real |= set(SHEET[entry]["properties"])
        entry = SHEET[entry]["base"]
    here = set(pythonqt.property_types(cls)) - set(pythonqt.property_types(first_qt_class(cls)))
    assert here - real == set()
    assert {n for n in offered_names(cls) & real if n not in pythonqt.property_types(cls)} == set()


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_the_class_of_qt_below_is_the_real_one(name):
    """Otherwise it would offer what the real widget keeps to itself."""
    if issubclass(CLASSES[name], QObject):
        assert first_qt_class(CLASSES[name]).__name__ == qt_base(name)


@pytest.mark.parametrize("name", sorted(set(CLASSES) & {n for n in SHEET if "enumerators" in SHEET[n]}))
def test_enumerators_have_their_values(name):
    for enumerator, value in SHEET[name]["enumerators"].items():
        if hasattr(CLASSES[name], enumerator):
            assert int(getattr(CLASSES[name], enumerator)) == value, enumerator


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_virtual_getters_are_overridden_in_the_way_that_qt_sees(name):
    """With a method, python code would get one value and Qt another; see `pythonqt.override`."""
    assert offered_names(CLASSES[name]) & {"sizeHint", "minimumSizeHint"} == set()


def test_widgets_of_ui_files_carry_their_real_names():
    assert {name: cls.slicer_class for name, cls in ui_loader.WIDGETS.items()} == {
        name: name for name in ui_loader.WIDGETS
    }


def test_classes_are_found_where_slicer_has_them():
    import ctk

    for name, cls in ui_loader.WIDGETS.items():
        assert getattr(ctk if name.startswith("ctk") else slicer, name) is cls


@pytest.mark.parametrize("module", sorted(MODULES))
def test_python_modules_offer_names_of_slicer_only(module):
    offered = set(importlib.import_module(module).__all__)
    assert offered - set(MODULES[module]) == set()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_classes_and_functions_of_python_modules_have_real_members_and_arguments(module):
    for name, members in MODULES[module].items():
        value = getattr(sys.modules[module], name, None)
        if inspect.isclass(value):
            own = [base for base in value.__mro__ if base.__module__.startswith("standin")]
            methods = [
                (n, m)
                for base in own
                for n, m in vars(base).items()
                if callable(m) or inspect.isdatadescriptor(m)
            ]
            offered = {attribute for attribute, _ in methods if not attribute.startswith("_")}
            assert offered - set(members) == set(), f"{module}.{name}"
        elif inspect.isfunction(value):
            public = [argument for argument in members if not argument.startswith("_")]
            assert list(inspect.signature(value).parameters) == public, f"{module}.{name}"


def test_nothing_but_these_modules_is_added():
    """Each is a module that Slicer has and the wheel lacks."""
    assert set(facade.INSTALLED) - {"ctk"} == set(MODULES)
