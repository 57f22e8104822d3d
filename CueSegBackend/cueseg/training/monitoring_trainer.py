"""Self and Cross Monitoring (Zhai, Wang et al. 2022, second stage): two networks, and frozen copies as teachers."""

import copy
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from cueseg.seven_points.expansion import UNKNOWN
from cueseg.training.loop import Batch, TrainingLoop
from cueseg.training.monitoring_recipe import MonitoringRecipe
from cueseg.training.points_cases import GUESSED, PointsCase
from cueseg.training.points_loss import distillation_loss, labelled_loss
from cueseg.training.points_recipe import PointsRecipe
from cueseg.training.points_samples import PointsPatches, collate
from cueseg.training.points_trainer import new_model, score_name_of
from cueseg.training.run_state import save_whole

__all__ = ["MonitoringTrainer", "Pair", "best_weights"]

Validate = Callable[[nn.Module], tuple[float, dict[str, Any]]]
NAMES = ("first", "second")


class Pair(nn.Module):
    """Two networks on the same images: (N, C, *spatial) -> logits (2, N, classes, *spatial)."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    @classmethod
    def of_runs(cls, recipes: Sequence[PointsRecipe], folders: Sequence[Path]) -> "Pair":
        """The best networks of two runs of the first stage."""
        networks = [new_model(recipe) for recipe in recipes]
        for network, folder in zip(networks, folders, strict=True):
            network.load_state_dict(torch.load(folder / "best.pt", weights_only=True, map_location="cpu"))
        return cls(*networks)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *spatial) -> (2, N, classes, *spatial)."""
        return torch.stack([self.first(x), self.second(x)])


class MonitoringTrainer(TrainingLoop):
    """Trains a pair in a folder; called again on the same folder, it goes on where it stopped.

    Args:
        recipe: How to train.
        stage_one: Recipe of the first network, whose patches are taken.
        pair: The networks of the first stage.
        cases: Training images; their labels are looked at where the recipe keeps them.
        validate: Called with either network; returns what to maximise and details.
        folder: As of the first stage; the best weights of either network are in `first/best.pt`, `second/best.pt`.

    Raises:
        ValueError: Several processes, or a state of another recipe.
    """

    kept: ClassVar[tuple[str, ...]] = ("step", "best", "best_second", "teachers", "champions")

    def __init__(
        self,
        recipe: MonitoringRecipe,
        stage_one: PointsRecipe,
        pair: Pair,
        cases: Sequence[PointsCase],
        validate: Validate,
        folder: Path,
    ) -> None:
        self.validate, self.score_name, self.best_second = validate, score_name_of(stage_one), -1.0
        self.champions: dict[str, dict[str, Tensor]] = {}  # the best weights of either network so far
        self.source = PointsPatches(cases, stage_one, recipe.steps * recipe.batch, recipe.seed)
        self.frozen = copy.deepcopy(pair).eval().requires_grad_(False)
        super().__init__(recipe, pair, folder, torch.contiguous_format)
        if self.ranks.world > 1:
            raise ValueError(
                f"two networks are trained by one process, this is one of {self.ranks.world}: start without torchrun"
            )
        self.frozen.to(self.device)
        self.recipe: MonitoringRecipe = recipe

    @property
    def teachers(self) -> dict[str, Any]:
        """Weights of the frozen copies, which go into the state of the run."""
        return self.frozen.state_dict()

    @teachers.setter
    def teachers(self, weights: dict[str, Any]) -> None:
        self.frozen.load_state_dict(weights)

    def run(self, until: float = math.inf) -> float:
        """Train to the last step, or to time.monotonic() == `until`; returns the first's best validation so far."""
        return self.run_on(self.source, collate, until)  # type: ignore[arg-type]  # a data set by its methods

    def train_step(self, *parts: Batch) -> float:
        """One step of both networks; before it, the copies are replaced if it is time."""
        if self.step and self.step % self.recipe.refresh == 0:
            for name, weights in self.champions.items():
                getattr(self.frozen, name).load_state_dict(weights)
        return super().train_step(*parts)

    def loss_of(self, batch: Batch) -> Tensor:
        """The sum over both networks of (1 - w) L_sup(P_a, argmax a') + w T² KL(b' || a), copies with a prime.

        The networks share no weights, so the sum descends as two optimisers would.
        """
        w, (image, known) = self.recipe.weight, batch
        with torch.no_grad(), self.precision.autocast():
            teachers = self.frozen(image.to(self.device)).float()  # (2, N, classes, *patch)
        open_voxels = (known >= UNKNOWN).to(self.device) if self.recipe.keep_labels else None
        losses = [
            (1 - w) * labelled_loss(own, self._labels_of(teachers[number], known))
            + w * distillation_loss(own, teachers[1 - number], self.recipe.temperature, open_voxels)
            for number, own in enumerate(self.forward(image))
        ]
        return torch.stack(losses).sum()

    def _labels_of(self, teacher: Tensor, known: Tensor) -> Tensor:
        """(N, *patch) int64: what a copy says, (N, classes, *patch), or what is known or guessed before and kept."""
        labels = teacher.argmax(dim=1)
        if not self.recipe.keep_labels:
            return labels
        known = known.to(labels)
        labels = torch.where(known == UNKNOWN, labels, known)
        return torch.where(known >= GUESSED, known - GUESSED, labels)

    def validate_now(self) -> tuple[float, bool, dict[str, Any]]:
        """Both networks by themselves; the first one's score counts for the run."""
        (score, details), (other, more) = (self.validate(getattr(self.average, name)) for name in NAMES)
        better = {"first": score > self.best, "second": other > self.best_second}
        for name in (name for name in NAMES if better[name]):
            weights = getattr(self.average, name).state_dict()
            self.champions[name] = {key: value.clone() for key, value in weights.items()}
            best_weights(self.folder, name).parent.mkdir(exist_ok=True)
            save_whole(self.champions[name], best_weights(self.folder, name))
        self.best_second = max(self.best_second, other)
        row = {"val": round(score, 4), "val second": round(other, 4), "first": details, "second": more}
        return score, better["first"], row


def best_weights(folder: Path, name: str) -> Path:
    """Where the best weights of the network "first" or "second" of a run are."""
    return folder / name / "best.pt"
