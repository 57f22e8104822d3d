"""A slice view below Qt: the real logic, displayable managers and interactor style on an off-screen window."""

from collections.abc import Callable

import slicer
import vtk

from standin.offscreen import OffscreenWindow, make_managers

# What Slicer registers for slice views: qMRMLSliceView and the Segmentations, Markups, Transforms and Colors
# modules.
MANAGERS = (
    "vtkMRMLVolumeGlyphSliceDisplayableManager",
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager",
    "vtkMRMLOrientationMarkerDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLScalarBarDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLTransformsDisplayableManager2D",
    "vtkMRMLColorLegendDisplayableManager",
)


class SliceRendering:
    """Shows one slice node; `screen` holds the window and the interactor."""

    def __init__(self, logic, application_logic, size: tuple[int, int], changed: Callable[[], None]) -> None:
        """Build the pipeline.

        Args:
            logic: vtkMRMLSliceLogic of the view.
            application_logic: where displayable managers look for module logics.
            size: width and height in pixels.
            changed: called when the view should be drawn again.
        """
        self.screen = OffscreenWindow(size)
        self.logic, self._changed = logic, changed
        self.renderer, self.overlay = vtk.vtkRenderer(), vtk.vtkRenderer()
        self.screen.window.SetNumberOfLayers(2)
        self.overlay.SetLayer(1)
        for renderer in (self.renderer, self.overlay):
            renderer.GetActiveCamera().ParallelProjectionOn()
            self.screen.window.AddRenderer(renderer)
        self._add_image()
        self.managers = self._make_managers(application_logic)
        self.style = slicer.vtkMRMLSliceViewInteractorStyle()
        self.style.SetSliceLogic(logic)
        self.style.SetDisplayableManagers(self.managers)
        self.style.SetInteractor(self.screen.interactor)
        logic.AddObserver(vtk.vtkCommand.ModifiedEvent, self._update_image)

    def show(self, slice_node) -> None:
        self.managers.SetMRMLDisplayableNode(slice_node)
        self.logic.ResizeSliceNode(*self.screen.window.GetSize())

    def resize(self, width: int, height: int) -> None:
        """Resize window and slice node together; the render window does not tell the logic by itself."""
        self.screen.resize(width, height)
        self.logic.ResizeSliceNode(width, height)
        self.schedule()

    def schedule(self) -> None:
        self.screen.invalidate()
        self._changed()

    def _add_image(self) -> None:
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        self._image = vtk.vtkActor2D()
        self._image.SetMapper(self._mapper)
        self._image.GetProperty().SetDisplayLocationToBackground()
        self._image.VisibilityOff()
        self.renderer.AddViewProp(self._image)
        self._connection = None

    def _make_managers(self, application_logic):
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        managers = make_managers(factory, MANAGERS, application_logic, self.renderer, self.schedule)
        self.logic.SetDisplayableManagerGroup(managers)
        return managers

    def _update_image(self, *_) -> None:
        connection = self.logic.GetImageDataConnection()
        if connection is not self._connection:
            self._connection = connection
            self._mapper.SetInputConnection(connection)
            self._image.SetVisibility(connection is not None)
        self.schedule()
