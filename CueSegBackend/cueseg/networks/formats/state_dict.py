"""Weights alone, .pt or .safetensors: the card beside them names the architecture."""

import hashlib
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from cueseg.checkpoint_file import as_state_dict, find_mismatch, read_bytes, read_tensors
from cueseg.networks.architectures import build_network
from cueseg.networks.card import NetworkCard
from cueseg.networks.formats.packages import require_package

__all__ = ["check_digest", "fill_weights", "load_safetensors", "load_state_dict"]

_WRAPPERS = ("state_dict", "model_state_dict", "model", "network_weights", "net")


def load_state_dict(path: Path, card: NetworkCard) -> nn.Module:
    """Read `torch.save(model.state_dict())` into the network of the card.

    Unpickling allows tensors and plain containers only; nothing in the file is run. A dict that wraps the state, as
    training scripts write it, is opened.

    Raises:
        FileNotFoundError: no such file.
        ValueError: damaged, holding code, or not fitting the card; the message says what to do.
    """
    data = read_bytes(path)
    check_digest(data, path, card)
    return fill_weights(
        build_network(card), as_state_dict(unwrapped(read_tensors(data, path)), path), path, card
    )


def load_safetensors(path: Path, card: NetworkCard) -> nn.Module:
    """Read a .safetensors file, which holds tensors only, into the network of the card.

    Raises:
        FileNotFoundError: no such file.
        ModuleNotFoundError: the package safetensors is not installed; the message names the command.
        ValueError: damaged, or not fitting the card; the message says what to do.
    """
    torch_part = require_package("safetensors.torch", "safetensors", f"to read {path.name}")
    data = read_bytes(path)
    check_digest(data, path, card)
    try:
        state = torch_part.load(data)
    except (_safetensors_error(), ValueError, KeyError) as error:
        raise ValueError(
            f"{path} is no safetensors file, damaged or cut short ({error}): download or save it again"
        ) from error
    return fill_weights(build_network(card), as_state_dict(state, path), path, card)


def _safetensors_error() -> type[Exception]:
    """The error of the safetensors package."""
    return require_package("safetensors", "safetensors", "").SafetensorError


def fill_weights(module: nn.Module, state: dict[str, Tensor], path: Path, card: NetworkCard) -> nn.Module:
    """Load a state whose names, shapes and kinds must fit exactly.

    Raises:
        ValueError: they do not; all differences are named.
    """
    expected = module.state_dict()
    if not set(expected) & set(state):
        state = _without_prefix(state)
    mismatch = find_mismatch(state, expected)
    if mismatch:
        raise ValueError(
            f"{path} does not fit {card.architecture!r} with {card.in_channels} input and {card.out_channels} output "
            f"channels and options {card.model_options}: {mismatch}. Correct the card, or save the network again"
        )
    module.load_state_dict(state)
    return module


def check_digest(data: bytes, path: Path, card: NetworkCard) -> None:
    """Refuse a file that is not the one its card was written for; cards without a digest promise nothing."""
    digest = hashlib.sha256(data).hexdigest()
    if card.sha256 and digest != card.sha256:
        raise ValueError(
            f"{path} does not match its card: its SHA-256 is {digest}, the card says {card.sha256}. The file was "
            "changed or only partly copied: restore both files, or empty the card's field sha256 if you trust it"
        )


def unwrapped(value: Any) -> Any:
    """The state within the dicts that training scripts put around it."""
    if isinstance(value, dict):
        for key in _WRAPPERS:
            if isinstance(value.get(key), dict):
                return value[key]
    return value


def _without_prefix(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Drop "module." (DataParallel), "model." or "net." if every name begins with it."""
    for prefix in ("module.", "model.", "net.", "_orig_mod."):
        if all(name.startswith(prefix) for name in state):
            return {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state
