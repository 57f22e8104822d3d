"""The use case: a simulated user segments a structure of which there is a segment already.

Nothing is written to any segment: what comes out is a table, a curve, and how many clicks were needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer

from CueSegMRML import ReportTable, SegmentMasks, Volumes
from CueSegMRML.BackgroundTask import Task, TaskQueue
from CueSegMRML.Curves import Curves
from CueSegMRML.SliceStacks import stackOf
from ExtremePointSegLib.SegmentFromPoints import SlicePredictor
from ExtremePointSegLib.WholeVolumeNetwork import BorrowedPredictor

if TYPE_CHECKING:
    from cueseg.sessions.robot import RobotRun, RobotStep

EVERY, SUGGESTED = "clicks", "slices"  # modes of `cueseg.sessions.robot`
TABLE_NAME = "Simulated user"
_TASK = "robot"
_COLOR = (0.12, 0.37, 0.66)


@dataclass(frozen=True)
class TrialRequest:
    """What is to be segmented.

    :param segmentId: the segment that is the truth.
    :param axis: 0, 1, 2: across I, J, K.
    :param mode: EVERY or SUGGESTED.
    """

    volumeNode: slicer.vtkMRMLScalarVolumeNode
    segmentationNode: slicer.vtkMRMLSegmentationNode
    segmentId: str
    axis: int = 2
    mode: str = EVERY
    modality: str = "ct"
    model: str = "default"
    seed: int = 0


class RobotTrial:
    """One trial at a time."""

    def __init__(
        self,
        scene: slicer.vtkMRMLScene,
        queue: TaskQueue,
        slicePredictor: Callable[[str], SlicePredictor],
    ) -> None:
        """Start with nothing tried.

        :param queue: whose thread the network works on.
        :param slicePredictor: name of a model to its predictor; called on the worker thread.
        """
        self.queue = TaskQueue("Simulated user", beside=queue)
        self.curves = Curves(scene, "Dice of a simulated user", "Clicks")
        self.tableNode: slicer.vtkMRMLTableNode | None = None
        self._scene, self._slicePredictor = scene, slicePredictor

    def start(
        self,
        request: TrialRequest,
        onDone: Callable[[RobotRun], None],
        onError: Callable[[Exception], None],
        onProgress: Callable[[tuple[RobotStep, int]], None] | None = None,
    ) -> None:
        """Work in the background; `onProgress` gets every step, and how many there are at most.

        :raises ValueError: an empty segment, a volume without voxels, or a transform that is not linear.
        """
        nodes = (request.segmentationNode, request.segmentId, request.volumeNode)
        stack = stackOf(request.volumeNode, request.axis)
        mask = SegmentMasks.maskOnVolume(*nodes)
        if not mask.any():
            raise ValueError("the reference holds nothing of this volume: choose a segment that does")
        images = stack.images(Volumes.voxels(request.volumeNode).copy())
        reference = np.ascontiguousarray(stack.images(mask))

        def work(task: Task) -> RobotRun:
            from cueseg.evaluation.from_points import Clicks
            from cueseg.sessions.robot import RobotTask, click_every_slice, click_few_slices

            def tell(step: RobotStep, most: int) -> bool:
                task.report((step, most))
                return task.cancelled

            predictor = BorrowedPredictor(self._slicePredictor(request.model))
            click = click_every_slice if request.mode == EVERY else click_few_slices
            what = RobotTask(images, reference, request.modality, stack.spacing)
            return click(what, predictor, Clicks(seed=request.seed), tell)

        def finish(run: RobotRun) -> None:
            self._show(run)
            onDone(run)

        self.queue.submit(_TASK, work, finish, onError, onProgress)

    def cancel(self) -> None:
        """Give the trial up, within one slice or one filling."""
        self.queue.cancel(_TASK)

    def leaveScene(self) -> None:
        """Let go of every node."""
        self.cancel()
        self.curves.remove()
        self.tableNode = None

    def close(self) -> None:
        """End the work."""
        self.leaveScene()
        self.queue.close()

    def _show(self, run: Any) -> None:
        from cueseg.sessions.robot_report import rows_of

        if self.tableNode is None or self.tableNode.GetScene() is None:
            self.tableNode = self._scene.AddNewNodeByClass("vtkMRMLTableNode", TABLE_NAME)
        ReportTable.fillTable(self.tableNode, rows_of(run))
        start = [(0.0, 0.0)]
        places = [(float(run.interactions(step)), step.dice) for step in run.steps]
        self.curves.show("Dice", start + places, _COLOR)
