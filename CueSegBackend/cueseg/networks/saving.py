"""Writing a network's weights with its card."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from torch import nn

from cueseg.checkpoint_file import as_state_dict, find_mismatch, pack_tensors
from cueseg.networks.architectures import build_network
from cueseg.networks.card import NetworkCard
from cueseg.whole_files import write_whole

__all__ = ["save_network"]


def save_network(path: str | os.PathLike[str], module: nn.Module, card: NetworkCard) -> NetworkCard:
    """Write the weights and, beside them, their card; equal weights give equal bytes.

    Each file appears whole or not at all; after an interruption between them, loading refuses.

    Args:
        path: of the weights, ending in .pt; its folder is made if need be.
        module: network of `card.architecture`, on any device.
        card: its `file` and `sha256` are filled in.

    Returns:
        The card as written.

    Raises:
        ValueError: another ending, a network that is not what the card says, NaN or infinite weights.
    """
    path = Path(path)
    if path.suffix != ".pt":
        raise ValueError(f"{path} must end in .pt: weights with a card are found by that ending")
    state = {name: tensor.detach().cpu().clone() for name, tensor in module.state_dict().items()}
    mismatch = find_mismatch(as_state_dict(state, path), build_network(card).state_dict())
    if mismatch:
        raise ValueError(
            f"the network is not the {card.architecture!r} of its card with {card.in_channels} input and "
            f"{card.out_channels} output channels: {mismatch}. Correct the card"
        )
    data = pack_tensors(state)
    card = replace(card, file=path.name, sha256=hashlib.sha256(data).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
    write_whole(path.with_suffix(".json"), card.to_json().encode())
    return card
