"""Files of tensors from elsewhere: read without running code, refused with a reason and a remedy."""

import pickle
import re
import struct
import warnings
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

__all__ = ["as_state_dict", "find_mismatch", "listing", "pack_tensors", "read_bytes", "read_tensors"]

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_OLD_FORMAT = bytes.fromhex("8a0a6cfc9c46f9206aa85019")  # the pickled magic number of torch before 1.6
_SHOWN = 8  # names listed of each kind of mismatch

# What torch.load raises for damaged bytes, found by damaging files at random.
_DAMAGED = (
    pickle.UnpicklingError,
    struct.error,
    RuntimeError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
)


def read_bytes(path: Path) -> bytes:
    """Read a weights file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a folder, an empty file, a Git LFS pointer, or a web page.
    """
    if not path.exists():
        raise FileNotFoundError(f"no weights file {path}: check the path, or restore the file")
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give the weights file in it")
    data = path.read_bytes()
    if not data:
        raise ValueError(f"{path} is empty: download or save it again")
    if data.startswith(_LFS_POINTER):
        raise ValueError(f"{path} is a Git LFS pointer, not the weights: run `git lfs pull`")
    if data[:512].lstrip().startswith(b"<"):
        raise ValueError(
            f"{path} is a web page, not weights: download the file itself, not the page about it"
        )
    return data


def read_tensors(data: bytes, path: Path) -> Any:
    """Unpickle bytes of `torch.save`, old or new format, allowing nothing but tensors and plain containers.

    Args:
        data: the bytes.
        path: where they come from, for messages.

    Raises:
        ValueError: the file holds code or objects (which are not run), or is damaged.
    """
    if data.startswith(b"\x80") and _OLD_FORMAT not in data[:32]:
        raise ValueError(_code_refusal(path, "a bare Python pickle"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the refusal below says it better
            return torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except _DAMAGED as error:
        code = re.search(r"(?:GLOBAL|class) ([\w.]+)|(TorchScript)", str(error))
        if code:
            raise ValueError(_code_refusal(path, code[1] or code[2])) from error
        raise ValueError(
            f"{path} cannot be read as weights, it is damaged, cut short or of another kind "
            f"({type(error).__name__}): download or save it again"
        ) from error


def _code_refusal(path: Path, code: str) -> str:
    return (
        f"{path} contains code ({code}) and will not be run: if you trust it, load it and save the tensors "
        "alone, torch.save(model.state_dict(), file)"
    )


def pack_tensors(value: Any) -> bytes:
    """Bytes of `torch.save`: equal values give equal bytes, since with a file torch writes its name into them."""
    buffer = BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def as_state_dict(value: object, path: Path) -> dict[str, Tensor]:
    """Take a dict of finite tensors; floats of any precision become float32, memory is not shared.

    Raises:
        ValueError: not a dict of plain tensors by name, or NaN or infinite values.
    """
    if not isinstance(value, Mapping) or not value:
        kind = "an empty dict" if isinstance(value, Mapping) else f"a {type(value).__name__}"
        raise ValueError(f"{path} holds {kind}, not a dict of tensors: save model.state_dict()")
    state = {}
    for name, tensor in value.items():
        if not isinstance(name, str) or not _is_plain(tensor):
            kind = "not a plain tensor" if isinstance(tensor, Tensor) else f"a {type(tensor).__name__}"
            raise ValueError(f"{path}: entry {name!r} is {kind}, not weights: save model.state_dict() alone")
        copy = tensor.detach().clone(memory_format=torch.contiguous_format)
        state[name] = copy.float() if copy.is_floating_point() else copy
    broken = [name for name, tensor in state.items() if not torch.isfinite(tensor).all()]
    if broken:
        raise ValueError(
            f"{path} has NaN or infinite values in {listing(broken)}: restore the file or train again"
        )
    return state


def _is_plain(value: object) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not (value.is_nested or value.is_quantized or value.is_complex())
    )


def find_mismatch(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> str:
    """Compare names, shapes and kinds (float or integer) with those of a network.

    Returns:
        All differences in words, with counts; "" if there is none.
    """
    shared = [name for name in expected if name in found]
    shapes = [name for name in shared if found[name].shape != expected[name].shape]
    kinds = [name for name in shared if found[name].is_floating_point() != expected[name].is_floating_point()]
    groups = {
        "missing": [name for name in expected if name not in found],
        "unexpected": [name for name in found if name not in expected],
        "of another shape": [
            f"{name} is {_shape(found[name])} not {_shape(expected[name])}" for name in shapes
        ],
        "of another type": [f"{name} is {found[name].dtype} not {expected[name].dtype}" for name in kinds],
    }
    return "; ".join(f"{len(names)} {kind}: {listing(names)}" for kind, names in groups.items() if names)


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a single number"


def listing(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    names = list(names)
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + rest
