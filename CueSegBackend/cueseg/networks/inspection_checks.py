"""The checks of `inspect_network`; each reports by `add(level, text, remedy)`."""

import time
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from math import prod

import torch
from torch import Tensor

from cueseg.networks.layers import LayerInfo
from cueseg.networks.network import SegmentationNetwork, full_resolution
from cueseg.networks.probing import (
    FORWARD_ERRORS,
    first_line,
    guess_dims,
    guess_in_channels,
    noise_shapes,
    probe,
    run_on_noise,
)

__all__ = ["check_card_fits", "check_run", "check_use"]

Add = Callable[..., None]

_PATIENCE = 1_000_000  # voxels of a patch on which a network that ran on a small one is run as well
_BACKGROUND = ("background", "bg", "none", "other", "outside", "0")


def check_card_fits(network: SegmentationNetwork, layers: Sequence[LayerInfo], add: Add) -> bool:
    """Compare the card with the layers, as far as they tell; whether running makes sense."""
    card, fits = network.card, True
    found: dict[str, int] = {}
    for name, guess in (("dims", guess_dims), ("in_channels", guess_in_channels)):
        try:
            found[name] = guess(network.module)
        except ValueError:
            return True  # no kernels to be seen: frozen, or another kind of network
    if found["dims"] != card.dims:
        fits = False
        add(
            "error",
            f"The card's field dims is {card.dims}, the first convolution has {found['dims']} spatial axes.",
            f"Set dims to {found['dims']} in the card.",
        )
    elif found["in_channels"] != card.in_channels and _fails(network, card.in_channels):
        fits = False
        add(
            "error",
            f"The card's field in_channels is {card.in_channels}, the first convolution takes "
            f"{found['in_channels']}.",
            f"Set in_channels to {found['in_channels']} in the card.",
        )
    names = [layer.name for layer in layers]
    for wanted in network.card.tail:
        if not any(name == wanted or name.startswith(f"{wanted}.") for name in names):
            close = get_close_matches(wanted, names, n=1)
            hint = f"e.g. {close[0]!r}" if close else f"the last ones are {', '.join(names[-3:])}"
            add(
                "error",
                f"The card's field tail names {wanted!r}, which is no layer.",
                f"Name a layer, {hint}.",
            )
    return fits


def _fails(network: SegmentationNetwork, channels: int) -> bool:
    for shape in noise_shapes(network.card):
        try:
            run_on_noise(network.module, channels, shape)
        except FORWARD_ERRORS:
            continue
        return False
    return True


def check_run(network: SegmentationNetwork, add: Add) -> None:
    """Run on noise of a small size and of the patch, and look at what comes out."""
    card, complaint, logits = network.card, "", None
    shapes = noise_shapes(card)
    for shape in shapes:
        if logits is not None and prod(shape) > _PATIENCE:
            break
        start = time.perf_counter()
        try:
            output = run_on_noise(network.module, card.in_channels, shape)
        except FORWARD_ERRORS as error:
            complaint = f"A dry run on {_times(shape)} voxels failed: {first_line(error)}."
            if shape == card.patch_size:
                logits = None
            continue
        seconds = time.perf_counter() - start
        logits = _logits(output, card.dims, add)
        if logits is None:
            return
        if tuple(logits.shape[2:]) != tuple(shape):
            complaint, logits = (
                f"An input of {_times(shape)} gave an output of {_times(logits.shape[2:])}.",
                None,
            )
            continue
        add("ok", f"A dry run on {_times(shape)} voxels took {seconds:.1f} seconds.")
    if logits is None:
        add("error", complaint, _size_remedy(network))
        return
    _check_logits(network, logits, add)


def _logits(output: object, dims: int, add: Add) -> Tensor | None:
    try:
        logits = full_resolution(output)
    except ValueError as error:
        add("error", f"{error}.")
        return None
    if logits.ndim != dims + 2:
        add(
            "error",
            f"The output has shape {_times(logits.shape)}, that is {logits.ndim} axes; a map of {dims + 2} axes, "
            "batch, class and space, is needed.",
            "Give a network that segments: one score for each class and voxel.",
        )
        return None
    return logits


def _size_remedy(network: SegmentationNetwork) -> str:
    card = network.card
    try:
        found = probe(network.module, card.dims, card.in_channels, full_resolution)
    except ValueError:
        return (
            "Set patch_size in the card to the size the network was trained on, and check in_channels and dims; pad "
            "inside the network if its output is smaller than its input."
        )
    if card.patch_size is not None and any(side % found.multiple for side in card.patch_size):
        return (
            f"Set patch_size in the card to multiples of {found.multiple}, and multiple to {found.multiple}."
        )
    return f"Set multiple to {found.multiple} in the card."


def _check_logits(network: SegmentationNetwork, logits: Tensor, add: Add) -> None:
    card, channels = network.card, int(logits.shape[1])
    if channels != card.out_channels:
        count = channels + (card.activation == "sigmoid")
        other = "sigmoid" if card.activation == "softmax" else "softmax"
        swap = channels + (other == "sigmoid") == len(card.classes)
        add(
            "error",
            f"The output has {channels} channels; {len(card.classes)} classes with {card.activation} need "
            f"{card.out_channels}.",
            f"Set activation to {other} in the card, or list {count} classes, the background first."
            if swap
            else f"List {count} names in the card's field classes, the background first.",
        )
        return
    if not torch.isfinite(logits).all():
        add("error", "The output holds NaN or infinite values.", "Check the weights, or train again.")
        return
    add("ok", f"The output has {channels} channels and the input's size, and is finite.")
    low, high = float(logits.min()), float(logits.max())
    sums = logits.sum(dim=1)
    if low >= 0 and high <= 1 and (channels == 1 or torch.allclose(sums, torch.ones_like(sums), atol=1e-3)):
        add(
            "warning",
            "The output looks like probabilities rather than logits, as if the network ended in softmax or sigmoid.",
            "Save the network without its last activation: it would be applied twice.",
        )


def check_use(network: SegmentationNetwork, add: Add) -> None:
    """What a user should know: refinement, speed, steadiness, names and licence."""
    card = network.card
    if network.refinable:
        add("warning", f"{network.refinable[:1].upper()}{network.refinable[1:]}.")
    elif not network.cuttable:
        add(
            "warning",
            "The network cannot be cut into parts: the whole of it runs in every iteration of a refinement, slowly.",
            "Save its weights with a card that names the architecture, if that is one of those known here.",
        )
    if card.classes[0].strip().lower() not in _BACKGROUND:
        add(
            "warning",
            f"The first class is called {card.classes[0]!r}, and class 0 is taken for the background.",
            "Begin the card's field classes with the background.",
        )
    if not card.licence:
        add(
            "warning",
            "The licence of the weights is not known.",
            "Ask its authors, and write it into the card.",
        )


def _times(numbers: Sequence[int]) -> str:
    return " by ".join(map(str, numbers))
