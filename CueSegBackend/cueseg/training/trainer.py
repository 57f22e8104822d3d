"""The training loop: repeatable samples, exact resume, best weights on validation."""

import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from cueseg.losses import bce_dice_loss
from cueseg.models import create_model
from cueseg.network_input import network_input
from cueseg.training.cases import Case
from cueseg.training.config import Recipe
from cueseg.training.loop import TrainingLoop
from cueseg.training.samples import Sample, SampleSource, collate


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
        cases: Training cases.
        validate: Called with the averaged network and the input side; returns a mean Dice to maximise and details.
        folder: Takes `state.pt` (for resuming), `best.pt` (weights with the best validation) and `log.jsonl`.
    """

    kept = (*TrainingLoop.kept, "best_size")

    def __init__(self, recipe: Recipe, cases: list[Case], validate: Any, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        if recipe.threads:
            torch.set_num_threads(recipe.threads)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model = create_model(recipe.architecture, recipe.in_channels, **recipe.model_options)
        if recipe.encoder_weights:
            _load_encoder(model, Path(recipe.encoder_weights))
        super().__init__(recipe, model.to(device, memory_format=torch.channels_last), device, folder)
        self.validate = validate
        self.source = SampleSource(cases, recipe.groups, recipe.seed, recipe.jitter, recipe.plane_share)
        self.best_size = 0
        self._resume()

    def run(self, until: float = math.inf) -> float:
        """Train to the last step, or to time.monotonic() == `until`; returns the best validation so far."""
        recipe = self.recipe
        numbers = range(self.step * recipe.batch, recipe.steps * recipe.batch)
        loader = DataLoader(
            _Numbered(self.source, recipe),
            batch_size=recipe.batch,
            sampler=numbers,
            num_workers=recipe.workers,
            collate_fn=collate,
            prefetch_factor=8 if recipe.workers else None,
        )
        started, first, losses = time.monotonic(), self.step, []
        for batch in loader:
            losses.append(self._train(*(torch.from_numpy(a) for a in batch)))
            self.step += 1
            if self.step % 50 == 0:
                self._report(started, first, losses)
            if self.step % recipe.validate_every == 0 or self.step == recipe.steps:
                self._validate()
            if time.monotonic() > until:
                break
        self._save()
        return self.best

    def _train(self, window: Tensor, target: Tensor, points: Tensor) -> float:
        self._set_rate()
        self.model.train()
        points = points.to(self.device)
        x = network_input(window.to(self.device), points, self.recipe.cue, self.recipe.cue_preset)
        logits = self.model(x.contiguous(memory_format=torch.channels_last))
        return self._descend(bce_dice_loss(logits, target[:, None].to(self.device)))

    def _validate(self) -> None:
        size = self.recipe.phase_at(self.step).size
        dice, details = self.validate(self.average, size)
        self._write({"step": self.step, "val": dice, **details})
        if dice > self.best or size != self.best_size:  # weights of another input side are not what is wanted
            self.best, self.best_size = dice, size
            self._save_best()
        self._save()


def _load_encoder(model: nn.Module, path: Path) -> None:
    from cueseg.models.efficientnet import load_imagenet_encoder

    load_imagenet_encoder(model.encoder, torch.load(path, weights_only=True, map_location="cpu"))
