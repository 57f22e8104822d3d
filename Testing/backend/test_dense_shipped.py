"""The shipped U-Nets: complete cards, and on validation images the quality that their cards state."""

import dataclasses

import numpy as np
import pytest

from cueseg.networks import list_networks, load_network
from cueseg.networks.shelf import SHIPPED_FOLDER
from cueseg.training.cases import read_manifest
from cueseg.training.dense_recipe import read_dense_recipe
from cueseg.training.dense_samples import dense_case
from cueseg.training.dense_validation import Predictor, dice_per_class
from cueseg.training.manifests import main as write_manifest
from project_tree import ROOT

NAMES = ("headneck-unet", "nuclei-unet")


def validation_cases(name, source, count, shared_data, tmp_path):
    """The first images of the validation split that the recipe of a network uses."""
    folder = {"headneck": "headneck_ct", "nuclei": "nuclei_dsb2018"}[source]
    manifest = tmp_path / "manifest.json"
    write_manifest([f"--{source}", str(shared_data / folder), "--output", str(manifest)])
    recipe = read_dense_recipe(ROOT / "CueSegBackend" / "recipes" / f"{name}.toml")
    found = [dense_case(case, recipe) for case in read_manifest(manifest, "val")]
    return [case for case in found if case is not None][:count]


def test_both_are_listed_by_name():
    assert set(NAMES) <= {card.name for card in list_networks()}


@pytest.mark.parametrize("name", NAMES)
def test_files_are_small_and_cards_complete(name):
    network = load_network(name)
    card = network.card
    assert (SHIPPED_FOLDER / card.file).stat().st_size < 6e6
    assert network.cuttable
    assert network.refinable == ""
    assert card.description
    assert card.licence
    assert {"data", "split", "seed", "steps", "recipe"} <= set(card.training)
    assert set(card.metrics["val"]) == set(card.classes[1:])
    assert all({"mean", "sd", "n"} == set(values) for values in card.metrics["val"].values())


@pytest.mark.parametrize("name", NAMES)
def test_cards_agree_with_their_recipes(name):
    card = load_network(name).card
    recipe = read_dense_recipe(ROOT / "CueSegBackend" / "recipes" / card.training["recipe"])
    assert card.classes == recipe.class_names
    assert card.intensity == dict(recipe.intensity)
    assert card.training["steps"] == recipe.steps
    assert card.training["seed"] == recipe.seed


def test_bright_discs_are_nuclei():
    """A made-up micrograph: bright discs on dark ground."""
    rng = np.random.default_rng(0)
    rows, cols = np.mgrid[:128, :128]
    truth = np.zeros((128, 128), bool)
    for row, col in ((30, 30), (60, 90), (100, 40), (95, 105)):
        truth |= np.hypot(rows - row, cols - col) < 9
    image = (20 + 120 * truth + rng.normal(0, 4, truth.shape)).clip(0, 255)
    network = load_network("nuclei-unet")
    tensor = network.prepare(image).tensor
    labels = network.module(tensor[None]).argmax(1)[0].numpy()
    overlap = 2 * (truth & (labels == 1)).sum() / (truth.sum() + (labels == 1).sum())
    assert overlap > 0.85


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "source", "count"), [("nuclei-unet", "nuclei", 8), ("headneck-unet", "headneck", 1)]
)
def test_validation_images_reach_the_figures_of_the_card(name, source, count, shared_data, tmp_path):
    cases = validation_cases(name, source, count, shared_data, tmp_path)
    network = load_network(name)
    scores = dice_per_class(cases, network.card.classes, Predictor(network.module, network.card))
    for name_of_class, values in scores.items():
        stated = network.card.metrics["val"][name_of_class]
        assert np.mean(values) > stated["mean"] - 3 * stated["sd"] / np.sqrt(max(1, len(values))), (
            name_of_class
        )


@pytest.mark.data
def test_the_parotids_are_not_mixed_up(shared_data, tmp_path):
    """The right one is called right; in the mirrored image the other one, which then lies where right is."""
    (case,) = validation_cases("headneck-unet", "headneck", 1, shared_data, tmp_path)
    network = load_network("headneck-unet")
    predict = Predictor(network.module, network.card)
    right, left = (network.card.classes.index(f"parotid {side}") for side in ("right", "left"))
    slices = np.nonzero(np.isin(case.target, (right, left)).any(axis=(1, 2)))[0]
    near = slice(max(0, slices[0] - 12), slices[-1] + 12)
    part = case.image[near]
    for image in (part, np.ascontiguousarray(part[..., ::-1])):
        labels = predict(dataclasses.replace(case, image=image))
        columns = [np.nonzero(labels == number)[2].mean() for number in (right, left)]
        assert columns[0] < columns[1] - 5
