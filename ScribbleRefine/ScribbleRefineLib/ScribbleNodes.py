"""The segmentation that holds the scribbles: one segment per label and one for the background.

It is a node of its own, so that erasing a scribble never erases a result, and it is saved with the scene.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import slicer

from CueSegMRML import Grids, Lattices, SegmentMasks, SegmentStates, Volumes
from CueSegMRML.SegmentStates import SegmentState
from ScribbleRefineLib.LabelTable import LabelTable
from ScribbleRefineLib.Parts import NONE, Strokes

_ROLE = "CueSeg.Scribbles"  # node reference of the result segmentation
_TABLE = "CueSeg.Labels"  # attributes of the scribble segmentation
_NETWORK = "CueSeg.Network"
_FILL, _OUTLINE = 0.3, 1.0  # opacities in slice views: the result stays visible

Resolve = Callable[[list[tuple[int, np.ndarray]]], tuple[np.ndarray, list[str]]]


class ScribbleNodes:
    """The scribbles on one volume for one result segmentation."""

    def __init__(
        self,
        scene: slicer.vtkMRMLScene,
        volumeNode: slicer.vtkMRMLVolumeNode,
        segmentationNode: slicer.vtkMRMLSegmentationNode,
    ) -> None:
        """Find the scribbles that belong to the result segmentation, or make an empty node for them."""
        self._scene, self._volumeNode, self._result = scene, volumeNode, segmentationNode
        self._counts: dict[tuple[str, int, int], int] = {}
        self._grid: tuple = ()
        self.node = self._findOrMake()
        self._settle()

    def keptTable(self, network: str) -> str:
        """The label table that was kept with these scribbles for this network; "" if there is none."""
        kept = self.node.GetAttribute(_TABLE) if self.node.GetAttribute(_NETWORK) == network else None
        return kept or ""

    def adopt(self, labels: LabelTable, network: str) -> None:
        """Sort strokes that were made for another network by the names of their labels.

        Strokes of labels that this network does not have are kept, and not used.
        """
        if self.node.GetAttribute(_NETWORK) in (None, network):
            return
        segmentation = self.node.GetSegmentation()
        painted = [SegmentStates.stateOf(self.node, segmentId) for segmentId in self.painted()]
        segmentation.RemoveAllSegments()
        for number, state in enumerate(painted):
            row = labels.rowNamed(state.name)
            segmentId = self.segmentId(row.index) if row is not None else f"Unused_{number}"
            SegmentStates.restore(self.node, segmentId, state)

    def follow(self, labels: LabelTable, network: str) -> None:
        """One segment for each row, in its name and colour; geometry and transform of the volume.

        A node that was removed from the scene is made again, without strokes.
        """
        if self.node.GetScene() is None:
            self.node = self._findOrMake()
        self._settle()
        segmentation = self.node.GetSegmentation()
        for row in labels.rows:
            row.scribbleSegmentId = self.segmentId(row.index)
            segment = segmentation.GetSegment(row.scribbleSegmentId)
            if segment is None:
                segmentation.AddEmptySegment(row.scribbleSegmentId, row.name, row.color)
            else:
                if segment.GetName() != row.name:
                    segment.SetName(row.name)
                if tuple(segment.GetColor()) != row.color:
                    segment.SetColor(row.color)
        self.keep(labels, network)

    def keep(self, labels: LabelTable, network: str) -> None:
        """Keep the table with the scribbles, so that it is saved with the scene."""
        if self.node.GetScene() is not None:
            self.node.SetAttribute(_TABLE, labels.toJson())
            self.node.SetAttribute(_NETWORK, network)

    @staticmethod
    def segmentId(index: int) -> str:
        """The segment that holds the scribbles of a label."""
        return f"Scribble_{index}"

    def strokes(self, labels: LabelTable, resolve: Resolve) -> tuple[Strokes, list[str]]:
        """All scribbles on the volume's grid.

        :param resolve: see `cueseg.scribbles.resolve_contradictions`.
        :return: the scribbles, and what there is to say about voxels painted twice or outside of the volume.
        """
        painted, layers, notes = self.painted(), [], []
        shape = Volumes.voxels(self._volumeNode).shape[:3]
        rows = [row for row in labels.rows if row.scribbleSegmentId in painted]
        ids = [row.scribbleSegmentId for row in rows]
        boxes = [SegmentMasks.boxOnVolume(self.node, segmentId, self._volumeNode) for segmentId in ids]
        box = Grids.around([found for found in boxes if found is not None])
        for row in rows:
            layers.append((row.index, self.mask(row.index, box)))
            if not layers[-1][1].any():
                notes.append(f"the scribbles of '{row.name}' lie outside of the volume")
        if not layers:
            return Strokes.around(np.full((1, 1, 1), NONE, np.int16), (0, 0, 0), shape), []
        array, resolved = resolve(layers)
        low = tuple(ends.start for ends in box)
        return Strokes.around(array, low, shape), notes + list(resolved)

    def painted(self) -> dict[str, int]:
        """Segments that hold scribbles, and how many voxels."""
        segmentation = self.node.GetSegmentation()
        known, self._counts = self._counts, {}
        for entry in SegmentMasks.stamp(self.node):
            count = known.get(entry)
            if count is None:
                count = SegmentMasks.voxelCount(segmentation.GetSegment(entry[0]))
            self._counts[entry] = count
        return {entry[0]: count for entry, count in self._counts.items() if count}

    def mask(self, index: int, box: Grids.Box | None = None) -> np.ndarray:
        """Bool (K, J, I): the scribbles of one label on the volume's grid, or in a box of it."""
        return SegmentMasks.maskOnVolume(self.node, self.segmentId(index), self._volumeNode, box)

    def stamp(self) -> tuple:
        """Changes with any stroke."""
        painted = self.painted()
        return tuple(entry for entry in SegmentMasks.stamp(self.node) if entry[0] in painted)

    def states(self) -> dict[str, SegmentState | None]:
        """All scribbles as they are now."""
        segmentation, painted = self.node.GetSegmentation(), self.painted()
        return {
            segmentId: SegmentStates.stateOf(self.node, segmentId)
            if segmentId in painted
            else SegmentStates.emptyState(segmentation.GetSegment(segmentId))
            for segmentId in segmentation.GetSegmentIDs()
        }

    def restore(self, states: dict[str, SegmentState | None]) -> None:
        """Bring the scribbles back; labels that came later lose theirs, but keep their segment."""
        for segmentId in self.node.GetSegmentation().GetSegmentIDs():
            if segmentId not in states:
                self.node.GetSegmentation().ClearSegment(segmentId)
        for segmentId, state in states.items():
            SegmentStates.restore(self.node, segmentId, state)

    def clear(self) -> None:
        """Remove all strokes."""
        for segmentId in self.node.GetSegmentation().GetSegmentIDs():
            self.node.GetSegmentation().ClearSegment(segmentId)

    def setVisible(self, visible: bool) -> None:
        """Show or hide the scribbles."""
        self.node.GetDisplayNode().SetVisibility(bool(visible))

    def _findOrMake(self) -> slicer.vtkMRMLSegmentationNode:
        found = self._result.GetNodeReference(_ROLE)
        if found is None or not found.IsA("vtkMRMLSegmentationNode"):
            name = f"{self._result.GetName()} scribbles"
            found = self._scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
            self._result.SetNodeReferenceID(_ROLE, found.GetID())
        if found.GetDisplayNode() is None:
            found.CreateDefaultDisplayNodes()
        display = found.GetDisplayNode()
        display.SetOpacity2DFill(_FILL)
        display.SetOpacity2DOutline(_OUTLINE)
        display.SetVisibility3D(False)
        return found

    def _settle(self) -> None:
        """The scribbles live on the grid of the volume, and move with it."""
        if self.node.GetTransformNodeID() != self._volumeNode.GetTransformNodeID():
            self.node.SetAndObserveTransformNodeID(self._volumeNode.GetTransformNodeID())
        matrix = Volumes.localFromIJK(self._volumeNode).tobytes()
        grid = (matrix, Volumes.dimensions(self._volumeNode))
        if self._grid != (*grid, Lattices.referenceOf(self.node)):  # setting it always tells all observers
            self.node.SetReferenceImageGeometryParameterFromVolumeNode(self._volumeNode)
            self._grid = (*grid, Lattices.referenceOf(self.node))
