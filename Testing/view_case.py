"""A volume shown in the stand-in's slice views, for the tests of views, widgets and brushes."""

from typing import Any

import numpy as np
import slicer

from scene_builder import GEOMETRIES, SceneBuilder

VIEWS = ("Red", "Yellow", "Green")


class ViewCase:
    """One volume, shown in all views in the planes of its voxels."""

    def __init__(self, scene: Any, geometry: str = "ras", array: np.ndarray | None = None) -> None:
        self.scene, self.build = scene, SceneBuilder(scene)
        self.volume = self.build.volume(GEOMETRIES[geometry], array)
        self.volume.CreateDefaultDisplayNodes()
        slicer.util.setSliceViewerLayers(background=self.volume, fit=True, rotateToVolumePlane=True)
        slicer.util.resetSliceViews()

    @staticmethod
    def widget(name: str) -> Any:
        return slicer.app.layoutManager().sliceWidget(name)

    def view(self, name: str) -> Any:
        return self.widget(name).sliceView()

    def centre(self, name: str) -> np.ndarray:
        """World RAS of the middle of a view."""
        return np.array(self.view(name).convertXYZToRAS([200.0, 200.0, 0.0]))

    def axes(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit vectors of a view: to the right, up, and along the normal."""
        matrix = slicer.util.arrayFromVTKMatrix(self.widget(name).mrmlSliceNode().GetSliceToRAS())
        return tuple(matrix[:3, column] / np.linalg.norm(matrix[:3, column]) for column in range(3))
