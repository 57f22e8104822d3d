"""Files of one network with a card beside them: weights alone, TorchScript, and archives of torch.export."""

import logging
import re
import warnings
import zipfile
from io import BytesIO
from pathlib import Path

import torch
from torch import nn

from cueseg.checkpoint_file import read_bytes, read_tensors
from cueseg.networks.card import NetworkCard, read_network_card
from cueseg.networks.formats.recognition import ARCHIVE_ERRORS
from cueseg.networks.formats.state_dict import check_digest, load_safetensors, load_state_dict
from cueseg.networks.network import SegmentationNetwork

__all__ = ["CARD_TEMPLATE", "card_for", "load_exported", "load_torchscript", "load_weights"]

CARD_TEMPLATE = """{
  "name": "my-network", "dims": 3, "in_channels": 1, "classes": ["background", "liver"],
  "activation": "softmax", "spacing": [2.0, 1.0, 1.0], "patch_size": [64, 128, 128],
  "intensity": {"kind": "window", "low": -200, "high": 250, "out": [0, 1]}
}"""
"""A card to begin with."""

# The operators of TorchScript that reach files.
_FILE_OPERATORS = re.compile(rb"(?:torch|aten)\.(?:save|from_file)\(")
_log = logging.getLogger(__name__)


def card_for(path: Path, card: NetworkCard | None) -> NetworkCard:
    """The card handed over, or else the one beside the file.

    Raises:
        FileNotFoundError: neither; the message shows a card to begin with.
        ValueError: the card cannot be read, or belongs to another file.
    """
    if card is not None:
        return card
    card_path = path.with_suffix(".json")
    if not card_path.exists():
        raise FileNotFoundError(
            f"{path} has no card {card_path.name} beside it, which says what its input and output mean. Write one, "
            f'adding "architecture" and "model_options" if the file holds weights alone, e.g.:\n{CARD_TEMPLATE}'
        )
    found = read_network_card(card_path)
    if found.file and found.file != path.name:
        raise ValueError(
            f"{card_path} is the card of {found.file}: give that file, or correct the field file"
        )
    return found


def load_weights(path: Path, card: NetworkCard | None) -> SegmentationNetwork:
    """Weights alone (.pt, .pth, .safetensors), for the architecture of the card; see `state_dict`."""
    if path.suffix != ".safetensors":
        _refuse_unreadable(path)
    card = card_for(path, card)
    if path.suffix == ".safetensors":
        return SegmentationNetwork.of(load_safetensors(path, card), card, source="safetensors weights")
    return SegmentationNetwork.of(load_state_dict(path, card), card, source="PyTorch weights")


def _refuse_unreadable(path: Path) -> None:
    """Refuse damaged files and pickled code before asking for a card."""
    read_tensors(read_bytes(path), path)


def load_torchscript(path: Path, card: NetworkCard | None) -> SegmentationNetwork:
    """Load TorchScript.

    `torch.jit.load` runs no Python: its own unpickler knows tensors, plain containers and the classes of the archive
    alone, and the code in the archive is compiled by TorchScript's compiler, which knows TorchScript's operators
    only. Two of these write or map files (`torch.save`, `torch.from_file`); code that names them is refused.

    Raises:
        FileNotFoundError: no card.
        ValueError: damaged, reaching for files, or not the file of its card.
    """
    data = read_bytes(path)
    _refuse_file_operators(data, path)
    card = card_for(path, card)
    check_digest(data, path, card)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # users have such files
            module = torch.jit.load(BytesIO(data), map_location="cpu")
    except RuntimeError as error:
        raise ValueError(f"{path} cannot be read as TorchScript ({_short(error)}): save it again") from error
    return SegmentationNetwork.of(_in_eval(module, path), card, source="TorchScript")


def _refuse_file_operators(data: bytes, path: Path) -> None:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            codes = [name for name in archive.namelist() if name.endswith(".py")]
            found = [name for name in codes if _FILE_OPERATORS.search(archive.read(name))]
    except ARCHIVE_ERRORS as error:
        raise ValueError(f"{path} is damaged or cut short ({error}): download or save it again") from error
    if found:
        raise ValueError(
            f"{path} contains code that reads or writes files ({found[0]}) and will not be run: export the network "
            "without torch.save and torch.from_file in its forward"
        )


def _in_eval(module: nn.Module, path: Path) -> nn.Module:
    try:
        return module.eval()
    except RuntimeError as error:  # frozen modules have no `training` to set
        _log.debug("%s stays as it was saved: %s", path, error)
        return module


def load_exported(path: Path, card: NetworkCard | None) -> SegmentationNetwork:
    """Load an archive of torch.export; see `exported`."""
    from cueseg.networks.formats.exported import read_exported

    module = read_exported(path)
    card = card_for(path, card)
    check_digest(read_bytes(path), path, card)
    return SegmentationNetwork.of(module, card, source="torch.export archive")


def _short(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
