"""Train a dense network by its recipe, validate it, and write it with its card."""

import logging
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from cueseg.training.cases import read_manifest
from cueseg.training.dense_recipe import DenseRecipe, read_dense_recipe
from cueseg.training.dense_samples import DenseCase, dense_case
from cueseg.training.dense_trainer import DenseTrainer
from cueseg.training.dense_validation import Predictor, card_of, dice_per_class, summary

_log = logging.getLogger(__name__)


def run_dense_recipe(
    path: str | Path,
    *,
    output: str | Path = "runs",
    minutes: float = math.inf,
    export: str | Path | None = None,
    **overrides: Any,
) -> int:
    """Train (or go on training); with `export` only write the network of a run.

    Args:
        path: Recipe (TOML, `kind = "dense"`).
        output: Folder of the runs; the run is the folder in it with the name of the recipe.
        minutes: Stop after so many minutes; the next call goes on.
        export: A .pt file to write with its card, measured on the validation images.
        **overrides: Replace values of the recipe.

    Returns:
        0, the exit code.

    Raises:
        ValueError: A mistake in the recipe or the manifest, nothing to train or to validate on, no run to export.
    """
    recipe = read_dense_recipe(path, **overrides)
    until = time.monotonic() + minutes * 60
    folder = Path(output) / recipe.name
    validation = dense_cases(recipe, "val")
    if not validation:
        raise ValueError(f"{recipe.manifest} holds nothing to validate on: give some image the split 'val'")
    if export is not None:
        from cueseg.training.dense_export import export_network

        export_network(recipe, Path(path).name, folder, Path(export), validation)
        return 0
    training = dense_cases(recipe, "train")
    trainer = DenseTrainer(recipe, training, Validation(recipe, validation), folder)
    best = trainer.run(until)
    _log.info("%s: step %d of %d, best validation Dice %.4f", recipe.name, trainer.step, recipe.steps, best)
    return 0


def dense_cases(recipe: DenseRecipe, split: str) -> list[DenseCase]:
    """The images of a split that have classes of the recipe."""
    cases = [dense_case(case, recipe) for case in read_manifest(recipe.manifest, split)]
    return [case for case in cases if case is not None]


class Validation:
    """Mean over the classes of the mean Dice, for the trainer to maximise."""

    def __init__(self, recipe: DenseRecipe, cases: list[DenseCase]) -> None:
        self.recipe, self.cases = recipe, cases

    def __call__(self, model: nn.Module) -> tuple[float, dict[str, Any]]:
        """The mean and, per class, mean, standard deviation and count."""
        predict = Predictor(model, card_of(self.recipe))
        classes = summary(dice_per_class(self.cases, self.recipe.class_names, predict))
        return float(np.mean([values["mean"] for values in classes.values()])), {"classes": classes}
