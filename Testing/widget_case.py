"""Makes widgets for tests and notes what they tell."""

from typing import Any


class WidgetMaker:
    """Makes widgets and deletes them all afterwards."""

    def __init__(self) -> None:
        self._widgets: list[Any] = []

    def make(self, cls: type, scene: Any = None, **properties: Any) -> Any:
        widget = cls()
        self._widgets.append(widget)
        for name, value in properties.items():
            setattr(widget, name, value)
        if scene is not None:
            widget.setMRMLScene(scene)
        return widget

    def delete_all(self) -> None:
        for widget in self._widgets:
            widget.delete()


def told(widget: Any, signal: str) -> list:
    """The values that the signal carries from now on."""
    values: list[Any] = []
    widget.connect(signal, values.append)
    return values
