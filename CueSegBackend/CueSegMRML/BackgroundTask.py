"""Long computations on one persistent worker thread, their results back on the main thread.

One thread for all of them: libraries such as cuDNN plan their work per thread, and planning costs about a
second. Workers see arrays only; MRML nodes and widgets are touched by the callbacks, which run where
`deliver` is called.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

_POLL_MILLISECONDS = 20


@dataclass
class Task:
    """One piece of work.

    :param key: a later task with the same key supersedes this one.
    :param cancelled: set by `TaskQueue.cancel`; long work should look at it now and then and return early.
    """

    key: Hashable
    onDone: Callable[[Any], None]
    onError: Callable[[Exception], None]
    onProgress: Callable[[Any], None] | None = None
    cancelled: bool = False
    future: Future = field(default_factory=Future, repr=False)
    _news: SimpleQueue = field(default_factory=SimpleQueue, repr=False)

    def report(self, progress: Any) -> None:
        """Hand news to `onProgress`, which `TaskQueue.deliver` calls; for the worker."""
        self._news.put(progress)

    def deliverProgress(self) -> None:
        """Call `onProgress` with everything that was reported, in order."""
        try:
            while not self.cancelled:
                news = self._news.get_nowait()
                if self.onProgress is not None:
                    self.onProgress(news)
        except Empty:
            return


class TaskQueue:
    """The queue without Qt: `submit` from the main thread, then call `deliver` from time to time."""

    def __init__(self, name: str = "CueSeg", beside: TaskQueue | None = None) -> None:
        """:param beside: a queue whose thread works on the tasks of this one too, one after the other."""
        self._isOwner = beside is None
        self._executor = (
            ThreadPoolExecutor(max_workers=1, thread_name_prefix=name) if self._isOwner else beside._executor
        )
        self._tasks: list[Task] = []
        self._delivering = False

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        return any(not task.cancelled for task in self._tasks)

    def submit(
        self,
        key: Hashable,
        work: Callable[[Task], Any],
        onDone: Callable[[Any], None],
        onError: Callable[[Exception], None],
        onProgress: Callable[[Any], None] | None = None,
    ) -> Task:
        """Queue `work(task)`; earlier tasks with the same key are cancelled and never reported.

        :param onDone: called by `deliver` with what `work` returned.
        :param onError: called by `deliver` with the exception that `work` raised.
        :param onProgress: called by `deliver` with what `work` hands to `task.report`, before `onDone`.
        """
        self.cancel(key)
        task = Task(key, onDone, onError, onProgress)
        task.future = self._executor.submit(work, task)
        self._tasks.append(task)
        return task

    def cancel(self, key: Hashable = None) -> None:
        """Cancel the tasks with this key, or all of them; no callback of theirs will run."""
        for task in self._tasks:
            if key is None or task.key == key:
                task.cancelled = True
                task.future.cancel()

    def deliver(self) -> int:
        """Call the callbacks of all finished tasks, in order, and pass on progress; returns how many finished.

        A callback that spins the event loop may get here again: that inner call does nothing.
        """
        if self._delivering:
            return 0
        self._delivering = True
        delivered = 0
        try:
            while self._tasks:
                done = self._tasks[0].future.done()  # looked at first: what is reported later is not lost
                self._tasks[0].deliverProgress()
                if not done:
                    break
                delivered += self._report(self._tasks.pop(0))
        finally:
            self._delivering = False
        return delivered

    def close(self) -> None:
        """Cancel everything, and end the thread, if it is its own, after the work that is under way."""
        self.cancel()
        if self._isOwner:
            self._executor.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def _report(task: Task) -> int:
        if task.cancelled:
            return 0
        try:
            error = task.future.exception()
        except CancelledError:
            return 0
        if error is None:
            task.onDone(task.future.result())
        elif isinstance(error, Exception):
            logging.debug("background task %s failed", task.key, exc_info=error)
            task.onError(error)
        else:
            raise error
        return 1


class TaskPoller:
    """The Qt half: a timer on the main thread that delivers while there is something to deliver."""

    def __init__(self, queue: TaskQueue, onIdle: Callable[[], None] | None = None) -> None:
        """:param onIdle: called when the last result is out, e.g. to hide a progress bar."""
        import qt  # the queue above must work without Qt

        self._queue = queue
        self._onIdle = onIdle
        self._timer = qt.QTimer()
        self._timer.setInterval(_POLL_MILLISECONDS)
        self._timer.connect("timeout()", self._poll)

    def start(self) -> None:
        """Begin to poll; call it after each `submit`."""
        self._timer.start()

    def stop(self) -> None:
        """Poll no more."""
        self._timer.stop()

    def _poll(self) -> None:
        try:
            self._queue.deliver()
        finally:
            if not self._queue.busy:
                self._timer.stop()
                if self._onIdle is not None:
                    self._onIdle()
