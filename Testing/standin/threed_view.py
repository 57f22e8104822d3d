"""qMRMLThreeDView and qMRMLThreeDWidget: the real 3D displayable managers on an off-screen window."""

from typing import Any

import slicer
import vtk
from PySide6 import QtWidgets

from standin.offscreen import OffscreenWindow, register_managers
from standin.rendered_view import ctkVTKAbstractView
from standin.scene_widget import SceneFollower, qMRMLWidget

SIZE = (400, 400)
CONTROLLER_HEIGHT = 20
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


class qMRMLThreeDView(SceneFollower, ctkVTKAbstractView):
    """Shows models, closed surfaces of segments and control points."""

    slicer_class = "qMRMLThreeDView"

    def __init__(self, application_logic: Any, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._view_node = None
        self._screen = OffscreenWindow(SIZE)
        self._renderer = vtk.vtkRenderer()
        self._screen.window.AddRenderer(self._renderer)
        factory = slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance()
        factory.SetMRMLApplicationLogic(application_logic)
        register_managers(factory, MANAGERS)
        self._managers = slicer.vtkMRMLDisplayableManagerGroup()
        self._managers.SetRenderer(self._renderer)
        self._managers.AddObserver(vtk.vtkCommand.UpdateEvent, lambda *_: self.scheduleRender())
        self._managers.Initialize(factory, self._renderer)
        self._style = slicer.vtkMRMLThreeDViewInteractorStyle()
        self._style.SetDisplayableManagers(self._managers)
        self._style.SetInteractor(self._screen.interactor)

    def mrmlViewNode(self) -> Any:
        return self._view_node

    def setMRMLViewNode(self, node: Any) -> None:
        self._view_node = node
        self._managers.SetMRMLDisplayableNode(node)

    def interactorStyle(self) -> Any:
        return self._style

    def displayableManagerByClassName(self, name: str) -> Any:
        return self._managers.GetDisplayableManagerByClassName(name)

    def getDisplayableManagers(self, collection: Any) -> None:
        for index in range(self._managers.GetDisplayableManagerCount()):
            collection.AddItem(self._managers.GetNthDisplayableManager(index))

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


class qMRMLThreeDWidget(qMRMLWidget):
    """A 3D view; its controller is a bar with nothing on it."""

    slicer_class = "qMRMLThreeDWidget"

    def __init__(self, logic: Any, application_logic: Any, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._logic = logic
        self._controller = QtWidgets.QLabel("1", self)
        self._view = qMRMLThreeDView(application_logic, self)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._controller.setFixedHeight(CONTROLLER_HEIGHT)
        layout.addWidget(self._controller)
        layout.addWidget(self._view, 1)

    def threeDView(self) -> qMRMLThreeDView:
        return self._view

    def viewWidget(self) -> qMRMLThreeDView:
        return self._view

    def threeDController(self) -> QtWidgets.QWidget:
        return self._controller

    def viewLogic(self) -> Any:
        return self._logic

    def logic(self) -> Any:
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
