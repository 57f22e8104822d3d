"""The constants of a frozen TensorFlow graph, read from its bytes: only what is needed of the protobuf wire format.

Messages and field numbers are those of TensorFlow's public graph.proto, node_def.proto, attr_value.proto, tensor.proto.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

__all__ = ["read_constants"]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_NODE = 1  # of GraphDef
_NAME, _OP, _ATTRIBUTE = 1, 2, 5  # of NodeDef
_KEY, _VALUE = 1, 2  # of an entry of its map of attributes
_TENSOR = 8  # of AttrValue
_TYPE, _SHAPE, _CONTENT, _FLOATS = 1, 2, 4, 5  # of TensorProto
_DIMENSION, _SIZE = 2, 1  # of TensorShapeProto and its Dim
_FLOAT32 = 1  # DataType


def read_constants(data: bytes, path: Path) -> dict[str, Tensor]:
    """Name -> tensor of every float32 constant; nothing of the graph is run.

    Args:
        data: bytes of a serialised GraphDef.
        path: where they come from, for messages.

    Raises:
        ValueError: the bytes are not a graph, are cut short, or hold no such constant.
    """
    try:
        nodes = [_constant(bytes(value)) for number, value in _fields(data) if number == _NODE]
    except (IndexError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise ValueError(
            f"{path} is not a frozen TensorFlow graph, or is damaged ({error}): get the file again"
        ) from error
    found = dict(filter(None, nodes))
    if not found:
        raise ValueError(f"{path} holds no float constants: give a frozen TensorFlow graph (.pb)")
    return found


def _constant(node: bytes) -> tuple[str, Tensor] | None:
    """Name and value of a node that is a float32 constant."""
    name, kind, tensor = "", b"", None
    for number, value in _fields(node):
        if number == _NAME:
            name = bytes(value).decode()
        elif number == _OP:
            kind = bytes(value)
        elif number == _ATTRIBUTE:
            entry = dict(_fields(bytes(value)))
            if entry.get(_KEY) == b"value":
                tensor = dict(_fields(bytes(entry[_VALUE]))).get(_TENSOR)
    if kind != b"Const" or not isinstance(tensor, bytes):
        return None
    value = _tensor(tensor)
    return None if value is None else (name, value)


def _tensor(message: bytes) -> Tensor | None:
    """The tensor of a TensorProto; None unless it is float32."""
    parts = list(_fields(message))
    if dict(parts).get(_TYPE) != _FLOAT32:
        return None
    shape = [
        int(dict(_fields(bytes(dimension))).get(_SIZE, 0))
        for number, value in parts
        if number == _SHAPE
        for part, dimension in _fields(bytes(value))
        if part == _DIMENSION
    ]
    content = b"".join(bytes(value) for number, value in parts if number in (_CONTENT, _FLOATS))
    values = np.frombuffer(content, "<f4")
    count = int(np.prod(shape))
    if len(values) == 1:  # one value stands for all
        values = np.full(count, values[0], np.float32)
    if len(values) != count:
        raise ValueError(f"a constant of shape {shape} has {len(values)} values")
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of every field of a message: whole numbers as such, all else as bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if wire == _BYTES:
            size, at = _varint(message, at)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {wire} at byte {at}")
        if at + size > len(message):
            raise ValueError(f"a field ends {at + size - len(message)} bytes after the end")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits per byte, lowest first, and where it ends."""
    value = 0
    for place in range(10):
        byte = message[at + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise ValueError(f"a number of more than ten bytes at byte {at}")
