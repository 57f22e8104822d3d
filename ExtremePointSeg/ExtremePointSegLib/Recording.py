"""What is done in the panel, in times and interactions, and line by line if the user wants that."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import slicer

from CueSegMRML import ReportTable, SessionRecords
from CueSegMRML.SliceStacks import SliceStack
from CueSegMRML.TimeLog import Entry, TimeLog
from ExtremePointSegLib.Predictor import Predictor
from ExtremePointSegLib.SegmentFromPoints import SET_SIZE, SliceResult, SliceTask, intensityRange

if TYPE_CHECKING:
    from ExtremePointSegLib.PointSet import PointsState

STAGES = ("crop", "cue", "network", "paste", "write")
TABLE_NAME = "ExtremePointSeg report"
_STEPS, _SEGMENTS = "CueSeg.Report", "CueSeg.SegmentReport"  # node references of the segmentation


class Request(Protocol):
    """What is needed of a request for a slice, and of one for a volume."""

    volumeNode: slicer.vtkMRMLScalarVolumeNode
    segmentationNode: slicer.vtkMRMLSegmentationNode
    segmentId: str
    modality: str
    threshold: float | None
    overwriteMode: int
    weights: tuple[str, str] | None


class Recorder:
    """Times of a panel, and the record of its session."""

    def __init__(self, scene: slicer.vtkMRMLScene, clock: Callable[[], float] = time.monotonic) -> None:
        """:param clock: seconds, for the user's time."""
        self.records = SessionRecords.SessionRecords(scene, "points")
        self.times = TimeLog(clock, STAGES, "write")
        self._scene = scene
        self._lastPoints: tuple[Any, np.ndarray] | None = None
        self._began, self._device = time.perf_counter(), "cpu"
        self._segmentationNode: slicer.vtkMRMLSegmentationNode | None = None

    def before(self, request: Request, predictor: Predictor | None = None) -> None:
        """Something is about to be written; `predictor` made it, None: the one of the step before."""
        self._device = str(getattr(predictor, "device", self._device))
        if self.records.isOn and request.weights is not None:
            self.records.follow(_nodes(request), self._ids(request), request.weights, self._device)
        self._began = time.perf_counter()  # what recording takes is no part of the machine's time

    def slice(
        self,
        request: Request,
        task: SliceTask,
        result: SliceResult,
        workingSet: PointsState,
        predictor: Predictor,
    ) -> None:
        """A slice was written.

        :param workingSet: the points it comes from; those of a set that was segmented before count where they moved.
        """
        clicks = self._clicksOf(workingSet)
        seconds = {**result.prediction.seconds, "write": time.perf_counter() - self._began}
        times = self._log("slice", request, seconds, clicks, result.edit)
        if not self.records.isOn or request.weights is None:
            return
        view = SessionRecords.viewOf(request.volumeNode, task.plane)
        if view is None:
            self.records.note("given", _nodes(request), self._ids(request), why="oblique", **times)
            return
        limits = intensityRange(task, predictor.card)
        self.records.note(
            "slice",
            _nodes(request),
            self._ids(request),
            made={task.plane.index: result.prediction.mask},
            plane={**view.to_json(), "index": task.plane.index},
            points=task.points.tolist(),
            spacing=list(task.plane.spacing),
            range=None if limits is None else list(limits),
            threshold=result.prediction.threshold,
            keep=request.keepExisting,
            **self._common(request),
            **times,
        )

    def volume(
        self,
        request: Request,
        stack: SliceStack,
        noted: tuple[str, Callable[[], dict[str, Any]]],
        made: Mapping[int, np.ndarray],
        edit: Any,
        seconds: float,
    ) -> None:
        """Slices were written at once.

        :param noted: "volume" or "propagated", and what gives the kind's own fields; see `volumeFields`. Or "given",
            for what cannot be made again.
        :param made: slice -> bool (rows, columns).
        :param edit: what was written, None if nothing was.
        :param seconds: of computing.
        """
        kind, fields = noted
        stages = {"network": seconds, "write": time.perf_counter() - self._began}
        times = self._log(kind, request, stages, 0, edit)
        if not self.records.isOn or edit is None:
            return
        if kind == "given":
            self.records.note(kind, _nodes(request), self._ids(request), **fields(), **times)
            return
        self.records.note(
            kind,
            _nodes(request),
            self._ids(request),
            made=made,
            view=SessionRecords.viewOf(request.volumeNode, stack.first).to_json(),
            spacing=list(stack.spacing),
            written=sorted(made),
            keep=False,
            **fields(),
            **self._common(request),
            **times,
        )

    def history(self, kind: str, segmentationNode: slicer.vtkMRMLSegmentationNode | None) -> None:
        """Something was undone or redone."""
        self.times.startUser()
        self._lastPoints = None
        if segmentationNode is not None and segmentationNode.GetScene() is not None:
            self.records.noteHistory(kind, segmentationNode)

    def report(self, bySegment: bool) -> slicer.vtkMRMLTableNode:
        """The times as a node, made if it is not there.

        :param bySegment: a line for each segment instead of one for each step.
        :raises ValueError: nothing was segmented yet.
        """
        rows = self.rows(bySegment)
        owner = self._segmentationNode
        if owner is None or owner.GetScene() is None:
            raise ValueError("the segmentation was removed: segment again, or save the times as a file")
        role, name = (_SEGMENTS, f"{TABLE_NAME} by segment") if bySegment else (_STEPS, TABLE_NAME)
        node = ReportTable.tableOf(self._scene, owner, role, name)
        ReportTable.fillTable(node, rows)
        return node

    def rows(self, bySegment: bool) -> list[list[str]]:
        """The texts of `report`, titles first.

        :raises ValueError: nothing was segmented yet.
        """
        if not self.times.rounds:
            raise ValueError("there is nothing to report yet: segment something first")
        return self.times.segmentRows() if bySegment else self.times.rows()

    def forget(self) -> None:
        """Let go of every node, before the scene drops them."""
        self.records.isOn = False
        self.records.forget()
        self.times.clear()
        self._lastPoints = self._segmentationNode = None

    def _log(
        self, kind: str, request: Request, seconds: Mapping[str, float], clicks: int, edit: Any
    ) -> dict[str, Any]:
        """Add a step to the times; returns what the record needs of it."""
        segment = request.segmentationNode.GetSegmentation().GetSegment(request.segmentId)
        self._segmentationNode = request.segmentationNode
        changed = edit.voxelsAdded + edit.voxelsRemoved if edit is not None else 0
        entry = self.times.add(
            Entry(
                number=len(self.times.rounds) + 1,
                kind=kind,
                userSeconds=self.times.userSeconds,
                machineSeconds=seconds,
                clicks={segment.GetName(): clicks},
                changedVoxels=changed,
            )
        )
        return {"user": entry.userSeconds, "machine": sum(seconds.values()), "clicks": clicks}

    def _clicksOf(self, workingSet: PointsState) -> int:
        points, number = np.array(workingSet.positions), workingSet.number
        known, self._lastPoints = self._lastPoints, (number, points)
        if known is None or known[0] != number or known[1].shape != points.shape:
            return SET_SIZE
        return int((known[1] != points).any(axis=1).sum())

    def _ids(self, request: Request) -> Sequence[str]:
        return [request.segmentId, *self._overwritten(request)]

    def _common(self, request: Request) -> dict[str, Any]:
        return {
            "segment": request.segmentId,
            "overwritten": list(self._overwritten(request)),
            "modality": request.modality,
        }

    @staticmethod
    def _overwritten(request: Request) -> Sequence[str]:
        return SessionRecords.segmentsOverwritten(
            request.segmentationNode, request.segmentId, request.overwriteMode
        )


def volumeFields(
    points: Mapping[int, np.ndarray], given: Mapping[int, np.ndarray], options: Any
) -> dict[str, Any]:
    """Fields of a volume that was filled.

    :param points: slice -> (4 n, 2) pixels (x, y).
    :param given: slice -> bool (rows, columns) that was taken as it was.
    :param options: a `VolumeOptions`, None without a network.
    """
    from cueseg.sessions.run_length import encode_runs

    return {
        "clicked": {
            str(index): np.reshape(found, (-1, SET_SIZE, 2)).tolist() for index, found in points.items()
        },
        "given": {str(index): encode_runs(mask) for index, mask in given.items()},
        "options": None if options is None else asdict(options),
    }


def propagationFields(start: int, mask: np.ndarray, direction: int, options: Any) -> dict[str, Any]:
    """Fields of a mask that was carried on."""
    from cueseg.sessions.run_length import encode_runs

    about = {"start": start, "direction": direction, "until": None, "options": asdict(options)}
    return {**about, "mask": encode_runs(mask)}


def _nodes(request: Request) -> tuple[slicer.vtkMRMLScalarVolumeNode, slicer.vtkMRMLSegmentationNode]:
    return request.volumeNode, request.segmentationNode
