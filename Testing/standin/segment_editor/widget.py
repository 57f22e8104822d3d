"""qMRMLSegmentEditorWidget: everything but the brush is the real vtkSlicerSegmentEditorLogic.

All state is in the editor node; the widget follows it. As in Slicer, changing the segmentation ends the active
effect, and a new segmentation brings its reference volume along as source volume.
"""

from typing import Any, ClassVar

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from standin.segment_editor.effect import qSlicerSegmentEditorAbstractEffect
from standin.segment_editor.following import MRMLFollower
from standin.segment_editor.paint import PaintEffect
from standin.segment_editor.panel import SegmentEditorPanel
from standin.segment_editor.shortcuts import KeyboardShortcuts
from standin.segment_editor.view_observer import ViewObserver


class qMRMLSegmentEditorWidget(MRMLFollower, SegmentEditorPanel):
    """Needs a scene and an editor node before anything else; effects are Paint and Erase."""

    slicer_class = "qMRMLSegmentEditorWidget"
    slicer_signals: ClassVar = {
        "segmentationNodeChanged(vtkMRMLSegmentationNode*)": "_segmentationChanged",
        "sourceVolumeNodeChanged(vtkMRMLVolumeNode*)": "_volumeChanged",
    }
    _segmentationChanged, _volumeChanged = QtCore.Signal(object), QtCore.Signal(object)
    currentSegmentIDChanged = QtCore.Signal(str)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._logic = slicer.vtkSlicerSegmentEditorLogic()
        self._node = self._segmentation = self._volume = self._effect = self._last_effect = None
        self._interaction, self._updating = None, False
        self._effects = [PaintEffect(name, name == "Erase", self._logic, self) for name in ("Paint", "Erase")]
        self._shortcuts, self._views = KeyboardShortcuts(self), ViewObserver(self, self._logic)
        self._make_panel(self._logic)
        self._watch(self._logic, self._logic.SegmentationHistoryChangedEvent, self._show_history)

    # nodes

    def mrmlSegmentEditorNode(self) -> Any:
        return self._node

    def setMRMLSegmentEditorNode(self, node: Any) -> None:
        if node is self._node:
            return
        if self._node is not None:
            self._unwatch(self._node)
        self._node = node
        self._logic.SetSegmentEditorNode(node)
        if node is None:
            self._let_go()
            return
        self._watch(node, vtk.vtkCommand.ModifiedEvent, self.updateWidgetFromMRML)
        self._initialize_node()
        self.updateWidgetFromMRML()

    def segmentationNode(self) -> Any:
        return self._segmentations.currentNode()

    def segmentationNodeID(self) -> str:
        return self._segmentations.currentNodeID

    def setSegmentationNode(self, node: Any) -> None:
        if node is not self._logic.GetSegmentationNode():
            self._logic.SetSegmentationNode(node)
            self.setActiveEffect(None)

    def setSegmentationNodeID(self, node_id: str) -> None:
        self.setSegmentationNode(self.mrmlScene().GetNodeByID(node_id))

    def sourceVolumeNode(self) -> Any:
        return self._logic.GetSourceVolumeNode()

    def sourceVolumeNodeID(self) -> str:
        return self._volumes.currentNodeID

    def setSourceVolumeNode(self, node: Any) -> None:
        """Has no effect before a segmentation is chosen."""
        self._logic.SetSourceVolumeNode(node)

    def setSourceVolumeNodeID(self, node_id: str) -> None:
        self.setSourceVolumeNode(self.mrmlScene().GetNodeByID(node_id))

    def interactionNode(self) -> Any:
        return self._interaction

    # segments

    def currentSegmentID(self) -> str:
        return self._logic.GetCurrentSegmentID()

    def setCurrentSegmentID(self, segment_id: str) -> None:
        """Choose a segment; only choices in the panel are told by `currentSegmentIDChanged`, as in Slicer."""
        if self._node is not None:
            self._node.SetSelectedSegmentID(segment_id)

    def selectPreviousSegment(self) -> None:
        self.selectSegmentAtOffset(-1)

    def selectNextSegment(self) -> None:
        self.selectSegmentAtOffset(1)

    def selectSegmentAtOffset(self, offset: int) -> None:
        """Choose the next visible segment in the direction of `offset`; the first has none before it."""
        ids = self._segmentation.GetSegmentation().GetSegmentIDs() if self._segmentation is not None else ()
        if self.currentSegmentID() not in ids:
            return
        row = ids.index(self.currentSegmentID())
        for _ in ids:
            row = (row + offset) % len(ids) if row + offset >= 0 else 0
            if self._segmentation.GetDisplayNode().GetSegmentVisibility(ids[row]):
                self.setCurrentSegmentID(ids[row])
                return

    # effects

    def activeEffect(self) -> qSlicerSegmentEditorAbstractEffect | None:
        return self._effect

    def setActiveEffect(self, effect: qSlicerSegmentEditorAbstractEffect | None) -> None:
        if self._node is not None:
            self._node.SetActiveEffectName(effect.name if effect is not None else "")

    def setActiveEffectByName(self, name: str) -> None:
        self.setActiveEffect(self.effectByName(name))

    def effectByName(self, name: str) -> qSlicerSegmentEditorAbstractEffect | None:
        return next((effect for effect in self._effects if effect.name == name), None)

    def effectByIndex(self, index: int) -> qSlicerSegmentEditorAbstractEffect | None:
        """Effects count from 1; 0 is none."""
        return self._effects[index - 1] if 0 < index <= len(self._effects) else None

    def effectCount(self) -> int:
        return len(self._effects) + 1

    def availableEffectNames(self) -> tuple[str, ...]:
        return tuple(effect.name for effect in self._effects)

    # history

    def saveStateForUndo(self) -> None:
        self._logic.SaveStateForUndo()

    def undo(self) -> None:
        self._logic.Undo()

    def redo(self) -> None:
        self._logic.Redo()

    # keys and views

    def installKeyboardShortcuts(self, parent: QtWidgets.QWidget | None = None) -> None:
        self._shortcuts.install(parent or slicer.util.mainWindow())

    def uninstallKeyboardShortcuts(self) -> None:
        self._shortcuts.uninstall()

    def setupViewObservations(self) -> None:
        self._views.start()

    def removeViewObservations(self) -> None:
        self._views.stop()

    def toggleSourceVolumeIntensityMaskEnabled(self) -> None:
        self._logic.ToggleSourceVolumeIntensityMask()

    def showSourceVolumeInSliceViewers(
        self, forceShowInBackground: bool = False, fitSlice: bool = False
    ) -> None:
        """Make the source volume the background of views that show it in no layer."""
        volume = self.sourceVolumeNode()
        for name in slicer.app.layoutManager().sliceViewNames() if volume is not None else ():
            widget = slicer.app.layoutManager().sliceWidget(name)
            composite = widget.mrmlSliceCompositeNode()
            shown = (composite.GetBackgroundVolumeID(), composite.GetForegroundVolumeID())
            if volume.GetID() not in shown or forceShowInBackground:
                composite.SetBackgroundVolumeID(volume.GetID())
                composite.SetForegroundVolumeID(None)
                composite.SetLabelVolumeID(None)
            if fitSlice:
                widget.sliceLogic().FitSliceToBackground(True)

    # slots of the panel

    def _segmentation_chosen(self, node: Any) -> None:
        if self._node is not None and not self.mrmlScene().IsBatchProcessing():
            self.setSegmentationNode(node)

    def _volume_chosen(self, node: Any) -> None:
        if self._node is not None and not self.mrmlScene().IsBatchProcessing():
            self.setSourceVolumeNode(node)

    def _segment_chosen(self, segment_id: str) -> None:
        if segment_id != self.currentSegmentID():
            self._node.SetSelectedSegmentID(segment_id)
            self.currentSegmentIDChanged.emit(segment_id)

    def _activate_last_effect(self) -> None:
        self.setActiveEffect(self._last_effect)

    def _lock(self) -> None:
        if self.readOnly:
            self.setActiveEffect(None)
        self.updateWidgetFromMRML()

    def _initialize_node(self) -> None:
        for effect in self._effects:
            effect._set_defaults()
