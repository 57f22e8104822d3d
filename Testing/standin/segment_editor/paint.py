"""The Paint and Erase effects: what their brush does in slice views.

As in Slicer a stroke is collected while the left button is down and applied at its end, to the layer of voxels
that the view shows. Not there: painting in 3D views, colour smudge, the brush's outline, resizing it by keys
and wheel, and the question whether to edit an invisible segment.
"""

from typing import Any

import numpy as np
import slicer
import vtk
from PySide6 import QtCore
from vtk.util.numpy_support import vtk_to_numpy

from standin.segment_editor.brush import Brush, stroke_voxels
from standin.segment_editor.effect import qSlicerSegmentEditorAbstractEffect


class PaintEffect(qSlicerSegmentEditorAbstractEffect):
    """Adds what the brush covers to the selected segment, or removes it."""

    slicer_class = "qSlicerSegmentEditorPaintEffect"

    def __init__(self, name: str, erase: bool, logic: Any, parent: QtCore.QObject) -> None:
        super().__init__(name, logic, parent)
        self._erase, self._stroke = erase, None

    def deactivate(self) -> None:
        super().deactivate()
        self._stroke = None

    def _set_defaults(self) -> None:
        for name, value in (
            ("BrushMinimumAbsoluteDiameter", 0.01),
            ("BrushMaximumAbsoluteDiameter", 100.0),
            ("BrushAbsoluteDiameter", 5.0),
            ("BrushRelativeDiameter", 3.0),
            ("BrushDiameterIsRelative", 1),
            ("BrushSphere", 0),
            ("EditIn3DViews", 0),
        ):
            self.setCommonParameterDefault(name, value)
        for name in ("ColorSmudge", "EraseAllSegments"):
            self.setParameterDefault(name, 0)

    def _process(self, interactor: Any, event: str, slice_widget: Any) -> bool:
        modified = interactor.GetShiftKey() or interactor.GetControlKey() or interactor.GetAltKey()
        if event == "LeftButtonPressEvent" and not modified:
            self._stroke = [_world_position(interactor, slice_widget)]
            return True
        if self._stroke is None or event not in ("MouseMoveEvent", "LeftButtonReleaseEvent"):
            return False
        self._stroke.append(_world_position(interactor, slice_widget))
        if event == "MouseMoveEvent":
            return False
        path, self._stroke = np.array(self._stroke), None
        self._apply(path, slice_widget)
        return True

    def _apply(self, path: np.ndarray, slice_widget: Any) -> None:
        labelmap = self.defaultModifierLabelmap()
        if labelmap is None:
            raise RuntimeError(f"{self.name}: the segmentation has no geometry")
        self.saveStateForUndo()
        ijk = stroke_voxels(
            path, self._brush(slice_widget), self._world_from_voxel(labelmap), labelmap.GetExtent()
        )
        if not len(ijk):
            return
        extent = labelmap.GetExtent()
        i, j, k = (ijk - extent[::2]).T
        array = vtk_to_numpy(labelmap.GetPointData().GetScalars()).reshape(labelmap.GetDimensions()[::-1])
        array[k, j, i] = 1
        labelmap.Modified()
        touched = [int(n) for pair in zip(ijk.min(0), ijk.max(0), strict=True) for n in pair]
        self.modifySelectedSegmentByLabelmap(labelmap, self._mode(), touched)

    def _mode(self) -> int:
        if not self._erase:
            return self.ModificationModeAdd
        everywhere = self.integerParameter("EraseAllSegments")
        return self.ModificationModeRemoveAll if everywhere else self.ModificationModeRemove

    def _brush(self, slice_widget: Any) -> Brush:
        node = slice_widget.mrmlSliceNode()
        if self.integerParameter("BrushDiameterIsRelative"):
            screen_height = slice_widget.sliceView().renderWindow().GetScreenSize()[1]
            pixel = np.linalg.norm(slicer.util.arrayFromVTKMatrix(node.GetXYToSlice())[:3, 1])
            share = self.doubleParameter("BrushRelativeDiameter") / 100.0
            self.setCommonParameter("BrushAbsoluteDiameter", screen_height * share * pixel)
        radius = self.doubleParameter("BrushAbsoluteDiameter") / 2
        if self.integerParameter("BrushSphere"):
            return Brush(radius)
        normal = slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())[:3, 2]
        return Brush(radius, normal / np.linalg.norm(normal), self.sliceSpacing(slice_widget))

    def _world_from_voxel(self, labelmap: Any) -> np.ndarray:
        local_from_voxel, world_from_local = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
        labelmap.GetImageToWorldMatrix(local_from_voxel)
        transform = self.parameterSetNode().GetSegmentationNode().GetParentTransformNode()
        slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(transform, None, world_from_local)
        return slicer.util.arrayFromVTKMatrix(world_from_local) @ slicer.util.arrayFromVTKMatrix(
            local_from_voxel
        )


def _world_position(interactor: Any, slice_widget: Any) -> tuple[float, float, float]:
    x, y = interactor.GetEventPosition()
    return slice_widget.mrmlSliceNode().GetXYToRAS().MultiplyPoint((x, y, 0.0, 1.0))[:3]
