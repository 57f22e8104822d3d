"""What the scribbles claim when they grow: a translucent segmentation that is neither listed nor saved."""

from __future__ import annotations

import numpy as np
import slicer

from CueSegMRML import SegmentMasks
from CueSegMRML.HiddenNodes import addHidden, removeWithDisplay
from ScribbleRefineLib.LabelTable import LabelTable
from ScribbleRefineLib.Parts import Part

_FILL, _OUTLINE = 0.35, 0.0


class GrowthPreview:
    """Made when first shown."""

    def __init__(self) -> None:
        self.node: slicer.vtkMRMLSegmentationNode | None = None

    @property
    def isShown(self) -> bool:
        """Whether the preview is in the scene."""
        return self.node is not None and self.node.GetScene() is not None

    def show(
        self,
        grown: np.ndarray,
        labels: LabelTable,
        volumeNode: slicer.vtkMRMLVolumeNode,
        part: Part | None = None,
    ) -> dict[int, int]:
        """Show grown scribbles, instead of those that are shown already.

        :param grown: int (K, J, I) on the volume's grid, -1 none.
        :param part: of the volume, that they are in; None: all of it.
        :return: label -> voxels, for labels that have any.
        """
        self.hide()
        node = addHidden(volumeNode.GetScene(), slicer.vtkMRMLSegmentationNode(), "Grown scribbles")
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetSaveWithScene(False)
        display.SetVisibility3D(False)
        display.SetOpacity2DFill(_FILL)
        display.SetOpacity2DOutline(_OUTLINE)
        node.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
        node.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
        self.node = node
        box = tuple(slice(0, size) for size in grown.shape) if part is None else part.box
        counts = {}
        for row in labels.rows:
            mask = grown == row.index
            if mask.any():
                counts[row.index] = int(mask.sum())
                segmentId = node.GetSegmentation().AddEmptySegment(f"Grown_{row.index}", row.name, row.color)
                SegmentMasks.changeFromVolume(node, segmentId, volumeNode, mask, mask, box)
        return counts

    def hide(self) -> None:
        """Remove the preview."""
        node, self.node = self.node, None
        removeWithDisplay(node)
