"""Write one slice of one segment through the Segment Editor's own logic.

Masking (editable area, intensity range) and overwrite mode are those of `vtkSlicerSegmentEditorLogic`; this file only
says which voxels of the segmentation belong to the slice, and which segments a change may reach.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import slicer

from CueSegMRML import SegmentMasks, SegmentVoxels, Volumes
from CueSegMRML.SegmentVoxels import LABELMAP, SliceVoxels
from CueSegMRML.Slices import SlicePlane

_NODE_CLASS = "vtkMRMLSegmentEditorNode"
_EDITOR_TAG = "SegmentEditor"  # singleton tag of the Segment Editor module's node


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
    """An editor without brushes.

    :ivar beforeChange: called with the segmentation and the segments that the next change may reach, while they are
        as they were.
    """

    def __init__(self, scene: slicer.vtkMRMLScene, tag: str = "CueSeg") -> None:
        """Make an editor that lets segments overlap.

        :param scene: where the hidden, unsaved editor node lives.
        :param tag: singleton tag of that node; one per panel.
        """
        self._scene = scene
        self.node = _editorNode(scene, tag)
        self.node.SetOverwriteMode(self.node.OverwriteNone)
        self._logic = slicer.vtkSlicerSegmentEditorLogic()
        self._logic.SetMRMLScene(scene)
        self._logic.SetSegmentEditorNode(self.node)
        self.beforeChange: Callable[[slicer.vtkMRMLSegmentationNode, list[str]], None] | None = None

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
    ) -> SliceEdit:
        """Make the segment, within the slice, equal to the mask; all other slices stay as they are.

        Voxels that masking protects keep their state.

        :param volumeNode: gives the segmentation its geometry if it has none, and the intensity mask its
            values.
        :param mask: bool (rows, columns) on the grid of `plane`.
        :param keepExisting: add to what the segment holds in the slice instead of replacing it.
        :raises ValueError: wrong shape, unknown segment, a segmentation that is not stored as binary
            labelmap, a non-linear transform, or a slice outside the segmentation's geometry.
        """
        if mask.shape != plane.shape:
            raise ValueError(f"the mask has shape {mask.shape}, the slice {plane.shape}")
        geometry = self.select(segmentationNode, segmentId, volumeNode)
        pixelsOutside = _pixelsOutside(segmentationNode, plane, mask, geometry)
        voxels = SegmentVoxels.voxelsOfSlice(plane, geometry, Volumes.worldFromLocal(segmentationNode))
        wanted = mask[voxels.rows, voxels.columns]
        edit = self._modify(segmentationNode, segmentId, geometry, voxels, wanted, keepExisting)
        return SliceEdit(*edit, pixelsOutside)

    def modify(
        self,
        segmentationNode: slicer.vtkMRMLSegmentationNode,
        segmentId: str,
        labelmap: slicer.vtkOrientedImageData,
        adds: bool,
    ) -> None:
        """Add the voxels of a labelmap to the segment that was selected, or remove them, as masking allows."""
        logic = self._logic
        if self.beforeChange is not None:
            others = self._othersReached(segmentationNode, segmentId, labelmap)
            self.beforeChange(segmentationNode, [segmentId, *others])
        mode = logic.ModificationModeAdd if adds else logic.ModificationModeRemove
        logic.ModifySegmentByLabelmap(segmentationNode, segmentId, labelmap, mode, True, False)

    def forget(self) -> None:
        """Let go of segmentation and volume, e.g. when the scene closes."""
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

    def _othersReached(
        self,
        segmentationNode: slicer.vtkMRMLSegmentationNode,
        segmentId: str,
        labelmap: slicer.vtkOrientedImageData,
    ) -> list[str]:
        """Segments that lose voxels to the one that is changed, or gain what it loses."""
        if self.node.GetOverwriteMode() == self.node.OverwriteNone:
            return []
        found = SegmentMasks.segmentsUnder(segmentationNode, labelmap)
        masked = self.node.GetMaskSegmentID()  # what is erased within one segment goes to that segment
        if masked and segmentationNode.GetSegmentation().GetSegment(masked) is not None:
            found.append(masked)
        return [name for name in dict.fromkeys(found) if name != segmentId]

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
