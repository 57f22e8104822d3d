"""The shipped network for one object in a box: a complete card, and on validation images the quality that it states."""

import numpy as np
import pytest

from cueseg.bifseg import BifsegOptions, bifseg
from cueseg.metrics import dice
from cueseg.networks import load_network
from cueseg.networks.shelf import SHIPPED_FOLDER
from cueseg.training.box_objects import box_cases
from cueseg.training.box_recipe import CLASSES, read_box_recipe
from cueseg.training.box_validation import BoxValidation
from cueseg.training.manifests import main as write_manifest
from project_tree import ROOT

RECIPE = ROOT / "CueSegBackend" / "recipes" / "p-net.toml"


def test_the_file_is_small_and_its_card_agrees_with_the_recipe():
    network, recipe = load_network("p-net"), read_box_recipe(RECIPE)
    card = network.card
    assert (SHIPPED_FOLDER / card.file).stat().st_size < 1e6
    assert (network.cuttable, network.refinable, card.classes) == (True, "", CLASSES)
    stated = (card.training["steps"], card.training["seed"], card.training["recipe"])
    assert stated == (recipe.steps, recipe.seed, RECIPE.name)
    assert card.training["without"] == list(recipe.without)
    assert set(card.metrics["val, classes not trained on"]) == set(recipe.without)
    assert not set(card.metrics["val"]) & set(recipe.without)


def test_a_bright_disc_in_its_box_is_found_and_strokes_are_obeyed():
    """A made-up picture; without strokes the network as it is, with them tuned."""
    rows, cols = np.mgrid[:96, :96]
    truth = np.hypot(rows - 50, cols - 44) < 17
    image = (60 + 90 * truth + np.random.default_rng(0).normal(0, 8, truth.shape)).astype(np.float32)
    box = ((27, 33), (61, 67))
    alone = bifseg(load_network("p-net"), image, box, None, BifsegOptions(alternations=0), device="cpu")
    assert dice(alone.mask, truth) > 0.9
    scribbles = np.full(truth.shape, -1, np.int16)
    scribbles[50, 35:53], scribbles[34:36, 28:32] = 1, 0
    tuned = bifseg(load_network("p-net"), image, box, scribbles, device="cpu")
    assert dice(tuned.mask, truth) > 0.9
    assert (tuned.mask[scribbles == 1].all(), tuned.mask[scribbles == 0].any()) == (True, False)


@pytest.mark.data
def test_validation_images_reach_the_figures_of_the_card(shared_data, tmp_path):
    manifest = tmp_path / "manifest.json"
    write_manifest(["--headneck", str(shared_data / "headneck_ct"), "--output", str(manifest)])
    recipe = read_box_recipe(RECIPE, manifest=str(manifest), shares={"headneck": 1.0}, validate_objects=8)
    network = load_network("p-net")
    _, found = BoxValidation(recipe, box_cases(recipe, "val"))(network.module)
    metrics = network.card.metrics
    assert set(found["held out"]) == set(recipe.without)
    stated = metrics["val"] | metrics["val, classes not trained on"]
    for name, values in (found["classes"] | found["held out"]).items():
        least = stated[name]["mean"] - 3 * stated[name]["sd"] / np.sqrt(values["n"])
        assert values["mean"] > least, name
