"""Points that nobody clicked, in the views: hollow, on the slices that were made from others, to be dragged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import slicer

from CueSegMRML import ControlPoints, HiddenNodes, Slices
from ExtremePointSegLib.WholeVolumeSlices import SegmentSlices

_NAME = "Derived points"
_KINDS = ("derived", "propagated")
_COLOR, _MOVED_COLOR = (1.0, 0.85, 0.2), (0.3, 1.0, 0.3)
_GLYPH = 4.0
_STILL = 1e-3  # pixels


class DerivedPoints:
    """One hidden node with the points of all slices that were made from others; a view shows those of its slice."""

    def __init__(self, scene: slicer.vtkMRMLScene) -> None:
        self._scene = scene
        self.node: slicer.vtkMRMLMarkupsFiducialNode | None = None
        self._slices: SegmentSlices | None = None
        self._places: dict[int, np.ndarray] = {}  # slice -> (4 n, 2) pixels

    def show(
        self, slices: SegmentSlices, moved: int | None, views: Sequence[slicer.vtkMRMLSliceNode], volumeNode
    ) -> None:
        """Show the points of a segment in the views that lie along its slices.

        :param moved: a slice whose points were moved and are shown all the same, in another colour.
        """
        wanted = [
            n for n in slices.kinds if slices.kinds[n] in _KINDS or (n == moved and n in slices.records)
        ]
        places = {index: points for index in sorted(wanted) if (points := slices.points(index)) is not None}
        across = [view.GetID() for view in views if Slices.axisOf(volumeNode, view) == slices.stack.axis]
        if not places or not across:
            self.hide()
            return
        self._slices, self._places = slices, places
        self._ensureNode()
        display = self.node.GetDisplayNode()
        if list(display.GetViewNodeIDs()) != across:
            display.RemoveAllViewNodeIDs()
            for name in across:
                display.AddViewNodeID(name)
        self._place(moved)

    def hide(self) -> None:
        """Take the node out of the scene."""
        node, self.node = self.node, None
        self._slices, self._places = None, {}
        HiddenNodes.removeWithDisplay(node)

    def moved(self) -> tuple[int, np.ndarray] | None:
        """The slice whose points were dragged, and all its points, (4 n, 2) pixels (x, y); None: none was."""
        if self.node is None or self.node.GetScene() is None:
            return None
        found, start = ControlPoints.worldPoints(self.node), 0
        if len(found) != sum(map(len, self._places.values())):
            return None
        for index, points in self._places.items():
            world = found[start : start + len(points)]
            start += len(points)
            now = self._slices.stack.planeAt(index).toImage(world)[
                :, :2
            ]  # dragged in another view: on its slice
            if np.abs(now - points).max() > _STILL:
                return index, now
        return None

    def _ensureNode(self) -> None:
        if self.node is not None and self.node.GetScene() is not None:
            return
        with _placingGoesOn(self._scene):
            self.node = HiddenNodes.addHidden(self._scene, slicer.vtkMRMLMarkupsFiducialNode(), _NAME)
        self.node.SetUndoEnabled(False)
        self.node.CreateDefaultDisplayNodes()
        display = self.node.GetDisplayNode()
        HiddenNodes.hide(display)
        display.SetPointLabelsVisibility(False)
        display.SetVisibility3D(False)
        display.SetGlyphType(display.StarBurst2D)  # a ring; all others but crosses are filled
        display.SetGlyphScale(_GLYPH)
        display.SetColor(*_COLOR)
        display.SetSelectedColor(*_MOVED_COLOR)

    def _place(self, moved: int | None) -> None:
        """Give the node the points, and no event where nothing changes."""
        stack, node = self._slices.stack, self.node
        world = np.concatenate([stack.worldPoints(points, index) for index, points in self._places.items()])
        states = [index == moved for index, points in self._places.items() for _ in points]
        found = ControlPoints.worldPoints(node)
        same = found.shape == world.shape and np.abs(found - world).max() < _STILL
        if same and states == [bool(node.GetNthControlPointSelected(n)) for n in range(len(world))]:
            return
        with slicer.util.NodeModify(node):
            node.SetFixedNumberOfControlPoints(False)
            if len(found) != len(world):
                node.RemoveAllControlPoints()
            for number, (position, state) in enumerate(zip(world, states, strict=True)):
                if number >= node.GetNumberOfControlPoints():
                    node.AddControlPointWorld(*position)
                else:
                    node.SetNthControlPointPositionWorld(number, *position)
                node.SetNthControlPointSelected(number, state)
            node.SetFixedNumberOfControlPoints(True)


@contextmanager
def _placingGoesOn(scene: slicer.vtkMRMLScene) -> Iterator[None]:
    """Keep what clicks place: Slicer takes every new markups node for that, and the placing of others would end."""
    selection = scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    if selection is None:
        yield
        return
    className, placed = selection.GetActivePlaceNodeClassName(), selection.GetActivePlaceNodeID()
    with slicer.util.NodeModify(selection):
        yield
        selection.SetActivePlaceNodeClassName(className)
        selection.SetActivePlaceNodeID(placed)
