"""A panel without widgets on a small scene, driven by clicks, for the tests of what it does."""

import threading
import time
from types import SimpleNamespace

import numpy as np

from doubles import PolygonPredictorDouble
from ExtremePointSegLib.Panel import Panel
from ExtremePointSegLib.Settings import Modality, Overwrite
from scene_builder import GEOMETRIES, segment_in_volume, to_world, view_across


class PanelCase:
    """A panel on a scene with one volume, one view per voxel axis, and a network double."""

    def __init__(self, build) -> None:
        self.build = build
        self.volume = build.volume(GEOMETRIES["lps"])
        for axis in range(3):
            build.slice_view(view_across(self.volume, axis, (20, 15, 5)), f"View{axis}")
        self.loaded: list[tuple[str, int]] = []
        self.predictor = PolygonPredictorDouble()
        self.panel = Panel(build.scene, self._load)
        self.settings = SimpleNamespace(
            inputVolume=self.volume,
            segmentation=None,
            segmentId="",
            points=None,
            modality=Modality.CT,
            model="",
            showCue=False,
            keepExisting=False,
            overwrite=Overwrite.NONE,
            threshold=0.5,
        )
        self.panel.prepare(self.settings)
        self.panel.addSegment(self.settings)

    def _load(self, model: str) -> PolygonPredictorDouble:
        self.loaded.append((model, threading.get_ident()))
        return self.predictor

    def click(self, ijk: np.ndarray) -> list[bool]:
        """Place points one by one, as a user would; returns what the panel said after each."""
        said = []
        for position in to_world(self.volume, ijk):
            self.settings.points.AddControlPointWorld(*position)
            said.append(self.panel.settlePoints(self.settings))
        return said

    def move(self, index: int, ijk: tuple[float, float, float]) -> bool:
        self.settings.points.SetNthControlPointPositionWorld(
            index, *to_world(self.volume, np.array([ijk]))[0]
        )
        return self.panel.settlePoints(self.settings)

    def segment(self) -> tuple[list, list]:
        """Run to the end; returns results and errors."""
        results, errors = [], []
        self.panel.start(self.settings, results.append, errors.append)
        self.wait()
        return results, errors

    def wait(self) -> None:
        end = time.monotonic() + 60
        while self.panel.queue.busy:
            self.panel.queue.deliver()
            assert time.monotonic() < end, "no result"
            time.sleep(0.002)

    def voxels(self) -> np.ndarray:
        return segment_in_volume(self.settings.segmentation, self.settings.segmentId, self.volume)
