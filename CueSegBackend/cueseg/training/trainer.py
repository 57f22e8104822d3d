"""The training loop: repeatable samples, exact resume, best weights on validation."""

import copy
import json
import logging
import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from cueseg.losses import bce_dice_loss
from cueseg.models import create_model
from cueseg.network_input import network_input
from cueseg.training.cases import Case
from cueseg.training.config import Recipe
from cueseg.training.samples import Sample, SampleSource, collate

_log = logging.getLogger(__name__)


class _Numbered(Dataset[Sample]):
    """Samples by number; the number decides everything, so any order and any worker gives the same samples."""

    def __init__(self, source: SampleSource, recipe: Recipe) -> None:
        self.source, self.recipe = source, recipe

    def __len__(self) -> int:
        return self.recipe.steps * self.recipe.batch

    def __getitem__(self, number: int) -> Sample:
        return self.source.draw(number, self.recipe.phase_at(number // self.recipe.batch))


class Trainer:
    """Trains the network of a recipe in a folder; called again on the same folder, it goes on where it stopped.

    Args:
        recipe: What to train.
        cases: Training cases.
        validate: Called with the averaged network and the input side; returns a mean Dice to maximise and details.
        folder: Takes `state.pt` (for resuming), `best.pt` (weights with the best validation) and `log.jsonl`.
    """

    def __init__(self, recipe: Recipe, cases: list[Case], validate: Any, folder: Path) -> None:
        self.recipe, self.validate, self.folder = recipe, validate, folder
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        if recipe.threads:
            torch.set_num_threads(recipe.threads)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = create_model(recipe.architecture, recipe.in_channels, **recipe.model_options)
        if recipe.encoder_weights:
            _load_encoder(self.model, Path(recipe.encoder_weights))
        self.model.to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(_parameter_groups(self.model, recipe), lr=recipe.learning_rate)
        self.source = SampleSource(cases, recipe.groups, recipe.seed, recipe.jitter, recipe.plane_share)
        self.step, self.best, self.best_size = 0, -1.0, 0
        if (folder / "state.pt").exists():
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
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate_at(self.recipe, self.step)
        self.model.train()
        points = points.to(self.device)
        x = network_input(window.to(self.device), points, self.recipe.cue, self.recipe.cue_preset)
        logits = self.model(x.contiguous(memory_format=torch.channels_last))
        loss = bce_dice_loss(logits, target[:, None].to(self.device))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        self._update_average()
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
        size = self.recipe.phase_at(self.step).size
        dice, details = self.validate(self.average, size)
        self._write({"step": self.step, "val": dice, **details})
        if dice > self.best or size != self.best_size:  # weights of another input side are not what is wanted
            self.best, self.best_size = dice, size
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
            "best_size": self.best_size,
        }
        _save_atomically(state, self.folder / "state.pt")

    def _resume(self) -> None:
        state = torch.load(self.folder / "state.pt", weights_only=True, map_location=self.device)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.best, self.best_size = state["step"], state["best"], state["best_size"]
        _log.info("going on at step %d (best validation %.4f)", self.step, self.best)


def learning_rate_at(recipe: Recipe, step: int) -> float:
    """Linear warm-up, then a cosine to a hundredth."""
    if step < recipe.warm_up:
        return recipe.learning_rate * (step + 1) / recipe.warm_up
    share = (step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
    return recipe.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


def _parameter_groups(model: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Weight decay on weights, not on biases and norms."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]


def _load_encoder(model: nn.Module, path: Path) -> None:
    from cueseg.models.efficientnet import load_imagenet_encoder

    load_imagenet_encoder(model.encoder, torch.load(path, weights_only=True, map_location="cpu"))


def _save_atomically(state: dict[str, Any], path: Path) -> None:
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)
