"""Helper nodes that are neither listed nor saved, and volumes that lie over the slice views for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import slicer

from CueSegMRML import Volumes


@dataclass(frozen=True)
class OverlayStyle:
    """How an overlay looks.

    :param colors: singleton ID of a colour node of Slicer, or colours (r, g, b) for the values 0, 1, 2, ...
    :param window: values that get the first and the last colour; those below `lowest` are see-through.
    """

    name: str
    colors: str | tuple[tuple[float, float, float], ...]
    window: tuple[float, float]
    lowest: float
    opacity: float = 0.5


def hide(node: slicer.vtkMRMLNode) -> slicer.vtkMRMLNode:
    """Keep a node out of lists and files."""
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    return node


def addHidden(scene: slicer.vtkMRMLScene, node: slicer.vtkMRMLNode, name: str) -> slicer.vtkMRMLNode:
    """Add a new node that is neither listed nor saved."""
    node.SetName(name)
    return scene.AddNode(hide(node))


def removeWithDisplay(node: slicer.vtkMRMLDisplayableNode | None) -> None:
    """Take a node and its display nodes out of their scene, if they are in one."""
    scene = node.GetScene() if node is not None else None
    if scene is None:
        return
    for number in reversed(range(node.GetNumberOfDisplayNodes())):
        scene.RemoveNode(node.GetNthDisplayNode(number))
    scene.RemoveNode(node)


class Foreground:
    """A volume over slice views, and what they showed there before."""

    def __init__(self) -> None:
        self._before: list[tuple[slicer.vtkMRMLSliceCompositeNode, str | None, float]] = []

    @property
    def isLaid(self) -> bool:
        """Whether there is a view to give back."""
        return bool(self._before)

    def lay(
        self,
        node: slicer.vtkMRMLVolumeNode,
        composites: Sequence[slicer.vtkMRMLSliceCompositeNode],
        opacity: float,
    ) -> None:
        """Show the volume in the foreground of these views."""
        for composite in composites:
            self._before.append(
                (composite, composite.GetForegroundVolumeID(), composite.GetForegroundOpacity())
            )
            composite.SetForegroundVolumeID(node.GetID())
            composite.SetForegroundOpacity(opacity)

    def lift(self, node: slicer.vtkMRMLVolumeNode | None) -> None:
        """Give the views back what they showed; a foreground that was chosen meanwhile stays."""
        before, self._before = self._before, []
        if node is None or node.GetScene() is None:
            return
        for composite, volumeId, opacity in before:
            if composite.GetForegroundVolumeID() == node.GetID():
                composite.SetForegroundVolumeID(volumeId)
                composite.SetForegroundOpacity(opacity)


class VolumeOverlay:
    """A hidden volume in the foreground of slice views; views get back what they showed before."""

    def __init__(self) -> None:
        self._node: slicer.vtkMRMLScalarVolumeNode | None = None
        self._colors: slicer.vtkMRMLColorTableNode | None = None
        self._foreground = Foreground()

    @property
    def isShown(self) -> bool:
        """Whether the overlay is in the scene."""
        return self._node is not None and self._node.GetScene() is not None

    def show(
        self,
        values: np.ndarray,
        volumeNode: slicer.vtkMRMLVolumeNode,
        composites: Sequence[slicer.vtkMRMLSliceCompositeNode],
        style: OverlayStyle,
        first: tuple[int, int, int] = (0, 0, 0),
    ) -> slicer.vtkMRMLScalarVolumeNode:
        """Lay values over the views; an overlay that is shown already goes first.

        :param values: (K, J, I) on the grid of the volume, whose transform the overlay follows.
        :param first: (k, j, i) of the volume's voxel that the first value is for.
        """
        self.hide()
        scene = volumeNode.GetScene()
        node = addHidden(scene, slicer.vtkMRMLScalarVolumeNode(), style.name)
        slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(values))
        node.CopyOrientation(volumeNode)
        node.SetOrigin(Volumes.localFromIJK(volumeNode)[:3] @ (*reversed(first), 1))
        node.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
        node.SetAndObserveDisplayNodeID(self._display(scene, style).GetID())
        self._node = node
        self._foreground.lay(node, composites, style.opacity)
        return node

    def hide(self) -> None:
        """Remove the overlay; a foreground that was chosen meanwhile stays."""
        node, self._node = self._node, None
        colors, self._colors = self._colors, None
        self._foreground.lift(node)
        if node is None or node.GetScene() is None:
            return
        scene = node.GetScene()
        removeWithDisplay(node)
        if colors is not None and colors.GetScene() is scene:
            scene.RemoveNode(colors)

    def _display(
        self, scene: slicer.vtkMRMLScene, style: OverlayStyle
    ) -> slicer.vtkMRMLScalarVolumeDisplayNode:
        display = scene.AddNode(hide(slicer.vtkMRMLScalarVolumeDisplayNode()))
        display.AutoWindowLevelOff()
        display.SetWindowLevelMinMax(*style.window)
        display.AutoThresholdOff()
        display.SetThreshold(style.lowest, style.window[1])
        display.ApplyThresholdOn()
        display.InterpolateOff()
        if isinstance(style.colors, str):
            display.SetAndObserveColorNodeID(style.colors)
            return display
        colors = slicer.vtkMRMLColorTableNode()
        colors.SetTypeToUser()
        colors.SetNumberOfColors(len(style.colors))
        for number, color in enumerate(style.colors):
            colors.SetColor(number, str(number), *color, 1.0)
        self._colors = addHidden(scene, colors, f"{style.name} colors")
        display.SetAndObserveColorNodeID(self._colors.GetID())
        return display
