"""Bytes of small DICOM files: segmentations and structure sets, which SimpleITK cannot write."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
DEFLATED, RLE = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5"
_LONG = ("OB", "OW", "SQ", "UN")
_OPEN = 0xFFFFFFFF

Fields = Sequence[tuple[int, str, Any]]
"""(tag, VR, value): a text, a number (US), bytes, or a list of such sequences (SQ)."""


def encoded(fields: Fields, *, explicit: bool = True, open_ends: bool = False) -> bytes:
    """Elements of a data set; `open_ends` closes sequences and items with delimiters, not with lengths."""
    return b"".join(_element(*field, explicit, open_ends) for field in fields)


def _element(tag: int, kind: str, value: Any, explicit: bool, open_ends: bool) -> bytes:
    if kind == "SQ":
        data = b"".join(_item(item, explicit, open_ends) for item in value)
        data += struct.pack("<HHI", 0xFFFE, 0xE0DD, 0) if open_ends else b""
    else:
        data = struct.pack("<H", value) if kind == "US" else value
        data = data.encode() if isinstance(data, str) else data
        data += b" " * (len(data) % 2)
    length = _OPEN if kind == "SQ" and open_ends else len(data)
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if not explicit:
        return head + struct.pack("<I", length) + data
    if kind in _LONG:
        return head + kind.encode() + struct.pack("<HI", 0, length) + data
    return head + kind.encode() + struct.pack("<H", length) + data


def _item(fields: Fields, explicit: bool, open_ends: bool) -> bytes:
    data = encoded(fields, explicit=explicit, open_ends=open_ends)
    end = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) if open_ends else b""
    return struct.pack("<HHI", 0xFFFE, 0xE000, _OPEN if open_ends else len(data)) + data + end


def write_dicom(path: Path, fields: Fields, syntax: str = EXPLICIT, *, open_ends: bool = False) -> Path:
    head = encoded([(0x00020010, "UI", syntax)])
    body = encoded(fields, explicit=syntax != IMPLICIT, open_ends=open_ends)
    if syntax == DEFLATED:
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        body = packer.compress(body) + packer.flush()
    path.write_bytes(bytes(128) + b"DICM" + head + body)
    return path


def numbers(*values: float) -> str:
    return "\\".join(f"{value:g}" for value in values)


def segmentation(
    masks: Sequence[NDArray[np.bool_]],
    names: Sequence[str],
    origin: tuple[float, float, float],
    spacing: tuple[float, float, float],
    series: str,
    kind: str = "BINARY",
) -> list[tuple[int, str, Any]]:
    """A SEG of masks (slices, rows, cols) along the axes; only frames that are not empty are stored."""
    frames, pixels = [], []
    for number, mask in enumerate(masks, start=1):
        for index in np.flatnonzero(mask.any(axis=(1, 2))):
            at = numbers(origin[0], origin[1], origin[2] + index * spacing[2])
            position = (0x00209113, "SQ", [[(0x00200032, "DS", at)]])
            frames.append([position, (0x0062000A, "SQ", [[(0x0062000B, "US", number)]])])
            pixels.append(mask[index])
    stack = np.array(pixels)
    binary = kind == "BINARY"
    data = np.packbits(stack, bitorder="little") if binary else stack.astype(np.uint8) * 200
    shared = [
        (0x00209116, "SQ", [[(0x00200037, "DS", "1\\0\\0\\0\\1\\0")]]),
        (0x00289110, "SQ", [[(0x00280030, "DS", numbers(spacing[1], spacing[0]))]]),
    ]
    described = [[(0x00620004, "US", k), (0x00620005, "LO", name)] for k, name in enumerate(names, start=1)]
    return [
        (0x00080060, "CS", "SEG"),
        (0x00081115, "SQ", [[(0x0020000E, "UI", series)]]),
        (0x00100020, "LO", "anna"),
        (0x00280010, "US", masks[0].shape[1]),
        (0x00280011, "US", masks[0].shape[2]),
        (0x00280100, "US", 1 if binary else 8),
        (0x00620001, "CS", kind),
        (0x00620002, "SQ", described),
        (0x0062000E, "US", 255),
        (0x52009229, "SQ", [shared]),
        (0x52009230, "SQ", frames),
        (0x7FE00010, "OB", data.tobytes()),
    ]


def structure_set(
    regions: dict[str, list[NDArray[np.float64]]], series: str, kind: str = "CLOSED_PLANAR"
) -> list[tuple[int, str, Any]]:
    """An RTSTRUCT of named regions, each a list of contours (N, 3) in mm."""
    study = [(0x30060014, "SQ", [[(0x0020000E, "UI", series)]])]
    described = [
        [(0x30060022, "IS", str(7 * k)), (0x30060026, "LO", name)] for k, name in enumerate(regions, 1)
    ]
    drawn = []
    for number, contours in enumerate(regions.values(), start=1):
        items = [
            [(0x30060042, "CS", kind), (0x30060050, "DS", numbers(*contour.ravel()))] for contour in contours
        ]
        drawn.append([(0x30060040, "SQ", items), (0x30060084, "IS", str(7 * number))])
    return [
        (0x00080060, "CS", "RTSTRUCT"),
        (0x00100020, "LO", "anna"),
        (0x30060010, "SQ", [[(0x30060012, "SQ", [study])]]),
        (0x30060020, "SQ", described),
        (0x30060039, "SQ", drawn),
    ]
