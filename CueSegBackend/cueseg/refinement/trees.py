"""Values that cross a cut: tensors within lists, tuples and dicts."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

__all__ = ["map_tensors", "nbytes", "pack", "tensors_in", "unpack"]

_HALF_RANGE = 65504.0


def map_tensors(value: Any, change: Callable[[Tensor], Any]) -> Any:
    """The same nested value with every tensor changed; what is no tensor stays."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple):
        items = [map_tensors(item, change) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, list):
        return [map_tensors(item, change) for item in value]
    if isinstance(value, dict):
        return {name: map_tensors(item, change) for name, item in value.items()}
    return value


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Every tensor of a nested value."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        yield from tensors_in(list(value.values()))


def nbytes(value: Any) -> int:
    """Memory of a nested value; views of one storage count once."""
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors_in(value)}
    return sum(storages.values())


def pack(value: Any) -> Any:
    """Floats as float16, where their range allows it."""

    def halve(tensor: Tensor) -> Tensor:
        fits = tensor.dtype == torch.float32 and (tensor.numel() == 0 or tensor.abs().max() <= _HALF_RANGE)
        return tensor.half() if fits else tensor

    return map_tensors(value, halve)


def unpack(value: Any) -> Any:
    """float16 back to float32."""
    return map_tensors(value, lambda t: t.float() if t.dtype == torch.float16 else t)
