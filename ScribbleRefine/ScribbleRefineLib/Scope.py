"""Which voxels a run may change: the slice of a view, a slab, a box, or the whole volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer

from CueSegMRML import Boxes, Grids, Slices, Volumes

KINDS = ("volume", "slice", "slab", "roi")
_ROUNDING = 1e-6  # slices


@dataclass(frozen=True)
class Scope:
    """A choice of voxels, made anew from the nodes whenever it is asked for.

    :param kind: one of `KINDS`.
    :param view: for slice and slab, the view that shows the slice.
    :param slices: for a slab, how many slices on each side of it.
    :param roi: for a box; it may be turned and in a transform.
    :param partOnly: whether the network is run only there and on what it needs around; without it a prediction
        fills the volume, whatever the scope.
    """

    kind: str = "volume"
    view: slicer.vtkMRMLSliceNode | np.ndarray | None = None
    slices: int = 1
    roi: slicer.vtkMRMLMarkupsROINode | None = None
    partOnly: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"the scope is {self.kind!r}: use one of {', '.join(KINDS)}")
        if self.slices < 0:
            raise ValueError(f"the slab is ±{self.slices} slices: use 0 or more")

    @property
    def isPart(self) -> bool:
        """Whether the network is run on a part of the volume."""
        return self.partOnly and self.kind != "volume"

    def mask(self, volumeNode: slicer.vtkMRMLVolumeNode) -> np.ndarray | None:
        """Bool (K, J, I), True where voxels may change; None for the whole volume.

        :raises ValueError: the view or box is not chosen, or misses the volume.
        """
        if self.kind == "volume":
            return None
        if self.kind == "roi":
            return _boxMask(self.roi, volumeNode)
        if self.view is None:
            raise ValueError("the scope is a slice of a view and no view is chosen: choose one")
        return _slabMask(self.view, volumeNode, self.slices if self.kind == "slab" else 0)


def _slabMask(
    view: slicer.vtkMRMLSliceNode | np.ndarray, volumeNode: slicer.vtkMRMLVolumeNode, slices: int
) -> np.ndarray:
    plane = Slices.planeOf(volumeNode, view)
    imageFromIJK = np.linalg.inv(plane.worldFromImage) @ Volumes.worldFromIJK(volumeNode)
    shape = Volumes.voxels(volumeNode).shape[:3]
    half = slices + 0.5 - _ROUNDING
    mask = np.zeros(shape, bool)
    box = Grids.boxBetween(imageFromIJK[2:3], [half], shape)  # the rest of a large volume is not touched
    row = imageFromIJK[2] @ Grids.shift(tuple(part.start for part in reversed(box)))
    inner = mask[box]
    for layer, w in zip(inner, Grids.coordinate(row, inner.shape), strict=True):
        layer[...] = (w >= -half) & (w < half)
    return mask


def _boxMask(roi: slicer.vtkMRMLMarkupsROINode | None, volumeNode: slicer.vtkMRMLVolumeNode) -> np.ndarray:
    if roi is None or roi.GetScene() is None:
        raise ValueError("the scope is a box and no ROI is chosen: choose or place one")
    return Boxes.maskOf(roi, volumeNode)
