"""qMRMLSliceView, its controller and qMRMLSliceWidget, over `standin.slice_rendering`."""

from typing import Any

import slicer
import vtk
from PySide6 import QtWidgets

from standin.managed_view import SIZE, ManagedView, ViewWidget
from standin.properties import computed
from standin.scene_widget import qMRMLWidget
from standin.slice_rendering import SliceRendering


class qMRMLSliceView(ManagedView):
    """One slice, no light box. Coordinates are as in VTK: pixels from the lower left corner."""

    slicer_class = "qMRMLSliceView"

    def __init__(self, logic: Any, application_logic: Any, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._rendering = SliceRendering(logic, application_logic, SIZE, self.update)
        self._screen = self._rendering.screen
        self._managers, self._style = self._rendering.managers, self._rendering.style
        self._slice_node = None

    def mrmlSliceNode(self) -> Any:
        return self._slice_node

    def setMRMLSliceNode(self, node: Any) -> None:
        self._slice_node = node
        self._rendering.show(node)

    def sliceViewInteractorStyle(self) -> Any:
        return self._style

    def convertDeviceToXYZ(self, position: list[float]) -> tuple[float, float, float]:
        x, y = _numbers(position, 2)
        return (x, y, 0.0)

    def convertXYZToRAS(self, position: list[float]) -> tuple[float, float, float]:
        return _transformed(self._slice_node.GetXYToRAS(), _numbers(position, 3))

    def convertRASToXYZ(self, position: list[float]) -> tuple[float, float, float]:
        matrix = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self._slice_node.GetXYToRAS(), matrix)
        return _transformed(matrix, _numbers(position, 3))

    def _resize_window(self, width: int, height: int) -> None:
        self._rendering.resize(width, height)


def _numbers(position: list[float], count: int) -> list[float]:
    """Only lists become a QList<double> in every version of PythonQt."""
    if not isinstance(position, list) or len(position) < count:
        raise ValueError(f"expected a list of {count} numbers, not {position!r}")
    return position[:count]


def _transformed(matrix: Any, position: list[float]) -> tuple[float, float, float]:
    return matrix.MultiplyPoint((*position, 1.0))[:3]


class qMRMLSliceControllerWidget(qMRMLWidget):
    """The bar above a slice view: name and offset; what it sets goes through the real slice logic."""

    slicer_class = "qMRMLSliceControllerWidget"
    sliceOrientation = computed(
        str,
        lambda self: self._logic.GetSliceNode().GetOrientation(),
        lambda self, v: self.setSliceOrientation(v),
    )
    sliceViewName = computed(str, lambda self: self._logic.GetSliceNode().GetLayoutName())
    sliceViewLabel = computed(str, lambda self: self._logic.GetSliceNode().GetLayoutLabel())

    def __init__(self, logic: Any, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._logic = logic
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(2, 0, 2, 0)
        self._title = QtWidgets.QLabel(self)
        layout.addWidget(self._title)
        self._watch(logic, vtk.vtkCommand.ModifiedEvent, self._show)

    def sliceLogic(self) -> Any:
        return self._logic

    def mrmlSliceNode(self) -> Any:
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self) -> Any:
        return self._logic.GetSliceCompositeNode()

    def fitSliceToBackground(self) -> None:
        """What the button "adjust the slice viewer's field of view" does."""
        self._logic.FitSliceToBackground()
        self._logic.SnapSliceOffsetToIJK()

    def setSliceOffsetValue(self, offset: float) -> None:
        self._logic.StartSliceNodeInteraction(slicer.vtkMRMLSliceNode.SliceToRASFlag)
        self._logic.SetSliceOffset(offset)
        self._logic.EndSliceNodeInteraction()

    def setSliceOrientation(self, orientation: str) -> None:
        self._logic.GetSliceNode().SetOrientation(orientation)

    def setSliceVisible(self, visible: bool) -> None:
        self._logic.GetSliceNode().SetSliceVisible(int(visible))

    def setSliceLink(self, linked: bool) -> None:
        self._logic.GetSliceCompositeNode().SetLinkedControl(int(linked))

    def _show(self) -> None:
        node = self._logic.GetSliceNode()
        if node is not None:
            self._title.setText(f"{node.GetLayoutLabel()}  {self._logic.GetSliceOffset():.2f} mm")


class qMRMLSliceWidget(ViewWidget):
    """A slice view with its controller and its logic."""

    slicer_class = "qMRMLSliceWidget"
    sliceOrientation = computed(
        str,
        lambda self: self._controller.sliceOrientation,
        lambda self, value: self._controller.setSliceOrientation(value),
    )
    sliceViewName = computed(str, lambda self: self._controller.sliceViewName)
    sliceViewLabel = computed(str, lambda self: self._controller.sliceViewLabel)

    def __init__(self, logic: Any, application_logic: Any, parent: QtWidgets.QWidget | None = None) -> None:
        view = qMRMLSliceView(logic, application_logic)
        super().__init__(logic, qMRMLSliceControllerWidget(logic), view, parent)

    def sliceView(self) -> qMRMLSliceView:
        return self._view

    def sliceController(self) -> qMRMLSliceControllerWidget:
        return self._controller

    def sliceLogic(self) -> Any:
        return self._logic

    def interactorStyle(self) -> Any:
        return self._view.interactorStyle()

    def mrmlSliceNode(self) -> Any:
        return self._view.mrmlSliceNode()

    def mrmlAbstractViewNode(self) -> Any:
        return self._view.mrmlSliceNode()

    def mrmlSliceCompositeNode(self) -> Any:
        return self._logic.GetSliceCompositeNode()

    def setMRMLSliceNode(self, node: Any) -> None:
        self._view.setMRMLSliceNode(node)

    def setSliceOrientation(self, orientation: str) -> None:
        self._controller.setSliceOrientation(orientation)

    def fitSliceToBackground(self) -> None:
        self._controller.fitSliceToBackground()


def make_slice_widget(
    name: str, orientation: str, color: tuple[float, float, float], application_logic: Any, scene: Any
) -> qMRMLSliceWidget:
    """A slice widget with its own logic and slice node, known to the application."""
    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(application_logic)
    application_logic.GetSliceLogics().AddItem(logic)
    logic.SetMRMLScene(scene)
    widget = qMRMLSliceWidget(logic, application_logic)
    node = logic.AddSliceNode(name)
    node.SetOrientation(orientation)
    node.SetDefaultOrientation(orientation)
    node.SetLayoutLabel(name[0])
    node.SetLayoutColor(*color)
    node.SetMappedInLayout(1)
    widget.setMRMLSliceNode(node)
    widget.setMRMLScene(scene)
    widget.sliceView().setMRMLScene(scene)
    widget.setObjectName(f"qMRMLSliceWidget{name}")
    return widget
