"""Train a dense network by its recipe, validate it, and write it with its card."""

import logging
import math
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from cueseg.training.case_store import stored_cases
from cueseg.training.dense_recipe import DenseRecipe, read_dense_recipe
from cueseg.training.dense_samples import DenseCase, dense_case
from cueseg.training.dense_trainer import DenseTrainer
from cueseg.training.dense_validation import Predictor, card_of, dice_per_class, summary
from cueseg.training.ranks import joined_ranks

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
    if export is not None:
        from cueseg.training.dense_export import export_network

        export_network(recipe, Path(path).name, folder, Path(export), _to_validate_on(recipe))
        return 0
    with joined_ranks(recipe.device) as ranks:
        validation = Validation(recipe, _to_validate_on(recipe) if ranks.first else [])
        trainer = DenseTrainer(recipe, dense_cases(recipe, "train"), validation, folder)
        best = trainer.run(until)
        if ranks.first:
            report = "%s: step %d of %d, best validation Dice %.4f"
            _log.info(report, recipe.name, trainer.step, recipe.steps, best)
    return 0


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
        means = [values["mean"] for values in classes.values()]
        best = min(means) if self.recipe.metric == "worst" else float(np.mean(means))
        return best, {"classes": classes}
