"""Dice of a network for one object in a box, per class, with the box given and a fixed margin around it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from cueseg.metrics import dice
from cueseg.training.box_objects import BoxCase
from cueseg.training.box_recipe import BoxRecipe
from cueseg.training.box_samples import Place, known_objects, plain_crop
from cueseg.training.dense_validation import metric_of, summary

__all__ = ["BoxValidation", "dice_in_boxes"]

_CHOICE = 2018  # seed of the objects: the same for every recipe, so that recipes can be compared


class BoxValidation:
    """Dice of at most `validate_objects` objects per class, the same every time.

    Raises:
        ValueError: No object of a class that is trained on.
    """

    def __init__(self, recipe: BoxRecipe, cases: Sequence[BoxCase]) -> None:
        self.recipe, self.cases = recipe, cases
        rng = np.random.default_rng(_CHOICE)
        self.places: dict[str, list[Place]] = {}
        for classes in known_objects(cases, recipe).values():
            for name, places in sorted(classes.items()):
                count = min(len(places), recipe.validate_objects)
                chosen = rng.choice(len(places), count, replace=False)
                self.places[name] = [places[number] for number in sorted(chosen)]
        if not set(self.places) - set(recipe.without):
            raise ValueError(
                f"{recipe.manifest} holds no object to validate on: give some image the split 'val'"
            )

    def __call__(self, model: nn.Module) -> tuple[float, dict[str, Any]]:
        """The recipe's metric over the classes trained on; these and those held out with mean, sd and count."""
        scores = summary(
            {
                name: dice_in_boxes(model, self.cases, places, self.recipe)
                for name, places in self.places.items()
            }
        )
        held_out = {name: scores.pop(name) for name in self.recipe.without if name in scores}
        return metric_of(scores, self.recipe.metric), {"classes": scores, "held out": held_out}


@torch.no_grad()
def dice_in_boxes(
    model: nn.Module, cases: Sequence[BoxCase], places: Sequence[Place], recipe: BoxRecipe
) -> list[float]:
    """Dice of every object within its box, which the user gives: what is found in the margin does not count.

    Args:
        model: In eval mode; (1, 1, *sides) -> logits (1, 2, *sides).
        cases: Images.
        places: Objects in them.
        recipe: Whose margin and intensity rule the crops have.
    """
    device, found = next(model.parameters()).device, []
    for number, item in places:
        crop, inner = plain_crop(cases[number], item, recipe)
        logits = model(torch.from_numpy(crop.image[None]).to(device))[0]
        mask = (logits[1] > logits[0]).cpu().numpy()
        found.append(dice(mask[inner], crop.target[inner] == 1))
    return found
