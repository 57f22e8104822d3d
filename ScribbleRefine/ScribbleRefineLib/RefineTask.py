"""Work on the worker thread, which keeps the network and what it computed of the image between rounds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from CueSegMRML.BackgroundTask import Task
from ScribbleRefineLib.BoxTask import BoxWorker
from ScribbleRefineLib.Jobs import Job, LoadedNetwork, Outcome, Progress, entropyOf
from ScribbleRefineLib.Networks import Backend


class NetworkWorker:
    """One network and one image at a time. Every method but `drop` runs on the worker thread."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._busy = threading.Lock()
        self._toDrop: set[str] = set()
        self.weights, self.device = ("", ""), ""  # of the network in use: name and SHA-256; what it runs on
        self._boxes = BoxWorker(backend)
        self._forget()

    def drop(self, *, imageOnly: bool = False) -> None:
        """Let go of image and network, at once or when the work under way ends; from any thread."""
        self._toDrop.add("image" if imageOnly else "all")
        if self._busy.acquire(blocking=False):
            try:
                self._dropNow()
            finally:
                self._busy.release()

    def load(self, name: str) -> LoadedNetwork:
        """Load a network, unless it is the one in use."""
        with self._busy:
            try:
                return self._load(name)
            finally:
                self._dropNow()

    def run(self, job: Job, task: Task, wantsStop: Callable[[], bool]) -> Outcome:
        """Predict, apply weights, refine, or segment one object, as the job says.

        :param task: gets the progress, and says when all is cancelled.
        :param wantsStop: whether the user wants the best so far.
        """
        with self._busy:
            try:
                return self._run(job, task, wantsStop)
            except MemoryError:
                self._forget()  # so that less can be tried
                raise
            finally:
                self._dropNow()

    def _forget(self) -> None:
        self._name, self._network = "", None
        self._forgetImage()

    def _forgetImage(self) -> None:
        self._refinement: Any = None
        self._refinementKey: Hashable = None
        self._imageKey: Hashable = None
        self._boxes.forget()

    def _dropNow(self) -> None:
        if "all" in self._toDrop:
            self._forget()
        elif self._toDrop:
            self._forgetImage()
        self._toDrop.clear()

    def _load(self, name: str) -> LoadedNetwork:
        if self._network is None or self._name != name:
            self._forget()
            self._network = self._backend.loadNetwork(name)
            self.weights = self._backend.identityOf(self._network)
            self._name = name
        network = self._network
        layers = self._backend.listLayers(network)
        return LoadedNetwork(network.card, network.refinable, layers, tuple(network.notes))

    def _run(self, job: Job, task: Task, wantsStop: Callable[[], bool]) -> Outcome:
        task.report(Progress("load", 0, 1))
        self._load(job.network)
        monitor = _Monitor(self._backend, task, wantsStop)
        if job.box is not None:
            self._refinement = None  # features of both do not fit into memory
            return self._boxes.run(self._network, job, monitor)
        self._boxes.forget()
        refinement = self._refinementFor(job)
        if job.scribbles is not None:
            return self._refine(refinement, job, monitor)
        delta = self._backend.loadDelta(job.weights) if job.weights else None
        found = refinement.predict(delta=delta, monitor=monitor)
        return Outcome(
            found.labels if job.scope is None else np.where(job.scope, found.labels, job.base),
            entropyOf(found.probabilities),
            dict(_stages(found.seconds)),
            _device(refinement),
            delta,
        )

    def _refine(self, refinement: Any, job: Job, monitor: _Monitor) -> Outcome:
        result = refinement.refine(
            job.scribbles,
            self._backend.makeOptions(job.settings),
            base_labels=job.base,
            scope=job.scope,
            locked=job.locked,
            monitor=monitor,
        )
        return Outcome(
            labels=result.labels,
            entropy=np.asarray(result.entropy_map(), np.float32),
            seconds=dict(result.seconds),
            device=_device(refinement),
            delta=result.delta,
            satisfied=bool(result.satisfied),
            unsatisfied=dict(result.unsatisfied),
            iterations=int(result.iterations),
            stoppedBy=result.stopped_by,
            grownVoxels=int((np.asarray(result.grown) >= 0).sum() - (job.scribbles >= 0).sum())
            if job.settings.grows
            else 0,
            notes=tuple(result.notes),
        )

    def _refinementFor(self, job: Job) -> Any:
        settings = job.settings
        key = (settings.device, settings.cacheMegabytes, settings.halfCache)
        if self._refinement is None or key != self._refinementKey:
            self._refinement = self._backend.makeRefinement(self._network, *key)
            self.device = str(getattr(self._refinement, "device", ""))
            self._refinementKey, self._imageKey = key, None
        imageKey = (job.image.key, settings.modality)
        if imageKey != self._imageKey:
            self._imageKey = None
            self._refinement.set_image(
                job.image.values,
                spacing=job.image.spacing,
                modality=settings.modality,
                spatial_shape=job.base.shape,  # one slice or three columns are no channels
            )
            self._imageKey = imageKey
        return self._refinement


class _Monitor:
    """Passes progress on and answers with what the user decided."""

    def __init__(self, backend: Backend, task: Task, wantsStop: Callable[[], bool]) -> None:
        self._backend, self._task, self._wantsStop = backend, task, wantsStop

    def __call__(self, news: Any) -> Any:
        if self._task.cancelled:
            return self._backend.decision("CANCEL")
        self._task.report(
            Progress(news.stage, news.done, news.total, dict(news.violations), news.loss, news.seconds)
        )
        return self._backend.decision("STOP") if self._wantsStop() else None


def _stages(seconds: Any) -> Mapping[str, float]:
    """Times by stage; a single number is the prediction."""
    return seconds if isinstance(seconds, Mapping) else {"predict": float(seconds)}


def _device(refinement: Any) -> str:
    note = getattr(refinement, "device_note", "") or str(getattr(refinement, "device", ""))
    logging.debug("computed on %s", note)
    return note
