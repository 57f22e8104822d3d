"""A segment editor on a small scene, for the tests of its brushes and its panel."""

from typing import Any

import numpy as np
import slicer

from scene_builder import segment_voxels
from view_case import ViewCase
from view_gestures import drag, ras_of

Pixel = tuple[int, int]
DIAMETER = 9.0  # mm
TOLERANCE = 1e-3  # mm; voxel centres this close to the rim may be in or out


class EditorCase(ViewCase):
    """A segment editor with Paint at hand, on a segmentation with two empty segments."""

    def __init__(self, scene: Any, geometry: str = "ras") -> None:
        super().__init__(scene, geometry)
        self.segmentation = self.build.segmentation(self.volume)
        self.editor = slicer.qMRMLSegmentEditorWidget()
        self.editor.setMRMLScene(scene)
        self.node = scene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
        self.editor.setMRMLSegmentEditorNode(self.node)
        self.editor.setSegmentationNode(self.segmentation)
        self.editor.setSourceVolumeNode(self.volume)
        self.choose("Paint")
        self.node.SetOverwriteMode(self.node.OverwriteNone)

    def choose(self, effect: str, segment_id: str = "liver") -> None:
        self.editor.setCurrentSegmentID(segment_id)
        self.editor.setActiveEffectByName(effect)
        effect = self.editor.activeEffect()
        effect.setCommonParameter("BrushDiameterIsRelative", 0)
        effect.setCommonParameter("BrushAbsoluteDiameter", DIAMETER)

    def stroke(self, name: str = "Red", start: Pixel = (150, 180), end: Pixel = (260, 210)) -> np.ndarray:
        """Paint; returns the (N, 3) world points of the mouse that the editor got."""
        drag(self.view(name), start, end, steps=1)
        return np.array([ras_of(self.view(name), pixel) for pixel in (start, end)])

    def voxels(self, segment_id: str = "liver") -> np.ndarray:
        return slicer.util.arrayFromSegmentBinaryLabelmap(self.segmentation, segment_id, self.volume) > 0

    def check(self, path: np.ndarray, name: str = "Red", segment_id: str = "liver") -> int:
        """The segment holds the voxels within the brush's radius of the path, in the slice of the view."""
        radius, normal = DIAMETER / 2, self.axes(name)[2]
        thickness = self.widget(name).sliceLogic().GetLowestVolumeSliceSpacing()[2]
        world, held = segment_voxels(self.segmentation, segment_id)
        height = np.abs((world - path[0]) @ normal)
        assert not held[height > thickness / 2 + TOLERANCE].any()
        layer = height < thickness / 2 - TOLERANCE
        samples = path[0] + np.linspace(0, 1, 2001)[:, None] * (path[1] - path[0])
        offsets = world[layer, None] - samples[None]
        offsets -= (offsets @ normal)[..., None] * normal
        distance = np.linalg.norm(offsets, axis=2).min(1)
        assert held[layer][distance < radius - TOLERANCE].all()
        assert not held[layer][distance > radius + TOLERANCE].any()
        return int(held.sum())

    def close(self) -> None:
        self.editor.uninstallKeyboardShortcuts()
        self.editor.setMRMLSegmentEditorNode(None)
        self.editor.delete()
