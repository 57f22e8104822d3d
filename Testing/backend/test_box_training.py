"""Training on objects in boxes: the crops, resuming, validation, and the exported file."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from scipy import ndimage

from cueseg.networks import load_network
from cueseg.networks.intensities import apply_rule
from cueseg.training.box_objects import box_case, box_cases
from cueseg.training.box_recipe import read_box_recipe
from cueseg.training.box_run import run_box_recipe
from cueseg.training.box_samples import CropSource, plain_crop
from cueseg.training.box_trainer import BoxTrainer, collate
from cueseg.training.box_validation import BoxValidation, dice_in_boxes
from cueseg.training.cases import read_manifest
from cueseg.training.ranks import Ranks
from training_case import recipe_text, write_manifest

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
    path.write_text(recipe_text(BOX, write_manifest(tmp_path)))
    return path


@pytest.fixture
def recipe(recipe_path):
    return read_box_recipe(recipe_path)


@pytest.fixture
def cases(recipe):
    return box_cases(recipe, "train")


def still(recipe, **values):
    """Neither turned nor zoomed nor flipped."""
    return dataclasses.replace(recipe, rotation=0.0, scale=(1.0, 1.0), stretch=0.0, flips=False, **values)


def test_every_organ_in_every_slice_is_an_object_with_its_tight_box(cases):
    for case in cases:
        found = [(item.name, item.part[0].start) for item in case.objects]
        assert found == [("box", z) for z in range(1, 5)] + [("slab", z) for z in range(2, 5)]
        for item in case.objects:
            inside = np.isin(case.labels[item.part], item.labels)
            assert inside.all()  # boxes of boxes are full
            whole = np.isin(case.labels[item.part[0]], item.labels)
            assert inside.sum() == whole.sum()


def test_volumes_hold_whole_organs_and_pictures_every_instance(recipe):
    case = read_manifest(recipe.manifest, "train")[0]
    organs = box_case(case, 3).objects
    assert [item.name for item in organs] == ["box", "slab"]
    assert organs[0].part == (slice(1, 5), slice(10, 20), slice(12, 30))
    cells = np.zeros((1, 12, 30), np.int32)
    cells[0, 1:5, 1:4], cells[0, 4:9, 8:20], cells[0, 0, 25] = 7, 2, 3  # the last one is a speck
    picture = dataclasses.replace(
        case,
        image=np.repeat(cells[..., None], 3, axis=-1) * 10,
        labels=cells,
        classes={"cell": ()},
        instances=True,
    )
    found = box_case(picture, 2)
    assert [item.labels for item in found.objects] == [(2,), (7,)]
    assert found.objects[1].part == (slice(0, 1), slice(1, 5), slice(1, 4))
    assert np.allclose(found.image, cells * 10)  # grey of grey


def test_a_crop_depends_on_its_number_and_the_seed_alone(recipe, cases):
    one, two = CropSource(cases, recipe), CropSource(cases, recipe)
    other = CropSource(cases, dataclasses.replace(recipe, seed=1))
    one[0]
    for number in (3, 11):
        assert np.array_equal(one[number].image, two[number].image)
        assert np.array_equal(one[number].target, two[number].target)
    shapes = [[source[number].target.shape for number in range(6)] for source in (one, other)]
    assert shapes[0] != shapes[1]


@pytest.mark.parametrize("dims", [2, 3])
def test_crops_keep_the_margin_and_show_the_object_where_it_is(recipe, dims):
    recipe = dataclasses.replace(recipe, dims=dims, margin=3.0)
    source = CropSource(box_cases(recipe, "train"), recipe)
    for number in range(40):
        crop = source[number]
        assert crop.image.shape == (1, *crop.target.shape)
        assert crop.image.dtype == np.float32
        assert abs(crop.image.mean()) < 1e-4
        assert crop.image.std() == pytest.approx(1.0, abs=1e-3)
        (part,) = ndimage.find_objects(crop.target)
        for own, side in zip(part, crop.target.shape, strict=True):
            assert own.start <= 5  # the margin, and what turning and rounding add to the box
            assert side - own.stop <= 5
        inside = crop.target > 0
        assert crop.image[0][inside].mean() > crop.image[0][~inside].mean() + 0.5


def test_margins_reach_the_limit_and_no_further(recipe, cases):
    source = CropSource(cases, still(recipe, margin=4.0))
    gaps = []
    for number in range(60):
        target = source[number].target
        rows, cols = ndimage.find_objects(target)[0]
        gaps += [rows.start, target.shape[0] - rows.stop, cols.start, target.shape[1] - cols.stop]
    assert set(gaps) == {0, 1, 2, 3, 4}
    none = CropSource(cases, still(recipe, margin=0.0))
    assert all(none[number].target.all() for number in range(10))


def test_zoomed_objects_have_the_size_asked_for_and_no_more_than_the_largest(recipe, cases):
    """The box is 10 x 16 to 18 pixels, the slab 8 x 11."""
    doubled = dataclasses.replace(recipe, rotation=0.0, scale=(2.0, 2.0), stretch=0.0, margin=0.0)
    longest = {max(CropSource(cases, doubled)[number].target.shape) for number in range(40)}
    assert max(longest) > 31
    capped = dataclasses.replace(doubled, largest=8)
    source = CropSource(cases, capped)
    assert max(max(source[number].target.shape) for number in range(40)) <= 12


def test_flips_and_inversion_are_only_where_the_recipe_says(recipe, cases):
    plain = still(recipe, margin=0.0)
    inverted = CropSource(cases, dataclasses.replace(plain, inverted=1.0, margin=5.0))
    for number in range(10):
        crop = inverted[number]
        assert crop.image[0][crop.target > 0].mean() < crop.image[0][crop.target == 0].mean()
    corner = dataclasses.replace(
        cases[0], labels=cases[0].labels * (np.arange(50) < 20)[None, None] * (np.arange(40) < 14)[:, None]
    )
    notched = dataclasses.replace(corner, labels=np.where(cases[0].labels == 1, corner.labels, 0))
    notched.labels[:, 10:20, 12:16][cases[0].labels[:, 10:20, 12:16] == 1] = 1  # an L
    upright = CropSource([notched], dataclasses.replace(plain, without=("slab",)))
    flipped = CropSource([notched], dataclasses.replace(plain, without=("slab",), flips=True))
    first = upright[0].target
    assert all(np.array_equal(upright[number].target, first) for number in range(8))
    seen = {flipped[number].target.tobytes() for number in range(40)}
    assert seen == {np.ascontiguousarray(np.flip(first, axes)).tobytes() for axes in ((), (0,), (1,), (0, 1))}


def test_a_crop_for_validation_is_what_is_cut_out_after_training(recipe, cases):
    case = cases[0]
    # Rows 25 to 32 of 40, columns 5 to 15 of 50.
    near = next(item for item in case.objects if item.name == "slab")
    crop, inner = plain_crop(case, near, dataclasses.replace(recipe, validate_margin=8))
    part = (near.part[0].start, slice(17, 40), slice(0, 24))
    assert inner == (slice(8, 16), slice(5, 16))
    assert np.array_equal(
        crop.image, apply_rule(case.image[part][None], {"kind": "zscore", "nonzero": False})
    )
    assert np.array_equal(crop.target, case.labels[part] == 2)
    deep = dataclasses.replace(recipe, dims=3)
    (case,) = box_cases(deep, "val")
    crop, inner = plain_crop(case, case.objects[0], deep)
    assert crop.target.shape == (6, 20, 26)
    assert crop.target[inner].all()


def test_classes_held_out_are_measured_apart_and_never_trained_on(recipe, cases):
    held = still(recipe, without=("box",), margin=0.0)
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


def test_mistakes_in_the_data_are_named(recipe, cases):
    with pytest.raises(ValueError, match="without names 'larnyx', which no image has: there is box, slab"):
        CropSource(cases, dataclasses.replace(recipe, without=("larnyx",)))
    with pytest.raises(ValueError, match="no object of group 'made up' to train on"):
        CropSource(cases, dataclasses.replace(recipe, without=("box", "slab")))
    with pytest.raises(ValueError, match="no object of group 'cells'"):
        CropSource(cases, dataclasses.replace(recipe, shares={"made up": 1.0, "cells": 1.0}))
    with pytest.raises(ValueError, match="no object to validate on"):
        BoxValidation(dataclasses.replace(recipe, without=("box", "slab")), cases)


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
    """Four steps at once, and two with the process gone before the third ends, then two more: equal weights."""
    validate = BoxValidation(recipe, box_cases(recipe, "val"))
    whole = BoxTrainer(recipe, cases, validate, tmp_path / "whole")
    whole.run()
    killed = BoxTrainer(recipe, cases, validate, tmp_path / "killed")
    train_step = killed.train_step

    def third_step_fails(*batch):
        if killed.step == 2:
            raise KeyboardInterrupt
        return train_step(*batch)

    killed.train_step = third_step_fails
    with pytest.raises(KeyboardInterrupt):
        killed.run()
    resumed = BoxTrainer(recipe, cases, validate, tmp_path / "killed")
    assert resumed.step == 2
    assert resumed.run() == pytest.approx(whole.best)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    rows = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    validated = [row for row in rows if "val" in row]
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
        run_box_recipe(recipe_path, export=target, **options)
    assert run_box_recipe(recipe_path, **options) == 0
    assert run_box_recipe(recipe_path, export=target, **options) == 0
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
