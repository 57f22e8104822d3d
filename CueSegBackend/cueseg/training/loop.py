"""What every training loop shares: steps of the optimiser, the running mean, validation, and exact resume."""

import copy
import logging
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset

from cueseg.training.batch_numbers import BatchNumbers
from cueseg.training.journal import Journal
from cueseg.training.loop_options import LoopOptions
from cueseg.training.optimisation import Precision, learning_rate_at, make_optimizer, set_rate
from cueseg.training.ranks import Ranks
from cueseg.training.run_state import read_state, save_whole
from cueseg.training.synchronised_norm import synchronise_norms

__all__ = ["Batch", "TrainingLoop"]

_log = logging.getLogger(__name__)

Batch = tuple[Tensor, ...]
"""What the samples of a batch are stacked to, the samples first."""


class TrainingLoop:
    """A training in a folder: `state.pt` (for resuming), `best.pt`, `last.pt` and `log.jsonl`.

    Everything random depends on the seed and the number of the step or sample, so a run that was killed goes on from
    its last state to the same weights. Several ranks (see `cueseg.training.ranks`) share every batch.

    Args:
        recipe: How to train.
        model: On the CPU.
        folder: Made if needed.
        layout: Memory format of the network and its input.
    """

    kept: ClassVar[tuple[str, ...]] = ("step", "best")
    """Names of the plain values that are saved with the weights."""
    score_name: str = "Dice"
    """What the validation gives, for the log."""

    def __init__(
        self, recipe: LoopOptions, model: nn.Module, folder: Path, layout: torch.memory_format
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if recipe.threads:
            torch.set_num_threads(recipe.threads)
        self.ranks = Ranks.current()
        self.device = self.ranks.device(recipe.device)
        self.recipe, self.folder, self.layout = recipe, folder, layout
        self.model = model.to(self.device, memory_format=layout)
        if self.ranks.world > 1:
            synchronise_norms(self.model)
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizer = make_optimizer(recipe, self.model)
        self.precision = Precision(recipe.precision, self.device)
        self.step, self.best = 0, -1.0
        self._resume()
        self.shared: nn.Module = self.model
        if self.ranks.world > 1:
            self.shared = DistributedDataParallel(self.model)

    def loss_of(self, batch: Batch) -> Tensor:
        """The loss of a part of a batch, over all ranks; a single number with its gradient."""
        raise NotImplementedError(f"{type(self).__name__} must say what its loss is")

    def validate_now(self) -> tuple[float, bool, dict[str, Any]]:
        """(what is maximised, whether it is better than the best, a line for the log)."""
        raise NotImplementedError(f"{type(self).__name__} must say how it is validated")

    def run_on(
        self, samples: Dataset[Any], collate: Callable[[Any], Batch], until: float = math.inf
    ) -> float:
        """Train to the last step, or to time.monotonic() == `until`; returns the best validation so far."""
        options, parts = self.recipe, []
        journal = Journal(self.folder, self.step, options.steps, options.tensorboard, self.ranks.first)
        for part in self._loader(samples, collate):
            parts.append(part)
            if len(parts) < options.accumulate:
                continue
            journal.count(self.train_step(*parts))
            parts = []
            if self.step % options.report_every == 0 or self.step == options.steps:
                journal.report(self.step, learning_rate_at(options, self.step - 1))
            if self.step % options.validate_every == 0 or self.step == options.steps:
                self._validate(journal)
            elif self.step % options.save_every == 0:
                self._save()
            if until < math.inf and self.ranks.from_first(time.monotonic() > until):
                break
        self._save()
        journal.close()
        return self.best

    def train_step(self, *parts: Batch) -> float:
        """One step of the optimiser on the parts of a batch; returns the mean of their losses.

        Raises:
            ValueError: The loss is no finite number.
        """
        set_rate(self.optimizer, learning_rate_at(self.recipe, self.step))
        torch.manual_seed(_seed_of(self.recipe.seed, self.step, self.ranks.rank))  # dropout, if there is any
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        losses = []
        for number, part in enumerate(parts, start=1):
            with self._exchange(number == len(parts)):
                loss = self.loss_of(part)
                # The ranks' gradients are averaged, and each is of its own share of the whole loss.
                self.precision.backward(loss * (self.ranks.world / len(parts)))
            losses.append(loss.detach())
        mean = float(torch.stack(losses).mean())
        if not math.isfinite(mean):
            raise ValueError(
                f'the loss is {mean} at step {self.step}: lower learning_rate, set clip, or set precision = "off"'
            )
        self.precision.descend(self.optimizer, self.model, self.recipe.clip)
        self._update_average()
        self.step += 1
        return mean

    def forward(self, x: Tensor) -> Tensor:
        """The network in the precision of the recipe; float32 out."""
        with self.precision.autocast():
            return self.shared(x.to(self.device).contiguous(memory_format=self.layout)).float()

    def _exchange(self, last: bool) -> AbstractContextManager[Any]:
        """Ranks add up their gradients after the last part only."""
        if last or not isinstance(self.shared, DistributedDataParallel):
            return nullcontext()
        return self.shared.no_sync()

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

    def _loader(self, samples: Dataset[Any], collate: Callable[[Any], Batch]) -> DataLoader[Any]:
        options = self.recipe
        return DataLoader(
            samples,
            batch_sampler=BatchNumbers(options, self.step, self.ranks),  # type: ignore[arg-type]  # by its methods
            num_workers=options.workers,
            collate_fn=collate,
            prefetch_factor=4 if options.workers else None,
            pin_memory=self.device.type == "cuda",
        )

    def _validate(self, journal: Journal) -> None:
        """On the first rank; the others hear what came of it."""
        found = self.validate_now() if self.ranks.first else None
        score, better, row = self.ranks.from_first(found)
        if row and self.ranks.first:
            journal.write({"step": self.step, **row})
            _log.info("step %d validation %s %.4f", self.step, self.score_name, score)
        if better:
            self.best = score
            if self.ranks.first:
                save_whole(self.average.state_dict(), self.folder / "best.pt")
        if self.ranks.first:
            save_whole(self.average.state_dict(), self.folder / "last.pt")
        self._save()

    def _save(self) -> None:
        if not self.ranks.first:
            return
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "optimizer_name": self.recipe.optimizer,
            "scaler": self.precision.state(),
        }
        save_whole(state | {name: getattr(self, name) for name in self.kept}, self.folder / "state.pt")

    def _resume(self) -> None:
        """Go on from the state in the folder, if there is one."""
        state = read_state(self.folder / "state.pt")
        if state is None:
            return
        name = state.get("optimizer_name", "adamw")
        if name != self.recipe.optimizer:
            raise ValueError(
                f"{self.folder} was trained with optimizer = {name!r}, the recipe now says {self.recipe.optimizer!r}: "
                "give the run another name"
            )
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.precision.resume(state.get("scaler", {}))
        for key in self.kept:
            setattr(self, key, state[key])
        if self.ranks.first:
            _log.info("going on at step %d (best validation %.4f)", self.step, self.best)


def _seed_of(seed: int, step: int, rank: int) -> int:
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1)[0])
