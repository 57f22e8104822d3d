"""The elements of a DICOM file, with nested sequences: what SimpleITK does not give of segmentations and contours.

Follows DICOM PS3.5, sections 7.1 (elements), 7.5 (sequences) and annex A (transfer syntaxes), and PS3.10, section 7.
"""

import mmap
import struct
import zlib
from pathlib import Path
from typing import Any

__all__ = ["PIXEL_DATA", "Elements", "is_dicom", "read_elements"]

PIXEL_DATA = 0x7FE00010

_TRANSFER_SYNTAX = 0x00020010
_IMPLICIT, _DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_UNCOMPRESSED = (_IMPLICIT, _DEFLATED, "1.2.840.10008.1.2.1")
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_OPEN = 0xFFFFFFFF  # length of what ends with a delimiter
_LONG = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
# Where a file does not say which elements are sequences, those that are looked into.
_SEQUENCES = {
    0x00081115, 0x00209113, 0x00209116, 0x00289110, 0x00620002, 0x0062000A, 0x30060010, 0x30060012,
    0x30060014, 0x30060020, 0x30060039, 0x30060040, 0x52009229, 0x52009230,
}  # fmt: skip


class Elements(dict[int, Any]):
    """Tag (0xGGGGEEEE) -> bytes, or a list of `Elements` for a sequence."""

    def text(self, tag: int) -> str:
        """A value as text without padding, "" where it is missing."""
        return bytes(self.get(tag, b"")).decode("utf-8", "replace").strip(" \0")

    def numbers(self, tag: int) -> list[float]:
        """Decimal strings as numbers, [] where they are missing.

        Raises:
            ValueError: Not numbers.
        """
        text = self.text(tag)
        return [float(part) for part in text.split("\\")] if text else []

    def short(self, tag: int, default: int = 0) -> int:
        """An unsigned short."""
        value = self.get(tag, b"")
        return struct.unpack("<H", value[:2])[0] if len(value) >= 2 else default

    def sequence(self, tag: int) -> "list[Elements]":
        """The items of a sequence, [] where it is missing."""
        value = self.get(tag, [])
        return value if isinstance(value, list) else []

    def first(self, tag: int) -> "Elements":
        """The first item of a sequence, empty where it is missing."""
        return next(iter(self.sequence(tag)), Elements())


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files do."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_elements(path: Path, *, pixels: bool = True) -> Elements:
    """Read a DICOM file.

    Args:
        path: The file.
        pixels: Whether to read the pixels too, which must then be uncompressed.

    Raises:
        ValueError: Not a DICOM file, a damaged one, or one in a transfer syntax that is not read.
    """
    if path.stat().st_size == 0:  # which cannot be mapped
        raise ValueError(f"{path} is empty: copy or export it again")
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _parsed(data, path, pixels)
    except (struct.error, zlib.error, IndexError) as error:
        raise ValueError(f"{path} is damaged or only partly copied: copy or export it again") from error


def _parsed(data: Any, path: Path, pixels: bool) -> Elements:
    if data[128:132] != b"DICM":
        raise ValueError(f"{path} is no DICOM file")
    head, start = _Reader(data, explicit=True).elements(132, len(data), group=2)
    syntax = head.text(_TRANSFER_SYNTAX)
    if syntax == _BIG_ENDIAN or (pixels and syntax not in _UNCOMPRESSED):
        raise ValueError(
            f"{path} has the transfer syntax {syntax}, which is not read: save it uncompressed "
            "(Explicit VR Little Endian), for example with gdcmconv --raw"
        )
    body = zlib.decompress(data[start:], -zlib.MAX_WBITS) if syntax == _DEFLATED else data
    begin = 0 if syntax == _DEFLATED else start
    reader = _Reader(body, explicit=syntax != _IMPLICIT, pixels=pixels)
    return reader.elements(begin, len(body))[0]


class _Reader:
    """Reads elements of one encoding; positions are offsets into the data."""

    def __init__(self, data: Any, *, explicit: bool, pixels: bool = True) -> None:
        self.data, self.explicit, self.pixels = data, explicit, pixels

    def elements(self, at: int, end: int, group: int | None = None) -> tuple[Elements, int]:
        """Elements from `at` to `end`, to the delimiter of an item, or to the end of a group; and where they end."""
        found = Elements()
        while at + 8 <= end:
            tag = self._tag(at)
            if tag == _ITEM_END:
                return found, at + 8
            if group is not None and tag >> 16 != group:
                break
            if tag == PIXEL_DATA and not self.pixels:
                return found, end
            kind, length, at = self._header(at)
            if kind == b"SQ" or length == _OPEN:
                if tag == PIXEL_DATA:
                    raise struct.error  # fragments, although the transfer syntax says uncompressed
                nested = _Reader(self.data, explicit=False) if kind == b"UN" else self
                found[tag], at = nested.sequence_items(at, end if length == _OPEN else at + length)
            else:
                if at + length > end:
                    raise struct.error
                found[tag], at = self.data[at : at + length], at + length
        return found, at

    def sequence_items(self, at: int, end: int) -> tuple[list[Elements], int]:
        """Items up to `end` or to the delimiter of the sequence."""
        items = []
        while at + 8 <= end:
            tag, length = self._tag(at), struct.unpack_from("<I", self.data, at + 4)[0]
            at += 8
            if tag == _SEQUENCE_END:
                return items, at
            if tag != _ITEM:
                raise struct.error
            item, after = self.elements(at, end if length == _OPEN else at + length)
            items.append(item)
            at = after if length == _OPEN else at + length
        return items, at

    def _tag(self, at: int) -> int:
        high, low = struct.unpack_from("<HH", self.data, at)
        return high << 16 | low

    def _header(self, at: int) -> tuple[bytes, int, int]:
        """(VR, length, where the value begins)."""
        if not self.explicit:
            length = struct.unpack_from("<I", self.data, at + 4)[0]
            return b"SQ" if self._tag(at) in _SEQUENCES else b"??", length, at + 8
        kind = self.data[at + 4 : at + 6]
        if kind in _LONG:
            return kind, struct.unpack_from("<I", self.data, at + 8)[0], at + 12
        return kind, struct.unpack_from("<H", self.data, at + 6)[0], at + 8
