"""The use case: clicked slices of a segment become a whole volume.

Slices that were clicked, and those that hold something else than what was made here, stay as they are. What lies
between them, or beyond the last one, is computed in the background and written in one step of the history.

No Qt: the panel calls this on its own events and lets the queue deliver.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cueseg.volumes.options import PropagationOptions, VolumeOptions
from CueSegMRML import Volumes
from CueSegMRML.BackgroundTask import Task, TaskQueue
from CueSegMRML.Segments import SegmentEditing
from CueSegMRML.SliceRecords import CLICKED
from ExtremePointSegLib.History import History
from ExtremePointSegLib.Recording import Recorder, propagationFields, volumeFields
from ExtremePointSegLib.SegmentFromPoints import SET_SIZE, SlicePredictor
from ExtremePointSegLib.WholeVolumeNetwork import StackImage, VolumeNetworks, monitorOf
from ExtremePointSegLib.WholeVolumeReview import Reviews
from ExtremePointSegLib.WholeVolumeSlices import SegmentSlices, stampOf
from ExtremePointSegLib.WholeVolumeWriting import VolumeOutcome, VolumeRequest, checkUnchanged, writeSlices

if TYPE_CHECKING:
    from cueseg.volumes import Propagation, SliceResult, VolumeResult

_TASK = "volume"


Done = Callable[[VolumeOutcome], None]
Failed = Callable[[Exception], None]


class WholeVolume:
    """The segments of one panel, one run at a time."""

    def __init__(
        self,
        queue: TaskQueue,
        editing: SegmentEditing,
        history: History,
        slicePredictor: Callable[[str], SlicePredictor],
        recorder: Recorder,
    ) -> None:
        """Start with nothing known.

        :param queue: whose thread the network works on.
        :param editing: writes the segments.
        :param history: which every run becomes a step of.
        :param slicePredictor: name of a model to its predictor; called on the worker thread.
        :param recorder: told what was written, and how long it took.
        """
        self.queue = TaskQueue("Whole volume", beside=queue)
        self.reviews = Reviews()
        self._editing, self._history, self._slicePredictor = editing, history, slicePredictor
        self._recorder, self._seconds = recorder, 0.0
        self._networks = VolumeNetworks()
        self._image: tuple[Hashable, np.ndarray] | None = None

    def fill(
        self,
        request: VolumeRequest,
        slices: SegmentSlices,
        onDone: Done,
        onError: Failed,
        onProgress: Callable[[Any], None] | None = None,
    ) -> None:
        """Make the slices between the accepted ones; see `cueseg.volumes`.

        Nothing is written, and `onDone` does not run, if the segment was changed meanwhile.
        """
        given = {index: slices.masks[index] for index in slices.accepted}
        points = {index: slices.points(index) for index in slices.of(CLICKED)}
        image = self._imageOf(request, slices) if request.useNetwork else None

        options = VolumeOptions(threshold=request.threshold) if request.useNetwork else None

        def work(task: Task) -> VolumeResult:
            from cueseg.volumes import filled_volume

            if image is None:
                stack = slices.stack
                return filled_volume(given, stack.count, stack.spacing, points, request.fill)
            session = self._sessionFor(request, image)
            return session.segment_between(points, options, monitorOf(task), given)

        def made(result: VolumeResult) -> dict[int, SliceResult]:
            return {index: item for index, item in result.slices.items() if index not in given}

        noted = "volume", lambda: volumeFields(points, given, options)
        if request.fill is not None:  # which a replay does not have
            noted = "given", lambda: {"why": "contours"}
        self._submit(request, slices, work, made, ("filled slices", onDone, onError, onProgress), noted)

    def carryOn(
        self,
        request: VolumeRequest,
        slices: SegmentSlices,
        direction: int,
        onDone: Done,
        onError: Failed,
        onProgress: Callable[[Any], None] | None = None,
    ) -> None:
        """Carry the last slice of the segment on, towards higher (1) or lower (-1) slices."""
        from cueseg.volumes.point_sets import has_parts

        start = max(slices.kinds) if direction > 0 else min(slices.kinds)
        mask, points = slices.masks[start], slices.points(start)
        image = self._imageOf(request, slices)

        byParts = has_parts(mask) if points is None else len(points) > SET_SIZE
        options = PropagationOptions(threshold=request.threshold, by_parts=byParts)

        def work(task: Task) -> Propagation:
            session = self._sessionFor(request, image)
            return session.propagate(start, mask, direction, None, options, monitorOf(task))

        def made(result: Propagation) -> dict[int, SliceResult]:
            return {item.index: item for item in result.slices}

        noted = "propagated", lambda: propagationFields(start, mask, direction, options)
        self._submit(request, slices, work, made, ("slices carried on", onDone, onError, onProgress), noted)

    def click(
        self,
        request: VolumeRequest,
        slices: SegmentSlices,
        index: int,
        points: np.ndarray,
        onDone: Done,
        onError: Failed,
        onProgress: Callable[[Any], None] | None = None,
    ) -> None:
        """Segment one slice from points that somebody moved; from then on it is a clicked one.

        :param points: (4 n, 2) pixels (x, y) of the slice's image.
        """
        image = self._imageOf(request, slices)

        def work(task: Task) -> SliceResult:
            return self._sessionFor(request, image).segment_slice(index, points, request.threshold)

        options = VolumeOptions(threshold=request.threshold)
        noted = "volume", lambda: volumeFields({index: points}, {}, options)
        reporting = "moved point", onDone, onError, onProgress
        self._submit(request, slices, work, lambda item: {index: item}, reporting, noted)

    def cancel(self) -> None:
        """Give up what is under way, within one slice; nothing is written."""
        self.queue.cancel(_TASK)

    def freeMemory(self) -> None:
        """Drop networks and what they answered; they are asked again when needed."""
        self._networks, self._image = VolumeNetworks(), None

    def leaveScene(self) -> None:
        """Let go of every node and all that was computed."""
        self.cancel()
        self.reviews.clear()
        self.freeMemory()

    def close(self) -> None:
        """End the work."""
        self.leaveScene()
        self.queue.close()

    def _imageOf(self, request: VolumeRequest, slices: SegmentSlices) -> StackImage:
        """The volume for the worker; copied when it is new, because it may change while the worker reads."""
        stamp, stack = Volumes.dataStamp(request.volumeNode), slices.stack
        if self._image is None or self._image[0] != stamp:
            self._image = stamp, Volumes.voxels(request.volumeNode).copy()
        key = (stamp, stack.axis, stack.ijkFromImage.tobytes(), stack.spacing, request.modality)
        return StackImage(stack.images(self._image[1]), request.modality, stack.spacing, key)

    def _sessionFor(self, request: VolumeRequest, image: StackImage) -> Any:
        segment = (request.segmentationNode.GetID(), request.segmentId)
        return self._networks.sessionFor(self._slicePredictor(request.model), image, segment, request.fill)

    def _submit(
        self,
        request: VolumeRequest,
        slices: SegmentSlices,
        work: Callable[[Task], Any],
        made: Callable[[Any], Mapping[int, SliceResult]],
        reporting: tuple[str, Done, Failed, Callable[[Any], None] | None],
        noted: tuple[str, Callable[[], dict[str, Any]]],
    ) -> None:
        """Work in the background, then write; `noted` is what is written down of it, see `Recorder.volume`."""
        text, onDone, onError, onProgress = reporting
        stamp, recorder = stampOf(*request.nodes), self._recorder
        recorder.times.stopUser()

        def timed(task: Task) -> Any:
            began = time.perf_counter()
            try:
                return work(task)
            finally:
                self._seconds = time.perf_counter() - began

        def finish(result: Any) -> None:
            nodes = (request.volumeNode, request.segmentationNode)
            if any(node.GetScene() is None for node in nodes):
                return
            try:
                checkUnchanged(request, slices, stamp)
                recorder.before(request)
                items = made(result)
                outcome = writeSlices(self._editing, self._history, request, slices, items, result, text)
            except ValueError as error:
                onError(error)
            else:
                masks = {index: item.mask for index, item in items.items()}
                recorder.volume(request, slices.stack, noted, masks, outcome.edit, self._seconds)
                self.reviews.take(outcome)
                onDone(outcome)

        self.queue.submit(_TASK, timed, finish, onError, onProgress)
