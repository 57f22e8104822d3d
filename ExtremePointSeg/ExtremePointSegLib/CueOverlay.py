"""The confidence map as a coloured foreground layer of slice views, and everything back as it was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import slicer

from CueSegMRML import Volumes
from CueSegMRML.HiddenNodes import Foreground, addHidden, removeWithDisplay
from CueSegMRML.Slices import SlicePlane

_OPACITY = 0.5
_LOWEST_SHOWN = 0.05  # weaker cues are see-through
_COLORS = "vtkMRMLColorTableNodeIron"


class CueOverlay:
    """A hidden, unsaved volume of one slice, made when first shown."""

    def __init__(self) -> None:
        self._node: slicer.vtkMRMLScalarVolumeNode | None = None
        self._foreground = Foreground()

    @property
    def isShown(self) -> bool:
        """Whether an overlay is in the scene."""
        return self._node is not None

    def show(
        self,
        cue: np.ndarray,
        plane: SlicePlane,
        volumeNode: slicer.vtkMRMLScalarVolumeNode,
        compositeNodes: Sequence[slicer.vtkMRMLSliceCompositeNode],
    ) -> slicer.vtkMRMLScalarVolumeNode:
        """Lay the map over the views; a map that is shown already is replaced.

        :param cue: float (rows, columns), 0 to 1, on the grid of `plane`.
        :param volumeNode: the volume of the plane; the overlay follows its transform.
        """
        if self._node is None or self._node.GetScene() is None:
            self._node = _hiddenVolume(volumeNode.GetScene())
            self._foreground = Foreground()
        slicer.util.updateVolumeFromArray(self._node, np.ascontiguousarray(cue[None], np.float32))
        self._node.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
        localFromImage = np.linalg.inv(Volumes.worldFromLocal(volumeNode)) @ plane.worldFromImage
        self._node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(localFromImage))
        if not self._foreground.isLaid:
            self._foreground.lay(self._node, compositeNodes, _OPACITY)
        return self._node

    def hide(self) -> None:
        """Remove the overlay; views get their foreground back, unless it was changed meanwhile."""
        node, self._node = self._node, None
        self._foreground.lift(node)
        removeWithDisplay(node)


def _hiddenVolume(scene: slicer.vtkMRMLScene) -> slicer.vtkMRMLScalarVolumeNode:
    display = slicer.vtkMRMLScalarVolumeDisplayNode()
    display.SetSaveWithScene(False)
    scene.AddNode(display)
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(0.0, 1.0)
    display.AutoThresholdOff()
    display.SetThreshold(_LOWEST_SHOWN, 1.0)
    display.ApplyThresholdOn()
    display.SetAndObserveColorNodeID(_COLORS)
    node = addHidden(scene, slicer.vtkMRMLScalarVolumeNode(), "Confidence map of the extreme points")
    node.SetAndObserveDisplayNodeID(display.GetID())
    return node
