"""Slicer's own way to fill between slices, as `cueseg.volumes` takes it.

Morphological contour interpolation (D. Zukic et al., ND morphological contour interpolation, Insight Journal 2016),
which the Segment Editor offers under "Fill between slices".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

_MARGIN = 2  # pixels around both shapes
_ACROSS_SLICES = 2  # the axis K of an image


def fillGap(
    first: np.ndarray, last: np.ndarray, steps: int, pixelSize: tuple[float, ...]
) -> list[np.ndarray]:
    """The masks between two slices; for any thread. Nothing lies between a slice and an empty one.

    :param first: bool (rows, columns), as `last`, which lies `steps` slices further.
    :param pixelSize: (row, column) in mm; the method counts pixels.
    """
    between = [np.zeros(first.shape, bool) for _ in range(steps - 1)]
    if steps < 2 or not (first.any() and last.any()):
        return between
    window = _windowAround(first | last)
    stack = np.zeros((steps + 1, *first[window].shape), np.int16)
    stack[0], stack[-1] = first[window], last[window]
    interpolator = _interpolator()
    interpolator.SetAxis(_ACROSS_SLICES)
    interpolator.SetInputData(_imageOf(stack))
    interpolator.Update()
    found = vtk_to_numpy(interpolator.GetOutput().GetPointData().GetScalars()).reshape(stack.shape)
    for mask, inside in zip(between, found[1:-1], strict=True):
        mask[window] = inside != 0
    return between


def _interpolator() -> Any:
    try:
        import vtkITK
    except ImportError:  # without the application it is one of the wheel's own names
        return slicer.vtkITKMorphologicalContourInterpolator()
    return vtkITK.vtkITKMorphologicalContourInterpolator()


def _imageOf(stack: np.ndarray) -> vtk.vtkImageData:
    image = vtk.vtkImageData()
    image.SetDimensions(*stack.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(stack.ravel(), deep=True))
    return image


def _windowAround(mask: np.ndarray) -> tuple[slice, slice]:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return tuple(
        slice(max(0, int(found[0]) - _MARGIN), int(found[-1]) + _MARGIN + 1) for found in (rows, columns)
    )
