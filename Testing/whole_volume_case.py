"""A panel without widgets whose clicked slices become a volume, for the tests of that."""

import time

import numpy as np
import slicer

from CueSegMRML import SegmentMasks
from ExtremePointSegLib.WholeVolume import WholeVolume
from ExtremePointSegLib.WholeVolumeSlices import slicesOf
from ExtremePointSegLib.WholeVolumeWriting import VolumeRequest
from panel_case import PanelCase

RING = np.array([(-7.0, 0.4), (7.0, -0.6), (0.3, -6.0), (-0.4, 6.0)])  # voxels along the two axes of a slice


def ring(index, center=(18.0, 14.0), scale=1.0, axis=2):
    """(4, 3) voxels (i, j, k) of clicks on slice `index` across an axis."""
    return np.insert(np.array(center) + RING * scale, axis, index, axis=1)


class WholeVolumeCase(PanelCase):
    """Clicks on slices, and what is made of them."""

    def __init__(self, build) -> None:
        super().__init__(build)
        session = self.panel.session
        parts = session.editing, session.history, session.slicePredictor, session.recorder
        self.whole = WholeVolume(self.panel.queue, *parts)
        self.outcomes, self.errors, self.news = [], [], []

    def close(self) -> None:
        self.whole.close()
        self.panel.close()

    @property
    def nodes(self):
        return self.settings.segmentation, self.settings.segmentId, self.volume

    def click_slices(self, *indices, **where) -> None:
        for index in indices:
            self.click_set(ring(index, **where))

    def click_set(self, ijk) -> None:
        self.click(ijk)
        _, errors = self.segment()
        assert errors == []

    def slices(self, **choice):
        return slicesOf(*self.nodes, **choice)

    def kinds(self, **choice):
        return self.slices(**choice).kinds

    def request(self, **changes):
        card = self.panel.models[self.panel.modelIndex(self.settings)]
        values = {
            "modality": self.settings.modality.value,
            "model": self.settings.model,
            "threshold": self.settings.threshold,
            "overwriteMode": self.settings.overwrite.value,
            "weights": (card.name, card.sha256),
        }
        segmentation, segment_id, volume = self.nodes
        return VolumeRequest(volume, segmentation, segment_id, **(values | changes))

    def start_filling(self, axis=None, **changes) -> None:
        self.whole.fill(
            self.request(**changes),
            self.slices(axis=axis),
            self.outcomes.append,
            self.errors.append,
            self.news.append,
        )

    def fill(self, axis=None, **changes):
        self.start_filling(axis, **changes)
        return self.outcome()

    def carry_on(self, direction, **changes):
        self.whole.carryOn(
            self.request(**changes),
            self.slices(),
            direction,
            self.outcomes.append,
            self.errors.append,
            self.news.append,
        )
        return self.outcome()

    def move(self, index, ijk):  # of derived points, in the order in which they are
        points = self.slices().stack.imagePoints(np.delete(ijk, 2, axis=1))
        self.whole.click(
            self.request(), self.slices(), index, points, self.outcomes.append, self.errors.append
        )
        return self.outcome()

    def outcome(self):
        self.wait_for_volume()
        assert self.errors == []
        return self.outcomes[-1]

    def wait_for_volume(self) -> None:
        end = time.monotonic() + 120
        while self.whole.queue.busy:
            self.whole.queue.deliver()
            assert time.monotonic() < end, "no result"
            time.sleep(0.002)

    def paint(self, k, rows, cols, value=True) -> None:
        """Change voxels of one slice as a brush would."""
        mask = SegmentMasks.maskOnVolume(*self.nodes)
        mask[k, rows, cols] = value
        SegmentMasks.setOnVolume(*self.nodes, mask)

    def undo(self):
        self.panel.undo(self.settings)

    def redo(self):
        self.panel.redo(self.settings)

    def volume_of(self, segment_id=None):
        return slicer.util.arrayFromSegmentBinaryLabelmap(
            self.nodes[0], segment_id or self.nodes[1], self.volume
        ).astype(bool)
