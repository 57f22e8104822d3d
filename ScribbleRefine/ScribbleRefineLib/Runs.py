"""Runs of the network: from nodes to arrays, to the worker thread, and back into nodes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from CueSegMRML import Volumes
from CueSegMRML.BackgroundTask import Task, TaskQueue
from CueSegMRML.TimeLog import Entry
from ScribbleRefineLib import Results
from ScribbleRefineLib.History import BoxRound, Mark
from ScribbleRefineLib.Jobs import Job, LoadedNetwork, Outcome, Progress
from ScribbleRefineLib.LabelTable import OBJECT
from ScribbleRefineLib.Networks import Backend
from ScribbleRefineLib.Parts import Voxel
from ScribbleRefineLib.Recording import RunRecorder
from ScribbleRefineLib.RefineTask import NetworkWorker
from ScribbleRefineLib.Remedies import inWords
from ScribbleRefineLib.Results import RunResult
from ScribbleRefineLib.Review import Review
from ScribbleRefineLib.Workspace import Workspace

RUN, NETWORK, GROWTH, INSPECT = "run", "network", "growth", "inspect"  # keys of the queue
_TITLES = {
    "initial": "Initial prediction",
    "apply": "Apply weights",
    "box": "Segment box",
    "tune": "Fine-tune",
}
_ROUNDS = ("refine", "box", "tune")  # they use up the strokes that were painted for them

OnError = Callable[[Exception], None]


@dataclass(frozen=True)
class Run:
    """One run: what it is for, the job for the worker, and whom to tell.

    :param notes: what there was to say before it began.
    """

    kind: str
    space: Workspace
    job: Job
    notes: list[str]
    onProgress: Callable[[Progress], None]
    onDone: Callable[[RunResult], None]
    onError: OnError


class Runs:
    """At most one run at a time; its result is written only if all nodes are still there."""

    def __init__(self, queue: TaskQueue, backend: Backend, review: Review) -> None:
        self.worker = NetworkWorker(backend)
        self.recorder = RunRecorder(review.records, self.worker, backend)
        self.lastResult: RunResult | None = None
        self.deviceNote = ""
        self._queue, self._review, self._backend = queue, review, backend
        self._task: Task | None = None
        self._stop = False
        self._begun: Mark | None = None

    @property
    def isRunning(self) -> bool:
        """Whether a result is still to come."""
        return self._task is not None and not self._task.cancelled

    def load(
        self,
        space: Workspace,
        onDone: Callable[[LoadedNetwork], None],
        onError: OnError,
    ) -> None:
        """Load the network of a workspace in the background."""

        def finish(loaded: LoadedNetwork) -> None:
            if space.isAlive:
                onDone(loaded)

        def fail(error: Exception) -> None:
            if space.isAlive:
                onError(error)

        self._queue.submit(NETWORK, lambda _: self.worker.load(space.network), finish, fail)

    def start(self, run: Run) -> None:
        """Compute in the background, then write; a run that is under way is given up."""
        self._review.timeLog.stopUser()
        self._stop = False
        self._begun = run.space.mark() if run.kind in _ROUNDS else None
        if run.kind == "refine":
            painted = [row for row in run.space.labels.rows if (run.job.scribbles == row.index).any()]
            self._review.plot.begin(painted)
        self._task = self._queue.submit(
            RUN,
            lambda task: self.worker.run(run.job, task, lambda: self._stop),
            lambda outcome: self._finish(run, outcome),
            lambda error: self._fail(run, error),
            lambda news: self._progress(run, news),
        )

    def stop(self) -> None:
        """Finish the run with the best so far."""
        self._stop = True

    def cancel(self) -> None:
        """Give the run up; nothing changes."""
        if self.isRunning:
            self._review.timeLog.startUser()
        self._queue.cancel(RUN)
        self._task = None

    def _progress(self, run: Run, news: Progress) -> None:
        if run.space.isAlive:
            if run.kind == "refine" and news.stage == "optimise":
                self._review.plot.add(news.done, dict(news.violations))
            run.onProgress(news)

    def _finish(self, run: Run, outcome: Outcome) -> None:
        self._task = None
        if not run.space.isAlive:
            return
        try:
            result = self._write(run, outcome)
        except ValueError as error:
            self._fail(run, error)
        else:
            run.onDone(result)

    def _fail(self, run: Run, error: Exception) -> None:
        self._task = None
        if run.space.isAlive:
            self._review.timeLog.startUser()
            run.onError(inWords(error, run.job, self._backend))

    def _write(self, run: Run, outcome: Outcome) -> RunResult:
        kind, space, job, notes = run.kind, run.space, run.job, run.notes
        if Volumes.voxels(space.volumeNode).shape[:3] != job.volumeShape:
            raise ValueError("the volume was changed while the network ran: run it again")
        self.recorder.before(space)
        start = time.perf_counter()
        space.follow()
        review = self._review
        review.showBefore(False)
        space.extendBy(outcome.delta)
        before = space.snapshot({}, "last" if kind in _ROUNDS else "kept")
        only = None if job.box is None else OBJECT
        had = Results.voxelsOf(space.labels, space.nodes, job.base, job.part)
        writing = Results.writeLabels(
            space.labels, space.segmentationNode, space.volumeNode, outcome.labels, job.base, only, job.part
        )
        space.history.record(self._title(kind), replace(before, segments=writing.before))
        space.history.weights, space.history.box = outcome.delta, None
        if job.box is not None:
            space.history.box = BoxRound(job.boxKey, space.labels.row(OBJECT).resultSegmentId)
        painted = space.scribbles.painted()
        if kind in _ROUNDS:
            space.markRound(self._begun)
        space.follow()
        seconds = {**outcome.seconds, "write": time.perf_counter() - start}
        if writing.voxelsOutside:
            notes = [*notes, f"{writing.voxelsOutside} voxels lie outside the segmentation's geometry"]
        result = self._result(run, outcome, writing, had, seconds, [*notes, *outcome.notes])
        entry = review.timeLog.add(_round(result, space, painted))
        self.recorder.after(space, job, outcome, result, sum(entry.painted.values()))
        review.maps.take(writing.change, outcome.entropy, outcome.uncertain, _firstOf(job))
        self.lastResult, self.deviceNote = result, outcome.device or self.deviceNote
        return result

    def _title(self, kind: str) -> str:
        rounds = sum(entry.kind == "refine" for entry in self._review.timeLog.rounds)
        return _TITLES.get(kind, f"Refine {rounds + 1}")

    def _result(
        self,
        run: Run,
        outcome: Outcome,
        writing: Results.Writing,
        had: dict[int, float],
        seconds: dict[str, float],
        notes: list[str],
    ) -> RunResult:
        space, base = run.space, run.job.base
        voxel = Results.voxelMillilitres(space.volumeNode)
        changes = Results.changedByLabel(space.labels, writing, outcome.labels, base)
        return RunResult(
            kind=run.kind,
            round=len(self._review.timeLog.rounds) + 1,
            satisfied=outcome.satisfied,
            unsatisfied=Results.worldOf(space.volumeNode, outcome.unsatisfied, _firstOf(run.job)),
            iterations=outcome.iterations,
            stoppedBy=outcome.stoppedBy,
            seconds=seconds,
            machineSeconds=sum(seconds.values()),
            userSeconds=self._review.timeLog.userSeconds,
            changedVoxels=int((writing.change != 0).sum()),
            changedByLabel=changes,
            millilitres=Results.millilitres(space.labels, changes, had, voxel),
            grownVoxels=outcome.grownVoxels,
            notes=notes,
        )


def _round(result: RunResult, space: Workspace, painted: dict[str, int]) -> Entry:
    names: dict[str, Any] = {row.scribbleSegmentId: row.name for row in space.labels.rows}
    return Entry(
        number=result.round,
        kind=result.kind,
        userSeconds=result.userSeconds,
        machineSeconds=result.seconds,
        scribbles={names[segmentId]: count for segmentId, count in painted.items() if segmentId in names},
        iterations=result.iterations,
        satisfied=result.satisfied,
        changedVoxels=result.changedVoxels,
    )


def _firstOf(job: Job) -> Voxel:
    """(k, j, i) of the volume's voxel that the arrays of a job begin with."""
    return (0, 0, 0) if job.part is None else job.part.low
