"""Small networks in the file formats of users, and files that try to run code."""

import os
import warnings
import zipfile
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cueseg.networks.architectures import build_network
from cueseg.networks.card import NetworkCard

IMAGE = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
CARD = NetworkCard(
    name="tiny",
    dims=2,
    in_channels=1,
    classes=("background", "a", "b"),
    architecture="unet",
    model_options={"base": 4, "levels": 3},
    multiple=4,
)


@cache
def tiny() -> nn.Module:
    """The network of `CARD`, the same at every call."""
    return build_network(CARD).eval()


@cache
def state_bytes() -> bytes:
    buffer = BytesIO()
    torch.save(tiny().state_dict(), buffer)
    return buffer.getvalue()


@cache
def script_bytes(freeze: bool = False) -> bytes:
    buffer = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(tiny(), IMAGE)
        torch.jit.save(torch.jit.freeze(traced) if freeze else traced, buffer)
    return buffer.getvalue()


@cache
def export_bytes() -> bytes:
    buffer = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(tiny(), (IMAGE,)), buffer)
    return buffer.getvalue()


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def rewritten(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """A zip archive after `change(name without its top folder, content)` of every file."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name.split("/", 1)[1], old.read(name)))
    return buffer.getvalue()


class Payload:
    """Makes a folder when a pickle of it is loaded without care."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.witness),)


def payload(witness: Path) -> bytes:
    """Weights with such a pickle among them."""
    buffer = BytesIO()
    torch.save({"weight": Payload(witness)}, buffer)
    return buffer.getvalue()
