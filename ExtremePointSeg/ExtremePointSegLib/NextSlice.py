"""One slice of the volume further, in the view where the points were placed."""

from __future__ import annotations

import numpy as np
import slicer

from CueSegMRML import Slices


def showNextSlice(
    view: slicer.vtkMRMLSliceNode, volumeNode: slicer.vtkMRMLVolumeNode, pointsWorld: np.ndarray
) -> bool:
    """Move a view by one slice along its normal, as the arrow keys of the view do.

    :param pointsWorld: (N, 3), the slice to go on from; without points it is the one that the view shows.
    :return: whether there is a next slice; without one the view stays.
    :raises ValueError: see `Slices.planeOf`.
    """
    plane = Slices.planeOf(volumeNode, view, pointsWorld)
    moved = Slices.sliceMatrix(view).copy()
    along = np.sign(plane.worldFromImage[:3, 2] @ moved[:3, 2])
    moved[:3, 3] = plane.toWorld(np.array([[0.0, 0.0, along]]))[0]
    try:
        Slices.planeOf(volumeNode, moved)
    except ValueError:  # beyond the last slice
        return False
    view.JumpSliceByOffsetting(*moved[:3, 3])
    return True
