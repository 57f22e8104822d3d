"""Render windows without a screen, and their pixels."""

from collections.abc import Callable

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy


class OffscreenWindow:
    """A render window and an interactor that only gets events from tests.

    Nothing is drawn until somebody asks for pixels: every gesture makes the views out of date several times.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.window = vtk.vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)  # smoothing costs four fifths of the time without a graphics card
        self.window.SetSize(*size)
        self.interactor = vtk.vtkGenericRenderWindowInteractor()
        self.interactor.SetRenderWindow(self.window)
        self.interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())
        self.interactor.Initialize()
        self._outdated = True

    def resize(self, width: int, height: int) -> None:
        self.window.SetSize(width, height)
        self.interactor.SetSize(width, height)
        self.invalidate()

    def invalidate(self) -> None:
        self._outdated = True

    def render(self) -> None:
        """Draw now, whether or not anything changed."""
        self._outdated = False
        self.window.Render()

    def image(self) -> np.ndarray:
        """Pixels as uint8 (rows, columns, 3), first row on top; draws only what changed."""
        if self._outdated:
            self.render()
        grabber = vtk.vtkWindowToImageFilter()
        grabber.SetInput(self.window)
        grabber.ReadFrontBufferOff()
        grabber.ShouldRerenderOff()
        grabber.Update()
        picture = grabber.GetOutput()
        width, height, _ = picture.GetDimensions()
        pixels = vtk_to_numpy(picture.GetPointData().GetScalars()).reshape(height, width, 3)
        return np.ascontiguousarray(pixels[::-1])


def make_managers(
    factory, class_names: tuple[str, ...], application_logic, renderer, changed: Callable[[], None]
):
    """Displayable managers of these classes, drawing with a renderer.

    Args:
        factory: of the kind of view; gets to know classes that it does not know yet.
        class_names: what Slicer registers for the kind of view.
        application_logic: where displayable managers look for module logics.
        renderer: what they draw with.
        changed: called when the view should be drawn again.
    """
    factory.SetMRMLApplicationLogic(application_logic)
    for name in class_names:
        if not factory.IsDisplayableManagerRegistered(name):
            factory.RegisterDisplayableManager(name)
    managers = slicer.vtkMRMLDisplayableManagerGroup()
    managers.SetRenderer(renderer)
    managers.AddObserver(vtk.vtkCommand.UpdateEvent, lambda *_: changed())
    managers.Initialize(factory, renderer)
    return managers
