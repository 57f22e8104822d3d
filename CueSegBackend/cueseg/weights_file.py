"""Weights with their card: save, list, and load them after checking that they are what the card says.

Importing this file and `list_models` need no torch: a panel can offer the models before torch is installed.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from cueseg.models import create_model
from cueseg.weights_card import WeightsCard
from cueseg.whole_files import write_whole

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["DEFAULT_MODEL", "LoadedModel", "WeightsCard", "list_models", "load_model", "save_model"]

DEFAULT_MODEL = "compact-cm"
"""The shipped weights that "default" stands for."""

WEIGHTS_FOLDER = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class LoadedModel:
    """A network with its weights, in eval mode on the CPU, and the card that says how to use it."""

    model: nn.Module
    card: WeightsCard


def list_models() -> list[WeightsCard]:
    """Cards of the shipped weights, the default first, then by name.

    Raises:
        ValueError: a card that cannot be read.
    """
    cards = [_read_card(path) for path in sorted(WEIGHTS_FOLDER.glob("*.json"))]
    return sorted(cards, key=lambda card: card.name != DEFAULT_MODEL)


def load_model(name_or_path: str | os.PathLike[str] = "default") -> LoadedModel:
    """Load weights that match their card.

    Args:
        name_or_path: "default", the name of shipped weights, or the path of a .pt file beside its card.

    Returns:
        The network in eval mode, float32 on the CPU, and its card.

    Raises:
        FileNotFoundError: no weights file, or no card beside it.
        ValueError: an unknown name; a card or file that is damaged, altered, or of another network; a file
            that contains code (which is not run). The message says what to do.
    """
    from cueseg.checkpoint_file import as_state_dict, find_mismatch, read_bytes, read_tensors

    path, card = _find(name_or_path)
    data = read_bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    if digest != card.sha256:
        raise ValueError(
            f"{path} does not match its card: its SHA-256 is {digest}, the card says "
            f"{card.sha256 or 'nothing'}. The file was changed or only partly copied: restore both files, or "
            "save the model again"
        )
    state = as_state_dict(read_tensors(data, path), path)
    model = _new_model(card)
    mismatch = find_mismatch(state, model.state_dict())
    if mismatch:
        raise ValueError(
            f"{path} does not fit {card.architecture!r} with {card.in_channels} channels and options "
            f"{card.model_options}: {mismatch}. Correct the card, or save the model again"
        )
    model.load_state_dict(state)
    return LoadedModel(model.eval(), card)


def save_model(
    path: str | os.PathLike[str], model: nn.Module, card: WeightsCard, *, half: bool = False
) -> WeightsCard:
    """Write the weights in their precision and, beside them, their card; equal weights give equal bytes.

    Each file appears whole or not at all; after an interruption between them, loading refuses.

    Args:
        path: of the weights, ending in .pt; its folder is made if need be.
        model: network of `card.architecture`, on any device.
        card: its `file` and `sha256` are filled in.
        half: store kernels and matrices as float16; vectors (batch norm, biases) keep their precision:
            their range is wide and they take no space.

    Returns:
        The card as written.

    Raises:
        ValueError: another ending, a network that is not what the card says, NaN or infinite weights.
    """
    from cueseg.checkpoint_file import as_state_dict, find_mismatch, pack_tensors

    path = Path(path)
    if path.suffix != ".pt":
        raise ValueError(f"{path} must end in .pt: weights are found by that ending")
    state = {name: tensor.cpu().clone() for name, tensor in model.state_dict().items()}
    mismatch = find_mismatch(as_state_dict(state, path), _new_model(card).state_dict())
    if mismatch:
        raise ValueError(f"the network is not the {card.architecture!r} of its card: {mismatch}")
    data = pack_tensors(_halve(state, path) if half else state)
    card = replace(card, file=path.name, sha256=hashlib.sha256(data).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
    write_whole(path.with_suffix(".json"), card.to_json().encode())
    return card


def _find(name_or_path: str | os.PathLike[str]) -> tuple[Path, WeightsCard]:
    if not isinstance(name_or_path, str | os.PathLike):
        raise ValueError(f"{name_or_path!r} is no model: give a name, or the path of a .pt file")
    path = Path(name_or_path)
    if (
        isinstance(name_or_path, str)
        and path.name == name_or_path
        and path.suffix not in (".pt", ".pth", ".json")
    ):
        card = _shipped_card(name_or_path)
        return WEIGHTS_FOLDER / card.file, card
    if path.suffix == ".json":
        raise ValueError(f"{path} is a card: give the weights file {path.with_suffix('.pt').name} beside it")
    card_path = path.with_suffix(".json")
    if path.exists() and not card_path.exists():
        raise FileNotFoundError(
            f"{path} has no card {card_path.name} beside it: copy both files, or make them with save_model "
            "(convert_dextr_checkpoint reads weights of DEXTR)"
        )
    if not path.exists():
        raise FileNotFoundError(f"no weights file {path}: check the path, or give a name of list_models()")
    return path, _read_card(card_path)


def _shipped_card(name: str) -> WeightsCard:
    name = DEFAULT_MODEL if name == "default" else name
    names = [path.stem for path in sorted(WEIGHTS_FOLDER.glob("*.json"))]
    if name not in names:
        close = get_close_matches(name, names, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ValueError(
            f"no shipped weights {name!r}{hint}: there is {', '.join(names) or 'none'}; for your own file "
            "give its path, ending in .pt"
        )
    return _read_card(WEIGHTS_FOLDER / f"{name}.json")


def _read_card(path: Path) -> WeightsCard:
    try:
        return WeightsCard.from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _new_model(card: WeightsCard) -> nn.Module:
    """Build the network without touching the caller's random numbers."""
    import torch

    with torch.random.fork_rng(devices=[]):
        return create_model(card.architecture, card.in_channels, **card.model_options)


def _halve(state: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    halved = {name: tensor.half() if tensor.ndim > 1 else tensor for name, tensor in state.items()}
    too_large = [name for name, tensor in halved.items() if not tensor.isfinite().all()]
    if too_large:
        raise ValueError(f"{path}: {', '.join(too_large)} exceed the range of float16: save with half=False")
    return halved
