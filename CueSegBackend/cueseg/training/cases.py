"""Labelled images as training sees them: a manifest of files, and cases read from it.

A manifest is a JSON list with one object per image:
`image`, `labels` (paths, relative to the manifest), `subject`, `split` ("train", "val" or "test"), `modality`,
`group` (the data set), `kind` ("volume" or "picture"), `instances` (true: every label number is an object of its
own), `classes` (object: class name -> list of label numbers that make it up; with instances the one class and []).
Labels that no class names are unknown, not background. `targets`, the seven points that labels were made of, in pixels:
[{"seed": [x, y, z], "outside": [[x, y, z], ...]}, ...].

An image may also be a folder of DICOM slices (of one `series`, if that is given), or a list of files, one for each
of `channels`; `channel` is the one that stands for the image, the first by default. `label_format` says what `labels`
is: "labels", a file of label numbers; "segments", a .seg.nrrd, whose k-th segment has number k; "slices", a folder of
one PNG per slice, with `label_values` [number, lowest grey, highest grey]; "masks", a folder of one PNG per object;
"dicom", a DICOM segmentation or structure set, whose k-th segment has number k. Files that store the axes in another
order than the image are turned; `geometry` "ignore" takes them as they are, where headers are wrong.
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.datasets.entries import SPLITS, Entry, read_entries
from cueseg.datasets.reading import read_labelled
from cueseg.intensity import IntensityRule, Modality
from cueseg.seven_points.point_files import targets_of
from cueseg.seven_points.target import Target

__all__ = ["SPLITS", "Case", "read_case", "read_entries", "read_manifest"]


@dataclass
class Case:
    """One labelled image.

    Attributes:
        image: (slices, rows, cols[, 3]) raw values.
        labels: (slices, rows, cols) integer labels.
        spacing: (slice, row, col) in mm.
        classes: Class name -> label numbers that make it up; for instances the one class and no numbers.
        planes: Array axes across which slices are taken.
        channels: Names of all channels in the order of `stack`; () for an image of one channel.
        stack: (channels, slices, rows, cols) raw values; None where there is one channel or only one was read.
        targets: The seven points of every object that the labels were made of; () where it is not told.
    """

    subject: str
    group: str
    split: str
    modality: Modality
    image: NDArray[Any]
    labels: NDArray[np.integer]
    spacing: tuple[float, float, float]
    classes: dict[str, tuple[int, ...]]
    instances: bool = False
    planes: tuple[int, ...] = (0, 1, 2)
    rule: IntensityRule = field(default_factory=IntensityRule)
    channels: tuple[str, ...] = ()
    stack: NDArray[Any] | None = None
    targets: tuple[Target, ...] = ()

    @cached_property
    def intensity_range(self) -> tuple[float, float]:
        """(black, white) of the whole image."""
        return self.rule.range_of(self.image, self.modality)

    def mask_of(self, axis: int, index: int, labels: tuple[int, ...]) -> NDArray[np.bool_]:
        """(rows, cols) mask of the labels in slice `index` across `axis`."""
        return np.isin(np.take(self.labels, index, axis=axis), labels)

    def slice_of(self, axis: int, index: int) -> NDArray[Any]:
        """(rows, cols[, 3]) raw values of slice `index` across `axis`."""
        return np.take(self.image, index, axis=axis)

    def pixel_size(self, axis: int) -> tuple[float, float]:
        """(row, col) pixel size in mm of the slices across `axis`."""
        row, col = (self.spacing[i] for i in range(3) if i != axis)
        return row, col


def read_manifest(
    path: str | Path, split: str | None = None, groups: set[str] | None = None, *, all_channels: bool = False
) -> list[Case]:
    """Read the cases of a manifest: of one split, or of train and val; "test" only where it is asked for.

    Raises:
        ValueError: Not a manifest, an entry lacks a key or has a wrong value, or nothing is left.
    """
    folder = Path(path).parent
    return [read_case(folder, item, all_channels=all_channels) for item in read_entries(path, split, groups)]


def read_case(folder: Path, item: Entry, *, all_channels: bool = False) -> Case:
    """Read the case of one entry of a manifest in `folder`.

    Args:
        folder: Of the manifest.
        item: The entry, from `read_entries`.
        all_channels: Whether `Case.stack` is read too.

    Raises:
        ValueError: Files that are not there, cannot be read or do not belong together.
    """
    found = read_labelled(folder, item, all_channels=all_channels)
    image = next(iter(found.channels.values()))
    names = tuple(item.get("channels", ()))
    several = all_channels and len(found.channels) > 1
    return Case(
        subject=item["subject"],
        group=item["group"],
        split=item["split"],
        modality=item["modality"],
        image=image.array,
        labels=found.labels,
        spacing=image.spacing[::-1],
        classes=found.classes,
        instances=bool(item.get("instances", False)),
        planes=(0,) if item.get("kind") == "picture" else tuple(item.get("planes", (0, 1, 2))),
        channels=names if len(names) > 1 else (),
        stack=np.stack([found.channels[name].array for name in names]) if several else None,
        targets=tuple(targets_of(item.get("targets", []), item["subject"])),
    )
