"""The image and the labels that an entry of a manifest refers to, whatever files they are in."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from cueseg.datasets.alignment import placed_on
from cueseg.datasets.dicom_slices import picture_labels, read_label_slices, read_slices
from cueseg.datasets.entries import Entry, natural
from cueseg.datasets.overlaps import combined
from cueseg.image_files import ImageFile, read_image, read_segmentation
from cueseg.image_files.itk import quiet_itk, reason_of

__all__ = ["LabelledImage", "read_labelled"]

Classes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class LabelledImage:
    """What an entry refers to.

    Attributes:
        channels: Name -> image, all on one grid; the one that stands for the image comes first.
        labels: (slices, rows, cols) whole numbers.
        classes: Class name -> label numbers that make it up.
    """

    channels: dict[str, ImageFile]
    labels: NDArray[np.integer]
    classes: Classes


def read_labelled(folder: Path, item: Entry, *, all_channels: bool = False) -> LabelledImage:
    """Read what an entry of a manifest in `folder` refers to.

    Args:
        folder: Of the manifest.
        item: The entry.
        all_channels: False reads only the channel that stands for the image.

    Raises:
        ValueError: A file that is not there or cannot be read, or files that do not belong together; the message
            names the subject, what is wrong, and what to do.
    """
    try:
        channels = _read_channels(folder, item, all_channels)
        image = next(iter(channels.values()))
        labels, classes = _read_labels(folder, item, image)
    except (ValueError, OSError) as error:
        raise ValueError(f"{item['subject']}: {error}") from error
    if labels.shape != image.shape:
        raise ValueError(
            f"{item['subject']}: image {image.shape} and labels {labels.shape} do not match: they must have one grid"
        )
    return LabelledImage(channels, labels, classes)


def _read_channels(folder: Path, item: Entry, all_channels: bool) -> dict[str, ImageFile]:
    paths = item["image"] if isinstance(item["image"], list) else [item["image"]]
    parts = item.get("channels")
    names = list(parts) if parts else [str(number) for number in range(len(paths))]
    if len(paths) == 1 and len(names) > 1:
        read = dict(zip(names, _volumes_of(_existing(folder / paths[0]), len(names)), strict=True))
    elif len(paths) != len(names):
        raise ValueError(f"{len(paths)} images, but {len(names)} channels: name each of them")
    else:
        read = {}
    first = item.get("channel", names[0])
    if first not in names:
        raise ValueError(f"there is no channel {first!r}; there is {', '.join(names)}")
    wanted = [first, *(name for name in names if name != first and all_channels)]
    channels = {
        name: read[name] if read else _read_image(_existing(folder / paths[names.index(name)]), item)
        for name in wanted
    }
    return _on_one_grid(channels, item)


def _on_one_grid(channels: dict[str, ImageFile], item: Entry) -> dict[str, ImageFile]:
    """The channels on the voxels of the first one."""
    image = next(iter(channels.values()))
    if item.get("geometry") != "ignore":
        channels = {
            name: channel if channel is image else replace(image, array=placed_on(image, channel, Path(name)))
            for name, channel in channels.items()
        }
    shapes = {channel.array.shape for channel in channels.values()}
    if len(shapes) > 1:
        raise ValueError(f"its channels have the shapes {sorted(shapes)}: they must have one grid")
    return channels


def _existing(path: Path) -> Path:
    if not path.exists():
        raise ValueError(f"{path} of the manifest does not exist: was it moved? make the manifest again")
    return path


def _read_image(path: Path, item: Entry) -> ImageFile:
    series = item.get("series")
    if path.is_dir():
        return read_slices(path) if series is None else read_image(path, series)
    image = read_image(path)
    if item["modality"] == "rgb" or image.array.ndim == 3:
        return image
    if (image.array != image.array[..., :1]).any():
        raise ValueError(f"{path} is in colour, but the modality is {item['modality']!r}: make it rgb")
    return replace(image, array=np.ascontiguousarray(image.array[..., 0]))


def _volumes_of(path: Path, count: int) -> list[ImageFile]:
    """The volumes of a file with four dimensions."""
    try:
        with quiet_itk():
            stored = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise ValueError(f"{path} cannot be read ({reason_of(error)}): copy it again") from error
    if stored.GetDimension() != 4 or stored.GetSize()[3] != count:
        raise ValueError(f"{path} has the size {stored.GetSize()}, not four dimensions with {count} channels")
    volumes = [stored[..., number] for number in range(count)]
    return [
        ImageFile(
            sitk.GetArrayFromImage(volume),
            volume.GetSpacing(),
            volume.GetOrigin(),
            volume.GetDirection(),
            name=path.name,
        )
        for volume in volumes
    ]


def _read_labels(folder: Path, item: Entry, image: ImageFile) -> tuple[NDArray[np.integer], Classes]:
    path = _existing(folder / item["labels"])
    classes = {name: tuple(numbers) for name, numbers in item["classes"].items()}
    kind = item.get("label_format", "labels")
    if kind == "slices":
        images = folder / (item["image"][0] if isinstance(item["image"], list) else item["image"])
        return read_label_slices(path, images, item["label_values"], image.shape), classes
    if kind == "masks":
        return _instances_of(path, image.shape), classes
    if kind == "segments":
        return _segments_of(path, image, classes)
    if kind == "dicom":
        from cueseg.datasets.dicom_objects import read_segments

        return _numbered(read_segments(path, image), image.shape, classes, path)
    labels = _plain_labels(path)
    ignored = item.get("geometry") == "ignore"
    return labels.array if ignored else placed_on(image, labels, path), classes


def _plain_labels(path: Path) -> ImageFile:
    if path.suffix.lower() == ".png":
        return ImageFile(picture_labels(path)[None], picture=True)
    try:
        with quiet_itk():
            stored = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise ValueError(f"{path} cannot be read as labels ({reason_of(error)}): copy it again") from error
    array = sitk.GetArrayFromImage(stored)
    if array.dtype.kind not in "iu":
        whole = np.rint(array)
        if not np.isfinite(array).all() or (whole != array).any():
            raise ValueError(f"{path} holds fractions: labels must be whole numbers")
        array = whole.astype(np.int32)
    if stored.GetDimension() != 3 or array.ndim != 3:
        return ImageFile(array[None] if array.ndim == 2 else array, picture=True)
    return ImageFile(array, stored.GetSpacing(), stored.GetOrigin(), stored.GetDirection())


def _instances_of(folder: Path, shape: tuple[int, int, int]) -> NDArray[np.uint16]:
    """Number k where the k-th mask of a folder is; where two overlap, the first stays."""
    files = sorted(folder.glob("*.png"), key=natural)
    labels = np.zeros(shape, np.uint16)
    for number, file in enumerate(files, start=1):
        mask = picture_labels(file) > 0
        if mask.shape != shape[1:]:
            raise ValueError(f"{file} has {mask.shape} pixels, its image {shape[1:]}")
        labels[0][mask & (labels[0] == 0)] = number
    return labels


def _segments_of(path: Path, image: ImageFile, classes: Classes) -> tuple[NDArray[np.integer], Classes]:
    """A .seg.nrrd, also one that covers a part of the image or has overlaps; label k is its k-th segment."""
    segmentation = read_segmentation(path, image)
    masks = [segmentation.layers[item.layer] == item.value for item in segmentation.segments]
    return _numbered(masks, image.shape, classes, path)


def _numbered(
    masks: list[NDArray[np.bool_]], shape: tuple[int, ...], classes: Classes, path: Path
) -> tuple[NDArray[np.integer], Classes]:
    """Labels of segments 1, 2, ..., and the classes in terms of these labels."""
    most = max((number for numbers in classes.values() for number in numbers), default=0)
    if most > len(masks):
        raise ValueError(f"{path} has {len(masks)} segments, but the manifest speaks of segment {most}")
    labels, numbers_of = combined(masks, shape)
    return labels, {
        name: tuple(sorted({label for number in numbers for label in numbers_of[number - 1]}))
        for name, numbers in classes.items()
    }
