"""What slice and 3D views have in common: displayable managers that draw, and a bar above the view."""

from typing import Any

from PySide6 import QtWidgets

from standin.rendered_view import ctkVTKAbstractView
from standin.scene_widget import SceneFollower, qMRMLWidget

SIZE = (400, 400)  # pixels of a view
CONTROLLER_HEIGHT = 20


class ManagedView(SceneFollower, ctkVTKAbstractView):
    """A view whose subclass makes the window, the displayable managers and the interactor style."""

    _managers: Any
    _style: Any

    def interactorStyle(self) -> Any:
        return self._style

    def displayableManagerByClassName(self, name: str) -> Any:
        return self._managers.GetDisplayableManagerByClassName(name)

    def getDisplayableManagers(self, collection: Any) -> None:
        for index in range(self._managers.GetDisplayableManagerCount()):
            collection.AddItem(self._managers.GetNthDisplayableManager(index))


class ViewWidget(qMRMLWidget):
    """A view below its controller, and the logic of the view."""

    def __init__(
        self,
        logic: Any,
        controller: QtWidgets.QWidget,
        view: ManagedView,
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._logic, self._controller, self._view = logic, controller, view
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        controller.setFixedHeight(CONTROLLER_HEIGHT)
        layout.addWidget(controller)
        layout.addWidget(view, 1)

    def viewWidget(self) -> ManagedView:
        return self._view

    def logic(self) -> Any:
        return self._logic
