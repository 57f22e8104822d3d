import numpy as np
import pytest

from cueseg.extreme_points import extreme_points_from_mask
from cueseg.metrics import dice
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.cases import read_manifest
from cueseg.training.manifests import main as write_manifest
from cueseg.training.validation import score, segment_with, validation_items
from cueseg.weights_file import WEIGHTS_FOLDER, list_models


@pytest.fixture(scope="module")
def predictor():
    return ExtremePointPredictor(device="cpu")


def phantom(kind, size, rng):
    """A made-up CT slice (HU) with one structure, and its mask: named phantom wherever a figure rests on it."""
    rows, cols = np.mgrid[:size, :size] / size - 0.5
    masks = {
        "disc": np.hypot(rows, cols) < 0.2,
        "ellipse": np.hypot(rows * 2, cols * 0.9 + rows * 0.5) < 0.28,
        "bean": (np.hypot(rows * 1.3, cols) < 0.25) & (np.hypot(rows - 0.25, cols) > 0.16),
    }
    mask = masks[kind]
    image = np.where(mask, 90, -20) + rng.normal(0, 15, mask.shape)
    return image.astype(np.int16), mask


@pytest.mark.parametrize("kind", ["disc", "ellipse", "bean"])
@pytest.mark.parametrize("size", [40, 160, 512])
def test_a_phantom_is_segmented(predictor, kind, size):
    rng = np.random.default_rng(size)
    image, mask = phantom(kind, size, rng)
    predictor.set_image(image, "ct")
    found = predictor.predict(extreme_points_from_mask(mask, rng)).mask
    assert dice(found, mask) > 0.9


def test_the_result_follows_the_image_not_only_the_clicks(predictor):
    rng = np.random.default_rng(0)
    image, mask = phantom("bean", 160, rng)
    points = extreme_points_from_mask(mask, rng)
    predictor.set_image(image, "ct")
    with_image = predictor.predict(points).mask
    predictor.set_image(np.full_like(image, 30), "ct")
    without = predictor.predict(points).mask
    assert dice(with_image, mask) > dice(without, mask) + 0.05


def test_shipped_files_are_small_and_have_complete_cards():
    cards = list_models()
    assert cards[0].name == "compact-cm"
    for card in cards:
        assert (WEIGHTS_FOLDER / card.file).stat().st_size < 30e6
        assert card.description
        assert card.licence
        assert {"data", "seed", "steps", "recipe", "commit"} <= set(card.training)
        assert card.metrics


@pytest.mark.data
def test_validation_organs_reach_the_figures_of_the_card(predictor, shared_data, tmp_path):
    """Head-and-neck CT of the validation split: what the card says, column by column."""
    manifest = tmp_path / "manifest.json"
    write_manifest(["--headneck", str(shared_data / "headneck_ct"), "--output", str(manifest)])
    items = validation_items(read_manifest(manifest, "val"))
    measured = score(items, segment_with(predictor), "exact")
    card = predictor.card.metrics["exact"]
    assert len(measured) == 7
    for column, values in measured.items():
        assert np.mean(values) == pytest.approx(card[column]["mean"], abs=0.005), column
