"""Weights in the layout of DEXTR's checkpoints (Maninis et al. 2018), which Khan & Shahin 2019 start from."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from cueseg.checkpoint_file import as_state_dict, find_mismatch, read_bytes, read_tensors
from cueseg.models import IN_CHANNELS, create_model
from cueseg.weights_card import WeightsCard

__all__ = ["ConversionReport", "convert_dextr_checkpoint", "dextr_card"]

ARCHITECTURE = "psp-resnet101"
NEW_CHANNELS = ("cue", "zeros")

_PREFIX = "module."
_COUNTER = "num_batches_tracked"
_CUES = {3: "none", 4: "ep", 5: "cm+ep"}


@dataclass(frozen=True)
class ConversionReport:
    """What was found in a checkpoint and what was done to it.

    Attributes:
        path: the checkpoint.
        tensors: number of tensors in it, 547 or 656.
        wrapped: whether they were in an entry ``state_dict``.
        prefixed: whether their names began with ``module.``.
        counters_added: batch counters that the file lacks, 109 (PyTorch 0.3) or 0.
        file_channels: input channels of the file.
        in_channels: input channels of the network.
        new_channel: "cue" or "zeros" where a fifth channel was added, else "".
    """

    path: Path
    tensors: int
    wrapped: bool
    prefixed: bool
    counters_added: int
    file_channels: int
    in_channels: int
    new_channel: str


def convert_dextr_checkpoint(
    path: str | os.PathLike[str], in_channels: int = 4, *, new_channel: str = "cue"
) -> tuple[nn.Module, ConversionReport]:
    """Read a checkpoint into ``psp-resnet101``; no code in it is run.

    The file holds 547 tensors, or 656 with batch counters; bare or in an entry ``state_dict`` of a training
    checkpoint; with or without the prefix ``module.``. All counters may be missing, nothing else.

    A file of 4 channels (colour, cue) also gives a network of 5 (colour, two cues), a start for training: the
    fifth channel is a copy of the cue's, or zeros, with which it is ignored until trained. Other changes of
    channels are refused, as they would silently change what the network sees.

    Args:
        path: of the checkpoint.
        in_channels: channels wanted, 3, 4 or 5.
        new_channel: "cue" or "zeros".

    Returns:
        The network, in eval mode, float32 on the CPU, and the report.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a damaged file or one with code; tensors missing, unexpected or of another shape (all
            named); channels that cannot be converted.
    """
    if type(in_channels) is not int or in_channels not in IN_CHANNELS:
        raise ValueError(f"in_channels={in_channels!r} is not supported: use 3, 4 or 5")
    if new_channel not in NEW_CHANNELS:
        raise ValueError(f"new_channel={new_channel!r} is not known: use {' or '.join(NEW_CHANNELS)}")
    path = Path(path)
    state, wrapped, prefixed = _read(path)
    tensors = len(state)
    file_channels = _file_channels(state, in_channels)
    counters = _complete(state, file_channels, path)
    grown = _convert_channels(state, file_channels, in_channels, new_channel, path)
    model = _skeleton(in_channels)
    model.load_state_dict(state, assign=True)
    return model.eval(), ConversionReport(
        path, tensors, wrapped, prefixed, counters, file_channels, in_channels, new_channel if grown else ""
    )


def _read(path: Path) -> tuple[dict[str, Tensor], bool, bool]:
    """Tensors by their plain names, whether they were wrapped, whether their names were prefixed."""
    checkpoint = read_tensors(read_bytes(path), path)
    wrapped = isinstance(checkpoint, Mapping) and "state_dict" in checkpoint
    state = as_state_dict(checkpoint["state_dict"] if wrapped else checkpoint, path)
    prefixed = all(name.startswith(_PREFIX) for name in state)
    if prefixed:
        state = {name.removeprefix(_PREFIX): tensor for name, tensor in state.items()}
    return state, wrapped, prefixed


def _file_channels(state: dict[str, Tensor], fallback: int) -> int:
    """Channels of the first kernel; `fallback` where it is missing or absurd, to be refused later."""
    kernel = state.get("conv1.weight")
    known = kernel is not None and kernel.ndim == 4 and kernel.shape[1] in IN_CHANNELS
    return kernel.shape[1] if known else fallback


def _skeleton(in_channels: int) -> nn.Module:
    """The network without memory for its weights, for shapes and to assign to."""
    with torch.device("meta"):
        return create_model(ARCHITECTURE, in_channels)


def _complete(state: dict[str, Tensor], in_channels: int, path: Path) -> int:
    """Add the batch counters if all are missing; refuse any other difference. Returns how many were added."""
    expected = _skeleton(in_channels).state_dict()
    counters = [name for name in expected if name.endswith(_COUNTER)]
    added = 0
    if not any(name in state for name in counters):
        state.update({name: torch.zeros((), dtype=torch.int64) for name in counters})
        added = len(counters)
    mismatch = find_mismatch(state, expected)
    if mismatch:
        raise ValueError(
            f"{path} is not a DEXTR checkpoint of {in_channels} channels: {mismatch}. "
            f"It must hold the {len(expected) - len(counters)} or {len(expected)} tensors of {ARCHITECTURE!r}"
        )
    return added


def _convert_channels(
    state: dict[str, Tensor], file_channels: int, in_channels: int, new_channel: str, path: Path
) -> bool:
    """Grow the first kernel from 4 to 5 channels if asked; refuse other changes. Returns whether it grew."""
    if file_channels == in_channels:
        return False
    if (file_channels, in_channels) != (4, 5):
        reason = "has no cue channel to start from" if file_channels == 3 else "would lose a cue it relies on"
        options = "4 or 5" if file_channels == 4 else f"{file_channels}"
        raise ValueError(
            f"{path} has {file_channels} input channels and cannot become a network of {in_channels}: "
            f"it {reason}; use in_channels={options}"
        )
    kernel = state["conv1.weight"]
    cue = kernel[:, 3:4]
    state["conv1.weight"] = torch.cat([kernel, cue if new_channel == "cue" else torch.zeros_like(cue)], dim=1)
    return True


def dextr_card(name: str, licence: str, in_channels: int = 4) -> WeightsCard:
    """The card of converted weights: how DEXTR crops, what it expects as input, and its threshold.

    Crop stretched to 512x512 with a margin of 50 pixels, Gaussians at the extreme points, red, green and blue
    in 0..255 without normalisation, threshold 0.8.

    Args:
        name: name of the weights.
        licence: of the checkpoint, from where it was published.
        in_channels: as given to `convert_dextr_checkpoint`.

    Raises:
        ValueError: other channels than 3, 4 or 5.
    """
    if in_channels not in _CUES:
        raise ValueError(f"in_channels={in_channels!r} is not supported: use 3, 4 or 5")
    return WeightsCard(
        name=name,
        architecture=ARCHITECTURE,
        licence=licence,
        in_channels=in_channels,
        cue=_CUES[in_channels],
        crop_mode="stretch",
        crop_margin=50,
        input_size=512,
        threshold=0.8,
        description="Converted from a DEXTR checkpoint; sees colours in 0..255 without normalisation.",
    )
