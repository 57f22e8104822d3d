"""`python -m cueseg train RECIPE`: train, validate, and write weights with their card."""

import argparse
import logging
import time
from typing import Any

import numpy as np
from torch import nn

from cueseg.predictor import ExtremePointPredictor
from cueseg.training.cases import read_manifest
from cueseg.training.config import Recipe, read_recipe
from cueseg.training.dense_recipe import is_dense_recipe
from cueseg.training.dense_run import run_dense_recipe
from cueseg.training.export import card_of, export
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
    recipe = read_recipe(options.recipe, **overrides)
    folder = options.output / recipe.name
    until = time.monotonic() + options.minutes * 60
    cases = read_manifest(recipe.manifest)
    items = validation_items([case for case in cases if case.split == "val"])
    if not items:
        raise ValueError(f"{recipe.manifest} holds nothing to validate on: give some image the split 'val'")
    if options.export:
        export(recipe, folder, options.export, items)
        return 0
    training = [case for case in cases if case.split == "train"]
    trainer = Trainer(recipe, training, Validation(recipe, items), folder)
    best = trainer.run(until)
    _log.info("%s: step %d of %d, best validation Dice %.4f", recipe.name, trainer.step, recipe.steps, best)
    return 0


class Validation:
    """Mean Dice over the columns, exact and disturbed clicks, for the trainer to maximise."""

    def __init__(self, recipe: Recipe, items: list[Item]) -> None:
        self.recipe, self.items = recipe, items

    def __call__(self, model: nn.Module, size: int) -> tuple[float, dict[str, Any]]:
        """Mean Dice over columns and kinds of clicks, and the mean of every column."""
        predictor = ExtremePointPredictor(LoadedModel(model, card_of(self.recipe, size)), device="auto")
        segment = segment_with(predictor)
        columns = {}
        for kind in CLICKS:
            scores = score(self.items, segment, kind)
            columns[kind] = {name: round(float(np.mean(values)), 4) for name, values in scores.items()}
        mean = float(np.mean([list(values.values()) for values in columns.values()]))
        return mean, columns


def _overrides(pairs: list[str]) -> dict[str, Any]:
    import tomllib

    return {key: value for pair in pairs for key, value in tomllib.loads(pair).items()}
