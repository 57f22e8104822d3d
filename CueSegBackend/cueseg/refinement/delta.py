"""Refined weights as a small file: the layers that changed, and a card that says of which network."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cueseg.checkpoint_file import as_state_dict, pack_tensors, read_bytes, read_tensors
from cueseg.whole_files import write_whole

__all__ = ["WeightDelta", "load_delta", "state_sha256"]

_FORMAT = "cueseg-weight-delta-1"


@dataclass(frozen=True)
class WeightDelta:
    """Weights that a refinement changed.

    Attributes:
        tensors: refined parameters by name, float32 on the CPU, as they are to be (not differences).
        parent_sha256: of the state of the network they belong to, see `state_sha256`.
        parent_name: name on that network's card.
        classes: names by class number, appended ones last.
        appended: number of appended classes.
        unused: which of these no scribble asked for.
        layers: names of the refined layers.
        scale_bias: whether the tensors are scale and bias of the first layer's input (method "f-brs").
        options: settings of the refinement, JSON values.
        iterations: steps taken.
    """

    tensors: Mapping[str, Tensor]
    parent_sha256: str
    parent_name: str
    classes: tuple[str, ...]
    appended: int = 0
    unused: tuple[int, ...] = ()
    layers: tuple[str, ...] = ()
    scale_bias: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    iterations: int = 0

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write one file, ending in .pt; it appears whole or not at all.

        Raises:
            ValueError: another ending.
        """
        path = Path(path)
        if path.suffix != ".pt":
            raise ValueError(f"{path} must end in .pt: adapted weights are found by that ending")
        card = {name: getattr(self, name) for name in _CARD_FIELDS} | {"format": _FORMAT}
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.tensors.items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, pack_tensors({"card": json.dumps(card), "tensors": tensors}))
        return path

    def check_parent(self, sha256: str, name: str) -> None:
        """Refuse a network that these weights do not belong to.

        Raises:
            ValueError: its state is another one.
        """
        if sha256 != self.parent_sha256:
            raise ValueError(
                f"these adapted weights belong to the network {self.parent_name!r} (state {self.parent_sha256[:12]}), "
                f"not to {name!r} (state {sha256[:12]}): load the network they were made from"
            )


_CARD_FIELDS = (
    "parent_sha256",
    "parent_name",
    "classes",
    "appended",
    "unused",
    "layers",
    "scale_bias",
    "options",
    "iterations",
)


def load_delta(path: str | os.PathLike[str]) -> WeightDelta:
    """Read adapted weights; no code in the file is run.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file holds code, is damaged, or is something else; the message says what to do.
    """
    path = Path(path)
    content = read_tensors(read_bytes(path), path)
    if not (
        isinstance(content, dict) and set(content) == {"card", "tensors"} and isinstance(content["card"], str)
    ):
        raise ValueError(f"{path} holds no adapted weights: choose a file that was saved by WeightDelta.save")
    try:
        card = json.loads(content["card"])
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} has a damaged card ({error}): save the adapted weights again") from error
    if not isinstance(card, dict) or card.pop("format", None) != _FORMAT or set(card) != set(_CARD_FIELDS):
        raise ValueError(
            f"{path} has a card of another format than {_FORMAT}: save the adapted weights again"
        )
    for name in ("classes", "unused", "layers"):
        card[name] = tuple(card[name])
    return WeightDelta(as_state_dict(content["tensors"], path), **card)


def state_sha256(module: nn.Module) -> str:
    """SHA-256 over names, types, shapes and values of a network's state, 64 hex digits."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        if isinstance(tensor, Tensor):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def options_as_json(options: Any) -> dict[str, Any]:
    """Settings of a refinement as JSON gives them back."""
    return json.loads(json.dumps(asdict(options)))
