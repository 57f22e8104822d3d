"""What segmenting a volume returns, slice by slice. Needs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["ACCEPTED", "KINDS", "Propagation", "SliceResult", "VolumeResult"]

KINDS = ("clicked", "given", "derived", "filled", "propagated")
ACCEPTED = ("clicked", "given")


@dataclass(frozen=True, kw_only=True)
class SliceResult:
    """One slice. The session may remember its arrays, so they cannot be written to: copy them to change them.

    Attributes:
        index: Its number, from 0.
        kind: "clicked", the network's mask from the user's points; "given", a mask taken as it is; "derived", from
            points of the filled mask; "filled", the filled mask itself; "propagated", from points of the slice before.
        mask: (rows, cols) bool.
        probability: (rows, cols) float32 of the network, also where its mask was not taken; None: it was not asked.
        points: (4 n, 2) float64 (x, y) of the n sets, one after another, that the network was given, or that a mask was
            accepted with; None: there are none.
        entropy: Mean over the pixels in the box of the points, 0 (sure) to 1, and over the sets; None: the network was
            not asked.
        agreement: Dice of the network's mask with the filled one, or with that of the slice before; None where there is
            nothing to compare.
    """

    index: int
    kind: str
    mask: NDArray[np.bool_]
    probability: NDArray[np.float32] | None = None
    points: NDArray[np.float64] | None = None
    entropy: float | None = None
    agreement: float | None = None


@dataclass(frozen=True, kw_only=True)
class VolumeResult:
    """A structure from its first to its last clicked or given slice.

    Attributes:
        slices: Number -> slice, in order, without gaps.
        shape: (slices, rows, cols) of the volume.
        spacing: (slice, row, col) in mm.
        calls: How often the network ran.
        reused: How many of its masks, one for each set of points, were known from before.
        stopped: Whether the monitor answered STOP: slices that were left have their filled masks.
        seconds: Taken.
    """

    slices: Mapping[int, SliceResult]
    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    calls: int = 0
    reused: int = 0
    stopped: bool = False
    seconds: float = 0.0

    @property
    def clicked(self) -> list[int]:
        """Numbers of the clicked slices, in order."""
        return self.of_kind("clicked")

    @property
    def accepted(self) -> list[int]:
        """Numbers of the slices that the others come from, clicked or given, in order."""
        return [index for index, item in self.slices.items() if item.kind in ACCEPTED]

    def of_kind(self, kind: str) -> list[int]:
        """Numbers of the slices of a kind, in order."""
        return [index for index, item in self.slices.items() if item.kind == kind]

    def mask(self) -> NDArray[np.bool_]:
        """(slices, rows, cols) of the whole volume."""
        whole = np.zeros(self.shape, bool)
        for index, item in self.slices.items():
            whole[index] = item.mask
        return whole


@dataclass(frozen=True)
class Propagation:
    """Slices one after another from an accepted one, which is not among them.

    Attributes:
        slices: In the order in which they were made.
        stopped_by: "until", the slice asked for was reached; "most", as many slices as allowed were made; "end", the
            volume ended; "area", the area collapsed or jumped; "probability", the network was unsure; "size", too small
            to ask the network; "user", the monitor answered STOP.
        stopped_at: Number of the first slice that was not accepted; None if all were.
        calls: How often the network ran.
    """

    slices: list[SliceResult] = field(default_factory=list)
    stopped_by: str = "end"
    stopped_at: int | None = None
    calls: int = 0
