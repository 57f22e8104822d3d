"""Train a network on seven points by its recipe, validate it, and write it with its card."""

from pathlib import Path
from typing import Any

import numpy as np

from cueseg.networks import NetworkCard, SegmentationNetwork
from cueseg.training.network_export import export_network
from cueseg.training.points_cases import points_cases
from cueseg.training.points_recipe import PointsRecipe, read_points_recipe
from cueseg.training.points_trainer import PointsTrainer, card_of, new_model
from cueseg.training.points_validation import PointsValidation, Scores, full_scores
from cueseg.training.ranks import Ranks
from cueseg.training.recipe_run import Kind

__all__ = ["POINTS_RECIPES", "measure_with", "supervision_of", "validation_of"]


def _trainer(recipe: PointsRecipe, folder: Path, ranks: Ranks) -> PointsTrainer:
    validation = validation_of(recipe) if ranks.first else PointsValidation(recipe, [])
    return PointsTrainer(recipe, points_cases(recipe, "train"), validation, folder)


def validation_of(recipe: PointsRecipe) -> PointsValidation:
    """On the images of the split val, or the first of them; the split test is never read."""
    return PointsValidation(recipe, points_cases(recipe, "val")[: recipe.validate_cases or None])


def _export(recipe: PointsRecipe, recipe_file: str, folder: Path, target: Path) -> NetworkCard:
    def measure(network: SegmentationNetwork) -> dict[str, Any]:
        return measure_with(recipe, network)

    model, card = new_model(recipe), card_of(recipe)
    return export_network(recipe, recipe_file, folder, target, model, card, measure, **supervision_of(recipe))


def measure_with(recipe: PointsRecipe, network: SegmentationNetwork) -> dict[str, Any]:
    """For the card: Dice and distances with the true labels of the split val, or what the expanded labels say."""
    cases = points_cases(recipe, "val")
    if recipe.labels == "expanded":
        score, details = PointsValidation(recipe, cases)(network.module)
        what = "agreement with the labels from seven points of the split val; there are no full labels"
        return {"what": what, "val": {recipe.target: {"score": round(score, 4), **details["weak"]}}}
    what = "Dice, 95 % Hausdorff and mean surface distance in mm per image of the split val, distances of those found"
    return {"what": what, "val": {recipe.target: _summary(full_scores(network.module, network.card, cases))}}


def _summary(scores: Scores) -> dict[str, float]:
    """Means and the standard deviation of the Dice; images where nothing was found are counted, with Dice 0."""
    dices = [row["dice"] for row in scores.values()]
    found = [row for row in scores.values() if np.isfinite(row["hd95"])]
    figures = {
        "mean": np.mean(dices),
        "sd": np.std(dices),
        "n": len(dices),
        "missed": len(dices) - len(found),
    }
    figures |= {name: np.mean([row[name] for row in found]) for name in ("hd95", "assd") if found}
    return {
        name: value if isinstance(value, int) else round(float(value), 4) for name, value in figures.items()
    }


def supervision_of(recipe: PointsRecipe) -> dict[str, str]:
    """For the card: what was learned from, and what the best weights were chosen by."""
    labels = {
        "expanded": "expanded from seven points per object",
        "simulated": "expanded from seven points per object, simulated on the true labels",
        "cut": "cut out by seven points per object, simulated on the true labels",
        "true": "true labels of every voxel",
    }[recipe.labels]
    selection = "agreement with the labels and tightness in the boxes on the split val"
    if recipe.selection == "full":
        selection = "Dice with the true labels of the split val"
        if recipe.labels != "true":
            selection += ": full supervision leaks into the choice"
    return {"labels": labels, "selection": selection}


POINTS_RECIPES = Kind(read_points_recipe, _trainer, _export)
"""Recipes with `kind = "points"`."""
