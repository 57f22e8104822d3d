"""The part of a volume that a network is run on, and scribbles kept where they are. Arrays have the axes K, J, I."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CueSegMRML import Grids

NONE = -1  # no scribble

Voxel = tuple[int, int, int]


@dataclass(frozen=True)
class Part:
    """A box of voxels of a volume.

    :param low: (k, j, i) of its first voxel.
    :param high: of the voxel after its last.
    :param volumeShape: of the volume.
    """

    low: Voxel
    high: Voxel
    volumeShape: Voxel

    @property
    def box(self) -> Grids.Box:
        """The part as slices."""
        return tuple(slice(low, high) for low, high in zip(self.low, self.high, strict=True))

    @property
    def shape(self) -> Voxel:
        """Its size."""
        return tuple(high - low for low, high in zip(self.low, self.high, strict=True))

    @property
    def ends(self) -> list[list[int]]:
        """First voxel and the voxel after the last along each axis, for a record."""
        return [[int(low), int(high)] for low, high in zip(self.low, self.high, strict=True)]

    @property
    def text(self) -> str:
        """How large it is, in words."""
        here, there = (" x ".join(map(str, shape)) for shape in (self.shape, self.volumeShape))
        return f"the network sees {here} of the volume's {there} voxels"

    def outer(self, box: Grids.Box) -> Grids.Box:
        """A box of the part, in voxels of the volume."""
        return tuple(
            slice(ends.start + low, ends.stop + low) for ends, low in zip(box, self.low, strict=True)
        )


@dataclass(frozen=True)
class Strokes:
    """Scribbles on a volume.

    :param values: int16, class numbers in the smallest box that holds all of them, `NONE` where nothing is painted.
    :param low: (k, j, i) of the first value.
    :param volumeShape: of the volume.
    """

    values: np.ndarray
    low: Voxel
    volumeShape: Voxel

    @classmethod
    def around(cls, values: np.ndarray, low: Voxel, volumeShape: Voxel) -> Strokes:
        """From values in a box that may be larger than need be."""
        inner = Grids.boundingBox(values != NONE)
        if inner is None:
            return cls(np.full((0, 0, 0), NONE, np.int16), (0, 0, 0), volumeShape)
        first = tuple(start + ends.start for start, ends in zip(low, inner, strict=True))
        return cls(values[inner].astype(np.int16), first, volumeShape)

    @property
    def count(self) -> int:
        """Scribbled voxels."""
        return int(np.count_nonzero(self.values != NONE))

    @property
    def classes(self) -> list[int]:
        """Class numbers that are scribbled."""
        return [int(number) for number in np.unique(self.values[self.values != NONE])]

    @property
    def box(self) -> Grids.Box:
        """Where the values lie."""
        return tuple(slice(low, low + size) for low, size in zip(self.low, self.values.shape, strict=True))

    def within(self, box: Grids.Box | None = None) -> np.ndarray:
        """Int16, the scribbles in a box of the volume; None: in all of it."""
        ends = box or tuple(slice(0, size) for size in self.volumeShape)
        found = np.full(tuple(end.stop - end.start for end in ends), NONE, np.int16)
        here, there = [], []
        for own, end in zip(self.box, ends, strict=True):
            start, stop = max(own.start, end.start), min(own.stop, end.stop)
            if start >= stop:
                return found
            here.append(slice(start - own.start, stop - own.start))
            there.append(slice(start - end.start, stop - end.start))
        found[tuple(there)] = self.values[tuple(here)]
        return found

    def without(self, earlier: Strokes | None) -> Strokes:
        """What was not there earlier."""
        if earlier is None or earlier.volumeShape != self.volumeShape:
            return self
        new = np.where(self.values == earlier.within(self.box), NONE, self.values)
        return Strokes.around(new, self.low, self.volumeShape)

    def outside(self, mask: np.ndarray) -> int:
        """How many scribbled voxels lie outside of a mask of the volume."""
        return int(np.count_nonzero((self.values != NONE) & ~mask[self.box]))
