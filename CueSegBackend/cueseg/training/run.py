"""`python -m cueseg train RECIPE`: train, validate, and write weights with their card."""

import argparse
import logging
import math
import time
from typing import Any

import numpy as np
from torch import nn

from cueseg.predictor import ExtremePointPredictor
from cueseg.training.box_recipe import is_box_recipe
from cueseg.training.box_run import run_box_recipe
from cueseg.training.case_store import stored_cases
from cueseg.training.cases import read_manifest
from cueseg.training.config import Recipe, read_recipe
from cueseg.training.dense_recipe import is_dense_recipe
from cueseg.training.dense_run import run_dense_recipe
from cueseg.training.export import card_of, export
from cueseg.training.ranks import joined_ranks
from cueseg.training.trainer import Trainer
from cueseg.training.validation import CLICKS, Item, score, segment_with, validation_items
from cueseg.weights_file import LoadedModel

_log = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> int:
    """Train (or go on training) and report; with `--export` write the weights file of a finished run."""
    overrides = _overrides(options.set)
    if options.name:
        overrides["name"] = options.name
    if is_dense_recipe(options.recipe):
        return run_dense_recipe(
            options.recipe,
            output=options.output,
            minutes=options.minutes,
            export=options.export,
            **overrides,
        )
    if is_box_recipe(options.recipe):
        return run_box_recipe(
            options.recipe,
            output=options.output,
            minutes=options.minutes,
            export=options.export,
            **overrides,
        )
    recipe = read_recipe(options.recipe, **overrides)
    folder = options.output / recipe.name
    if options.export:
        export(recipe, folder, options.export, _items(recipe))
        return 0
    until = time.monotonic() + options.minutes * 60
    with joined_ranks(recipe.device) as ranks:
        validation = Validation(
            recipe, _items(recipe) if ranks.first else [], str(ranks.device(recipe.device))
        )
        cases = stored_cases(recipe.manifest, "train", recipe)
        trainer = Trainer(recipe, cases, validation, folder)
        best = trainer.run(until)
        if ranks.first:
            report = "%s: step %d of %d, best validation Dice %.4f"
            _log.info(report, recipe.name, trainer.step, recipe.steps, best)
    return 0


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
