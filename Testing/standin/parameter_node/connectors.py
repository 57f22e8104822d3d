"""Which widget can show which parameter: the pairs that Slicer 5.12 documents, and no others."""

from __future__ import annotations

import enum
import pathlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ctk
import qt
import slicer

from standin.parameter_node import annotations
from standin.parameter_node.annotations import split_annotated

_INT_LIMITS = (-(2**31), 2**31 - 1)


@dataclass
class Connector:
    """Reads and writes one widget, and tells when its user changed it."""

    widget: Any
    signal: str
    read: Callable[[], Any]
    write: Callable[[Any], None]

    def connect(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.widget.connect(self.signal, changed)

    def disconnect(self) -> None:
        self.widget.disconnect(self.signal, self._changed)


def of_property(widget: Any, name: str, signal: str, kind: Callable = lambda value: value) -> Connector:
    """The widget's property `name`; `kind` makes a parameter of it."""
    return Connector(
        widget,
        signal,
        lambda: kind(getattr(widget, name)),
        lambda value: setattr(widget, name, str(value) if isinstance(value, pathlib.PurePath) else value),
    )


def create(widget: Any, annotation: Any) -> Connector:
    """Connector for a widget and an annotated type; RuntimeError if Slicer has none."""
    kind, notes = split_annotated(annotation)
    for classes, accepts, make in _RULES:
        if type(widget) in classes() and accepts(kind):
            return make(widget, kind, notes)
    raise RuntimeError(f"there is no connector between a {widget.className()} and {annotation}")


def _button(widget: Any, kind: type, notes: list) -> Connector:
    if not widget.checkable:
        raise RuntimeError(f"button {widget.name} is bound to a parameter, so it must be checkable")
    return of_property(widget, "checked", "toggled(bool)")


def _number(widget: Any, kind: type, notes: list) -> Connector:
    for note, name in ((annotations.Decimals, "decimals"), (annotations.SingleStep, "singleStep")):
        found = annotations.first(notes, note)
        if found is not None:
            setattr(widget, name, found.value)
    whole = type(widget) in (qt.QSlider, qt.QSpinBox)
    lowest, highest = _INT_LIMITS if whole else (float("-inf"), float("inf"))
    both = annotations.first(notes, annotations.WithinRange)
    low = both or annotations.first(notes, annotations.Minimum)
    high = both or annotations.first(notes, annotations.Maximum)
    if type(widget) in (qt.QSlider, ctk.ctkSliderWidget) and (low is None or high is None):
        raise RuntimeError(f"slider {widget.name} needs a parameter WithinRange, or with Minimum and Maximum")
    widget.minimum = lowest if low is None else low.minimum
    widget.maximum = highest if high is None else high.maximum
    return of_property(widget, "value", "valueChanged(int)" if whole else "valueChanged(double)", kind)


def _choice(widget: Any, kind: type, notes: list) -> Connector:
    choice = annotations.first(notes, annotations.Choice)
    if choice is None:
        raise RuntimeError(f"combo box {widget.name} needs a parameter with Choice")
    return _combo_box(widget, [str(value) for value in choice.choices], list(choice.choices))


def _enumeration(widget: Any, kind: type, notes: list) -> Connector:
    label = getattr(kind, "label", lambda member: member.name)
    return _combo_box(widget, [label(member) for member in kind], list(kind))


def _combo_box(widget: Any, labels: list[str], values: list[Any]) -> Connector:
    widget.clear()
    for label in labels:
        widget.addItem(label)
    return Connector(
        widget,
        "currentIndexChanged(int)",
        lambda: values[widget.currentIndex],
        lambda value: setattr(widget, "currentIndex", values.index(value)),
    )


def _plain_text(widget: Any, kind: type, notes: list) -> Connector:
    return Connector(widget, "textChanged()", widget.toPlainText, widget.setPlainText)


def _node(widget: Any, kind: type, notes: list) -> Connector:
    widget.nodeTypes = [kind.__name__]
    return Connector(widget, "currentNodeChanged(vtkMRMLNode*)", widget.currentNode, widget.setCurrentNode)


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda kind: kind in kinds


def _is_kind_of(base: Callable[[], type]) -> Callable[[Any], bool]:
    return lambda kind: isinstance(kind, type) and issubclass(kind, base())


# Widget classes (exactly these, no subclasses), accepted types, how to make the connector.
_RULES = (
    (lambda: (qt.QCheckBox, qt.QPushButton), _is(bool), _button),
    (lambda: (qt.QSlider, qt.QSpinBox), _is(int), _number),
    (lambda: (qt.QDoubleSpinBox, ctk.ctkSliderWidget), _is(float, int), _number),
    (lambda: (qt.QComboBox,), _is(int, float, str, bool), _choice),
    (lambda: (qt.QComboBox,), _is_kind_of(lambda: enum.Enum), _enumeration),
    (
        lambda: (qt.QLineEdit,),
        _is(str),
        lambda w, kind, notes: of_property(w, "text", "textChanged(QString)"),
    ),
    (lambda: (qt.QTextEdit,), _is(str), _plain_text),
    (
        lambda: (ctk.ctkPathLineEdit,),
        _is_kind_of(lambda: pathlib.PurePath),
        lambda w, kind, notes: of_property(w, "currentPath", "currentPathChanged(QString)", kind),
    ),
    (lambda: (slicer.qMRMLNodeComboBox,), _is_kind_of(lambda: slicer.vtkMRMLNode), _node),
)
