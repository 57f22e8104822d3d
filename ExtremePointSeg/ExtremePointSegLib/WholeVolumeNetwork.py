"""The network over whole volumes: one session for each segment that was worked on last; for the worker thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CueSegMRML.BackgroundTask import Task
from ExtremePointSegLib.SegmentFromPoints import SlicePredictor

if TYPE_CHECKING:
    from cueseg.refinement import Decision, RefinementProgress
    from cueseg.volumes import VolumeSession
    from cueseg.volumes.between import Filling

_MOST = 4  # sessions; each remembers about a megabyte for every slice of 512 x 512


@dataclass(frozen=True)
class StackImage:
    """A volume as a stack of images.

    :param images: (slices, rows, columns, ...) that nobody writes to.
    :param spacing: (slice, row, column) in mm.
    :param key: equal for equal images, modalities and spacings.
    """

    images: np.ndarray
    modality: str
    spacing: tuple[float, float, float]
    key: Hashable


class BorrowedPredictor:
    """A predictor of single slices as `cueseg.volumes` wants it; its owner then knows that its image is another."""

    def __init__(self, slices: SlicePredictor) -> None:
        self.slices = slices

    @property
    def card(self) -> Any:
        """The weights' card."""
        return self.slices.predictor.card

    def set_image(
        self,
        image: np.ndarray,
        modality: str,
        spacing: tuple[float, float] | None,
        intensity_range: tuple[float, float] | None,
    ) -> None:
        """Take a slice in."""
        self.slices.forgetImage()
        self.slices.predictor.set_image(
            image, modality=modality, spacing=spacing, intensity_range=intensity_range
        )

    def predict(self, points: np.ndarray, threshold: float | None = None) -> Any:
        """Segment it."""
        return self.slices.predictor.predict(points, threshold=threshold)


class VolumeNetworks:
    """Keeps what was computed as long as image, network and segment stay the same."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[Hashable, tuple[SlicePredictor, VolumeSession]] = OrderedDict()

    def sessionFor(
        self, slices: SlicePredictor, image: StackImage, segment: Hashable, fill: Filling | None
    ) -> VolumeSession:
        """The session of a segment; a new one if anything else changed.

        :param fill: how to fill between slices; None: the way of `cueseg.volumes`.
        :raises ValueError: an image that cannot be used.
        """
        from cueseg.volumes import VolumeSession

        key = (image.key, segment, fill)
        known = self._sessions.pop(key, None)
        if known is None or known[0] is not slices:
            session = VolumeSession(BorrowedPredictor(slices), fill)
            session.set_image(image.images, image.modality, image.spacing)
            known = slices, session
        self._sessions[key] = known
        while len(self._sessions) > _MOST:
            self._sessions.popitem(last=False)
        return known[1]


def monitorOf(task: Task) -> Callable[[RefinementProgress], Decision | None]:
    """Tells the task about every slice, and ends before the next one when the task was cancelled."""
    from cueseg.refinement import Decision

    def monitor(progress: RefinementProgress) -> Decision | None:
        if task.cancelled:
            return Decision.CANCEL
        task.report((progress.stage, progress.done, progress.total))
        return None

    return monitor
