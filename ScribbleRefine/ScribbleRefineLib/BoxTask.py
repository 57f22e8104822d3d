"""One object in a box, on the worker thread."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import numpy as np

from ScribbleRefineLib.Jobs import Job, Outcome, entropyOf
from ScribbleRefineLib.Networks import Backend


class BoxWorker:
    """Keeps what a network computed of a box from round to round."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.forget()

    def forget(self) -> None:
        """Let go of network and image."""
        self._session: Any = None
        self._keys: tuple[Hashable, ...] = ()

    def run(self, network: Any, job: Job, monitor: Callable[[Any], Any]) -> Outcome:
        """Segment the object; what lies outside of the job's scope stays as it is in the job's base.

        :raises ValueError: the network, the image, the box or the scribbles cannot be used.
        """
        session = self._sessionFor(network, job)
        session.resume(job.box.start)
        result = session.segment(job.scribbles, job.box.options, monitor=_Monitor(monitor))
        notes = list(result.notes)
        if not (result.mask & job.scope).any() and result.stopped_by != "nothing":
            notes.append("no object was found in the box: scribble some of it, or draw another box")
        return Outcome(
            labels=np.where(job.scope, result.mask, job.base).astype(np.int16),
            entropy=entropyOf(result.probabilities),
            seconds=dict(result.seconds),
            device=session.device_note,
            delta=result.delta if result.iterations or job.box.start is not None else None,
            satisfied=bool(result.satisfied),
            iterations=int(result.iterations),
            stoppedBy=result.stopped_by,
            notes=tuple(notes),
            uncertain=result.uncertain,
        )

    def _sessionFor(self, network: Any, job: Job) -> Any:
        """The session with image and box; only what differs from the round before is set."""
        settings = job.settings
        wanted = (
            (id(network), settings.device, settings.cacheMegabytes),
            (job.image.key, settings.modality),
            job.box.corners,
        )
        same = [one == other for one, other in zip(wanted, self._keys, strict=False)]
        known = same.index(False) if False in same else len(same)
        self._keys = self._keys[:known]  # whatever fails below is tried again in the next round
        if known < 1:
            self._session = None  # its memory first
            self._session = self._backend.makeBoxSession(network, settings.device, settings.cacheMegabytes)
        if known < 2:
            image, shape = job.image, job.base.shape  # one slice or three columns are no channels
            self._session.set_image(
                image.values, spacing=image.spacing, modality=settings.modality, spatial_shape=shape
            )
        if known < 3:
            self._session.set_box(job.box.corners)
        self._keys = wanted
        return self._session


class _Monitor:
    """Makes one row of stages that take turns, so that the progress goes forward only."""

    def __init__(self, monitor: Callable[[Any], Any]) -> None:
        self._monitor, self._last = monitor, None

    def __call__(self, news: Any) -> Any:
        if news.stage == "optimise":
            self._last = news
        elif self._last is not None:
            news = self._last
        elif news.stage != "features":
            news = replace(news, stage="features", done=1, total=1)
        return self._monitor(news)
