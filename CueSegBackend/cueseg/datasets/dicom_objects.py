"""DICOM segmentations (SEG) and structure sets (RTSTRUCT) on the grid of the image that they belong to.

Follows DICOM PS3.3, sections C.8.20 (segmentation) and C.8.8.5, C.8.8.6 (structure set, ROI contours).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cueseg.datasets.dicom_elements import PIXEL_DATA, Elements, read_elements
from cueseg.image_files import ImageFile

__all__ = ["LabelObject", "filled_polygon", "read_label_object", "read_segments"]

OFF_GRID = 0.02  # voxels by which a frame may miss the grid of the image

_MODALITY, _PATIENT, _SERIES = 0x00080060, 0x00100020, 0x0020000E


@dataclass(frozen=True)
class LabelObject:
    """What a SEG or RTSTRUCT file says of itself.

    Attributes:
        names: Of its segments or regions, in the order of the file.
        series: UID of the series that they were drawn on, "" if it does not say.
        patient: Patient ID.
    """

    names: tuple[str, ...]
    series: str
    patient: str


def read_label_object(path: Path) -> LabelObject:
    """Read the names in a SEG or RTSTRUCT file.

    Raises:
        ValueError: Another kind of file, or a damaged one.
    """
    data = read_elements(path, pixels=False)
    if data.text(_MODALITY) == "SEG":
        names = [item.text(0x00620005) for item in _described(data)]
        series = data.first(0x00081115).text(_SERIES)
    elif data.text(_MODALITY) == "RTSTRUCT":
        names = [item.text(0x30060026) for item in data.sequence(0x30060020)]
        study = data.first(0x30060010).first(0x30060012)
        series = study.first(0x30060014).text(_SERIES)
    else:
        raise ValueError(
            f"{path} is a DICOM file of modality {data.text(_MODALITY)!r}: give a SEG or an RTSTRUCT"
        )
    return LabelObject(tuple(names), series, data.text(_PATIENT))


def read_segments(path: Path, image: ImageFile) -> list[NDArray[np.bool_]]:
    """Masks (slices, rows, cols) of all segments of a SEG or regions of an RTSTRUCT file, in the order of the file.

    Contours are filled by the even-odd rule, in the nearest slice; a pixel belongs to a region if its centre does.

    Raises:
        ValueError: Another kind of file, a damaged or compressed one, or one that does not fit the image.
    """
    data = read_elements(path)
    kind = data.text(_MODALITY)
    if kind not in ("SEG", "RTSTRUCT"):
        raise ValueError(f"{path} is a DICOM file of modality {kind!r}: give a SEG or an RTSTRUCT")
    try:
        return _segments(data, image) if kind == "SEG" else _regions(data, image)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _segments(data: Elements, image: ImageFile) -> list[NDArray[np.bool_]]:
    numbers = [item.short(0x00620004) for item in _described(data)]
    masks = [np.zeros(image.shape, bool) for _ in numbers]
    shared, frames = data.first(0x52009229), data.sequence(0x52009230)
    pixels = _frames(data, len(frames))
    label_map = data.text(0x00620001) == "LABELMAP"
    for about, frame in zip(frames, pixels, strict=True):
        place = _place_of(about, shared, frame.shape, image)
        if label_map:
            for mask, number in zip(masks, numbers, strict=True):
                mask[place] |= frame == number
            continue
        owner = about.first(0x0062000A) or shared.first(0x0062000A)
        number = owner.short(0x0062000B)
        if number not in numbers:
            raise ValueError(f"a frame belongs to segment {number}, which is not described: export it again")
        masks[numbers.index(number)][place] |= frame > 0
    return masks


def _described(data: Elements) -> list[Elements]:
    """The segments; number 0 of a label map is the background."""
    return [item for item in data.sequence(0x00620002) if item.short(0x00620004) > 0]


def _frames(data: Elements, count: int) -> NDArray[np.integer]:
    """(frames, rows, cols): 0 and 1, or label numbers."""
    rows, cols, bits = data.short(0x00280010), data.short(0x00280011), data.short(0x00280100)
    if bits not in (1, 8, 16):
        raise ValueError(f"{bits} bits for a pixel are not read: export it as binary segments")
    raw = np.frombuffer(data.get(PIXEL_DATA, b""), "<u2" if bits == 16 else np.uint8)
    values = np.unpackbits(raw, bitorder="little") if bits == 1 else raw
    if values.size < count * rows * cols or count == 0:
        raise ValueError(
            f"it has {values.size} pixels, not {count} frames of {rows} x {cols}: export it again"
        )
    frames = values[: count * rows * cols].reshape(count, rows, cols)
    if data.text(0x00620001) == "FRACTIONAL":
        return (frames >= data.short(0x0062000E, 255) / 2).astype(np.uint8)
    return frames


def _place_of(
    about: Elements, shared: Elements, shape: tuple[int, ...], image: ImageFile
) -> tuple[int, slice, slice]:
    """The part of the image's array that a frame covers."""
    position = (about.first(0x00209113) or shared.first(0x00209113)).numbers(0x00200032)
    turn = (about.first(0x00209116) or shared.first(0x00209116)).numbers(0x00200037)
    size = (about.first(0x00289110) or shared.first(0x00289110)).numbers(0x00280030)
    if (len(position), len(turn), len(size)) != (3, 6, 2):
        raise ValueError("a frame does not say where it lies: export it again")
    to_index = np.linalg.inv(image.ijk_to_lps())
    at = (to_index @ [*position, 1.0])[:3]
    along = to_index[:3, :3] @ (np.array(turn[:3]) * size[1])  # one column to the right
    down = to_index[:3, :3] @ (np.array(turn[3:]) * size[0])
    drift = (
        np.abs(along - [1, 0, 0]) * shape[1] + np.abs(down - [0, 1, 0]) * shape[0] + np.abs(at - np.rint(at))
    )
    if drift.max() > OFF_GRID:
        raise ValueError(
            f"its voxels do not coincide with those of {image.name}: resample it to the image (3D Slicer does so when "
            "it saves a segmentation as .seg.nrrd with the image as reference)"
        )
    col, row, index = (int(number) for number in np.rint(at))
    inside = 0 <= index < image.shape[0] and row >= 0 and col >= 0
    if not inside or row + shape[0] > image.shape[1] or col + shape[1] > image.shape[2]:
        raise ValueError(f"a frame lies outside {image.name}: it belongs to another image")
    return index, slice(row, row + shape[0]), slice(col, col + shape[1])


def _regions(data: Elements, image: ImageFile) -> list[NDArray[np.bool_]]:
    numbers = [item.text(0x30060022) for item in data.sequence(0x30060020)]
    masks = [np.zeros(image.shape, bool) for _ in numbers]
    to_index = np.linalg.inv(image.ijk_to_lps())
    for region in data.sequence(0x30060039):
        owner = region.text(0x30060084)
        if owner not in numbers:
            raise ValueError(f"contours belong to region {owner}, which is not described: export it again")
        for contour in region.sequence(0x30060040):
            if not contour.text(0x30060042).startswith("CLOSED"):
                continue  # points and open lines enclose nothing
            corners = np.reshape(contour.numbers(0x30060050), (-1, 3))
            places = corners @ to_index[:3, :3].T + to_index[:3, 3]
            if np.ptp(places[:, 2]) > 0.5:
                raise ValueError(
                    f"a contour does not lie in one slice of {image.name}: it belongs to another image"
                )
            index = int(np.rint(places[:, 2].mean()))
            if not 0 <= index < image.shape[0]:
                raise ValueError(f"a contour lies outside {image.name}: it belongs to another image")
            masks[numbers.index(owner)][index] ^= filled_polygon(places[:, :2], image.shape[1:])
    return masks


def filled_polygon(corners: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Pixels whose centres lie in a polygon, by the even-odd rule.

    Args:
        corners: (N, 2) corners (x, y) in pixels, integers are pixel centres; the last one is joined to the first.
        shape: (rows, cols).
    """
    rows, cols = shape
    turns = np.zeros((rows, cols + 1), np.int32)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        low, high = (y0, y1) if y0 < y1 else (y1, y0)
        crossed = np.arange(max(0, int(np.ceil(low))), min(rows, int(np.ceil(high))))
        if crossed.size:
            x = x0 + (crossed - y0) * (x1 - x0) / (y1 - y0)
            np.add.at(turns, (crossed, np.clip(np.ceil(x), 0, cols).astype(int)), 1)
    return (np.cumsum(turns, axis=1)[:, :cols] % 2).astype(bool)
