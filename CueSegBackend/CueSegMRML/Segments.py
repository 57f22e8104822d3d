"""Write one slice of one segment through the Segment Editor's own logic, and take it back.

Masking (editable area, intensity range), overwrite mode and undo history are those of
`vtkSlicerSegmentEditorLogic`; this file only says which voxels of the segmentation belong to the slice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer

from CueSegMRML import SegmentVoxels, Volumes
from CueSegMRML.SegmentVoxels import LABELMAP, SliceVoxels
from CueSegMRML.Slices import SlicePlane

_NODE_CLASS = "vtkMRMLSegmentEditorNode"
_EDITOR_TAG = "SegmentEditor"  # singleton tag of the Segment Editor module's node
UNDO_STEPS = 10


@dataclass(frozen=True)
class SliceEdit:
    """What one write did.

    :param voxelsAdded: voxels of the slice that the segment gained.
    :param voxelsRemoved: voxels of the slice that the segment lost.
    :param voxelsRefused: voxels of the mask that masking kept out of the segment.
    :param pixelsOutside: pixels of the mask that the segmentation's geometry does not reach.
    """

    voxelsAdded: int
    voxelsRemoved: int
    voxelsRefused: int
    pixelsOutside: int


class SegmentEditing:
    """An editor without brushes: keeps the history of the segmentation that it writes to."""

    def __init__(self, scene: slicer.vtkMRMLScene, tag: str = "CueSeg") -> None:
        """Make an editor with an empty history that lets segments overlap.

        :param scene: where the hidden, unsaved editor node lives.
        :param tag: singleton tag of that node; one per panel.
        """
        self._scene = scene
        self.node = _editorNode(scene, tag)
        self.node.SetOverwriteMode(self.node.OverwriteNone)
        self._logic = slicer.vtkSlicerSegmentEditorLogic()
        self._logic.SetMRMLScene(scene)
        self._logic.SetSegmentEditorNode(self.node)
        # Undo saves the present state for redo, which takes one place of the history.
        self._logic.SetMaximumNumberOfUndoStates(UNDO_STEPS + 1)
        self._stampAfterWrite: tuple | None = None

    def followSegmentEditor(
        self,
        segmentationNode: slicer.vtkMRMLSegmentationNode,
        volumeNode: slicer.vtkMRMLScalarVolumeNode,
    ) -> None:
        """Take over editable area and intensity range of the Segment Editor, if it edits the same nodes.

        Its overwrite mode is left alone: that is a setting of the panel, so that opening another module
        does not change what is overwritten.
        """
        other = segmentationNode.GetScene().GetSingletonNode(_EDITOR_TAG, _NODE_CLASS)
        same = other is not None and other.GetSegmentationNode() is segmentationNode
        node = self.node
        node.SetMaskMode(other.GetMaskMode() if same else segmentationNode.EditAllowedEverywhere)
        node.SetMaskSegmentID(other.GetMaskSegmentID() if same else None)
        hasRange = same and other.GetSourceVolumeNode() is volumeNode and other.GetSourceVolumeIntensityMask()
        node.SetSourceVolumeIntensityMask(bool(hasRange))
        if hasRange:
            node.SetSourceVolumeIntensityMaskRange(*other.GetSourceVolumeIntensityMaskRange())

    def writeSlice(
        self,
        segmentationNode: slicer.vtkMRMLSegmentationNode,
        segmentId: str,
        volumeNode: slicer.vtkMRMLScalarVolumeNode,
        plane: SlicePlane,
        mask: np.ndarray,
        *,
        keepExisting: bool = False,
        replaceLastWrite: bool = False,
    ) -> SliceEdit:
        """Make the segment, within the slice, equal to the mask; all other slices stay as they are.

        One undo step. Voxels that masking protects keep their state.

        :param volumeNode: gives the segmentation its geometry if it has none, and the intensity mask its
            values.
        :param mask: bool (rows, columns) on the grid of `plane`.
        :param keepExisting: add to what the segment holds in the slice instead of replacing it.
        :param replaceLastWrite: the mask corrects the last write (a point was dragged): go back to the state
            before it first, so that both are one undo step and neighbours get back what the last write took.
            Ignored when the segmentation was changed by anyone else in between.
        :raises ValueError: wrong shape, unknown segment, a segmentation that is not stored as binary
            labelmap, a non-linear transform, or a slice outside the segmentation's geometry.
        """
        if mask.shape != plane.shape:
            raise ValueError(f"the mask has shape {mask.shape}, the slice {plane.shape}")
        geometry = self.select(segmentationNode, segmentId, volumeNode)
        pixelsOutside = _pixelsOutside(segmentationNode, plane, mask, geometry)
        voxels = SegmentVoxels.voxelsOfSlice(plane, geometry, Volumes.worldFromLocal(segmentationNode))
        if replaceLastWrite and self._stampAfterWrite == _stamp(segmentationNode):
            self._logic.Undo()
        else:
            self._logic.SaveStateForUndo()
        wanted = mask[voxels.rows, voxels.columns]
        edit = self._modify(segmentationNode, segmentId, geometry, voxels, wanted, keepExisting)
        self._stampAfterWrite = _stamp(segmentationNode)
        return SliceEdit(*edit, pixelsOutside)

    def beginStep(self) -> None:
        """Begin an undo step of any kind, which no later slice is a correction of."""
        self._stampAfterWrite = None
        self._logic.SaveStateForUndo()

    def modify(
        self,
        segmentationNode: slicer.vtkMRMLSegmentationNode,
        segmentId: str,
        labelmap: slicer.vtkOrientedImageData,
        adds: bool,
    ) -> None:
        """Add the voxels of a labelmap to the segment that was selected, or remove them, as masking allows."""
        logic = self._logic
        mode = logic.ModificationModeAdd if adds else logic.ModificationModeRemove
        logic.ModifySegmentByLabelmap(segmentationNode, segmentId, labelmap, mode, True, False)

    def canUndo(self) -> bool:
        """Whether there is a write to take back."""
        return bool(self._logic.CanUndo())

    def canRedo(self) -> bool:
        """Whether there is an undo to take back."""
        return bool(self._logic.CanRedo())

    def undo(self) -> None:
        """Return to the state before the last write."""
        self._stampAfterWrite = None
        self._logic.Undo()

    def redo(self) -> None:
        """Return to the state before the last `undo`."""
        self._stampAfterWrite = None
        self._logic.Redo()

    def forget(self) -> None:
        """Let go of segmentation, volume and history, e.g. when the scene closes."""
        self._stampAfterWrite = None
        self._logic.ClearUndoState()
        self.node.SetAndObserveSegmentationNode(None)
        self.node.SetAndObserveSourceVolumeNode(None)

    def select(
        self,
        segmentationNode: slicer.vtkMRMLSegmentationNode,
        segmentId: str,
        volumeNode: slicer.vtkMRMLScalarVolumeNode,
    ) -> slicer.vtkOrientedImageData:
        """Point the logic at the segment that is going to be changed; returns the segmentation's lattice.

        :raises ValueError: unknown segment, or a segmentation that is not stored as binary labelmap.
        """
        if segmentationNode.GetSegmentation().GetSegment(segmentId) is None:
            raise ValueError(f"the segmentation '{segmentationNode.GetName()}' has no segment '{segmentId}'")
        if self.node.GetScene() is None:  # the scene was cleared of its singletons too
            self.node = self._scene.AddNode(self.node)
            self._logic.SetSegmentEditorNode(self.node)
        self._logic.SetSegmentationNode(segmentationNode)
        self._logic.SetSourceVolumeNode(volumeNode)
        self._logic.SetCurrentSegmentID(segmentId)
        segmentation = segmentationNode.GetSegmentation()
        if segmentation.GetSourceRepresentationName() != LABELMAP:
            raise ValueError(
                f"the segmentation '{segmentationNode.GetName()}' is stored as "
                f"{segmentation.GetSourceRepresentationName().lower()}: make binary labelmap its source "
                "representation in the Segmentations module"
            )
        if not self._logic.UpdateReferenceGeometryImage():
            raise ValueError(f"the segmentation '{segmentationNode.GetName()}' has no geometry")
        return self._logic.GetReferenceGeometryImage()

    def _modify(
        self,
        segmentationNode: slicer.vtkMRMLSegmentationNode,
        segmentId: str,
        geometry: slicer.vtkOrientedImageData,
        voxels: SliceVoxels,
        wanted: np.ndarray,
        keepExisting: bool,
    ) -> tuple[int, int, int]:
        segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
        before = SegmentVoxels.segmentAt(segment, geometry, voxels.ijk)
        steps = [(True, wanted)]
        if not keepExisting:
            steps.insert(0, (False, before & ~wanted))
        for adds, chosen in steps:
            if chosen.any():
                modifier = SegmentVoxels.labelmapOf(voxels.ijk[chosen], geometry)
                self.modify(segmentationNode, segmentId, modifier, adds)
        after = SegmentVoxels.segmentAt(segment, geometry, voxels.ijk)
        return int((after & ~before).sum()), int((before & ~after).sum()), int((wanted & ~after).sum())


def _pixelsOutside(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    plane: SlicePlane,
    mask: np.ndarray,
    geometry: slicer.vtkOrientedImageData,
) -> int:
    """Pixels of the mask beyond the segmentation's geometry; all of them is an error."""
    count = SegmentVoxels.pixelsOutside(plane, mask, geometry, Volumes.worldFromLocal(segmentationNode))
    if mask.any() and count == mask.sum():
        raise ValueError(
            f"the mask lies outside the geometry of the segmentation '{segmentationNode.GetName()}': choose "
            "this volume as its source geometry in the Segment Editor, or use a new segmentation"
        )
    return count


def _editorNode(scene: slicer.vtkMRMLScene, tag: str) -> slicer.vtkMRMLSegmentEditorNode:
    node = scene.GetSingletonNode(tag, _NODE_CLASS)
    if node is None:
        node = slicer.vtkMRMLSegmentEditorNode()
        node.SetSingletonTag(tag)
        node.SetSaveWithScene(False)
        node = scene.AddNode(node)
    return node


def _stamp(segmentationNode: slicer.vtkMRMLSegmentationNode) -> tuple:
    """Changes with any change of the voxels of any segment, and when segments come or go."""
    segmentation = segmentationNode.GetSegmentation()
    times = []
    for segmentId in segmentation.GetSegmentIDs():
        labelmap = segmentation.GetSegment(segmentId).GetRepresentation(LABELMAP)
        times.append((segmentId, labelmap.GetMTime() if labelmap is not None else 0))
    return segmentationNode.GetID(), tuple(times)
