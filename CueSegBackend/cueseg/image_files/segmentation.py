"""Named segments of one image, in memory: label layers as 3D Slicer keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.image_files.slices import ImageSlice, checked_mask, slice_view


@dataclass(frozen=True)
class Segment:
    """One segment: the voxels of `layer` that hold `value`.

    Attributes:
        name: Name shown to the user.
        layer: Index into `Segmentation.layers`.
        value: Label number in that layer, 1 or more.
        fields: Further fields of the file ("ID", "Color", "Tags", ...), kept when it is written again.
    """

    name: str
    layer: int
    value: int
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Segmentation:
    """Segments of an image; they may overlap, then they lie in different layers.

    Attributes:
        layers: (slices, rows, cols) unsigned label arrays, 0 where nothing is.
        segments: In the order of the file.
        fields: Fields of the file that are not about one segment, kept when it is written again.
    """

    layers: list[NDArray[np.unsignedinteger]]
    segments: list[Segment] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls, shape: tuple[int, int, int]) -> "Segmentation":
        """No segments yet, for an image of `shape` (slices, rows, cols)."""
        return cls([np.zeros(shape, np.uint8)])

    @classmethod
    def from_labels(cls, labels: ArrayLike, names: Sequence[str]) -> "Segmentation":
        """One layer of labels 1, 2, ... (slices, rows, cols), named in that order.

        Raises:
            ValueError: Not a three-dimensional array of whole numbers, a label without name, or a bad name.
        """
        array = np.asarray(labels)
        if array.ndim != 3 or array.dtype.kind not in "iub":
            raise ValueError(
                f"labels must be whole numbers (slices, rows, cols), not {array.dtype} {array.shape}"
            )
        low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
        if low < 0 or high > min(len(names), np.iinfo(np.uint16).max):
            raise ValueError(f"labels go from {low} to {high}, but there are names for 1 to {len(names)}")
        layer = array.astype(np.uint8 if len(names) <= np.iinfo(np.uint8).max else np.uint16)
        return cls([layer], [Segment(check_name(name), 0, value) for value, name in enumerate(names, 1)])

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, rows, cols)."""
        slices, rows, cols = self.layers[0].shape
        return slices, rows, cols

    def find(self, name: str) -> Segment | None:
        """The segment of that name, or None.

        Raises:
            ValueError: Several have it.
        """
        found = [segment for segment in self.segments if segment.name == name]
        if len(found) > 1:
            raise ValueError(f"{len(found)} segments are named {name!r}: rename one of them first")
        return found[0] if found else None

    def mask_of(self, name: str) -> NDArray[np.bool_]:
        """(slices, rows, cols) mask of a segment.

        Raises:
            ValueError: No segment of that name, or several.
        """
        segment = self.find(name)
        if segment is None:
            raise ValueError(
                f"there is no segment {name!r}; there is {[item.name for item in self.segments]}"
            )
        return self.layers[segment.layer] == segment.value

    def free_name(self) -> str:
        """The first of "Segment_1", "Segment_2", ... that no segment has."""
        taken = {segment.name for segment in self.segments}
        return next(name for n in range(1, len(taken) + 2) if (name := f"Segment_{n}") not in taken)

    def set_slice(self, name: str, where: ImageSlice, mask: ArrayLike) -> int:
        """Make `mask` (H, W) what a segment has in one slice; its other slices and all other segments stay.

        A segment of another name is added. Where it would overlap others, it goes to a layer of its own.

        Returns:
            How many pixels the segment had in that slice before.

        Raises:
            ValueError: A mask of another shape than the slice, a bad name, or one that several segments have.
        """
        wanted = checked_mask(mask, where)
        part, whole = (np.zeros(self.shape, bool) for _ in range(2))
        slice_view(part, where)[...] = True
        slice_view(whole, where)[...] = wanted
        return self.set_part(name, part, whole)

    def set_part(self, name: str, part: NDArray[np.bool_], mask: NDArray[np.bool_]) -> int:
        """The same for any part of the volume; both arrays are (slices, rows, cols), and `mask` counts within `part`.

        Raises:
            ValueError: A bad name, or one that several segments have.
        """
        old = self.find(check_name(name))
        before = np.zeros(self.shape, bool) if old is None else self.mask_of(name)
        whole = np.where(part, mask, before)
        if old is not None:
            self.layers[old.layer][before] = 0
        layer = self._free_layer(whole, 0 if old is None else old.layer)
        value = self._free_value(layer, old)
        if value > np.iinfo(self.layers[layer].dtype).max:
            self.layers[layer] = self.layers[layer].astype(np.min_scalar_type(value))
        self.layers[layer][whole] = value
        if old is None:
            self.segments.append(Segment(name, layer, value))
        else:
            self.segments[self.segments.index(old)] = replace(old, layer=layer, value=value)
        return int((before & part).sum())

    def _free_layer(self, whole: NDArray[np.bool_], preferred: int) -> int:
        """A layer that is empty wherever `whole` is; a new one if there is none."""
        for layer in sorted(range(len(self.layers)), key=lambda index: index != preferred):
            if not self.layers[layer][whole].any():
                return layer
        self.layers.append(np.zeros(self.shape, np.uint8))
        return len(self.layers) - 1

    def _free_value(self, layer: int, old: Segment | None) -> int:
        others = {item.value for item in self.segments if item.layer == layer and item is not old}
        if old is not None and old.layer == layer:
            return old.value
        # A file may hold labels that belong to no segment: leave them alone.
        free = (value for value in count(1) if value not in others)
        return next(value for value in free if not (self.layers[layer] == value).any())


def check_name(name: str) -> str:
    """Return the name of a segment, or raise a ValueError if it is empty or cannot be shown."""
    if not (name.strip() and name.isprintable()):
        raise ValueError(f"the name of a segment must be printable text, not {name!r}")
    return name
