"""The two-way connection between a wrapped parameter node and widgets."""

from __future__ import annotations

import functools
from typing import Any

import slicer
import vtk

from standin import errors
from standin.parameter_node import connectors

PROPERTY = "SlicerParameterName"


def widgets_by_parameter(gui: Any) -> dict[str, Any]:
    """Parameter name -> widget, for a widget's children or the attributes of an object.

    Raises:
        ValueError: two widgets name the same parameter; in Slicer one of them would be dead.
    """
    is_widget = getattr(gui, "isWidgetType", lambda: False)()
    found: dict[str, Any] = {}
    for widget in slicer.util.findChildren(gui) if is_widget else vars(gui).values():
        name = widget.property(PROPERTY)
        if name and name in found:
            raise ValueError(f"{found[name].name} and {widget.name} both show the parameter {name!r}")
        if name:
            found[name] = widget
    return found


class GuiBinding:
    """Writes the parameters to the widgets now and at every change, and back what the user does."""

    def __init__(self, wrapper: Any, widgets: dict[str, Any]) -> None:
        self._wrapper, self._updating = wrapper, False
        self._connectors = {
            name: connectors.create(widget, wrapper.dataType(name)) for name, widget in widgets.items()
        }
        for name, connector in self._connectors.items():
            connector.write(wrapper.getValue(name))
            connector.connect(functools.partial(self._from_widget, name, connector))
        self._tag = wrapper.AddObserver(
            vtk.vtkCommand.ModifiedEvent, lambda caller, event: self._to_widgets()
        )

    def close(self) -> None:
        self._wrapper.RemoveObserver(self._tag)
        for connector in self._connectors.values():
            connector.disconnect()

    def _from_widget(self, name: str, connector: connectors.Connector, *values: Any) -> None:
        if not self._updating:
            with slicer.util.NodeModify(self._wrapper):
                self._wrapper.setValue(name, connector.read())

    def _to_widgets(self) -> None:
        if self._updating:
            return
        self._updating = True
        try:
            for name, connector in self._connectors.items():
                errors.guard(connector.write)(self._wrapper.getValue(name))
        finally:
            self._updating = False
