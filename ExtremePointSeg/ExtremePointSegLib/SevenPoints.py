"""Objects from seven points each: labels while points are moved, a segment, a case of a training set.

No Qt: the panel calls this on its own events and lets the queue deliver.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer

from CueSegMRML import Targets, Volumes
from CueSegMRML.BackgroundTask import Task, TaskQueue
from CueSegMRML.Segments import SegmentEditing
from CueSegMRML.VolumeVoxels import VolumeEdit, writeVolume
from ExtremePointSegLib.ExpansionOverlay import ExpansionOverlay
from ExtremePointSegLib.History import History
from ExtremePointSegLib.TargetStates import TargetState

if TYPE_CHECKING:
    from cueseg.seven_points import Expansion, Finding, SevenPointsResult, Target

_PREVIEW, _SEGMENT = "preview", "segment"


@dataclass(frozen=True)
class Points:
    """What the worker needs, free of nodes.

    :param image: (K, J, I) values of the volume; nobody writes to them.
    :param targets: the complete ones.
    :param names: titles of the targets.
    :param spacing: mm along (K, J, I).
    :param key: equal for equal images, points and spacings.
    """

    image: np.ndarray
    targets: tuple[Target, ...]
    names: tuple[str, ...]
    spacing: tuple[float, float, float]
    key: Hashable


@dataclass(frozen=True)
class Labels:
    """What came of the points.

    :param values: uint8 (K, J, I): 0 background, 1 object, 2 unknown.
    :param findings: of each target, also those that need the image.
    """

    points: Points
    values: np.ndarray
    threshold: float
    findings: tuple[tuple[Finding, ...], ...]

    def findingsOf(self, target: Target | None) -> tuple[Finding, ...] | None:
        """What is wrong with one target; None if the labels do not come of it."""
        targets = self.points.targets
        return self.findings[targets.index(target)] if target in targets else None


@dataclass(frozen=True)
class SegmentRequest:
    """Where the objects go; `overwriteMode` is one of `vtkMRMLSegmentEditorNode`.

    :param threshold: of the labels that the intensities of the objects are learned from.
    """

    volumeNode: slicer.vtkMRMLScalarVolumeNode
    segmentationNode: slicer.vtkMRMLSegmentationNode
    segmentId: str
    keepExisting: bool
    overwriteMode: int
    threshold: float


class SevenPoints:
    """The targets of one volume at a time."""

    def __init__(self, scene: slicer.vtkMRMLScene, editing: SegmentEditing, history: History) -> None:
        """:param history: which every written segment becomes a step of."""
        self.queue = TaskQueue("Seven points")
        self._scene, self._editing, self._history = scene, editing, history
        self._overlay = ExpansionOverlay()
        self._image: tuple[Hashable, np.ndarray] | None = None
        self._expansion: tuple[Hashable, Expansion, tuple] | None = None  # the worker's own

    def pointsOf(self, volumeNode: slicer.vtkMRMLVolumeNode, states: Sequence[TargetState]) -> Points:
        """The complete targets; the image is copied when it is new.

        :raises ValueError: none is complete.
        """
        complete = [state for state in states if state.isComplete]
        if not complete:
            raise ValueError("no target is complete: place a seed and six points around it")
        stamp = Volumes.dataStamp(volumeNode)
        if self._image is None or self._image[0] != stamp:
            self._image = stamp, Volumes.voxels(volumeNode).copy()
        targets, spacing = tuple(state.target for state in complete), Targets.spacingOf(volumeNode)
        names = tuple(state.title for state in complete)
        return Points(self._image[1], targets, names, spacing, (stamp, targets, spacing))

    def preview(
        self,
        points: Points,
        threshold: float,
        onDone: Callable[[Labels], None],
        onError: Callable[[Exception], None],
    ) -> None:
        """Labels in the background; a later call supersedes this one. Another threshold alone takes no time."""
        self.queue.submit(_PREVIEW, lambda task: self.expanded(points, threshold, task), onDone, onError)

    def expanded(self, points: Points, threshold: float, task: Task) -> Labels:
        """Labels, and what is wrong with the points; for the worker thread."""
        from cueseg.seven_points import Expansion, check_target

        if self._expansion is None or self._expansion[0] != points.key:
            self._expansion = None
            expansion = Expansion(
                points.image, points.targets, points.spacing, cancelled=lambda: task.cancelled
            )
            findings = tuple(
                tuple(check_target(target, points.image.shape, points.spacing, points.image))
                for target in points.targets
            )
            self._expansion = points.key, expansion, findings
        _, expansion, findings = self._expansion
        return Labels(points, expansion.labels(threshold), threshold, findings)

    def show(self, labels: Labels, volumeNode: slicer.vtkMRMLVolumeNode) -> None:
        """Lay labels over the views, if the volume is still there."""
        if volumeNode.GetScene() is not None:
            composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode", self._scene)
            self._overlay.show(labels.values, volumeNode, composites)

    def hide(self) -> None:
        """Show no labels, and compute none."""
        self.queue.cancel(_PREVIEW)
        self._overlay.hide()

    def segment(
        self,
        request: SegmentRequest,
        points: Points,
        onDone: Callable[[VolumeEdit, SevenPointsResult], None],
        onError: Callable[[Exception], None],
        onProgress: Callable[[Any], None] | None = None,
    ) -> None:
        """Segment the targets in the background, then write them; nothing is written if a node went meanwhile."""

        def work(task: Task) -> SevenPointsResult:
            from cueseg.seven_points import SevenPointsOptions, segment_from_points

            return segment_from_points(
                points.image,
                points.targets,
                points.spacing,
                SevenPointsOptions(threshold=request.threshold),
                progress=lambda *done: task.report(done),
                cancelled=lambda: task.cancelled,
            )

        def finish(result: SevenPointsResult) -> None:
            if any(node.GetScene() is None for node in (request.volumeNode, request.segmentationNode)):
                return
            try:
                edit = self._write(request, points, result.mask)
            except ValueError as error:
                onError(error)
            else:
                onDone(edit, result)

        self.queue.submit(_SEGMENT, work, finish, onError, onProgress)

    def cancel(self) -> None:
        """Forget the segmentation under way."""
        self.queue.cancel(_SEGMENT)

    def leaveScene(self) -> None:
        """Let go of every node."""
        self.queue.cancel()
        self._overlay.hide()
        self._image = None

    def freeMemory(self) -> None:
        """Drop the copy of the volume; it is made again when needed."""
        self._image = None

    def close(self) -> None:
        """End the worker."""
        self.leaveScene()
        self.queue.close()

    def _write(self, request: SegmentRequest, points: Points, mask: np.ndarray) -> VolumeEdit:
        """Within the boxes the segment becomes what was found; what the last call wrote is taken back first."""
        segmentationNode, segmentId, volumeNode = (
            request.segmentationNode,
            request.segmentId,
            request.volumeNode,
        )
        key = ("seven points", volumeNode.GetID(), segmentationNode.GetID(), segmentId)
        with self._history.step("seven points", segmentationNode, [segmentId], volumeNode, key=key):
            self._editing.followSegmentEditor(segmentationNode, volumeNode)
            self._editing.node.SetOverwriteMode(request.overwriteMode)
            return writeVolume(
                self._editing,
                segmentationNode,
                segmentId,
                volumeNode,
                mask,
                _boxes(points),
                keepExisting=request.keepExisting,
            )


def _boxes(points: Points) -> np.ndarray:
    """Bool (K, J, I): voxels in the box of any target."""
    inside = np.zeros(points.image.shape[:3], bool)
    for target in points.targets:
        low, high = (np.array(corner)[::-1] for corner in target.box)
        inside[tuple(slice(max(0, a), max(0, b + 1)) for a, b in zip(low, high, strict=True))] = True
    return inside
