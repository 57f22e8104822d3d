"""Training of networks that segment from extreme points: repeatable samples, exact resume, best weights on val."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from cueseg.losses import bce_dice_loss, class_balanced_bce
from cueseg.models import create_model
from cueseg.network_input import network_input
from cueseg.training.cases import Case
from cueseg.training.config import Recipe
from cueseg.training.loop import Batch, TrainingLoop
from cueseg.training.samples import Sample, SampleSource, collate

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "bce-dice": bce_dice_loss,
    "balanced-sum": class_balanced_bce,
    "balanced-mean": lambda logits, target: class_balanced_bce(logits, target, reduction="mean"),
}


class _Numbered(Dataset[Sample]):
    """Samples by number; the number decides everything, so any order and any worker gives the same samples."""

    def __init__(self, source: SampleSource, recipe: Recipe) -> None:
        self.source, self.recipe = source, recipe

    def __len__(self) -> int:
        return self.recipe.steps * self.recipe.batch

    def __getitem__(self, number: int) -> Sample:
        return self.source.draw(number, self.recipe.phase_at(number // self.recipe.batch))


class Trainer(TrainingLoop):
    """Trains the network of a recipe in a folder; called again on the same folder, it goes on where it stopped.

    Args:
        recipe: What to train.
        cases: Training cases, in memory or read when needed.
        validate: Called with the averaged network and the input side; returns a Dice to maximise and details.
        folder: Takes `state.pt` (for resuming), `best.pt` (weights with the best validation), `last.pt` and
            `log.jsonl`.

    Raises:
        ValueError: Groups without images, weights to start from that do not fit, or a state of another recipe.
    """

    kept = (*TrainingLoop.kept, "best_size")

    def __init__(self, recipe: Recipe, cases: Sequence[Case], validate: Any, folder: Path) -> None:
        torch.manual_seed(recipe.seed)
        self.validate, self.best_size = validate, 0
        self.source = SampleSource.of(cases, recipe)
        super().__init__(recipe, new_model(recipe), folder, torch.channels_last)
        self.recipe: Recipe = recipe

    def run(self, until: float = math.inf) -> float:
        """Train to the last step, or to time.monotonic() == `until`; returns the best validation so far."""
        return self.run_on(_Numbered(self.source, self.recipe), collate, until)

    def loss_of(self, batch: Batch) -> Tensor:
        """The loss on windows (N, S, S, 3), targets (N, S, S) and clicks (N, 4, 2)."""
        window, target, points = (part.to(self.device, non_blocking=True) for part in batch)
        logits = self.forward(network_input(window, points, self.recipe.cue, self.recipe.cue_preset))
        return LOSSES[self.recipe.loss](self.ranks.gather(logits), self.ranks.gather(target[:, None]))

    def validate_now(self) -> tuple[float, bool, dict[str, Any]]:
        """The recipe's Dice; weights of another input side are not what is wanted and always give way."""
        size = self.recipe.phase_at(self.step).size
        score, details = self.validate(self.average, size)
        better = score > self.best or size != self.best_size
        if better:
            self.best_size = size
        return score, better, {"val": score, **details}


def new_model(recipe: Recipe) -> nn.Module:
    """The network of a recipe with the weights that it starts from.

    Raises:
        ValueError: Weights of another network.
    """
    if recipe.initial_weights:
        return _initial_model(recipe, Path(recipe.initial_weights))
    model = create_model(recipe.architecture, recipe.in_channels, **recipe.model_options)
    if recipe.encoder_weights:
        from cueseg.models.efficientnet import load_imagenet_encoder

        state = torch.load(Path(recipe.encoder_weights), weights_only=True, map_location="cpu")
        load_imagenet_encoder(model.encoder, state)
    return model


def _initial_model(recipe: Recipe, path: Path) -> nn.Module:
    """Weights with a card beside them, or else a checkpoint in DEXTR's layout."""
    from cueseg.models.dextr import ARCHITECTURE, convert_dextr_checkpoint
    from cueseg.weights_file import load_model

    if recipe.architecture == ARCHITECTURE and not path.with_suffix(".json").exists():
        return convert_dextr_checkpoint(path, recipe.in_channels)[0].train()
    loaded = load_model(path)
    found = (loaded.card.architecture, loaded.card.in_channels, loaded.card.model_options)
    wanted = (recipe.architecture, recipe.in_channels, recipe.model_options)
    if found != wanted:
        raise ValueError(
            f"initial_weights {path} are of {found[0]!r} with {found[1]} channels and options {found[2]}, the recipe "
            f"is of {wanted[0]!r} with {wanted[1]} and {wanted[2]}: change architecture, cue and model_options"
        )
    return loaded.model.train()
