"""Train a network for one object in a box by its recipe, validate it, and write it with its card."""

from pathlib import Path
from typing import Any

from cueseg.networks import NetworkCard, SegmentationNetwork
from cueseg.training.box_objects import box_cases
from cueseg.training.box_recipe import BoxRecipe, read_box_recipe
from cueseg.training.box_trainer import BoxTrainer, card_of, new_model
from cueseg.training.box_validation import BoxValidation
from cueseg.training.network_export import export_network
from cueseg.training.ranks import Ranks
from cueseg.training.recipe_run import Kind

__all__ = ["BOX_RECIPES"]


def _trainer(recipe: BoxRecipe, folder: Path, _: Ranks) -> BoxTrainer:
    validation = BoxValidation(recipe, box_cases(recipe, "val"))
    return BoxTrainer(recipe, box_cases(recipe, "train"), validation, folder)


def _export(recipe: BoxRecipe, recipe_file: str, folder: Path, target: Path) -> NetworkCard:
    validation = BoxValidation(recipe, box_cases(recipe, "val"))

    def measure(network: SegmentationNetwork) -> dict[str, Any]:
        _, scores = validation(network.module)
        margin = f"a margin of {recipe.validate_margin} px"
        return {
            "what": f"Dice within the box of an object of the split val, {margin}: mean, standard deviation, n",
            "val": scores["classes"],
            "val, classes not trained on": scores["held out"],
        }

    model, card, without = new_model(recipe), card_of(recipe), list(recipe.without)
    return export_network(recipe, recipe_file, folder, target, model, card, measure, without=without)


BOX_RECIPES = Kind(read_box_recipe, _trainer, _export)
"""Recipes with `kind = "box"`."""
