"""Rules of the one working set of points: four points, on one slice, of one view orientation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import slicer

from CueSegMRML import ControlPoints, Slices
from ExtremePointSegLib.SegmentFromPoints import SET_SIZE


@dataclass(frozen=True)
class ViewChoice:
    """A view orientation for a set of points.

    :param view: 4x4 SliceToRAS.
    :param spread: how far apart, in slices, the points lie along its normal; 0 where they were placed.
    :param number: of the view among those to choose from.
    """

    view: np.ndarray
    spread: float
    number: int = 0

    @property
    def isOneSlice(self) -> bool:
        """Whether all the points lie on one slice."""
        return self.spread < 0.5


def chooseView(
    views: Sequence[slicer.vtkMRMLSliceNode],
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    pointsWorld: np.ndarray,
) -> ViewChoice:
    """The view orientation in which the points lie on one slice, or nearest to it.

    Points placed in one slice view are flat in that view and in no other, so nothing has to be remembered
    about where they were clicked, and scrolling the view later does not matter.

    :raises ValueError: no view is given, or the volume cannot be cut (see `Slices.planeOf`).
    """
    if not views:
        raise ValueError("there is no slice view: choose a layout with slice views")
    choices, failures = [], []
    for number, view in enumerate(views):
        matrix = Slices.sliceMatrix(view)
        try:
            plane = Slices.planeOf(volumeNode, matrix, pointsWorld)
        except ValueError as error:  # e.g. points beside the image lie outside the volume for the other views
            failures.append(error)
        else:
            choices.append(ViewChoice(matrix, float(np.ptp(plane.toImage(pointsWorld)[:, 2])), number))
    if not choices:
        raise failures[0]
    return min(choices, key=lambda choice: choice.spread)


def startsNewSet(pointsWorld: np.ndarray, choice: ViewChoice) -> bool:
    """Whether the last of the points begins a new set, so that the others are to be removed.

    That is so after a set is full, and when the last point lies on another slice than those before.
    """
    return len(pointsWorld) > SET_SIZE or (len(pointsWorld) > 1 and not choice.isOneSlice)


@dataclass(frozen=True)
class PointsState:
    """The points at one time.

    :param positions: as their node stores them.
    :param number: of the set that they are, the same however often it is corrected.
    """

    positions: tuple[tuple[float, float, float], ...]
    number: int = field(compare=False)


class WorkingSet:
    """The points of a panel, as a part of its history."""

    def __init__(self) -> None:
        self.node: slicer.vtkMRMLMarkupsNode | None = None
        self._settled = np.empty((0, 3))
        self._numbers = count()
        self._number = next(self._numbers)

    def settle(
        self,
        markupsNode: slicer.vtkMRMLMarkupsNode,
        volumeNode: slicer.vtkMRMLScalarVolumeNode | None,
        views: Sequence[slicer.vtkMRMLSliceNode],
    ) -> bool:
        """Apply the rules after points were placed, dragged or deleted.

        A fifth point, or one on another slice, begins a new set: the points before it are removed.

        :return: whether there are four points that were not there before.
        """
        self.node = markupsNode
        points = ControlPoints.worldPoints(markupsNode)
        if np.array_equal(points, self._settled):
            return False
        grown = len(points) > len(self._settled)
        if grown and volumeNode is not None and startsNewSet(points, chooseView(views, volumeNode, points)):
            ControlPoints.removePoints(markupsNode, ControlPoints.definedIndices(markupsNode)[:-1])
            points = points[-1:]
            self._number = next(self._numbers)
        elif len(points) == 0:
            self._number = next(self._numbers)
        self._settled = points
        return len(points) == SET_SIZE

    def state(self) -> PointsState:
        """The points as they are."""
        inScene = self.node is not None and self.node.GetScene() is not None
        return PointsState(ControlPoints.localPoints(self.node) if inScene else (), self._number)

    def restore(self, state: PointsState) -> None:
        """Make the points what they were; they count as settled, so that nothing is computed for them."""
        if self.node is None or self.node.GetScene() is None:
            return
        ControlPoints.setLocalPoints(self.node, state.positions)
        self._settled, self._number = ControlPoints.worldPoints(self.node), state.number

    def clear(self) -> None:
        """Remove the points; the next one begins a new set."""
        self.restore(PointsState((), next(self._numbers)))

    def forget(self) -> None:
        """Let go of the node."""
        self.node, self._settled, self._number = None, np.empty((0, 3)), next(self._numbers)
