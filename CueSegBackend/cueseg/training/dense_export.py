"""From a finished run of a dense network to a file with a complete card."""

import logging
from dataclasses import replace
from pathlib import Path

import torch

from cueseg.networks import load_network
from cueseg.networks.card import NetworkCard
from cueseg.networks.saving import save_network
from cueseg.training.dense_recipe import DenseRecipe
from cueseg.training.dense_samples import DenseCase
from cueseg.training.dense_trainer import new_model
from cueseg.training.dense_validation import Predictor, card_of, dice_per_class, summary

_log = logging.getLogger(__name__)


def export_network(
    recipe: DenseRecipe, recipe_file: str, folder: Path, target: Path, validation: list[DenseCase]
) -> NetworkCard:
    """Write the best weights of a run, measured on the validation images as they are read back from the file.

    Args:
        recipe: Of the run.
        recipe_file: Name of its file, for the card.
        folder: Of the run.
        target: The .pt file to write; its card comes beside it.
        validation: Images to measure on.

    Returns:
        The card as written.

    Raises:
        ValueError: The run has no best weights yet.
    """
    best = folder / "best.pt"
    if not best.exists():
        raise ValueError(f"{folder} holds no best.pt: train first")
    model = new_model(recipe)
    model.load_state_dict(torch.load(best, weights_only=True, map_location="cpu"))
    card = replace(card_of(recipe), training=_training(recipe, recipe_file))
    save_network(target, model.eval(), card)
    network = load_network(target)
    predict = Predictor(network.module, network.card)
    classes = summary(dice_per_class(validation, recipe.class_names, predict))
    metrics = {
        "what": "Dice per image of the split val: mean, standard deviation, n",
        "val": classes,
    }
    card = save_network(target, network.module, replace(card, metrics=metrics))
    _log.info("%s written, SHA-256 %s", target, card.sha256)
    return card


def _training(recipe: DenseRecipe, recipe_file: str) -> dict[str, str | int]:
    values: dict[str, str | int] = {
        "data": recipe.data,
        "split": "weights from the split train, choice of the step from the split val",
        "recipe": recipe_file,
        "seed": recipe.seed,
        "steps": recipe.steps,
    }
    return values | ({"notes": recipe.notes} if recipe.notes else {})
