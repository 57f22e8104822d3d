"""Train a dense network by its recipe, validate it, and write it with its card."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from cueseg.networks import NetworkCard, SegmentationNetwork
from cueseg.training.case_store import stored_cases
from cueseg.training.dense_recipe import DenseRecipe, read_dense_recipe
from cueseg.training.dense_samples import DenseCase, dense_case
from cueseg.training.dense_trainer import DenseTrainer, new_model
from cueseg.training.dense_validation import Predictor, card_of, dice_per_class, metric_of, summary
from cueseg.training.network_export import export_network
from cueseg.training.ranks import Ranks
from cueseg.training.recipe_run import Kind

__all__ = ["DENSE_RECIPES", "Validation", "dense_cases"]


def _to_validate_on(recipe: DenseRecipe) -> Sequence[DenseCase]:
    """The split val; the split test is never read."""
    cases = dense_cases(recipe, "val")
    if not cases:
        raise ValueError(f"{recipe.manifest} holds nothing to validate on: give some image the split 'val'")
    return cases


def dense_cases(recipe: DenseRecipe, split: str) -> Sequence[DenseCase]:
    """The images of a split that have classes of the recipe, in memory or read when needed."""
    wanted = {name for names in recipe.classes.values() for name in names}
    return stored_cases(recipe.manifest, split, recipe, partial(dense_case, recipe=recipe), wanted)


class Validation:
    """Mean over the classes of the mean Dice, or the lowest of them, for the trainer to maximise."""

    def __init__(self, recipe: DenseRecipe, cases: Sequence[DenseCase]) -> None:
        self.recipe, self.cases = recipe, cases

    def __call__(self, model: nn.Module) -> tuple[float, dict[str, Any]]:
        """The recipe's metric and, per class, mean, standard deviation and count."""
        predict = Predictor(model, card_of(self.recipe))
        classes = summary(dice_per_class(self.cases, self.recipe.class_names, predict))
        return metric_of(classes, self.recipe.metric), {"classes": classes}


def _trainer(recipe: DenseRecipe, folder: Path, ranks: Ranks) -> DenseTrainer:
    validation = Validation(recipe, _to_validate_on(recipe) if ranks.first else [])
    return DenseTrainer(recipe, dense_cases(recipe, "train"), validation, folder)


def _export(recipe: DenseRecipe, recipe_file: str, folder: Path, target: Path) -> NetworkCard:
    def measure(network: SegmentationNetwork) -> dict[str, Any]:
        predict = Predictor(network.module, network.card)
        classes = summary(dice_per_class(_to_validate_on(recipe), recipe.class_names, predict))
        return {"what": "Dice per image of the split val: mean, standard deviation, n", "val": classes}

    return export_network(recipe, recipe_file, folder, target, new_model(recipe), card_of(recipe), measure)


DENSE_RECIPES = Kind(read_dense_recipe, _trainer, _export)
"""Recipes with `kind = "dense"`."""
