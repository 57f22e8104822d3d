"""A small segmentation and an editor, for the tests that write slices."""

import numpy as np
import slicer

from CueSegMRML.Segments import SegmentEditing
from CueSegMRML.Slices import SlicePlane, planeOf
from scene_builder import GEOMETRIES, SHAPE, segment_in_volume, view_across

SLICE = 5
EVERYWHERE = np.ones(SHAPE[1:], bool)


class EditingCase:
    """A volume, a segmentation with two filled boxes that overlap nowhere, and an editor."""

    def __init__(self, build) -> None:
        self.build = build
        self.volume = build.volume(GEOMETRIES["lps"])
        self.segmentation = build.segmentation(self.volume, segments=("liver", "spleen", "tumour"))
        self.spleen = np.zeros(SHAPE, bool)
        self.spleen[3:9, 10:20, 22:35] = True
        self.fill("spleen", self.spleen)
        self.editing = SegmentEditing(build.scene)
        self.plane = self.plane_at(SLICE)

    def plane_at(self, k: int) -> SlicePlane:
        return planeOf(self.volume, view_across(self.volume, 2, (20, 15, k)))

    def fill(self, segment_id: str, voxels: np.ndarray) -> None:
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            voxels.astype(np.uint8), self.segmentation, segment_id, self.volume
        )

    def write(self, mask: np.ndarray, segment_id: str = "liver", **options):
        plane = options.pop("plane", self.plane)
        return self.editing.writeSlice(self.segmentation, segment_id, self.volume, plane, mask, **options)

    def voxels(self, segment_id: str = "liver") -> np.ndarray:
        return segment_in_volume(self.segmentation, segment_id, self.volume)


def box(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros(SHAPE[1:], bool)
    mask[rows, columns] = True
    return mask


LEFT = box(slice(8, 18), slice(5, 15))
MIDDLE = box(slice(8, 18), slice(15, 28))  # reaches into the spleen


def in_slice(mask: np.ndarray, k: int = SLICE) -> np.ndarray:
    volume = np.zeros(SHAPE, bool)
    volume[k] = mask
    return volume
