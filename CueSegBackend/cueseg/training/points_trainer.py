"""The first stage of PA-Seg (Zhai, Wang et al. 2022): a network learns from what seven points say."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cueseg.networks.architectures import build_network
from cueseg.networks.card import NetworkCard
from cueseg.training.crf_loss import multi_view_crf_loss
from cueseg.training.loop import Batch, TrainingLoop
from cueseg.training.points_cases import PointsCase
from cueseg.training.points_loss import labelled_loss, ramp_up, variance_loss
from cueseg.training.points_recipe import PointsRecipe
from cueseg.training.points_samples import PointsPatches, collate
from cueseg.whole_files import write_whole

__all__ = ["RECIPE_FILE", "PointsTrainer", "card_of", "new_model", "recipe_of_run", "score_name_of"]

Validate = Callable[[nn.Module], tuple[float, dict[str, Any]]]

RECIPE_FILE = "recipe.json"
"""The recipe of a run in its folder, with everything that was overridden; the second stage reads it."""


class PointsTrainer(TrainingLoop):
    """Trains the network of a recipe in a folder; called again on the same folder, it goes on where it stopped.

    Args:
        recipe: What to train.
        cases: Training images, in memory or read when needed.
        validate: Called with the averaged network; returns what to maximise and details.
        folder: Takes `state.pt` (for resuming), `best.pt` (weights with the best validation), `last.pt`, `log.jsonl`
            and the recipe.

    Raises:
        ValueError: A state of another recipe.
    """

    def __init__(
        self, recipe: PointsRecipe, cases: Sequence[PointsCase], validate: Validate, folder: Path
    ) -> None:
        self.validate, self.score_name = validate, score_name_of(recipe)
        self.source = PointsPatches(cases, recipe, recipe.steps * recipe.batch, recipe.seed)
        super().__init__(recipe, new_model(recipe), folder, torch.contiguous_format)
        self.recipe: PointsRecipe = recipe
        if self.ranks.first:
            write_whole(folder / RECIPE_FILE, (json.dumps(asdict(recipe), indent=1) + "\n").encode())

    def run(self, until: float = math.inf) -> float:
        """Train to the last step, or to time.monotonic() == `until`; returns the best validation so far."""
        return self.run_on(self.source, collate, until)  # type: ignore[arg-type]  # a data set by its methods

    def loss_of(self, batch: Batch) -> Tensor:
        """L = L_psup + rho(t) (w_crf L_mcrf + w_vm L_vm) on (N, 1, *patch) float32, (N, *patch) int64."""
        recipe = self.recipe
        image, labels = (self.ranks.gather(part.to(self.device, non_blocking=True)) for part in batch)
        logits = self.ranks.gather(self.forward(batch[0]))
        loss = labelled_loss(logits, labels)
        rho = ramp_up(self.step / (recipe.ramp * recipe.steps) if recipe.ramp else 1.0)
        if recipe.crf_weight:
            distance, intensity = recipe.crf_sigmas
            loss = loss + rho * recipe.crf_weight * multi_view_crf_loss(
                logits,
                image,
                recipe.crf_grid or None,  # type: ignore[arg-type]  # three numbers, which the recipe checks
                radius=recipe.crf_radius,
                sigma_distance=distance,
                sigma_intensity=intensity,
            )
        if recipe.variance_weight:
            loss = loss + rho * recipe.variance_weight * variance_loss(logits, image)
        return loss

    def validate_now(self) -> tuple[float, bool, dict[str, Any]]:
        """What the recipe's `selection` says."""
        score, details = self.validate(self.average)
        return score, score > self.best, {"val": round(score, 4), **details}


def score_name_of(recipe: PointsRecipe) -> str:
    """What the weights are chosen by, for the log."""
    return "Dice" if recipe.selection == "full" else "agreement"


def card_of(recipe: PointsRecipe) -> NetworkCard:
    """The card of a network trained by a recipe, without where it comes from and how good it is."""
    return NetworkCard(
        name=recipe.name,
        dims=3,
        in_channels=1,
        classes=recipe.class_names,
        intensity=recipe.intensity,
        patch_size=recipe.patch,
        overlap=recipe.overlap,
        multiple=2 ** (recipe.levels - 1),
        architecture=recipe.network,
        model_options=recipe.model_options,
        licence=recipe.licence,
        description=recipe.description,
    )


def new_model(recipe: PointsRecipe) -> nn.Module:
    """The network of a recipe with random weights, by the seed of the recipe.

    Raises:
        ModuleNotFoundError: It needs a package that is not installed; the message names the command.
    """
    torch.manual_seed(recipe.seed)
    return build_network(card_of(recipe))


def recipe_of_run(folder: Path) -> PointsRecipe:
    """The recipe that a run of the first stage was trained by.

    Raises:
        ValueError: The folder holds no such run, or not its best weights yet.
    """
    file = folder / RECIPE_FILE
    if not file.exists() or not (folder / "best.pt").exists():
        raise ValueError(
            f'{folder} holds no trained network of the first stage: train a recipe with kind = "points" to that folder'
        )
    values = json.loads(file.read_text(encoding="utf-8"))
    return PointsRecipe(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})
