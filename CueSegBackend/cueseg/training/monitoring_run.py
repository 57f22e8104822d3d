"""Train two networks of the first stage on together, and write the first with its card."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from cueseg.networks import NetworkCard, SegmentationNetwork
from cueseg.seven_points.expansion import UNKNOWN
from cueseg.training.monitoring_recipe import MonitoringRecipe, read_monitoring_recipe
from cueseg.training.monitoring_trainer import MonitoringTrainer, Pair, best_weights
from cueseg.training.network_export import export_network
from cueseg.training.points_cases import Word, points_cases
from cueseg.training.points_recipe import PointsRecipe
from cueseg.training.points_run import measure_with, supervision_of, validation_of
from cueseg.training.points_trainer import card_of, new_model, recipe_of_run
from cueseg.training.points_validation import logits_of
from cueseg.training.ranks import Ranks
from cueseg.training.recipe_run import Kind

__all__ = ["MONITORING_RECIPES", "stage_one_of"]

_SHARED = ("manifest", "target", "parts", "labels", "intensity", "selection")


def stage_one_of(recipe: MonitoringRecipe, folder: Path) -> tuple[list[PointsRecipe], list[Path]]:
    """Recipes and folders of the two runs of the first stage, which lie beside the run in `folder`.

    Raises:
        ValueError: A run that is not there or has no weights, or two that were not trained for the same.
    """
    folders = [folder.parent / name for name in (recipe.first, recipe.second)]
    first, second = (recipe_of_run(where) for where in folders)
    for key in _SHARED:
        one, other = getattr(first, key), getattr(second, key)
        if one != other:
            raise ValueError(
                f"{recipe.first} was trained with {key} = {one!r}, {recipe.second} with {other!r}: both networks must "
                "learn the same from the same, only the networks may differ"
            )
    multiple = 2 ** (second.levels - 1)
    if any(side % multiple for side in first.patch):
        raise ValueError(
            f"patches of {recipe.first} have the sides {first.patch}; those that {recipe.second} can take are "
            f"multiples of {multiple}: make its levels fewer, or exchange first and second"
        )
    return [first, second], folders


def _trainer(recipe: MonitoringRecipe, folder: Path, ranks: Ranks) -> MonitoringTrainer:
    recipes, folders = stage_one_of(recipe, folder)
    stage_one = recipes[0]
    pair = Pair.of_runs(recipes, folders)
    word = _word_of(pair, recipes, ranks.device(recipe.device)) if recipe.fill == "cut" else None
    cases = points_cases(stage_one, "train", word)
    if recipe.keep_labels and not any((case.labels >= UNKNOWN).any() for case in cases):
        raise ValueError(
            f"the labels that {recipe.first} learned from leave no voxel unknown, so that its copies have nothing to "
            "teach: train it for longer instead, or set keep_labels = false"
        )
    return MonitoringTrainer(recipe, stage_one, pair, cases, validation_of(stage_one), folder)


def _word_of(pair: Pair, recipes: Sequence[PointsRecipe], device: torch.device) -> Word:
    """The mean of the log-odds of both networks of the first stage, which stay as they are."""
    networks = copy.deepcopy(pair).eval().to(device)
    cards = [card_of(recipe) for recipe in recipes]

    def say(image: NDArray[Any]) -> NDArray[Any]:
        found = [
            logits_of(module, card, image)
            for module, card in zip((networks.first, networks.second), cards, strict=True)
        ]
        return torch.stack([logits[1] - logits[0] for logits in found]).mean(dim=0).numpy()

    return say


def _export(recipe: MonitoringRecipe, recipe_file: str, folder: Path, target: Path) -> NetworkCard:
    (stage_one, second), _ = stage_one_of(recipe, folder)
    named = {name: getattr(recipe, name) for name in ("name", "description", "licence")}
    card = card_of(replace(stage_one, **named))

    def measure(network: SegmentationNetwork) -> dict[str, Any]:
        return measure_with(stage_one, network)

    more = supervision_of(stage_one) | {
        "first stage": [stage_one.name, second.name],
        "second network": second.network,
    }
    where = best_weights(folder, "first").parent
    return export_network(recipe, recipe_file, where, target, new_model(stage_one), card, measure, **more)


MONITORING_RECIPES = Kind(read_monitoring_recipe, _trainer, _export)
"""Recipes with `kind = "monitoring"`."""
