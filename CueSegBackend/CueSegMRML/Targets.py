"""Seven points of a target as nodes of the scene: one in the object, six just outside, or a box instead of the six.

A target is a fiducial node with a fixed number of control points, so that the first stays the seed when points are
taken back and placed again. Node references say of which volume it is, and which box it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import slicer

from CueSegMRML import Boxes, ControlPoints, Volumes
from CueSegMRML.Slices import transformed

if TYPE_CHECKING:
    from cueseg.seven_points import Target

COUNT = 7
SEED, OUTSIDE = "seed", "outside"  # labels of control points
_VOLUME, _BOX = "CueSeg.SevenPoints.Volume", "CueSeg.SevenPoints.Box"  # roles of node references
_HIDDEN = "CueSeg.SevenPoints.Hidden"  # attribute of targets that were hidden here, and not by the user
_SIDES = (("left", "right"), ("posterior", "anterior"), ("inferior", "superior"))  # of R, A, S: down and up
_SEED_COLOR, _OUTSIDE_COLOR = (0.3, 1.0, 0.3), (1.0, 0.6, 0.1)
_GLYPH, _TEXT, _FILL = 1.8, 2.2, 0.05  # small enough to see the border of the object beside it
_DIGITS = 6  # of voxels; without the noise of the matrices a point beside another is on no side of it

Voxel = tuple[float, float, float]  # (x, y, z): places along I, J, K


@dataclass(frozen=True)
class Places:
    """Where the points of a target are, in voxels of the volume.

    :param indices: control point of each of the points outside.
    :param box: lowest and highest voxel of the box, if the target has one that is placed.
    """

    seed: Voxel | None
    outside: tuple[Voxel, ...]
    indices: tuple[int, ...]
    box: tuple[tuple[int, int, int], tuple[int, int, int]] | None = None

    @property
    def isComplete(self) -> bool:
        """Whether no point is missing; they may be wrong all the same."""
        return self.seed is not None and (self.box is not None or len(self.outside) == COUNT - 1)

    def target(self) -> Target | None:
        """The same for the backend; None without a seed."""
        from cueseg.seven_points import Target

        if self.seed is None:
            return None
        return Target(self.seed, self.outside) if self.box is None else Target.from_box(self.seed, *self.box)


def targetsOf(volumeNode: slicer.vtkMRMLVolumeNode | None) -> list[slicer.vtkMRMLMarkupsFiducialNode]:
    """The targets of a volume, in the order in which they were added."""
    if volumeNode is None or volumeNode.GetScene() is None:
        return []
    found = slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode", volumeNode.GetScene())
    return [node for node in found if node.GetNodeReferenceID(_VOLUME) == volumeNode.GetID()]


def addTarget(volumeNode: slicer.vtkMRMLVolumeNode) -> slicer.vtkMRMLMarkupsFiducialNode:
    """A new target without points; it is listed, and saved with the scene."""
    scene = volumeNode.GetScene()
    node = slicer.vtkMRMLMarkupsFiducialNode()
    node.SetName(scene.GenerateUniqueName(f"{volumeNode.GetName()} target"))
    node.SetNodeReferenceID(_VOLUME, volumeNode.GetID())
    for number in range(COUNT):
        node.AddControlPoint([0.0, 0.0, 0.0], SEED if number == 0 else OUTSIDE)
        node.SetNthControlPointSelected(number, number == 0)
    node.UnsetAllControlPoints()
    node.SetFixedNumberOfControlPoints(True)
    scene.AddNode(node)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetSelectedColor(*_SEED_COLOR)
    display.SetColor(*_OUTSIDE_COLOR)
    display.SetGlyphScale(_GLYPH)
    display.SetTextScale(_TEXT)
    return node


def removeTarget(node: slicer.vtkMRMLMarkupsFiducialNode) -> None:
    """Take a target out of the scene, with its box."""
    for found in (boxOf(node), node):
        if found is not None and found.GetScene() is not None:
            scene = found.GetScene()
            scene.RemoveNode(found.GetDisplayNode())
            scene.RemoveNode(found)


def showOnly(volumeNode: slicer.vtkMRMLVolumeNode | None, scene: slicer.vtkMRMLScene) -> None:
    """Hide the points of other volumes, and show those again that were hidden so; with None all of them."""
    for node in slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode", scene):
        of = node.GetNodeReferenceID(_VOLUME)
        if of is None:
            continue
        displays = [found.GetDisplayNode() for found in (node, boxOf(node)) if found is not None]
        others = volumeNode is not None and of != volumeNode.GetID()
        if others and node.GetDisplayVisibility():
            node.SetAttribute(_HIDDEN, "1")
        elif others or node.GetAttribute(_HIDDEN) is None:
            continue
        else:
            node.RemoveAttribute(_HIDDEN)
        for display in displays:
            display.SetVisibility(not others)


def boxOf(node: slicer.vtkMRMLMarkupsFiducialNode) -> slicer.vtkMRMLMarkupsROINode | None:
    """The box that stands for the points outside, if the target has one."""
    return node.GetNodeReference(_BOX)


def addBox(node: slicer.vtkMRMLMarkupsFiducialNode) -> slicer.vtkMRMLMarkupsROINode:
    """Give a target a box that is still to be placed, instead of its points outside; a box that it has stays."""
    box = boxOf(node)
    if box is None:
        scene = node.GetScene()
        box = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", f"{node.GetName()} box")
        box.CreateDefaultDisplayNodes()
        box.GetDisplayNode().SetFillOpacity(_FILL)
        node.SetNodeReferenceID(_BOX, box.GetID())
    for number in range(1, COUNT):
        node.UnsetNthControlPointPosition(number)
    return box


def removeBox(node: slicer.vtkMRMLMarkupsFiducialNode) -> None:
    """Go back to points outside."""
    box = boxOf(node)
    if box is not None:
        node.SetNodeReferenceID(_BOX, None)
        box.GetScene().RemoveNode(box.GetDisplayNode())
        box.GetScene().RemoveNode(box)


def takeBack(node: slicer.vtkMRMLMarkupsFiducialNode) -> None:
    """Take the point that was placed last back; the order of placing is that of the control points."""
    defined = ControlPoints.definedIndices(node)
    if defined:
        node.UnsetNthControlPointPosition(defined[-1])


def placesOf(node: slicer.vtkMRMLMarkupsFiducialNode, volumeNode: slicer.vtkMRMLVolumeNode) -> Places:
    """Where the points are.

    :raises ValueError: a transform that is not linear, or a box that holds no voxel.
    """
    indices = ControlPoints.definedIndices(node)
    ijkFromWorld = np.linalg.inv(Volumes.worldFromIJK(volumeNode))
    ijk = np.round(transformed(ijkFromWorld, ControlPoints.worldPoints(node)), _DIGITS)
    placed = [tuple(map(float, point)) for point in ijk]
    found = dict(zip(indices, placed, strict=True))
    seed = found.pop(0, None)
    box = boxOf(node)
    corners = Boxes.cornersOf(box, volumeNode) if Boxes.isPlaced(box) else None
    return Places(seed, tuple(found.values()), tuple(found), corners)


def label(node: slicer.vtkMRMLMarkupsFiducialNode, names: dict[int, str]) -> None:
    """Write names beside the points outside; those of which nothing is known are just outside."""
    with slicer.util.NodeModify(node):
        for number in range(1, node.GetNumberOfControlPoints()):
            name = names.get(number, OUTSIDE)
            if node.GetNthControlPointLabel(number) != name:
                node.SetNthControlPointLabel(number, name)


def anatomyOf(volumeNode: slicer.vtkMRMLVolumeNode) -> dict[str, str]:
    """Direction of the volume's axes -> side of the patient that it is nearest to: {"+x": "left", ...}.

    :raises ValueError: a transform that is not linear.
    """
    axes = Volumes.worldFromIJK(volumeNode)[:3, :3]
    axes = axes / np.linalg.norm(axes, axis=0)
    order = max(permutations(range(3)), key=lambda sides: sum(abs(axes[sides[n], n]) for n in range(3)))
    names = {}
    for axis, side in enumerate(order):
        down, up = _SIDES[side] if axes[side, axis] > 0 else _SIDES[side][::-1]
        names |= {f"-{'xyz'[axis]}": down, f"+{'xyz'[axis]}": up}
    return names


def spacingOf(volumeNode: slicer.vtkMRMLVolumeNode) -> tuple[float, float, float]:
    """Distance of voxels in the world along (K, J, I), mm."""
    steps = np.linalg.norm(Volumes.worldFromIJK(volumeNode)[:3, :3], axis=0)
    return tuple(float(step) for step in steps[::-1])


def stampOf(node: slicer.vtkMRMLMarkupsFiducialNode) -> tuple:
    """Changes when a point of the target, or its box, comes, goes or moves in the world."""
    box = boxOf(node)
    drawn = Boxes.isPlaced(box)
    shape = slicer.util.arrayFromVTKMatrix(box.GetObjectToWorldMatrix()).tobytes() if drawn else b""
    size = tuple(box.GetSize()) if drawn else ()
    points = ControlPoints.worldPoints(node).tobytes()
    return node.GetID(), tuple(ControlPoints.definedIndices(node)), points, shape, size
