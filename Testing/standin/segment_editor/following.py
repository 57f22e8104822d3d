"""How the segment editor follows its node: segmentation, source volume and active effect."""

from typing import Any

import slicer
import vtk

_SEGMENT_EVENTS = (
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
)


class MRMLFollower:
    """Part of qMRMLSegmentEditorWidget."""

    def _follow_scene(self, scene: Any) -> None:
        super()._follow_scene(scene)
        self._unwatch(self.__dict__.get("_scene_watched"))
        self._scene_watched = scene
        for box in (self._segmentations, self._volumes):
            was_blocked = box.blockSignals(True)
            box.setMRMLScene(scene)
            box.blockSignals(was_blocked)
        self._logic.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        self._logic.SetMRMLScene(scene)
        self._interaction = (
            scene.GetNodeByID("vtkMRMLInteractionNodeSingleton") if scene is not None else None
        )
        if scene is not None:
            self._watch(scene, scene.EndCloseEvent, self._scene_closed)
            self._watch(scene, scene.EndBatchProcessEvent, self.updateWidgetFromMRML)
            self._watch_node(scene, scene.NodeRemovedEvent, self._node_removed)
        self.updateWidgetFromMRML()

    def _scene_closed(self) -> None:
        if self._node is not None:
            self._initialize_node()
        self.updateWidgetFromMRML()

    def _node_removed(self, node: Any) -> None:
        if node is self._node:
            self.setMRMLSegmentEditorNode(None)

    def updateWidgetFromMRML(self) -> None:
        scene = self.mrmlScene()
        if (
            self._updating
            or self._node is None
            or scene is None
            or scene.IsClosing()
            or scene.IsBatchProcessing()
        ):
            return
        self._updating = True
        try:
            self._follow_segmentation()
            self._follow_volume()
            self._follow_effect()
            self._show_panel()
        finally:
            self._updating = False

    def _let_go(self) -> None:
        """There is no editor node any more."""
        if self._effect is not None:
            self._effect.deactivate()
        self.removeViewObservations()
        if self._segmentation is not None:
            self._unwatch(self._segmentation)
        self._segmentation = self._volume = self._effect = None

    def _follow_segmentation(self) -> None:
        node = self._logic.GetSegmentationNode()
        was_blocked = self._segmentations.blockSignals(True)
        self._segmentations.setCurrentNode(node)
        self._segmentations.blockSignals(was_blocked)
        if node is self._segmentation:
            return
        if self._segmentation is not None:
            self._unwatch(self._segmentation)
        self._segmentation = node
        if node is not None:
            self._take_over(node)
        self._segmentationChanged.emit(node)

    def _take_over(self, node: Any) -> None:
        for event in (vtk.vtkCommand.ModifiedEvent, *_SEGMENT_EVENTS):
            self._watch(node, event, self.updateWidgetFromMRML)
        self._logic.SetSourceVolumeNode(node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()))
        node.CreateDefaultDisplayNodes()
        self._logic.SelectFirstSegment(False)
        for name in slicer.app.layoutManager().sliceViewNames():
            slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode().SetLabelVolumeID(None)

    def _follow_volume(self) -> None:
        volume = self._logic.GetSourceVolumeNode()
        if volume is self._volume:
            return
        self._volume = volume
        was_blocked = self._volumes.blockSignals(True)
        self._volumes.setCurrentNode(volume)
        self._volumes.blockSignals(was_blocked)
        if volume is not None and self.autoShowSourceVolumeNode:
            self.showSourceVolumeInSliceViewers()
        self._volumeChanged.emit(volume)

    def _follow_effect(self) -> None:
        effect = self.effectByName(self._node.GetActiveEffectName() or "")
        if effect is self._effect:
            return
        if self._effect is not None:
            self._effect.deactivate()
        if effect is not None and not self._logic.TrivialSetSourceRepresentationToBinaryLabelmap():
            effect = None  # Slicer asks whether to convert; here the answer is no
        if effect is None:
            self.removeViewObservations()
        else:
            self.setupViewObservations()
            self._end_place_mode()
            effect.activate()
        self._last_effect, self._effect = self._effect, effect

    def _end_place_mode(self) -> None:
        mode = slicer.vtkMRMLInteractionNode.ViewTransform
        if self._interaction is not None and self._interaction.GetCurrentInteractionMode() != mode:
            self._interaction.SetCurrentInteractionMode(mode)
