"""qSlicerLayoutManager: three slice views and a 3D view in one fixed arrangement."""

from typing import Any

import slicer
from PySide6 import QtCore, QtWidgets

from standin.properties import computed
from standin.scene_widget import SceneHolder
from standin.slice_view import make_slice_widget, qMRMLSliceWidget
from standin.threed_view import make_threed_widget, qMRMLThreeDWidget

SLICE_VIEWS = (  # name, orientation and colour of Slicer's own layouts
    ("Red", "Axial", (0.953, 0.290, 0.200)),
    ("Yellow", "Sagittal", (0.929, 0.835, 0.298)),
    ("Green", "Coronal", (0.431, 0.690, 0.294)),
)


class qSlicerLayoutManager(SceneHolder, QtCore.QObject):
    """Views stay when the layout changes: `setLayout` is noted and told, nothing is rearranged."""

    slicer_class = "qSlicerLayoutManager"
    layoutChanged = QtCore.Signal(int)
    layout = computed(int, lambda self: self._arrangement, lambda self, v: self.setLayout(v))
    threeDViewCount = computed(int, lambda self: 1)
    tableViewCount = computed(int, lambda self: 0)
    plotViewCount = computed(int, lambda self: 0)

    def __init__(self, viewport: QtWidgets.QWidget, application_logic: Any, scene: Any) -> None:
        super().__init__(viewport)
        self._application_logic = application_logic
        self._arrangement = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
        self._slices = {
            name: make_slice_widget(name, orientation, color, application_logic, scene)
            for name, orientation, color in SLICE_VIEWS
        }
        self._threed = make_threed_widget(application_logic, scene)
        grid = QtWidgets.QGridLayout(viewport)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        for widget, cell in zip(
            (*self._slices.values(), self._threed), ((0, 0), (1, 1), (1, 0), (0, 1)), strict=True
        ):
            grid.addWidget(widget, *cell)
        self.setMRMLScene(scene)

    def sliceViewNames(self) -> tuple[str, ...]:
        return tuple(self._slices)

    def sliceWidget(self, name: str) -> qMRMLSliceWidget | None:
        return self._slices.get(name)

    def mrmlSliceLogics(self) -> Any:
        return self._application_logic.GetSliceLogics()

    def mrmlViewLogics(self) -> Any:
        return self._application_logic.GetViewLogics()

    def threeDWidget(self, index: int) -> qMRMLThreeDWidget | None:
        return self._threed if index == 0 else None

    def activeMRMLThreeDViewNode(self) -> Any:
        return self._threed.mrmlViewNode()

    def resetSliceViews(self) -> None:
        """Fit the slices to their background volume."""
        for widget in self._slices.values():
            widget.sliceController().fitSliceToBackground()

    def resetThreeDViews(self) -> None:
        self._threed.threeDView().resetFocalPoint()

    def setLayout(self, layout: int) -> None:
        if layout != self.layout:
            self._arrangement = layout
            self.layoutChanged.emit(layout)

    def pauseRender(self) -> None:
        self.setRenderPaused(True)

    def resumeRender(self) -> None:
        self.setRenderPaused(False)

    def setRenderPaused(self, paused: bool) -> None:
        for view in (*(widget.sliceView() for widget in self._slices.values()), self._threed.threeDView()):
            view.setRenderPaused(paused)
