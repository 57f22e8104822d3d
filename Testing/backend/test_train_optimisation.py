"""The optimiser of a recipe, its rates and its schedule, also those of the recipes that are shipped."""

from pathlib import Path

import pytest
import torch
from torch import nn

from cueseg.models import create_model
from cueseg.training.batch_numbers import BatchNumbers
from cueseg.training.config import read_recipe
from cueseg.training.loop_options import LoopOptions
from cueseg.training.optimisation import learning_rate_at, make_optimizer, set_rate
from cueseg.training.ranks import Ranks
from cueseg.training.recipe_values import kind_of
from cueseg.training.run import KINDS

RECIPES = Path(__file__).parents[2] / "CueSegBackend" / "recipes"


class Two(nn.Module):
    """A backbone with a norm, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        self.head = nn.Linear(2, 1)


@pytest.mark.parametrize(
    ("name", "kind"), [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)]
)
def test_the_optimiser_is_the_one_named_and_decays_weights_alone(name, kind):
    options = LoopOptions(optimizer=name, weight_decay=0.3, momentum=0.7, betas=(0.8, 0.95))
    optimizer = make_optimizer(options, Two())
    assert type(optimizer) is kind
    weights, others = optimizer.param_groups
    assert (weights["weight_decay"], others["weight_decay"]) == (0.3, 0.0)
    assert [p.ndim for p in weights["params"]] == [2, 2]
    assert [p.ndim for p in others["params"]] == [1, 1, 1, 1]
    assert weights["momentum"] == 0.7 if name == "sgd" else weights["betas"] == (0.8, 0.95)


def test_the_head_has_a_rate_of_its_own_and_norms_of_the_backbone_can_stay():
    model = Two()
    optimizer = make_optimizer(LoopOptions(head_rate=10.0, fixed_norms=True), model)
    set_rate(optimizer, 0.5)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert rates[id(model.encoder[0].weight)] == 0.5
    assert rates[id(model.head.bias)] == 5.0
    assert id(model.encoder[1].weight) not in rates
    assert not model.encoder[1].weight.requires_grad


@pytest.mark.parametrize(
    ("schedule", "middle", "end"),
    [("cosine", 0.505, 0.01), ("constant", 1.0, 1.0), ("poly", 0.5**0.9, 0.0)],
)
def test_the_rate_rises_in_the_warm_up_and_then_follows_its_schedule(schedule, middle, end):
    options = LoopOptions(learning_rate=1.0, warm_up=10, steps=110, schedule=schedule)
    rates = [learning_rate_at(options, step) for step in (0, 9, 10, 60, 110)]
    assert rates == pytest.approx([0.1, 1.0, 1.0, middle, end])


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_that_is_shipped_can_be_read_and_steps(path):
    recipe = KINDS[kind_of(path)].read(path)
    assert learning_rate_at(recipe, 0) > 0
    assert BatchNumbers(recipe, recipe.steps - 1, Ranks()).part == recipe.batch


@pytest.mark.parametrize("name", ["paper-protocol", "paper-protocol-adam"])
def test_the_recipes_of_the_paper_can_be_read(name):
    recipe = read_recipe(RECIPES / f"{name}.toml")
    assert (recipe.architecture, recipe.loss, recipe.batch) == ("psp-resnet101", "balanced-sum", 14)
    assert (recipe.order, recipe.augmentation, recipe.phases[0].size) == ("epochs", "paper", 512)
    assert recipe.optimizer == ("adam" if "adam" in name else "sgd")
    assert recipe.weight_decay == 5e-4
    model = create_model(recipe.architecture, recipe.in_channels)
    optimizer = make_optimizer(recipe, model)
    trained = sum(p.numel() for group in optimizer.param_groups for p in group["params"])
    norms = sum(p.numel() for n, p in model.named_parameters() if p.ndim == 1 and not n.startswith("layer5"))
    assert trained == 48_800_385 - norms
