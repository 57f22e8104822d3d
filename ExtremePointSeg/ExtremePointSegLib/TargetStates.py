"""How far the seven points of every target of a volume are, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import slicer

from CueSegMRML import Boxes, Targets, Volumes
from CueSegMRML.Targets import Places

if TYPE_CHECKING:
    from cueseg.seven_points import Finding, Target

SIDES = ("left", "right", "anterior", "posterior", "superior", "inferior")  # in the order of the marks


@dataclass(frozen=True)
class TargetState:
    """One target at one time.

    :param target: the points for the backend; None without a seed, or with a problem.
    :param points: control point of each side that has one, by its name in the patient; with a box, the seed's.
    :param names: side of each of the target's points outside, by its place among them.
    :param anatomy: direction of the volume's axes -> side, see `Targets.anatomyOf`.
    :param findings: what is to be corrected.
    :param problem: why the points cannot be had at all.
    """

    node: slicer.vtkMRMLMarkupsFiducialNode
    target: Target | None
    points: dict[str, int]
    names: dict[int, str]
    anatomy: dict[str, str]
    findings: tuple[Finding, ...]
    hasSeed: bool
    hasBox: bool
    problem: str = ""

    @property
    def title(self) -> str:
        """Of the node."""
        return self.node.GetName()

    @property
    def missing(self) -> list[str]:
        """Sides without a point; all of them while there is no seed to tell sides from."""
        return [side for side in SIDES if side not in self.points]

    @property
    def count(self) -> int:
        """Points that are there and count, of seven."""
        return int(self.hasSeed) + len(self.points)

    @property
    def isComplete(self) -> bool:
        """Whether it can be computed with."""
        blocked = any(finding.blocking for finding in self.findings)
        return self.target is not None and not self.missing and not blocked


def statesOf(volumeNode: slicer.vtkMRMLVolumeNode | None) -> list[TargetState]:
    """All targets of a volume, in the order in which they were added."""
    return [stateOf(node, volumeNode) for node in Targets.targetsOf(volumeNode)]


def stateOf(node: slicer.vtkMRMLMarkupsFiducialNode, volumeNode: slicer.vtkMRMLVolumeNode) -> TargetState:
    """One target, by its places alone: quick enough for every move of the mouse."""
    hasBox = Boxes.isPlaced(Targets.boxOf(node))
    try:
        places = Targets.placesOf(node, volumeNode)
        shape = Volumes.voxels(volumeNode).shape[:3]
        return _state(node, places, shape, Targets.spacingOf(volumeNode), Targets.anatomyOf(volumeNode))
    except ValueError as error:
        return TargetState(node, None, {}, {}, {}, (), False, hasBox, str(error))


def _state(
    node: slicer.vtkMRMLMarkupsFiducialNode,
    places: Places,
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    anatomy: dict[str, str],
) -> TargetState:
    from cueseg.seven_points import check_target, directions

    target, hasBox = places.target(), places.box is not None
    if target is None:
        points = dict.fromkeys(SIDES, 0) if hasBox else {}
        return TargetState(node, None, points, {}, anatomy, (), False, hasBox)
    sides = directions(target.seed, target.outside, spacing)
    names = {index: anatomy[side] for side, index in sides.items()}
    points = {side: 0 if hasBox else places.indices[index] for index, side in names.items()}
    findings = check_target(target, shape, spacing)
    return TargetState(node, target, points, names, anatomy, tuple(findings), True, hasBox)
