"""The benchmark of the threshold: Dice by threshold, calibration, the choice, and how the card gets it."""

import json
import sys

import numpy as np
import pytest
from torch import nn

import calibration
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.config import read_recipe
from cueseg.training.export import card_of
from cueseg.training.validation import CLICKS, Item
from cueseg.weights_file import LoadedModel, WeightsCard
from labelled_manifest import write_volumes


class Brightness(nn.Module):
    """Logit 0 at a grey value of 127.5; a step of 10 is a logit of 1."""

    def forward(self, x):
        return (x[:, :1] - 127.5) / 10


def predictor_with(**card) -> ExtremePointPredictor:
    settings = {"name": "double", "architecture": "compact", "licence": "MIT", "input_size": 128} | card
    return ExtremePointPredictor(LoadedModel(Brightness(), WeightsCard(**settings)), "cpu")


def item_of(column: str, subject: str, outer: int = 0) -> Item:
    """A bright square of 16 pixels, true in all but `outer` rows, which are darker (probability about 0.38)."""
    image = np.zeros((60, 60), np.uint8)
    mask = np.zeros((60, 60), bool)
    image[20:36, 20:36], mask[20:36, 20:36] = 255, True
    image[36 - outer : 36, 20:36] = 122
    points = np.array([(20, 25), (35, 25), (28, 20), (28, 35)], float)
    return Item(column, subject, image, "grey", (1.0, 1.0), mask, points, points)


def test_dice_by_threshold_is_that_of_the_predictor_with_that_threshold():
    predictor, item = predictor_with(), item_of("larynx", "a", outer=4)
    thresholds = (0.2, 0.35, 0.5, 0.8)
    dices = calibration.measure([item], predictor, "exact", thresholds).dices[0]
    predictor.set_image(item.image, "grey")
    for threshold, value in zip(thresholds, dices, strict=True):
        assert value == calibration.dice(predictor.predict(item.exact, threshold).mask, item.mask)
    assert dices[1] > 0.94, "all but what the zoom blurs"
    assert dices[2] == pytest.approx(2 * 12 / (12 + 16), abs=0.04)


def test_pixels_by_probability_and_the_calibration_error():
    probability = np.array([[0.05, 0.05, 0.95], [1.0, 0.55, 0.0]], np.float32)
    mask = np.array([[0, 1, 1], [1, 0, 0]], bool)
    pixels = calibration.by_probability(probability, mask)
    np.testing.assert_allclose(pixels[[0, 5, 9]], [[3, 0.1, 1], [1, 0.55, 0], [2, 1.95, 2]], atol=1e-6)
    assert pixels[:, 0].sum() == 6
    assert calibration.calibration_error(pixels) == pytest.approx((0.9 + 0.55 + 0.05) / 6, abs=1e-6)
    perfect = np.array([[10, 0.5, 0.5], [4, 3.0, 3.0]])
    assert calibration.calibration_error(perfect) == 0.0


def test_only_pixels_within_the_click_box_are_counted():
    measured = calibration.measure([item_of("larynx", "a")], predictor_with(), "exact", (0.5,))
    assert measured.pixels.shape == (1, 10, 3)
    assert measured.pixels[0, :, 0].sum() == 16 * 16 == measured.pixels[0, :, 2].sum()


def test_the_standard_error_takes_structures_of_one_subject_together(rng):
    values = rng.normal(0.1, 0.05, 12)
    alone = [item_of("larynx", str(number)) for number in range(12)]
    usual = values.std(ddof=1) / np.sqrt(12)
    assert calibration.standard_error(values, alone) == pytest.approx(usual)
    twice = [item_of("larynx", item.subject) for item in alone for _ in range(2)]
    assert calibration.standard_error(np.repeat(values, 2), twice) == pytest.approx(usual)
    columns = [item_of(column, str(number)) for column in ("larynx", "mandible") for number in range(12)]
    assert calibration.standard_error(np.tile(values, 2), columns) == pytest.approx(usual)
    assert np.isnan(calibration.standard_error(values, [item_of("larynx", "one")] * 12))


def test_the_choice_weighs_columns_alike_and_says_whether_it_is_sure():
    items = [item_of("larynx", str(n)) for n in range(9)] + [item_of("mandible", str(n)) for n in range(2)]
    thresholds = (0.4, 0.5)
    dices = np.array([[0.80, 0.81]] * 9 + [[0.9, 0.7]] * 2)
    found = {clicks: calibration.Measured(dices, np.ones((11, 10, 3))) for clicks in CLICKS}
    rows, chosen = calibration.threshold_table(items, found, thresholds, 0.5)
    cells = "0.8500 | 0.8000 | 0.8500 | 0.8000 | 0.8500 | +0.0950 ± 0.0000"
    assert rows.splitlines()[2] == f"| 0.4 | {cells} |"
    assert (
        chosen
        == "Highest mean: 0.4 (0.8500), +0.0950 ± 0.0000 over the card's 0.5: more than two standard errors."
    )
    unsure = calibration.verdict(thresholds, np.array([0.85, 0.84]), [(0.01, 0.006), (0.0, 0.0)], 0.5)
    assert unsure.endswith("not more than two standard errors.")
    same = calibration.verdict(thresholds, np.array([0.83, 0.84]), [(-0.01, 0.006), (0.0, 0.0)], 0.5)
    assert same == "Highest mean: 0.5, the card's threshold (0.8400)."


def test_columns_beside_the_protocol_do_not_count():
    dices = np.array([[0.5], [0.9]])
    names = ["hippocampus anterior", "hippocampus whole"]
    assert list(calibration.column_means(dices, names)) == names[::-1]
    np.testing.assert_array_equal(calibration.protocol_means(dices, names), [[0.9]])


def test_the_script_reads_the_split_val_and_writes_its_figures(tmp_path, monkeypatch, capsys):
    manifest = write_volumes(tmp_path, ("train", "val", "val", "test"))
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    for entry in entries:
        entry["classes"] = {"brainstem": [1], "larynx": [2]}
        if entry["split"] != "val":
            (tmp_path / entry["image"]).unlink()
    manifest.write_text(json.dumps(entries), encoding="utf-8")
    target = tmp_path / "calibration.json"
    monkeypatch.setattr(sys, "argv", ["calibration.py", str(manifest), "--json", str(target)])
    monkeypatch.setattr(
        sys.modules["accuracy"], "ExtremePointPredictor", lambda *_: predictor_with(threshold=0.42)
    )
    calibration.main()
    printed = capsys.readouterr().out
    assert "split val, n = 4" in printed
    assert printed.count("| the card's |") == 1
    written = json.loads(target.read_text(encoding="utf-8"))
    assert 0.42 in written["thresholds"]
    assert np.shape(written["dice"]["exact"]) == (4, len(calibration.THRESHOLDS) + 1)
    assert set(written["errors"]["disturbed"]) == {"all", "mean of columns", "brainstem", "larynx"}


def test_a_recipe_gives_the_card_its_threshold(tmp_path):
    recipe_file = tmp_path / "recipe.toml"
    recipe_file.write_text(
        'name = "a"\nmanifest = "m.json"\n[[phases]]\nfirst = 0\nsize = 64\nshares = { x = 1.0 }\n',
        encoding="utf-8",
    )
    assert card_of(read_recipe(recipe_file), 64).threshold == 0.5
    assert card_of(read_recipe(recipe_file, threshold=0.45), 64).threshold == 0.45
    with pytest.raises(ValueError, match=r"threshold must be between 0 and 1, got 1\.0"):
        read_recipe(recipe_file, threshold=1.0)
