"""Training on objects in boxes: resuming, validation, and the exported file."""

import dataclasses

import numpy as np
import pytest
import torch

from cueseg.networks import load_network
from cueseg.training.box_objects import box_cases
from cueseg.training.box_recipe import read_box_recipe
from cueseg.training.box_run import BOX_RECIPES
from cueseg.training.box_samples import CropSource
from cueseg.training.box_trainer import BoxTrainer, collate
from cueseg.training.box_validation import BoxValidation, dice_in_boxes
from cueseg.training.ranks import Ranks
from cueseg.training.recipe_run import run_recipe
from training_case import check_that_a_killed_run_goes_on, recipe_text, write_manifest

BOX = """
kind = "box"
name = "tiny"
manifest = "{manifest}"
features = 8
shares = {{ "made up" = 1.0 }}
batch = 2
steps = 4
warm_up = 2
validate_every = 2
save_every = 1
report_every = 1
tensorboard = false
"""


@pytest.fixture
def recipe_path(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_text(BOX, write_manifest(tmp_path)), encoding="utf-8")
    return path


@pytest.fixture
def recipe(recipe_path):
    return read_box_recipe(recipe_path)


@pytest.fixture
def cases(recipe):
    return box_cases(recipe, "train")


def test_classes_held_out_are_measured_apart_and_never_trained_on(recipe, cases):
    held = dataclasses.replace(
        recipe, without=("box",), margin=0.0, rotation=0.0, scale=(1.0, 1.0), stretch=0.0, flips=False
    )
    source = CropSource(cases, held)
    assert {source[number].target.shape for number in range(20)} == {(8, 11)}  # slabs
    validation = BoxValidation(held, box_cases(held, "val"))

    class Everything(torch.nn.Conv2d):
        def forward(self, x):
            return torch.cat([torch.zeros_like(x), torch.ones_like(x)], 1)

    score, details = validation(Everything(1, 1, 1))
    assert score == 1.0  # whatever is found in the margin does not count
    assert details["classes"] == {"slab": {"mean": 1.0, "sd": 0.0, "n": 3}}
    assert details["held out"] == {"box": {"mean": 1.0, "sd": 0.0, "n": 4}}


def test_the_same_few_objects_are_validated_on_every_time(recipe):
    few = dataclasses.replace(recipe, validate_objects=2)
    cases = box_cases(few, "val")
    one, two = BoxValidation(few, cases), BoxValidation(few, cases)
    assert one.places == two.places
    assert {name: len(places) for name, places in one.places.items()} == {"box": 2, "slab": 2}


def test_several_processes_are_refused(recipe, cases, tmp_path, monkeypatch):
    monkeypatch.setattr(Ranks, "current", classmethod(lambda cls: Ranks(0, 2, 0)))
    monkeypatch.setattr("cueseg.training.loop.DistributedDataParallel", lambda module: module)
    with pytest.raises(ValueError, match="this is one of 2: start without torchrun"):
        BoxTrainer(recipe, cases, lambda model: (0.0, {}), tmp_path / "run")


def test_the_loss_of_a_batch_is_the_mean_over_its_crops(recipe, cases, tmp_path):
    trainer = BoxTrainer(recipe, cases, lambda model: (0.0, {}), tmp_path / "run")
    trainer.model.eval()
    crops = [trainer.source[number] for number in range(3)]
    assert len({crop.target.shape for crop in crops}) > 1
    alone = [trainer.loss_of(collate([crop])).item() for crop in crops]
    assert trainer.loss_of(collate(crops)).item() == pytest.approx(np.mean(alone), rel=1e-5)


def test_a_killed_run_goes_on_exactly(recipe, cases, tmp_path):
    validate = BoxValidation(recipe, box_cases(recipe, "val"))
    validated = check_that_a_killed_run_goes_on(
        lambda folder: BoxTrainer(recipe, cases, validate, folder), tmp_path
    )
    assert [row["step"] for row in validated] == [2, 4]
    assert validated[0]["classes"]["box"]["n"] == 4


def test_training_finds_bright_boxes(recipe, cases, tmp_path):
    longer = dataclasses.replace(
        recipe, steps=40, batch=4, learning_rate=5e-3, validate_every=40, ema=0.9, margin=4
    )
    held_out_images = box_cases(longer, "val")
    trainer = BoxTrainer(longer, cases, BoxValidation(longer, held_out_images), tmp_path / "run")
    before, _ = trainer.validate(trainer.average)
    assert trainer.run() > max(0.8, before + 0.2)
    places = [(0, item) for item in held_out_images[0].objects]
    assert min(dice_in_boxes(trainer.average, held_out_images, places, longer)) > 0.6


@pytest.mark.parametrize(("dims", "architecture"), [(2, "p-net"), (3, "pc-net")])
def test_a_run_ends_in_a_network_that_loads_with_its_card(recipe_path, tmp_path, dims, architecture):
    runs, target = tmp_path / "runs", tmp_path / "out" / "tiny.pt"
    options = {"output": runs, "dims": dims, "steps": 2, "without": ["slab"], "notes": "a note"}
    with pytest.raises(ValueError, match=r"no best\.pt: train first"):
        run_recipe(BOX_RECIPES, recipe_path, export=target, **options)
    assert run_recipe(BOX_RECIPES, recipe_path, **options) == 0
    assert run_recipe(BOX_RECIPES, recipe_path, export=target, **options) == 0
    network = load_network(target)
    assert network.card.architecture == architecture
    assert network.card.tail == ("classifier",)
    assert network.card.training["recipe"] == "recipe.toml"
    assert network.card.training["without"] == ["slab"]
    assert network.card.training["notes"] == "a note"
    assert network.card.metrics["val"]["box"]["n"] == (4 if dims == 2 else 1)
    assert set(network.card.metrics["val, classes not trained on"]) == {"slab"}
    best = torch.load(runs / "tiny" / "best.pt", weights_only=True)
    for name, value in network.module.state_dict().items():
        assert torch.equal(value, best[name])
    shape = (9, 13) if dims == 2 else (4, 9, 13)
    assert network.module(torch.randn(1, 1, *shape)).shape == (1, 2, *shape)
