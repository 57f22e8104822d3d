"""Train a network for one object in a box by its recipe, validate it, and write it with its card."""

import logging
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from cueseg.networks import NetworkCard, load_network, save_network
from cueseg.training.box_objects import box_cases
from cueseg.training.box_recipe import BoxRecipe, read_box_recipe
from cueseg.training.box_trainer import BoxTrainer, card_of, new_model
from cueseg.training.box_validation import BoxValidation

__all__ = ["run_box_recipe"]

_log = logging.getLogger(__name__)


def run_box_recipe(
    path: str | Path,
    *,
    output: str | Path = "runs",
    minutes: float = math.inf,
    export: str | Path | None = None,
    **overrides: Any,
) -> int:
    """Train (or go on training); with `export` only write the network of a run.

    Args:
        path: Recipe (TOML, `kind = "box"`).
        output: Folder of the runs; the run is the folder in it with the name of the recipe.
        minutes: Stop after so many minutes; the next call goes on.
        export: A .pt file to write with its card, measured on the validation objects.
        **overrides: Replace values of the recipe.

    Returns:
        0, the exit code.

    Raises:
        ValueError: A mistake in the recipe or the manifest, nothing to train or to validate on, no run to export.
    """
    recipe = read_box_recipe(path, **overrides)
    until = time.monotonic() + minutes * 60
    folder = Path(output) / recipe.name
    validation = BoxValidation(recipe, box_cases(recipe, "val"))
    if export is not None:
        _export(recipe, Path(path).name, folder, Path(export), validation)
        return 0
    trainer = BoxTrainer(recipe, box_cases(recipe, "train"), validation, folder)
    best = trainer.run(until)
    report = "%s: step %d of %d, best validation Dice %.4f"
    _log.info(report, recipe.name, trainer.step, recipe.steps, best)
    return 0


def _export(
    recipe: BoxRecipe, recipe_file: str, folder: Path, target: Path, validation: BoxValidation
) -> NetworkCard:
    """Write the best weights of a run, measured as they are read back from the file."""
    best = folder / "best.pt"
    if not best.exists():
        raise ValueError(f"{folder} holds no best.pt: train first")
    model = new_model(recipe)
    model.load_state_dict(torch.load(best, weights_only=True, map_location="cpu"))
    card = replace(card_of(recipe), training=_training(recipe, recipe_file))
    save_network(target, model.eval(), card)
    network = load_network(target)
    _, scores = validation(network.module)
    margin = f"a margin of {recipe.validate_margin} px"
    metrics = {
        "what": f"Dice within the box of an object of the split val, {margin}: mean, standard deviation, n",
        "val": scores["classes"],
        "val, classes not trained on": scores["held out"],
    }
    card = save_network(target, network.module, replace(card, metrics=metrics))
    _log.info("%s written, SHA-256 %s", target, card.sha256)
    return card


def _training(recipe: BoxRecipe, recipe_file: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "data": recipe.data,
        "split": "weights from the split train, choice of the step from the split val",
        "without": list(recipe.without),
        "recipe": recipe_file,
        "seed": recipe.seed,
        "steps": recipe.steps,
    }
    return values | ({"notes": recipe.notes} if recipe.notes else {})
