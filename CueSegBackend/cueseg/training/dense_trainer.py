"""The training of dense networks: repeatable patches, exact resume, best weights on validation."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cueseg.models.unet import UNet
from cueseg.training.dense_loss import partial_loss
from cueseg.training.dense_recipe import DenseRecipe
from cueseg.training.dense_samples import DenseCase, Patch, PatchSource
from cueseg.training.loop import Batch, TrainingLoop

Validate = Callable[[nn.Module], tuple[float, dict[str, Any]]]


class DenseTrainer(TrainingLoop):
    """Trains the U-Net of a recipe in a folder; called again on the same folder, it goes on where it stopped.

    Args:
        recipe: What to train.
        cases: Training images, in memory or read when needed.
        validate: Called with the averaged network; returns a Dice to maximise and details. None: the last weights
            are kept.
        folder: Takes `state.pt` (for resuming), `best.pt` (weights with the best validation), `last.pt` and
            `log.jsonl`.

    Raises:
        ValueError: There is nothing to train on, or a state of another recipe.
    """

    def __init__(
        self, recipe: DenseRecipe, cases: Sequence[DenseCase], validate: Validate | None, folder: Path
    ) -> None:
        if not cases:
            raise ValueError(f"{recipe.manifest} holds no image of split 'train' with {list(recipe.classes)}")
        torch.manual_seed(recipe.seed)
        self.validate, self.source = validate, PatchSource(cases, recipe)
        # Volumes are faster with the channels last, small pictures are not.
        layout = torch.channels_last_3d if recipe.dims == 3 else torch.contiguous_format
        super().__init__(recipe, new_model(recipe), folder, layout)
        self.recipe: DenseRecipe = recipe

    def run(self, until: float = math.inf) -> float:
        """Train to the last step, or to time.monotonic() == `until`; returns the best validation so far."""
        return self.run_on(self.source, collate, until)  # type: ignore[arg-type]  # a data set by its methods

    def loss_of(self, batch: Batch) -> Tensor:
        """The loss on (N, 1, *sides) float32, (N, *sides) int64, (N, classes) bool."""
        image, target, known = (part.to(self.device, non_blocking=True) for part in batch)
        weights = torch.tensor(self.recipe.weights, device=self.device)
        logits = self.ranks.gather(self.forward(image))
        return partial_loss(logits, self.ranks.gather(target), self.ranks.gather(known), weights)

    def validate_now(self) -> tuple[float, bool, dict[str, Any]]:
        """The recipe's Dice; without validation the last weights are the best."""
        if self.validate is None:
            return self.best, True, {}
        score, details = self.validate(self.average)
        return score, score > self.best, {"val": round(score, 4), **details}


def new_model(recipe: DenseRecipe) -> UNet:
    """The U-Net of a recipe with random weights."""
    return UNet(recipe.dims, 1, len(recipe.class_names), **recipe.model_options)


def collate(patches: list[Patch]) -> tuple[Tensor, Tensor, Tensor]:
    """Patches -> (N, 1, *sides) float32, (N, *sides) int64, (N, classes) bool."""
    image, target, known = (torch.from_numpy(np.stack(arrays)) for arrays in zip(*patches, strict=True))
    return image, target, known
