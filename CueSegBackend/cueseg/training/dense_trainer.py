"""The training loop of dense networks: repeatable patches, exact resume, best weights on validation."""

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from cueseg.models.unet import UNet
from cueseg.training.dense_loss import partial_loss
from cueseg.training.dense_recipe import DenseRecipe
from cueseg.training.dense_samples import DenseCase, Patch, PatchSource
from cueseg.training.loop import TrainingLoop

_log = logging.getLogger(__name__)

SAVE_EVERY = 100
"""Steps between two savings of the state, which is what a killed run goes on from."""

Validate = Callable[[nn.Module], tuple[float, dict[str, Any]]]


class DenseTrainer(TrainingLoop):
    """Trains the U-Net of a recipe in a folder; called again on the same folder, it goes on where it stopped.

    Args:
        recipe: What to train.
        cases: Training images.
        validate: Called with the averaged network; returns a mean Dice to maximise and details. None: the last
            weights are kept.
        folder: Takes `state.pt` (for resuming), `best.pt` (weights with the best validation) and `log.jsonl`.

    Raises:
        ValueError: There is nothing to train on.
    """

    def __init__(
        self, recipe: DenseRecipe, cases: list[DenseCase], validate: Validate | None, folder: Path
    ) -> None:
        if not cases:
            raise ValueError(f"{recipe.manifest} holds no image of split 'train' with {list(recipe.classes)}")
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        if recipe.threads:
            torch.set_num_threads(recipe.threads)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        # Volumes are faster with the channels last, small pictures are not.
        self.format = torch.channels_last_3d if recipe.dims == 3 else torch.contiguous_format
        super().__init__(recipe, new_model(recipe).to(device, memory_format=self.format), device, folder)
        self.validate = validate
        self.source = PatchSource(cases, recipe)
        self._resume()

    def run(self, until: float = math.inf) -> float:
        """Train to the last step, or to time.monotonic() == `until`; returns the best validation so far."""
        recipe = self.recipe
        loader = DataLoader(
            self.source,  # type: ignore[arg-type]  # a map-style data set by its methods
            batch_size=recipe.batch,
            sampler=range(self.step * recipe.batch, recipe.steps * recipe.batch),
            num_workers=recipe.workers,
            collate_fn=collate,
            prefetch_factor=4 if recipe.workers else None,
        )
        started, first, losses = time.monotonic(), self.step, []
        for image, target, known in loader:
            losses.append(self.train_step(image, target, known))
            if self.step % 50 == 0:
                self._report(started, first, losses)
            if self.step % recipe.validate_every == 0 or self.step == recipe.steps:
                self._validate()
            elif self.step % SAVE_EVERY == 0:
                self._save()
            if time.monotonic() > until:
                break
        self._save()
        return self.best

    def train_step(self, image: Tensor, target: Tensor, known: Tensor) -> float:
        """One step on (N, 1, *sides) float32, (N, *sides) int64, (N, classes) bool; returns the loss."""
        self._set_rate()
        self.model.train()
        logits = self.model(image.to(self.device).contiguous(memory_format=self.format))
        weights = torch.tensor(self.recipe.weights, device=self.device)
        loss = self._descend(partial_loss(logits, target.to(self.device), known.to(self.device), weights))
        self.step += 1
        return loss

    def _validate(self) -> None:
        score, details = self.validate(self.average) if self.validate else (self.best, {})
        if self.validate:
            self._write({"step": self.step, "val": round(score, 4), **details})
            _log.info("step %d validation Dice %.4f %s", self.step, score, details)
        if score > self.best or not self.validate:
            self.best = score
            self._save_best()
        self._save()


def new_model(recipe: DenseRecipe) -> UNet:
    """The U-Net of a recipe with random weights."""
    return UNet(recipe.dims, 1, len(recipe.class_names), **recipe.model_options)


def collate(patches: list[Patch]) -> tuple[Tensor, Tensor, Tensor]:
    """Patches -> (N, 1, *sides) float32, (N, *sides) int64, (N, classes) bool."""
    image, target, known = (torch.from_numpy(np.stack(arrays)) for arrays in zip(*patches, strict=True))
    return image, target, known
