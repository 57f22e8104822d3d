"""What every training loop shares: the step of the optimiser, the running mean, the log, and exact resume."""

import copy
import json
import logging
import math
import os
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["TrainingLoop", "learning_rate_at"]

_log = logging.getLogger(__name__)


class TrainingLoop:
    """State of a training in a folder: `state.pt` (for resuming), `best.pt` and `log.jsonl`.

    Args:
        recipe: With steps, learning_rate, warm_up, weight_decay and ema.
        model: On its device.
        folder: Exists.
    """

    kept: ClassVar[tuple[str, ...]] = ("step", "best")
    """Names of the plain values that are saved with the weights."""

    def __init__(self, recipe: Any, model: nn.Module, device: torch.device, folder: Path) -> None:
        self.recipe, self.model, self.device, self.folder = recipe, model, device, folder
        self.average = copy.deepcopy(model).eval().requires_grad_(False)
        groups = _parameter_groups(model, recipe.weight_decay)
        self.optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate)
        self.step, self.best = 0, -1.0

    def _set_rate(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate_at(self.recipe, self.step)

    def _descend(self, loss: Tensor) -> float:
        """One step of the optimiser, and the running mean after it; returns the loss."""
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

    def _report(self, started: float, first: int, losses: list[float]) -> None:
        seconds = (time.monotonic() - started) / (self.step - first)
        left = seconds * (self.recipe.steps - self.step) / 60
        loss = float(np.mean(losses[-50:]))
        self._write({"step": self.step, "loss": round(loss, 4)})
        _log.info("step %d loss %.4f, %.2f s/step, %.0f min left", self.step, loss, seconds, left)

    def _write(self, row: dict[str, Any]) -> None:
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")

    def _save_best(self) -> None:
        _save_atomically(self.average.state_dict(), self.folder / "best.pt")

    def _save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        state |= {name: getattr(self, name) for name in self.kept}
        _save_atomically(state, self.folder / "state.pt")

    def _resume(self) -> None:
        """Go on from the state in the folder, if there is one."""
        path = self.folder / "state.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True, map_location=self.device)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        for name in self.kept:
            setattr(self, name, state[name])
        _log.info("going on at step %d (best validation %.4f)", self.step, self.best)


def learning_rate_at(recipe: Any, step: int) -> float:
    """Linear warm-up, then a cosine to a hundredth."""
    if step < recipe.warm_up:
        return recipe.learning_rate * (step + 1) / recipe.warm_up
    share = (step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
    return recipe.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay on weights, not on biases and norms."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]


def _save_atomically(state: dict[str, Any], path: Path) -> None:
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)
