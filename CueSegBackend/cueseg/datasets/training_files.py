"""The files of a training set: label numbers, images, and an origin for every slice that has labels."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from cueseg.datasets.provenance import SliceOrigin
from cueseg.image_files import ImageFile, Segmentation
from cueseg.image_files.itk import reason_of
from cueseg.image_files.slices import resolve_axis

__all__ = ["checked_suffix", "label_numbers", "origins_of_all_slices", "slices_between", "write_image"]

VOLUME_SUFFIXES, PICTURE_SUFFIX = (".nii.gz", ".nrrd"), ".png"


def checked_suffix(suffix: str | None, image: ImageFile) -> str:
    """The ending for an image; None takes the usual one.

    Raises:
        ValueError: One that cannot hold the image.
    """
    if image.array.ndim == 4 and not image.picture:
        raise ValueError("volumes in colour cannot be exported: take one of their channels")
    usual = PICTURE_SUFFIX if image.picture else VOLUME_SUFFIXES[0]
    allowed = (PICTURE_SUFFIX,) if image.picture else VOLUME_SUFFIXES
    if (suffix or usual) not in allowed:
        kind = "picture" if image.picture else "volume"
        raise ValueError(f"a {kind} cannot be written as {suffix}: choose {' or '.join(allowed)}")
    return suffix or usual


def label_numbers(
    segmentation: Segmentation, names: list[str], *, fixed: bool
) -> tuple[NDArray[np.unsignedinteger], dict[str, int]]:
    """One array of label numbers.

    Args:
        segmentation: What to number.
        names: Of the set, label 1 first; unless `fixed`, names of new segments are added.
        fixed: Whether segments of other names are left out instead.

    Returns:
        (slices, rows, cols) labels, and the numbers of the segments that are there.

    Raises:
        ValueError: Two segments overlap, or several have one name.
    """
    labels = np.zeros(segmentation.shape, np.uint16)
    numbers: dict[str, int] = {}
    for segment in segmentation.segments:
        if segment.name not in names:
            if fixed:
                continue
            names.append(segment.name)
        mask = segmentation.mask_of(segment.name)
        shared = np.bincount(labels[mask]) if mask.any() else np.zeros(1, int)
        if shared[1:].any():
            other = names[int(shared[1:].argmax())]
            raise ValueError(
                f"{segment.name} and {other} overlap in {int(shared[1:].max())} voxels, which label numbers cannot "
                "hold: remove the overlap, or export one of them"
            )
        numbers[segment.name] = names.index(segment.name) + 1
        labels[mask] = numbers[segment.name]
    if not numbers:
        raise ValueError("has none of the segments that are to be exported")
    return labels.astype(np.uint8) if len(names) <= np.iinfo(np.uint8).max else labels, numbers


def origins_of_all_slices(
    image: ImageFile, segmentation: Segmentation, names: Iterable[str], given: Iterable[SliceOrigin]
) -> list[SliceOrigin]:
    """The origins that are given and, for stored slices with labels of which nothing is known, "unrecorded".

    Raises:
        ValueError: An origin of a segment that is not there.
    """
    names, origins = list(names), list(given)
    there = {segment.name for segment in segmentation.segments}
    strange = [item.segment for item in origins if item.segment not in there]
    if strange:
        raise ValueError(
            f"says where {strange[0]!r} comes from, but has no such segment: it has {sorted(there)}"
        )
    origins = [item for item in origins if item.segment in names]
    across = {item.segment for item in origins if resolve_axis(image, item.axis)[0] != 0}
    known = {(item.segment, item.index) for item in origins}
    for name in names:
        if name in across:
            continue  # its origins are those of slices in another direction
        for index in np.flatnonzero(segmentation.mask_of(name).any(axis=(1, 2))).tolist():
            if (name, index) not in known:
                origins.append(SliceOrigin(name, index, "unrecorded"))
    return origins


def slices_between(mask: NDArray[np.bool_]) -> list[int]:
    """Stored slices without the mask (slices, rows, cols) that lie between slices with it."""
    there = mask.any(axis=(1, 2))
    places = np.flatnonzero(there)
    return [] if places.size == 0 else [k for k in range(int(places[0]), int(places[-1])) if not there[k]]


def write_image(path: Path, image: ImageFile, array: NDArray[Any]) -> None:
    """Write an array on the grid of an image; the file appears whole or not at all, its folder is made.

    Raises:
        OSError: It cannot be written.
        ValueError: Values that the format cannot hold.
    """
    if image.picture:
        if array.dtype.kind not in "u" or array.dtype.itemsize > 2:
            raise ValueError(
                f"a picture of {array.dtype} values cannot be written as PNG: convert it to uint8"
            )
        stored = sitk.GetImageFromArray(array[0], isVector=array.ndim == 4)
    else:
        stored = sitk.GetImageFromArray(array)
        stored.SetSpacing(image.spacing)
        stored.SetOrigin(image.origin)
        stored.SetDirection(image.direction)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.tmp.{path.name}")
    try:
        sitk.WriteImage(stored, str(temporary), useCompression=True)
        os.replace(temporary, path)
    except RuntimeError as error:
        raise OSError(f"{path} cannot be written ({reason_of(error)})") from error
    finally:
        temporary.unlink(missing_ok=True)
