"""The training of P-Net and PC-Net on crops: each crop goes through the network by itself, at its own size."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cueseg.networks.architectures import build_network
from cueseg.networks.card import NetworkCard
from cueseg.training.box_objects import BoxCase
from cueseg.training.box_recipe import CLASSES, BoxRecipe
from cueseg.training.box_samples import Crop, CropSource
from cueseg.training.dense_loss import partial_loss
from cueseg.training.loop import Batch, TrainingLoop

__all__ = ["BoxTrainer", "card_of", "new_model"]

Validate = Callable[[nn.Module], tuple[float, dict[str, Any]]]


class BoxTrainer(TrainingLoop):
    """Trains the network of a recipe in a folder; called again on the same folder, it goes on where it stopped.

    Crops differ in size, and the network takes any. Neither padded nor brought to a common size, they show it the
    borders and the scale that it will see: a batch is the mean over crops that go through one after the other.

    Args:
        recipe: What to train.
        cases: Training images, in memory or read when needed.
        validate: Called with the averaged network; returns a Dice to maximise and details.
        folder: Takes `state.pt` (for resuming), `best.pt` (weights with the best validation), `last.pt` and
            `log.jsonl`.

    Raises:
        ValueError: There is nothing to train on, several processes, or a state of another recipe.
    """

    def __init__(self, recipe: BoxRecipe, cases: Sequence[BoxCase], validate: Validate, folder: Path) -> None:
        torch.manual_seed(recipe.seed)
        self.validate, self.source = validate, CropSource(cases, recipe)
        layout = torch.channels_last_3d if recipe.dims == 3 else torch.channels_last
        super().__init__(recipe, new_model(recipe), folder, layout)
        if self.ranks.world > 1:
            raise ValueError(
                f"crops are trained on by one process, this is one of {self.ranks.world}: start without torchrun"
            )
        self.recipe: BoxRecipe = recipe

    def run(self, until: float = math.inf) -> float:
        """Train to the last step, or to time.monotonic() == `until`; returns the best validation so far."""
        return self.run_on(self.source, collate, until)  # type: ignore[arg-type]  # a data set by its methods

    def loss_of(self, batch: Batch) -> Tensor:
        """Mean over the crops of cross-entropy and soft Dice; (1, 1, *sides) and (1, *sides) of each in turn."""
        known = torch.ones(1, len(CLASSES), dtype=torch.bool, device=self.device)
        losses = [
            partial_loss(self.forward(image), target.to(self.device), known)
            for image, target in zip(batch[::2], batch[1::2], strict=True)
        ]
        return torch.stack(losses).mean()

    def validate_now(self) -> tuple[float, bool, dict[str, Any]]:
        """The recipe's Dice."""
        score, details = self.validate(self.average)
        return score, score > self.best, {"val": round(score, 4), **details}


def card_of(recipe: BoxRecipe) -> NetworkCard:
    """The card of a network trained by a recipe, without where it comes from and how good it is."""
    return NetworkCard(
        name=recipe.name,
        dims=recipe.dims,
        in_channels=1,
        classes=CLASSES,
        intensity=recipe.intensity,
        tail=("classifier",),
        architecture=recipe.architecture,
        model_options=recipe.model_options,
        licence=recipe.licence,
        description=recipe.description,
    )


def new_model(recipe: BoxRecipe) -> nn.Module:
    """The network of a recipe with random weights, by the seed of the recipe."""
    torch.manual_seed(recipe.seed)
    return build_network(card_of(recipe))


def collate(crops: list[Crop]) -> Batch:
    """Crops -> (1, 1, *sides) float32 and (1, *sides) int64 of the first, of the second, and so on."""
    return tuple(torch.from_numpy(array[None]) for crop in crops for array in crop)
