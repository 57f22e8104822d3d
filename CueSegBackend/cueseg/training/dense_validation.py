"""Dice of a dense network per class and image, predicted as its card says: whole images, or windows with overlap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cueseg.metrics import dice
from cueseg.networks.card import NetworkCard
from cueseg.networks.inference import Blend, predict_windows, read_windows
from cueseg.networks.windows import plan_windows
from cueseg.training.dense_recipe import DenseRecipe
from cueseg.training.dense_samples import DenseCase

Predict = Callable[[DenseCase], NDArray[np.integer]]


def dice_per_class(
    cases: Sequence[DenseCase], names: tuple[str, ...], predict: Predict
) -> dict[str, list[float]]:
    """Class name -> Dice of every image in which the class is known and present.

    Args:
        cases: Images with their labels.
        names: Of the classes, the background first.
        predict: Image -> (slices, rows, cols) class numbers.
    """
    scores: dict[str, list[float]] = {name: [] for name in names[1:]}
    for case in cases:
        labels = predict(case)
        for number, name in enumerate(names[1:], start=1):
            truth = case.target == number
            if case.known[number] and truth.any():
                scores[name].append(dice(labels == number, truth))
    return scores


def summary(scores: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Mean, standard deviation and count per class; classes without images are left out."""
    return {
        name: {"mean": round(float(np.mean(v)), 4), "sd": round(float(np.std(v)), 4), "n": len(v)}
        for name, v in scores.items()
        if v
    }


def metric_of(classes: dict[str, dict[str, float]], name: str) -> float:
    """What a recipe maximises: the mean over the classes of `summary`, or "worst", the lowest of them."""
    means = [values["mean"] for values in classes.values()]
    return min(means) if name == "worst" else float(np.mean(means))


def card_of(recipe: DenseRecipe) -> NetworkCard:
    """The card of a network trained by a recipe, without where it comes from and how good it is."""
    return NetworkCard(
        name=recipe.name,
        dims=recipe.dims,
        in_channels=1,
        classes=recipe.class_names,
        intensity=recipe.intensity,
        patch_size=None if recipe.whole_images else recipe.patch,
        multiple=2 ** (recipe.levels - 1),
        architecture="unet",
        model_options=recipe.model_options,
        licence=recipe.licence,
        description=recipe.description,
    )


@dataclass(frozen=True)
class Predictor:
    """Class numbers by a module in eval mode, on the device of its weights."""

    module: nn.Module
    card: NetworkCard

    @torch.no_grad()
    def __call__(self, case: DenseCase) -> NDArray[np.int64]:
        """(slices, rows, cols) class numbers."""
        card, device = self.card, next(self.module.parameters()).device
        tensor = torch.from_numpy(case.image)[None]
        flat = 3 - card.dims  # slice by slice for a 2D network
        plan = plan_windows(case.image.shape, card.patch_size, card.multiple, card.overlap, flat=flat)

        def run(index: int) -> Tensor:
            return self.module(read_windows(tensor, plan, [index], card.dims).to(device))[0]

        blend = Blend(plan, len(card.classes))
        return predict_windows(run, blend).argmax(0).numpy()
