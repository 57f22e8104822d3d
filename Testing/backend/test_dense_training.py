"""Training of dense networks: patches, resuming, and the exported file."""

import dataclasses
import json

import numpy as np
import pytest

from cueseg.networks import load_network
from cueseg.training.cases import read_manifest
from cueseg.training.dense_recipe import DenseRecipe, read_dense_recipe
from cueseg.training.dense_run import DENSE_RECIPES, Validation, dense_cases
from cueseg.training.dense_samples import PatchSource, dense_case
from cueseg.training.dense_trainer import DenseTrainer, collate
from cueseg.training.dense_validation import dice_per_class, summary
from cueseg.training.optimisation import learning_rate_at
from cueseg.training.recipe_run import run_recipe
from training_case import DENSE, check_that_a_killed_run_goes_on, recipe_text, write_case


@pytest.fixture
def manifest(tmp_path):
    """Three made-up CT volumes: the second one has no slab, and all have a third organ that nobody trains."""
    entries = []
    for number, split in enumerate(("train", "train", "val")):
        labels = np.zeros((6, 20, 22), np.uint8)
        labels[1:5, 4:10, 3:12] = 1
        labels[2:4, 12:18, 5:19] = 0 if number == 1 else 2
        labels[0, :2, :2] = 3
        classes = {"box": [1], "slab": [2], "corner": [3]}
        entries.append(write_case(tmp_path, number, split, labels, labels * 40.0 - 60, classes))
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


@pytest.fixture
def recipe_path(manifest, tmp_path):
    path = tmp_path / "recipe.toml"
    values = {"batch": 2, "steps": 4, "validate_every": 2, "rotation": 10, "tilt": 5}
    path.write_text(recipe_text(DENSE, manifest, **values), encoding="utf-8")
    return path


@pytest.fixture
def recipe(recipe_path):
    return read_dense_recipe(recipe_path)


def test_cases_know_which_classes_were_labelled(recipe):
    whole, partial = dense_cases(recipe, "train")
    assert whole.known.tolist() == [True, True, True]
    assert partial.known.tolist() == [True, True, False]
    assert whole.target.max() == 2  # the third organ is background
    assert whole.target[0, 0, 0] == 0
    assert 0 <= whole.image.min() <= whole.image.max() <= 1
    looked_for = dataclasses.replace(recipe, missing="background")
    assert dense_cases(looked_for, "train")[1].known.tolist() == [True, True, True]


def test_images_without_the_classes_are_left_out(recipe, manifest):
    (case,) = read_manifest(manifest, "val")
    assert dense_case(case, dataclasses.replace(recipe, classes={"liver": ["liver"]})) is None


def test_instances_and_colours_become_one_class_in_grey(recipe, manifest):
    (case,) = read_manifest(manifest, "val")
    colour = np.stack([case.image] * 3, axis=-1)
    cells = dataclasses.replace(case, image=colour, instances=True, classes={"cells": ()})
    found = dense_case(cells, dataclasses.replace(recipe, classes={"cell": ["cells"]}))
    assert np.array_equal(found.target > 0, case.labels > 0)
    grey = dense_case(case, recipe)
    assert np.allclose(found.image, grey.image, atol=1e-5)


def test_a_patch_depends_on_its_number_and_the_seed_alone(recipe):
    cases = dense_cases(recipe, "train")
    one, two = PatchSource(cases, recipe), PatchSource(cases, recipe)
    other = PatchSource(cases, dataclasses.replace(recipe, seed=1))
    one[0]
    for number in (3, 11):
        assert np.array_equal(one[number].image, two[number].image)
        assert np.array_equal(one[number].target, two[number].target)
    assert not np.array_equal(one[3].image, other[3].image)


def test_patches_show_the_labels_where_the_image_has_them(recipe):
    source = PatchSource(
        dense_cases(recipe, "train")[:1], dataclasses.replace(recipe, foreground=1.0, seed=4)
    )
    patches = [source[number] for number in range(30)]
    assert all(patch.image.shape == (1, 4, 16, 16) for patch in patches)
    assert all((patch.target > 0).any() for patch in patches)
    means = [[p.image[0][p.target == k].mean() for p in patches if (p.target == k).any()] for k in (0, 1, 2)]
    assert np.mean(means[0]) < np.mean(means[1]) - 0.1 < np.mean(means[2]) - 0.2


def test_flips_are_only_along_the_axes_that_the_recipe_names(recipe):
    """Without turning and zooming, a patch as large as the image is the image, flipped or not."""
    (case,) = dense_cases(recipe, "val")
    plain = dataclasses.replace(recipe, rotation=0.0, tilt=0.0, scale=(1.0, 1.0), patch=(6, 20, 22))
    unbent = [
        patch.target
        for patch in (PatchSource([case], dataclasses.replace(plain, flips=(2,)))[n] for n in range(20))
    ]
    same = [np.array_equal(t, case.target) for t in unbent]
    mirrored = [np.array_equal(t, case.target[..., ::-1]) for t in unbent]
    assert any(same)
    assert any(mirrored)
    still = [PatchSource([case], plain)[n].target for n in range(20)]
    assert not any(np.array_equal(t, case.target[..., ::-1]) for t in still)


def test_two_dimensional_networks_take_slices(recipe):
    flat = dataclasses.replace(recipe, dims=2, patch=(16, 16))
    patch = PatchSource(dense_cases(recipe, "train"), flat)[0]
    assert patch.image.shape == (1, 16, 16)
    assert patch.target.shape == (16, 16)


def test_a_killed_run_goes_on_exactly(recipe, tmp_path):
    recipe = dataclasses.replace(recipe, save_every=1)
    cases = dense_cases(recipe, "train")
    validate = Validation(recipe, dense_cases(recipe, "val"))
    validated = check_that_a_killed_run_goes_on(
        lambda folder: DenseTrainer(recipe, cases, validate, folder), tmp_path
    )
    assert [row["step"] for row in validated] == [2, 4]
    assert validated[0]["classes"]["box"]["n"] == 1


def test_training_lowers_the_loss_on_one_batch(recipe, tmp_path):
    longer = dataclasses.replace(recipe, steps=1000, learning_rate=1e-2)
    trainer = DenseTrainer(longer, dense_cases(recipe, "train"), None, tmp_path / "run")
    batch = collate([trainer.source[number] for number in range(2)])
    losses = [trainer.train_step(batch) for _ in range(12)]
    assert losses[-1] < 0.8 * losses[0]


def test_learning_rate_warms_up_and_falls_to_a_hundredth():
    recipe = DenseRecipe(
        name="x", manifest="y", classes={"a": ["a"]}, learning_rate=1.0, warm_up=10, steps=110
    )
    assert learning_rate_at(recipe, 0) == pytest.approx(0.1)
    assert learning_rate_at(recipe, 10) == pytest.approx(1.0)
    assert learning_rate_at(recipe, 110) == pytest.approx(0.01)


def test_scores_count_images_that_know_the_class(recipe):
    cases = dense_cases(recipe, "train")
    scores = dice_per_class(cases, recipe.class_names, lambda case: case.target)
    assert scores == {"box": [1.0, 1.0], "slab": [1.0]}
    assert summary({**scores, "none": []})["slab"] == {"mean": 1.0, "sd": 0.0, "n": 1}


def test_a_run_ends_in_a_network_that_loads_with_its_card(recipe_path, tmp_path):
    runs, target = tmp_path / "runs", tmp_path / "out" / "tiny.pt"
    with pytest.raises(ValueError, match=r"no best\.pt: train first"):
        run_recipe(DENSE_RECIPES, recipe_path, output=runs, export=target)
    assert run_recipe(DENSE_RECIPES, recipe_path, output=runs) == 0
    assert run_recipe(DENSE_RECIPES, recipe_path, output=runs, export=target) == 0
    network = load_network(target)
    assert network.card.classes == ("background", "box", "slab")
    assert network.card.patch_size == (4, 16, 16)
    assert network.card.multiple == 2
    assert network.card.training["recipe"] == "recipe.toml"
    assert network.card.metrics["val"]["box"]["n"] == 1
    assert network.cuttable


def test_nothing_to_train_or_validate_on_is_said(recipe_path, manifest, tmp_path):
    with pytest.raises(ValueError, match="nothing to validate on"):
        run_recipe(DENSE_RECIPES, recipe_path, output=tmp_path, classes={"liver": ["liver"]})
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    for entry in entries[:2]:
        entry["classes"] = {"liver": [9]}
    manifest.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(ValueError, match="no image of split 'train'"):
        run_recipe(DENSE_RECIPES, recipe_path, output=tmp_path)
