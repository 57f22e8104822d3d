"""What runs are written down as, if the user wants a record of the session; see `CueSegMRML.SessionRecords`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from CueSegMRML.SessionRecords import SessionRecords
from ScribbleRefineLib.Jobs import Job, Outcome
from ScribbleRefineLib.LabelTable import LabelTable
from ScribbleRefineLib.Networks import Backend
from ScribbleRefineLib.Workspace import Workspace

if TYPE_CHECKING:
    from ScribbleRefineLib.RefineTask import NetworkWorker
    from ScribbleRefineLib.Results import RunResult

# What a network did that a replay does not compute again: its masks are kept.
_GIVEN = {"apply": "weights", "box": "box", "tune": "tuned"}


class RunRecorder:
    """Writes runs down: `before` the segments are written, `after` they were."""

    def __init__(self, records: SessionRecords, worker: NetworkWorker, backend: Backend) -> None:
        self._records, self._worker, self._backend = records, worker, backend

    def before(self, space: Workspace) -> None:
        """Take in what the segments hold."""
        if self._records.isOn:
            ids = list(_classesOf(space.labels).values())
            self._records.follow(space.nodes, ids, self._worker.weights, self._worker.device)

    def after(self, space: Workspace, job: Job, outcome: Outcome, result: RunResult, painted: int) -> None:
        """Write the run down.

        :param painted: voxels that were scribbled for it.
        """
        if not self._records.isOn:
            return
        from cueseg.sessions.run_length import encode_runs

        classes = _classesOf(space.labels)
        times = {"user": result.userSeconds, "machine": result.machineSeconds, "painted": painted}
        nodes, ids = space.nodes, list(classes.values())
        if result.kind in _GIVEN:
            self._records.note("given", nodes, ids, why=_GIVEN[result.kind], **times)
            return
        fields: dict[str, Any] = {
            "classes": classes,
            "modality": job.settings.modality,
            "locked": list(space.labels.lockedAmong(job.base, job.scribbles)),
            "half_cache": job.settings.halfCache,
        }
        if job.part is not None:
            fields |= {"part": job.part.ends, "scope": encode_runs(job.scope)}
        if result.kind == "refine":
            fields |= self._ofRefinement(job)
        kind = "refined" if result.kind == "refine" else "predicted"
        self._records.note(kind, nodes, ids, made=outcome.labels, **fields, **times)

    def history(self, kind: str, space: Workspace) -> None:
        """Write "undo" or "redo" down."""
        self._records.noteHistory(kind, space.segmentationNode)

    def _ofRefinement(self, job: Job) -> dict[str, Any]:
        from cueseg.refinement.delta import options_as_json
        from cueseg.sessions.run_length import encode_runs

        used = np.unique(job.scribbles[job.scribbles >= 0]).tolist()
        return {
            "scribbles": {str(number): encode_runs(job.scribbles == number) for number in used},
            "scope": None if job.scope is None else encode_runs(job.scope),
            "options": options_as_json(self._backend.makeOptions(job.settings)),
        }


def _classesOf(labels: LabelTable) -> dict[int, str]:
    """Class number -> segment, for labels that have one."""
    return {row.index: row.resultSegmentId for row in labels.foreground() if row.resultSegmentId}
