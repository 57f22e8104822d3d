"""How good a network of seven points is: by what the points say, and, where there are true labels, by them."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cueseg.metrics import dice, surface_distances
from cueseg.networks.card import NetworkCard
from cueseg.networks.inference import Blend, predict_windows, read_windows
from cueseg.networks.windows import plan_windows
from cueseg.training.points_cases import PointsCase
from cueseg.training.points_loss import labelled_loss
from cueseg.training.points_recipe import PointsRecipe
from cueseg.training.points_trainer import card_of

__all__ = ["PointsValidation", "full_scores", "logits_of", "tightness", "weak_score"]

Scores = dict[str, dict[str, float]]


class PointsValidation:
    """What chooses the weights: agreement with the points' labels and boxes, or Dice with the true labels.

    The authors choose by Dice with full labels, which is supervision that seven points do not give.
    """

    def __init__(self, recipe: PointsRecipe, cases: Sequence[PointsCase]) -> None:
        self.recipe, self.cases = recipe, cases

    def __call__(self, model: nn.Module) -> tuple[float, dict[str, Any]]:
        """(score from 0 to 1, its parts)."""
        card = card_of(self.recipe)
        if self.recipe.selection == "full":
            scores = full_scores(model, card, self.cases)
            value = float(np.mean([row["dice"] for row in scores.values()]))
            return value, {"full": {"dice": round(value, 4), "n": len(scores)}}
        losses, tight = [], []
        for case in self.cases:
            logits = logits_of(model, card, case.image)
            losses.append(float(labelled_loss(logits[None], torch.from_numpy(case.labels)[None])))
            tight.append(tightness((logits[1] > logits[0]).numpy(), case.boxes))
        loss, share = float(np.mean(losses)), float(np.mean(tight))
        details = {"loss": round(loss, 4), "tightness": round(share, 4), "n": len(losses)}
        return weak_score(loss, share), {"weak": details}


def weak_score(loss: float, tight: float) -> float:
    """The product of exp(-partial loss) and the tightness, from 0 to 1: neither an empty nor a full mask has both."""
    return math.exp(-loss) * tight


def tightness(mask: NDArray[np.bool_], boxes: NDArray[np.int64]) -> float:
    """How well a mask fills the boxes from side to side.

    The mean over the boxes of intersection over union of the box and that of the mask's voxels in it and one voxel
    around it; 0 for a box without any. An object touches all six sides of the box that its outside points leave to it.

    Args:
        mask: (slices, rows, cols) bool.
        boxes: (targets, 2, 3), first and last voxel (slice, row, col); without targets the tightness is 1.
    """
    found = []
    for low, high in boxes:
        first = np.maximum(low - 1, 0)
        part = mask[tuple(slice(a, b + 2) for a, b in zip(first, high, strict=True))]
        places = np.argwhere(part)
        if not len(places):
            found.append(0.0)
            continue
        own_low, own_high = places.min(axis=0) + first, places.max(axis=0) + first
        shared = np.maximum(np.minimum(high, own_high) - np.maximum(low, own_low) + 1, 0).prod()
        union = (high - low + 1).prod() + (own_high - own_low + 1).prod() - shared
        found.append(float(shared / union))
    return float(np.mean(found)) if found else 1.0


@torch.no_grad()
def logits_of(module: nn.Module, card: NetworkCard, image: NDArray[np.float32]) -> Tensor:
    """(classes, slices, rows, cols) logits of a module in eval mode: windows blended as the card says."""
    device, tensor = next(module.parameters()).device, torch.from_numpy(image)[None]
    plan = plan_windows(image.shape, card.patch_size, card.multiple, card.overlap)

    def run(index: int) -> Tensor:
        return module(read_windows(tensor, plan, [index], card.dims).to(device))[0]

    return predict_windows(run, Blend(plan, len(card.classes)))


def full_scores(
    module: nn.Module,
    card: NetworkCard,
    cases: Sequence[PointsCase],
    report: Callable[[str], None] = lambda subject: None,
) -> Scores:
    """Subject -> Dice, and hd95 and assd in mm, of every case with true labels and voxels of the target.

    An empty prediction has Dice 0 and infinite distances; it is never dropped.
    """
    scores = {}
    for case in cases:
        if not case.truth.any():
            continue
        report(case.subject)
        logits = logits_of(module, card, case.image)
        mask = (logits[1] > logits[0]).numpy()
        distances = surface_distances(mask, case.truth, case.spacing)
        scores[case.subject] = {
            "dice": dice(mask, case.truth),
            "hd95": distances.hd95,
            "assd": distances.assd,
        }
    return scores
