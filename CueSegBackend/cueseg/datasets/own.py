"""Manifest entries of a user's own folder: images and labels matched by their names."""

import re
from pathlib import Path
from typing import Any

from cueseg.datasets.entries import Entry, entry, natural
from cueseg.datasets.pictures import is_coloured
from cueseg.image_files.reading import PICTURE_SUFFIXES

__all__ = ["own_entries", "parse_classes"]

_PLACE = re.compile(r"\{(\w+)\}")


def own_entries(
    folder: Path,
    images: str,
    labels: str,
    modality: str | None = None,
    classes: dict[str, list[int]] | None = None,
    instances: str | None = None,
) -> list[Entry]:
    """Pairs of image and labels by patterns.

    Args:
        folder: The paths of the patterns begin here.
        images: For example "images/{id}_ct.nii.gz"; {id} is the same in both paths. {subject}, if it is there, names
            the patient, whose images stay together; otherwise {id} does. A path may also be a folder of DICOM slices.
        labels: For example "labels/{id}.nii.gz" or "{subject}/{id}.seg.nrrd"; a folder of PNG masks with `instances`.
        modality: "ct", "mr", "grey" or "rgb"; None: grey or rgb for pictures.
        classes: Class name -> label numbers; None: the segments of .seg.nrrd files by their names.
        instances: Name of the one class whose every label number (or mask) is an object of its own.

    Raises:
        ValueError: A pattern without {id}, no pair, images without labels (the first is named), no classes.
    """
    if "{id}" not in images or "{id}" not in labels:
        raise ValueError(
            f'the patterns {images!r} and {labels!r} need {{id}}, for example "images/{{id}}.nii.gz"'
        )
    if classes is not None and instances is not None:
        raise ValueError("give either classes or instances: every object of instances is of the one class")
    found = _matches(folder, images)
    pairs, alone = [], []
    for places, image in found:
        path = folder / _PLACE.sub(lambda match, places=places: places.get(match[1], match[0]), labels)
        (pairs if path.exists() else alone).append((places, image, path))
    if not pairs:
        tried = f"; {alone[0][1]} has no {alone[0][2]}" if alone else ""
        raise ValueError(f"{folder} holds no image {images!r} with labels {labels!r}{tried}")
    labelled = {path for _, _, path in pairs}  # "{id}.nrrd" also fits a.seg.nrrd, the labels of a.nrrd
    alone = [item for item in alone if item[1] not in labelled]
    if alone:
        raise ValueError(
            f"{alone[0][1]} has no labels {alone[0][2]} ({len(alone)} such images): move them away"
        )
    return [_entry(folder, *pair, modality, classes, instances) for pair in pairs]


def parse_classes(words: list[str]) -> dict[str, list[int]]:
    """Classes from "liver=1", "kidneys=2+3".

    Raises:
        ValueError: A word of another form.
    """
    classes = {}
    for word in words:
        name, _, numbers = word.rpartition("=")
        if not name.strip() or not re.fullmatch(r"\d+(\+\d+)*", numbers):
            raise ValueError(
                f"{word!r} is no class: write NAME=NUMBER, or NAME=NUMBER+NUMBER for several labels"
            )
        classes[name.strip()] = [int(number) for number in numbers.split("+")]
    return classes


def _matches(folder: Path, pattern: str) -> list[tuple[dict[str, str], Path]]:
    """Paths that fit a pattern, with what its places in braces stand for."""
    expression, seen = "", set()
    for number, part in enumerate(_PLACE.split(pattern)):
        if number % 2 == 0:
            expression += re.escape(part)
        else:
            expression += f"(?P={part})" if part in seen else f"(?P<{part}>[^/]+)"
            seen.add(part)
    fits = re.compile(expression)
    paths = sorted(folder.glob(_PLACE.sub("*", pattern)), key=natural)
    found = ((fits.fullmatch(path.relative_to(folder).as_posix()), path) for path in paths)
    return [(match.groupdict(), path) for match, path in found if match]


def _entry(
    folder: Path,
    places: dict[str, str],
    image: Path,
    labels: Path,
    modality: str | None,
    classes: dict[str, list[int]] | None,
    instances: str | None,
) -> Entry:
    picture = image.suffix.lower() in PICTURE_SUFFIXES
    if modality is None and not picture:
        raise ValueError(f"{image} does not say what kind of image it is: add --modality ct, mr, grey or rgb")
    more: dict[str, Any] = {"kind": "picture"} if picture else {}
    if instances is not None:
        more["instances"] = True
        classes = {instances: []}
    if labels.is_dir():
        if instances is None:
            raise ValueError(f"{labels} is a folder of masks: say with --instances what they show")
        more["label_format"] = "masks"
    elif labels.name.endswith(".seg.nrrd") and instances is None:
        more["label_format"] = "segments"
        classes = classes or _segments_of(labels)
    if classes is None:
        raise ValueError(f"{labels} does not say what its labels mean: add --classes NAME=NUMBER ...")
    kind = modality or ("rgb" if is_coloured(image) else "grey")
    subject = places.get("subject", places["id"])
    return entry(subject, folder.resolve().name, kind, image, labels, classes, **more)


def _segments_of(path: Path) -> dict[str, list[int]]:
    """Names of the segments of a .seg.nrrd, in the order in which they are numbered."""
    import SimpleITK as sitk  # noqa: N813

    from cueseg.image_files.seg_nrrd import parse_segments

    stored = sitk.ReadImage(str(path))
    array = sitk.GetArrayFromImage(stored)
    layers = [array[..., k] for k in range(array.shape[3])] if array.ndim == 4 else [array]
    segments, _ = parse_segments(
        {key: stored.GetMetaData(key) for key in stored.GetMetaDataKeys()}, layers, path
    )
    return {segment.name: [number] for number, segment in enumerate(segments, start=1)}
