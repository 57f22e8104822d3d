"""`python -m cueseg train RECIPE`: train, validate, and write weights with their card."""

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from cueseg.predictor import ExtremePointPredictor
from cueseg.training.box_run import BOX_RECIPES
from cueseg.training.case_store import stored_cases
from cueseg.training.cases import read_manifest
from cueseg.training.config import Recipe, read_recipe
from cueseg.training.dense_run import DENSE_RECIPES
from cueseg.training.export import card_of, export
from cueseg.training.monitoring_run import MONITORING_RECIPES
from cueseg.training.points_run import POINTS_RECIPES
from cueseg.training.ranks import Ranks
from cueseg.training.recipe_run import Kind, run_recipe
from cueseg.training.recipe_values import kind_of
from cueseg.training.trainer import Trainer
from cueseg.training.validation import CLICKS, Item, score, segment_with, validation_items
from cueseg.weights_file import LoadedModel, WeightsCard

__all__ = ["KINDS", "Validation", "run"]


def run(options: argparse.Namespace) -> int:
    """Train (or go on training) and report; with `--export` write the weights file of a finished run."""
    overrides = _overrides(options.set)
    if options.name:
        overrides["name"] = options.name
    where = {"output": options.output, "minutes": options.minutes, "export": options.export}
    kind = kind_of(options.recipe)
    if kind not in KINDS:
        names = ", ".join(repr(name) for name in KINDS if name)
        raise ValueError(f"{options.recipe}: kind is {kind!r}; it must be one of {names}, or left out")
    return run_recipe(KINDS[kind], options.recipe, **where, **overrides)


def _trainer(recipe: Recipe, folder: Path, ranks: Ranks) -> Trainer:
    items = _items(recipe) if ranks.first else []
    validation = Validation(recipe, items, str(ranks.device(recipe.device)))
    return Trainer(recipe, stored_cases(recipe.manifest, "train", recipe), validation, folder)


def _export(recipe: Recipe, _: str, folder: Path, target: Path) -> WeightsCard:
    return export(recipe, folder, target, _items(recipe))


def _items(recipe: Recipe) -> list[Item]:
    """What is validated on; the split test is never read."""
    items = validation_items(read_manifest(recipe.manifest, "val"))
    if not items:
        raise ValueError(f"{recipe.manifest} holds nothing to validate on: give some image the split 'val'")
    return items


class Validation:
    """Dice per column, with exact and with disturbed clicks, and what the recipe wants the trainer to maximise."""

    def __init__(self, recipe: Recipe, items: list[Item], device: str = "auto") -> None:
        self.recipe, self.items, self.device = recipe, items, device

    def __call__(self, model: nn.Module, size: int) -> tuple[float, dict[str, Any]]:
        """The recipe's metric, and the mean of every column with every kind of clicks."""
        predictor = ExtremePointPredictor(LoadedModel(model, card_of(self.recipe, size)), device=self.device)
        segment = segment_with(predictor)
        columns = {}
        for kind in CLICKS:
            scores = score(self.items, segment, kind)
            columns[kind] = {name: round(float(np.mean(values)), 4) for name, values in scores.items()}
        return _metric(self.recipe.metric, columns), columns


def _metric(name: str, columns: dict[str, dict[str, float]]) -> float:
    """Mean over the columns of one kind of clicks, of all, or the lowest column."""
    kinds = [name] if name in columns else list(columns)
    values = [value for kind in kinds for value in columns[kind].values()]
    return min(values) if name == "worst" else math.fsum(values) / len(values)


def _overrides(pairs: list[str]) -> dict[str, Any]:
    import tomllib

    return {key: value for pair in pairs for key, value in tomllib.loads(pair).items()}


KINDS = {
    "dense": DENSE_RECIPES,
    "box": BOX_RECIPES,
    "points": POINTS_RECIPES,
    "monitoring": MONITORING_RECIPES,
    "": Kind(read_recipe, _trainer, _export),
}
"""What `kind` a recipe says; weights for extreme points say none."""
