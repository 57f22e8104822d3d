"""qMRMLThreeDView and qMRMLThreeDWidget: the real 3D displayable managers on an off-screen window."""

from typing import Any

import slicer
import vtk
from PySide6 import QtWidgets

from standin.managed_view import SIZE, ManagedView, ViewWidget
from standin.offscreen import OffscreenWindow, make_managers

MANAGERS = (
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLThreeDReformatDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager3D",
    "vtkMRMLOrientationMarkerDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager3D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLTransformsDisplayableManager3D",
)


class qMRMLThreeDView(ManagedView):
    """Shows models, closed surfaces of segments and control points."""

    slicer_class = "qMRMLThreeDView"

    def __init__(self, application_logic: Any, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._view_node = None
        self._screen = OffscreenWindow(SIZE)
        self._renderer = vtk.vtkRenderer()
        self._screen.window.AddRenderer(self._renderer)
        factory = slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance()
        self._managers = make_managers(
            factory, MANAGERS, application_logic, self._renderer, self.scheduleRender
        )
        self._style = slicer.vtkMRMLThreeDViewInteractorStyle()
        self._style.SetDisplayableManagers(self._managers)
        self._style.SetInteractor(self._screen.interactor)

    def mrmlViewNode(self) -> Any:
        return self._view_node

    def setMRMLViewNode(self, node: Any) -> None:
        self._view_node = node
        self._managers.SetMRMLDisplayableNode(node)

    def cameraNode(self) -> Any:
        return self.displayableManagerByClassName("vtkMRMLCameraDisplayableManager").GetCameraNode()

    def resetFocalPoint(self) -> None:
        """Look at the middle of what is visible, from the same direction and distance."""
        bounds = [0.0] * 6
        self._renderer.ComputeVisiblePropBounds(bounds)
        if not vtk.vtkMath.AreBoundsInitialized(bounds):
            return
        camera = self._renderer.GetActiveCamera()
        centre = [(low + high) / 2 for low, high in zip(bounds[::2], bounds[1::2], strict=True)]
        eye = [
            p + c - f for p, c, f in zip(camera.GetPosition(), centre, camera.GetFocalPoint(), strict=True)
        ]
        camera.SetFocalPoint(centre)
        camera.SetPosition(eye)
        self._renderer.ResetCameraClippingRange()
        self.scheduleRender()


class qMRMLThreeDWidget(ViewWidget):
    """A 3D view; its controller is a bar with nothing on it."""

    slicer_class = "qMRMLThreeDWidget"

    def __init__(self, logic: Any, application_logic: Any, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(logic, QtWidgets.QLabel("1"), qMRMLThreeDView(application_logic), parent)

    def threeDView(self) -> qMRMLThreeDView:
        return self._view

    def threeDController(self) -> QtWidgets.QWidget:
        return self._controller

    def viewLogic(self) -> Any:
        return self._logic

    def mrmlViewNode(self) -> Any:
        return self._view.mrmlViewNode()

    def mrmlAbstractViewNode(self) -> Any:
        return self._view.mrmlViewNode()

    def setMRMLViewNode(self, node: Any) -> None:
        self._view.setMRMLViewNode(node)


def make_threed_widget(application_logic: Any, scene: Any) -> qMRMLThreeDWidget:
    """The first 3D view, with its own logic and view node, known to the application."""
    logic = slicer.vtkMRMLViewLogic()
    logic.SetMRMLApplicationLogic(application_logic)
    application_logic.GetViewLogics().AddItem(logic)
    logic.SetMRMLScene(scene)
    widget = qMRMLThreeDWidget(logic, application_logic)
    node = logic.AddViewNode("1")
    node.SetLayoutLabel("1")
    node.SetMappedInLayout(1)
    widget.setMRMLScene(scene)
    widget.threeDView().setMRMLScene(scene)
    widget.setMRMLViewNode(node)
    return widget
