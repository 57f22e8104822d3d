"""From a finished run of a segmentation network to a file with a complete card."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cueseg.networks import NetworkCard, SegmentationNetwork, load_network, save_network

__all__ = ["export_network"]

_log = logging.getLogger(__name__)


def export_network(
    recipe: Any,
    recipe_file: str,
    folder: Path,
    target: Path,
    model: nn.Module,
    card: NetworkCard,
    measure: Callable[[SegmentationNetwork], dict[str, Any]],
    **training: Any,
) -> NetworkCard:
    """Write the best weights of a run, measured on the split val as they are read back from the file.

    Args:
        recipe: Of the run.
        recipe_file: Name of its file, for the card.
        folder: Of the run.
        target: The .pt file to write; its card comes beside it.
        model: The network, whose weights are replaced.
        card: Its card, without where it comes from and how good it is.
        measure: The card's metrics.
        **training: More for the card about the training.

    Returns:
        The card as written.

    Raises:
        ValueError: The run has no best weights yet.
    """
    best = folder / "best.pt"
    if not best.exists():
        raise ValueError(f"{folder} holds no best.pt: train first")
    model.load_state_dict(torch.load(best, weights_only=True, map_location="cpu"))
    card = replace(card, training=_training(recipe, recipe_file) | training)
    save_network(target, model.eval(), card)
    network = load_network(target)
    card = save_network(target, network.module, replace(card, metrics=measure(network)))
    _log.info("%s written, SHA-256 %s", target, card.sha256)
    return card


def _training(recipe: Any, recipe_file: str) -> dict[str, Any]:
    values = {
        "data": recipe.data,
        "split": "weights from the split train, choice of the step from the split val",
        "recipe": recipe_file,
        "seed": recipe.seed,
        "steps": recipe.steps,
    }
    return values | ({"notes": recipe.notes} if recipe.notes else {})
