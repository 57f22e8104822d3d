"""qSlicerSegmentEditorAbstractEffect: parameters in the editor node, changes through the real logic."""

from typing import Any

import slicer
from PySide6 import QtCore

from standin.properties import computed

_MODES = slicer.vtkSlicerSegmentEditorLogic


class qSlicerSegmentEditorAbstractEffect(QtCore.QObject):
    """One tool of one editor widget. Subclasses say what mouse events do in `_process`."""

    slicer_class = "qSlicerSegmentEditorAbstractEffect"
    ModificationModeSet, ModificationModeAdd = _MODES.ModificationModeSet, _MODES.ModificationModeAdd
    ModificationModeRemove = _MODES.ModificationModeRemove
    ModificationModeRemoveAll = _MODES.ModificationModeRemoveAll

    name = computed(str, lambda self: self._effect_name)
    title = computed(str, lambda self: self._effect_name)
    perSegment = computed(bool, lambda self: True)
    requireSegments = computed(bool, lambda self: True)

    def __init__(self, name: str, logic: Any, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._effect_name, self._logic, self._active = name, logic, False

    def active(self) -> bool:
        return self._active

    def activate(self) -> None:
        self._active = True

    def deactivate(self) -> None:
        self._active = False

    def parameterSetNode(self) -> Any:
        return self._logic.GetSegmentEditorNode()

    def scene(self) -> Any:
        node = self.parameterSetNode()
        return node.GetScene() if node is not None else None

    # parameters

    def parameter(self, name: str) -> str:
        """The effect's own parameter, else the common one; an unknown name is an error."""
        node = self.parameterSetNode()
        own = node.GetAttribute(f"{self._effect_name}.{name}")
        value = node.GetAttribute(name) if own is None else own
        if value is None:
            raise ValueError(f"parameter named {name} cannot be found for effect {self._effect_name}")
        return value

    def integerParameter(self, name: str) -> int:
        return int(self.parameter(name))

    def doubleParameter(self, name: str) -> float:
        return float(self.parameter(name))

    def parameterDefined(self, name: str) -> bool:
        return self.parameterSetNode().GetAttribute(f"{self._effect_name}.{name}") is not None

    def commonParameterDefined(self, name: str) -> bool:
        return self.parameterSetNode().GetAttribute(name) is not None

    def setParameter(self, name: str, value: str | float) -> None:
        self.parameterSetNode().SetAttribute(f"{self._effect_name}.{name}", str(value))

    def setCommonParameter(self, name: str, value: str | float) -> None:
        self.parameterSetNode().SetAttribute(name, str(value))

    def setParameterDefault(self, name: str, value: str | float) -> None:
        if not self.parameterDefined(name):
            self.setParameter(name, value)

    def setCommonParameterDefault(self, name: str, value: str | float) -> None:
        if not self.commonParameterDefined(name):
            self.setCommonParameter(name, value)

    # changes

    def saveStateForUndo(self) -> None:
        self._logic.SaveStateForUndo()

    def defaultModifierLabelmap(self) -> Any:
        """The modifier labelmap, emptied, on the reference geometry; None without a geometry."""
        return self._logic.GetModifierLabelmap() if self._logic.ResetModifierLabelmapToDefault() else None

    def modifierLabelmap(self) -> Any:
        return self._logic.GetModifierLabelmap()

    def modifySelectedSegmentByLabelmap(
        self, labelmap: Any, mode: int, extent: list[int] | None = None, bypassMasking: bool = False
    ) -> None:
        """Masking, overwrite mode and layers are the logic's. Without a selected segment an error."""
        node = self.parameterSetNode()
        segmentation, segment_id = node.GetSegmentationNode(), node.GetSelectedSegmentID() or ""
        if segmentation is None or segmentation.GetSegmentation().GetSegment(segment_id) is None:
            raise RuntimeError(f"{self._effect_name}: the segment {segment_id!r} is invalid")
        self._logic.ModifySegmentByLabelmap(
            segmentation, segment_id, labelmap, mode, extent or [0, -1, 0, -1, 0, -1], True, bypassMasking
        )

    def sliceSpacing(self, slice_widget: Any) -> float:
        return self._logic.GetSliceSpacing(slice_widget.mrmlSliceNode())

    # for the editor widget

    def _set_defaults(self) -> None:
        """Write the parameters' defaults to a new editor node."""

    def _process(self, interactor: Any, event: str, slice_widget: Any) -> bool:
        """Handle an event of a slice view; True keeps it from everybody else."""
        return False
