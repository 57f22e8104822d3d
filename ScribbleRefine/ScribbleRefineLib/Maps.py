"""What the last run changed and where the network is unsure, over the slice views; and how it was before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import slicer

from CueSegMRML import SegmentStates
from CueSegMRML.HiddenNodes import OverlayStyle, VolumeOverlay, addHidden, removeWithDisplay
from CueSegMRML.SegmentStates import SegmentState
from ScribbleRefineLib.Parts import Voxel

CHANGE = OverlayStyle(
    "Changes of the last round",
    ((0.0, 0.0, 0.0), (0.9, 0.3, 0.2), (0.2, 0.75, 0.35), (0.95, 0.8, 0.2)),  # none, lost, gained, relabelled
    (0.0, 3.0),
    1.0,
    0.6,
)
LEFT_OUT = OverlayStyle("Left out of the fine-tuning", ((0.0, 0.0, 0.0), (0.95, 0.6, 0.1)), (0.0, 1.0), 0.5)
ENTROPY = OverlayStyle("Uncertainty of the network", "vtkMRMLColorTableNodeIron", (0.0, 1.0), 0.05)


class Maps:
    """At most one map is shown; it is a hidden volume that is never saved."""

    def __init__(self) -> None:
        self._overlay = VolumeOverlay()
        self._values: dict[OverlayStyle, np.ndarray] = {}
        self._first: Voxel = (0, 0, 0)
        self._shown: OverlayStyle | None = None

    @property
    def isShown(self) -> bool:
        """Whether a map is over the views."""
        return self._overlay.isShown

    def take(
        self,
        change: np.ndarray | None,
        entropy: np.ndarray | None,
        leftOut: np.ndarray | None = None,
        first: Voxel = (0, 0, 0),
    ) -> None:
        """Keep the maps of a run, which begin with this voxel of the volume; `show` brings one up to date."""
        self._first = first
        found = {CHANGE: change, ENTROPY: entropy}
        if leftOut is not None:
            found[LEFT_OUT] = leftOut.astype(np.uint8)
        self._values = {style: values for style, values in found.items() if values is not None}

    def show(
        self,
        style: OverlayStyle,
        volumeNode: slicer.vtkMRMLVolumeNode,
        composites: Sequence[slicer.vtkMRMLSliceCompositeNode],
    ) -> bool:
        """Lay a map over the views instead of the one that is there; False when there is no such map."""
        self.hide()
        if style not in self._values:
            return False
        self._overlay.show(self._values[style], volumeNode, composites, style, self._first)
        self._shown = style
        return True

    def hide(self, style: OverlayStyle | None = None) -> None:
        """Remove the map, or only this one; views get their foreground back."""
        if style is None or style is self._shown:
            self._overlay.hide()
            self._shown = None

    def forget(self) -> None:
        """Remove and drop the maps."""
        self.hide()
        self._values = {}


class BeforeView:
    """Shows earlier states of segments in place of the present ones, without touching the result."""

    def __init__(self) -> None:
        self._node: slicer.vtkMRMLSegmentationNode | None = None
        self._result: slicer.vtkMRMLSegmentationNode | None = None
        self._hidden: list[str] = []

    @property
    def isShown(self) -> bool:
        """Whether the earlier states are shown."""
        return self._result is not None

    def show(
        self, segmentationNode: slicer.vtkMRMLSegmentationNode, states: dict[str, SegmentState | None]
    ) -> None:
        """Show these states; segments that are None there vanish from the views."""
        self.hide()
        display = segmentationNode.GetDisplayNode()
        if display is None or not states:
            return
        scene = segmentationNode.GetScene()
        node = addHidden(scene, slicer.vtkMRMLSegmentationNode(), "Before the last round")
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetSaveWithScene(False)
        node.SetAndObserveTransformNodeID(segmentationNode.GetTransformNodeID())
        for opacity in ("Opacity2DFill", "Opacity2DOutline", "Opacity3D", "Visibility"):
            getattr(node.GetDisplayNode(), f"Set{opacity}")(getattr(display, f"Get{opacity}")())
        self._node, self._result, self._hidden = node, segmentationNode, []
        segmentation = segmentationNode.GetSegmentation()
        for segmentId, state in states.items():
            if segmentation.GetSegment(segmentId) is None or not display.GetSegmentVisibility(segmentId):
                continue
            if state is not None:
                SegmentStates.restore(node, segmentId, state)
            display.SetSegmentVisibility(segmentId, False)
            self._hidden.append(segmentId)

    def hide(self) -> None:
        """Show the result as it is again."""
        node, self._node = self._node, None
        result, self._result = self._result, None
        hidden, self._hidden = self._hidden, []
        if result is not None and result.GetScene() is not None and result.GetDisplayNode() is not None:
            for segmentId in hidden:
                if result.GetSegmentation().GetSegment(segmentId) is not None:
                    result.GetDisplayNode().SetSegmentVisibility(segmentId, True)
        removeWithDisplay(node)
