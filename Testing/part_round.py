"""A network and a round of scribbles on a part of a large volume, through the panel's own logic on real nodes."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk

import headless_slicer
from CueSegMRML import SegmentMasks
from CueSegMRML.BackgroundTask import TaskQueue
from ScribbleRefineLib.RefineSettings import RefineSettings
from ScribbleRefineLib.Scope import Scope
from ScribbleRefineLib.Session import Session

CORD, BACKGROUND = 2, 0  # classes of the network
POLL = 0.02  # seconds, as in the panel


class CancelledError(Exception):
    """The user gave up."""


class PartRound:
    """A session on a volume; what it computes asks `watch` whether to go on, as long as nobody cancels.

    Args:
        volume: (slices, rows, cols); its memory is the node's.
        spacing: mm along these axes.
        watch: a `Stopwatch` of the benchmark `memory.py`.
    """

    def __init__(self, volume: np.ndarray, spacing: tuple[float, float, float], watch: Any) -> None:
        app = headless_slicer.boot()
        app.scene.Clear(False)
        self.watch, self.errors, self.results = watch, [], []
        self.volume = app.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
        image = vtk.vtkImageData()
        image.SetDimensions(*volume.shape[::-1])
        image.GetPointData().SetScalars(numpy_to_vtk(volume.reshape(-1), deep=False))
        self.volume.SetAndObserveImageData(image)
        self.volume.SetSpacing(*spacing[::-1])
        self.queue = TaskQueue("memory")
        self.session = Session(app.scene, self.queue)
        run = self.session._runs.worker.run
        self.session._runs.worker.run = lambda job, task, stop: run(
            job, task, lambda: self._asked() or stop()
        )
        self._wait(
            lambda: self.session.setUp(
                self.volume, None, "headneck-unet", self.results.append, self.errors.append
            )
        )

    def scope(self, middle: tuple[int, ...], sides: tuple[int, ...]) -> Scope:
        """A box of so many voxels around one, and the network there only."""
        roi = self.volume.GetScene().AddNewNodeByClass("vtkMRMLMarkupsROINode", "part")
        spacing = np.array(self.volume.GetSpacing())
        roi.SetCenter(vtk.vtkVector3d(*(spacing * (np.array(middle)[::-1] - 0.5))))
        roi.SetSize(vtk.vtkVector3d(*(spacing * np.array(sides)[::-1])))
        return Scope("roi", roi=roi, partOnly=True)

    def paint(self, number: int, box: tuple[slice, ...]) -> None:
        """Add a stroke."""
        mask = np.ones([part.stop - part.start for part in box], bool)
        segment_id = self.session.scribbles.segmentId(number)
        SegmentMasks.changeFromVolume(self.session.scribbleNode, segment_id, self.volume, mask, mask, box)

    def run(self, begin: Callable[..., None], scope: Scope) -> Any:
        """Do a run; its result.

        Raises:
            CancelledError: the watch said so.
        """
        told = (lambda progress: None), self.results.append, self.errors.append
        self._wait(lambda: begin(RefineSettings(device="cpu", modality="ct"), *told, scope))
        return self.results[-1]

    def close(self) -> None:
        """Free everything."""
        self.session.close()
        self.queue.close()
        slicer.mrmlScene.Clear(False)

    def _asked(self) -> bool:
        self.watch()
        return False

    def _wait(self, begin: Callable[[], None]) -> None:
        begin()
        idle = threading.Event()
        while self.queue.busy:
            self.queue.deliver()
            if self.watch.due is not None and time.perf_counter() >= self.watch.due:
                self.session.cancel()
                self.queue.submit("idle", lambda _: idle.set(), lambda _: None, self.errors.append)
                idle.wait()
                raise CancelledError
            time.sleep(POLL)
        if self.errors:
            raise self.errors[0]


def round_on_a_part(
    volume: np.ndarray,
    spacing: tuple[float, float, float],
    middle: tuple[int, int, int],
    sides: tuple[int, int, int],
    watch: Any,
) -> None:
    """The network's own result in a box, then a round with a stroke along the cord and one in front of it."""
    case = PartRound(volume, spacing, watch)
    try:
        scope = case.scope(middle, sides)
        case.run(case.session.runInitial, scope)
        index, row, col = middle
        case.paint(CORD, (slice(index, index + 1), slice(row - 3, row + 4), slice(col, col + 1)))
        case.paint(BACKGROUND, (slice(index, index + 1), slice(row - 60, row - 40), slice(col, col + 1)))
        result = case.run(case.session.refine, scope)
        if not result.changedVoxels:
            raise RuntimeError("the round changed nothing: there is nothing to measure")
    except CancelledError:
        pass
    finally:
        case.close()
