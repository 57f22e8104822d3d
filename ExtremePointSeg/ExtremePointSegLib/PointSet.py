"""Rules of the one working set of points: four points, on one slice, of one view orientation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import slicer

from CueSegMRML import Slices
from ExtremePointSegLib.SegmentFromPoints import SET_SIZE


@dataclass(frozen=True)
class ViewChoice:
    """A view orientation for a set of points.

    :param view: 4x4 SliceToRAS.
    :param spread: how far apart, in slices, the points lie along its normal; 0 where they were placed.
    """

    view: np.ndarray
    spread: float

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
    for view in views:
        matrix = Slices.sliceMatrix(view)
        try:
            plane = Slices.planeOf(volumeNode, matrix, pointsWorld)
        except ValueError as error:  # e.g. points beside the image lie outside the volume for the other views
            failures.append(error)
        else:
            choices.append(ViewChoice(matrix, float(np.ptp(plane.toImage(pointsWorld)[:, 2]))))
    if not choices:
        raise failures[0]
    return min(choices, key=lambda choice: choice.spread)


def startsNewSet(pointsWorld: np.ndarray, choice: ViewChoice) -> bool:
    """Whether the last of the points begins a new set, so that the others are to be removed.

    That is so after a set is full, and when the last point lies on another slice than those before.
    """
    return len(pointsWorld) > SET_SIZE or (len(pointsWorld) > 1 and not choice.isOneSlice)
