"""A refinement without widgets on a small scene, with a network double, for the tests of what it does."""

import threading
import time

import numpy as np

from CueSegMRML import SegmentMasks
from CueSegMRML.BackgroundTask import TaskQueue
from refine_doubles import BackendDouble, bright_parts
from scene_builder import GEOMETRIES, SHAPE
from ScribbleRefineLib.RefineSettings import RefineSettings
from ScribbleRefineLib.Scope import Scope
from ScribbleRefineLib.Session import Session

LIVER, SPLEEN, LARYNX = 1, 2, 3


def blocks() -> np.ndarray:
    """Image of the standard shape: a liver at 150, a spleen at 250, noise below 50 elsewhere."""
    image = np.random.default_rng(3).integers(0, 50, SHAPE).astype(np.int16)
    image[2:9, 5:15, 5:18] = 150
    image[3:10, 15:25, 22:35] = 250
    return image


class RefineCase:
    """A session that is set up, unless told otherwise; `clock` is the user's time in seconds."""

    def __init__(
        self, build, geometry: str = "lps", image: np.ndarray | None = None, set_up: bool = True
    ) -> None:
        self.build, self.backend, self.clock = build, BackendDouble(), 0.0
        self.volume = build.volume(GEOMETRIES[geometry], blocks() if image is None else image)
        self.queue = TaskQueue("test")
        self.session = Session(build.scene, self.queue, self.backend, lambda: self.clock)
        self.settings = RefineSettings()
        self.progress, self.results, self.errors = [], [], []
        if set_up:
            self.set_up()

    @property
    def prediction(self) -> np.ndarray:
        return bright_parts(self.backend.refinement.images[-1].image)

    def set_up(self, segmentation=None, network: str = "organs", wait: bool = True) -> list:
        cards: list = []
        self.session.setUp(self.volume, segmentation, network, cards.append, self.errors.append)
        if wait:
            self.wait()
        return cards

    def initial(self, scope: Scope | None = None):
        told = self.progress.append, self.results.append, self.errors.append
        self.session.runInitial(self.settings, *told, scope)
        self.wait()
        return self.last()

    def refine(self, wait: bool = True, scope: Scope | None = None, **changes):
        settings = RefineSettings(**changes)
        self.session.refine(
            settings, self.progress.append, self.results.append, self.errors.append, scope=scope
        )
        if wait:
            self.wait()
            return self.last()
        return None

    def last(self):
        """The newest result; errors must be looked for in `errors`."""
        return self.results[-1] if self.results else None

    def paint(self, index: int, box: tuple[slice, slice, slice]) -> np.ndarray:
        """Add a scribble, as the Segment Editor would; returns all scribbles of that label."""
        mask = self.session.scribbles.mask(index)
        mask[box] = True
        SegmentMasks.setOnVolume(
            self.session.scribbleNode, self.session.scribbles.segmentId(index), self.volume, mask
        )
        return mask

    def voxels(self, index: int) -> np.ndarray:
        row = self.session.labels.row(index)
        assert row.resultSegmentId, f"{row.name} has no segment"
        return SegmentMasks.maskOnVolume(self.session.segmentationNode, row.resultSegmentId, self.volume)

    def masks(self) -> dict[str, bytes]:
        """Every segment of the result and of the scribbles, voxel for voxel."""
        nodes = (self.session.segmentationNode, self.session.scribbleNode)
        return {
            segment_id: SegmentMasks.maskOnVolume(node, segment_id, self.volume).tobytes()
            for node in nodes
            for segment_id in node.GetSegmentation().GetSegmentIDs()
        }

    def wait(self) -> None:
        """Deliver until nothing is to come, also of work that was cancelled."""
        end = time.monotonic() + 120
        while self.queue.busy:
            self.queue.deliver()
            assert time.monotonic() < end, "no result"
            time.sleep(0.001)
        idle = threading.Event()
        self.queue.submit("idle", lambda _: idle.set(), lambda _: None, self.errors.append)
        assert idle.wait(120)
        while self.queue.deliver() or self.queue.busy:
            pass

    def close(self) -> None:
        self.backend.gate.set()
        self.session.close()
        self.queue.close()
