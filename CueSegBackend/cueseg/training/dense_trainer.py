"""The training loop of dense networks: repeatable patches, exact resume, best weights on validation."""

import copy
import json
import logging
import math
import os
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

_log = logging.getLogger(__name__)

SAVE_EVERY = 100
"""Steps between two savings of the state, which is what a killed run goes on from."""

Validate = Callable[[nn.Module], tuple[float, dict[str, Any]]]


class DenseTrainer:
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
        self.recipe, self.validate, self.folder = recipe, validate, folder
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        if recipe.threads:
            torch.set_num_threads(recipe.threads)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        # Volumes are faster with the channels last, small pictures are not.
        self.format = torch.channels_last_3d if recipe.dims == 3 else torch.contiguous_format
        self.model = new_model(recipe).to(self.device, memory_format=self.format)
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            _parameter_groups(self.model, recipe.weight_decay), lr=recipe.learning_rate
        )
        self.source = PatchSource(cases, recipe)
        self.step, self.best = 0, -1.0
        if (folder / "state.pt").exists():
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
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate_at(self.recipe, self.step)
        self.model.train()
        logits = self.model(image.to(self.device).contiguous(memory_format=self.format))
        weights = torch.tensor(self.recipe.weights, device=self.device)
        loss = partial_loss(logits, target.to(self.device), known.to(self.device), weights)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        self._update_average()
        self.step += 1
        return float(loss.detach())

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        for mean, value in zip(
            self.average.state_dict().values(), self.model.state_dict().values(), strict=True
        ):
            if mean.is_floating_point():
                mean.lerp_(value, 1.0 - decay)
            else:
                mean.copy_(value)

    def _validate(self) -> None:
        score, details = self.validate(self.average) if self.validate else (self.best, {})
        if self.validate:
            self._write({"step": self.step, "val": round(score, 4), **details})
            _log.info("step %d validation Dice %.4f %s", self.step, score, details)
        if score > self.best or not self.validate:
            self.best = score
            _save_atomically(self.average.state_dict(), self.folder / "best.pt")
        self._save()

    def _report(self, started: float, first: int, losses: list[float]) -> None:
        seconds = (time.monotonic() - started) / (self.step - first)
        left = seconds * (self.recipe.steps - self.step) / 60
        loss = float(np.mean(losses[-50:]))
        self._write({"step": self.step, "loss": round(loss, 4)})
        _log.info("step %d loss %.4f, %.2f s/step, %.0f min left", self.step, loss, seconds, left)

    def _write(self, row: dict[str, Any]) -> None:
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")

    def _save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "best": self.best,
        }
        _save_atomically(state, self.folder / "state.pt")

    def _resume(self) -> None:
        state = torch.load(self.folder / "state.pt", weights_only=True, map_location=self.device)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.best = state["step"], state["best"]
        _log.info("going on at step %d (best validation %.4f)", self.step, self.best)


def new_model(recipe: DenseRecipe) -> UNet:
    """The U-Net of a recipe with random weights."""
    return UNet(recipe.dims, 1, len(recipe.class_names), **recipe.model_options)


def collate(patches: list[Patch]) -> tuple[Tensor, Tensor, Tensor]:
    """Patches -> (N, 1, *sides) float32, (N, *sides) int64, (N, classes) bool."""
    image, target, known = (torch.from_numpy(np.stack(arrays)) for arrays in zip(*patches, strict=True))
    return image, target, known


def learning_rate_at(recipe: DenseRecipe, step: int) -> float:
    """Linear warm-up, then a cosine to a hundredth."""
    if step < recipe.warm_up:
        return recipe.learning_rate * (step + 1) / recipe.warm_up
    share = (step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
    return recipe.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay on kernels, not on biases and norms."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]


def _save_atomically(state: dict[str, Any], path: Path) -> None:
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)
