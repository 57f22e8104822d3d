"""`python -m cueseg train RECIPE`: train, validate, and write weights with their card."""

import argparse
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cueseg.intensity import IntensityRule
from cueseg.models import create_model
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.cases import read_manifest
from cueseg.training.config import Recipe, read_recipe
from cueseg.training.trainer import Trainer
from cueseg.training.validation import Item, score, validation_items
from cueseg.weights_file import LoadedModel, WeightsCard, save_model

_log = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> int:
    """Train (or go on training) and report; with `--export` write the weights file of a finished run."""
    overrides = _overrides(options.set)
    if options.name:
        overrides["name"] = options.name
    recipe = read_recipe(options.recipe, **overrides)
    folder = options.output / recipe.name
    if options.export:
        export(recipe, folder, options.export)
        return 0
    until = time.monotonic() + options.minutes * 60
    cases = read_manifest(recipe.manifest)
    items = validation_items([case for case in cases if case.split == "val"])
    if not items:
        raise ValueError(f"{recipe.manifest} holds nothing to validate on: give some image the split 'val'")
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
        for kind in ("exact", "disturbed"):
            scores = score(self.items, segment, disturbed=kind == "disturbed")
            columns[kind] = {name: round(float(np.mean(values)), 4) for name, values in scores.items()}
        mean = float(np.mean([list(values.values()) for values in columns.values()]))
        return mean, columns


def segment_with(predictor: ExtremePointPredictor) -> Any:
    """A predictor as the function (item, clicks) -> mask that `score` calls."""

    def segment(item: Item, clicks: np.ndarray) -> np.ndarray:
        predictor.set_image(item.image, item.modality, item.spacing)
        return predictor.predict(clicks).mask

    return segment


def card_of(recipe: Recipe, size: int, **extra: Any) -> WeightsCard:
    """The card of weights trained by a recipe at input side `size`."""
    values: dict[str, Any] = {
        "name": recipe.name,
        "architecture": recipe.architecture,
        "model_options": recipe.model_options,
        "in_channels": recipe.in_channels,
        "cue": recipe.cue,
        "cue_preset": recipe.cue_preset,
        "input_size": size,
        "intensity": IntensityRule().to_card(),
        "licence": "MIT",
    }
    return WeightsCard(**(values | extra))


def export(recipe: Recipe, folder: Path, target: Path) -> None:
    """Write the best weights of a run as a half-precision weights file with its card."""
    best = folder / "best.pt"
    if not best.exists():
        raise ValueError(f"{folder} holds no best.pt: train first")
    model = create_model(recipe.architecture, recipe.in_channels, **recipe.model_options)
    model.load_state_dict(torch.load(best, weights_only=True, map_location="cpu"))
    training = {"recipe": f"{recipe.name}.toml", "seed": recipe.seed, "steps": recipe.steps}
    card = card_of(recipe, recipe.phases[-1].size, training=training)
    card = save_model(target, model, card, half=True)
    _log.info("%s written, SHA-256 %s", target, card.sha256)


def _overrides(pairs: list[str]) -> dict[str, Any]:
    import tomllib

    return {key: value for pair in pairs for key, value in tomllib.loads(pair).items()}
