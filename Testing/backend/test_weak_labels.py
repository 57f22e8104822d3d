"""Labels from clicks as training data: nobody leaks, labels are where the clicks were, and the tables count right."""

import json
import runpy
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import weak_labels_data as data
from command_line import BRIGHT_CARD, BrightnessNetwork
from cueseg.datasets.entries import read_entries
from cueseg.evaluation.from_points import Clicks
from cueseg.geometry import Box
from cueseg.metrics import dice
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.cases import Case, read_manifest
from cueseg.weights_file import LoadedModel
from training_case import DENSE, POINTS, recipe_text, write_case

BENCHMARK = Path(__file__).parents[2] / "CueSegBackend" / "benchmarks" / "weak_labels.py"
CLASSES = {"box": [1], "slab": [3]}
EXACT = Clicks("exact")


def made_up_labels(number: int) -> np.ndarray:
    """A box (1), a slab (3) of which one slice is too small to click, and 2 is no class."""
    labels = np.zeros((6, 40, 50), np.uint8)
    labels[1:5, 10:20, 12 + number : 30] = 1
    labels[2:5, 25:33, 5:16] = 3
    labels[5, 25:27, 5:7] = 3
    labels[0, 36:40, 40:50] = 2
    return labels


@pytest.fixture
def manifest(tmp_path):
    """Five subjects to train on, one to validate on, one to test on, and one of another group."""
    entries = []
    for number, split in enumerate(("train",) * 5 + ("val", "test", "train")):
        labels = made_up_labels(number)
        entries.append(
            write_case(tmp_path, number, split, labels, np.where(labels > 0, 150.0, -150.0), CLASSES)
        )
    entries[-1]["group"] = "other"
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


@pytest.fixture
def folder(manifest, tmp_path):
    data.write_manifests(manifest, tmp_path / "weak", "made up", 2, 0)
    return tmp_path / "weak"


def bright_predictor(digit: str = "a") -> ExtremePointPredictor:
    return ExtremePointPredictor(
        LoadedModel(BrightnessNetwork(), replace(BRIGHT_CARD, sha256=64 * digit)), "cpu"
    )


def who(path: Path, split: str) -> set[str]:
    return {item["subject"] for item in read_entries(path) if item["split"] == split}


def test_the_division_depends_on_names_and_seed_alone(manifest):
    entries = read_entries(manifest)
    learnt, labelled = data.divide(entries, "made up", 2, 0)
    assert (len(learnt), len(labelled)) == (2, 3)
    assert learnt | labelled == {f"case {number}" for number in range(5)}
    assert data.divide(entries[::-1], "made up", 2, 0) == (learnt, labelled)
    assert len({frozenset(data.divide(entries, "made up", 2, seed)[0]) for seed in range(20)}) > 3
    for count in (0, 5):
        with pytest.raises(ValueError, match="choose a number from 1 to 4"):
            data.divide(entries, "made up", count, 0)


def test_the_labeller_never_sees_whom_it_labels(folder, manifest):
    learnt, labelled = data.divide(read_entries(manifest), "made up", 2, 0)
    assert who(folder / data.LABELLER, "train") == learnt | {"case 7"}
    assert who(folder / data.TRUE, "train") == labelled
    assert who(folder / data.LABELLER, "val") == who(folder / data.TRUE, "val") == {"case 5"}
    everything = (folder / data.LABELLER).read_text(encoding="utf-8") + (folder / data.TRUE).read_text(
        encoding="utf-8"
    )
    assert "case 6" not in everything, "the split test"
    assert len(read_manifest(folder / data.TRUE, "train")) == 3, "paths are those of the images"


def test_without_images_to_measure_on_nothing_is_written(manifest, tmp_path):
    with pytest.raises(ValueError, match=r"no image of group 'other' and split 'val'|has 1 subjects"):
        data.write_manifests(manifest, tmp_path / "none", "other", 1, 0)
    entries = [item for item in json.loads(manifest.read_text(encoding="utf-8")) if item["split"] != "val"]
    manifest.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(ValueError, match="no image of group 'made up' and split 'val'"):
        data.write_manifests(manifest, tmp_path / "none", "made up", 2, 0)
    assert not (tmp_path / "none").exists()


def test_labels_are_those_of_the_clicked_slices_with_their_numbers(folder):
    case = read_manifest(folder / data.TRUE, "train")[0]
    labels, clicked = data.label_case(case, bright_predictor(), EXACT)
    assert clicked == {"box": 4, "slab": 3}
    assert set(np.unique(labels)) == {0, 1, 3}
    for number in (1, 3):
        assert dice(labels[1:5] == number, case.labels[1:5] == number) > 0.95
    assert not labels[0].any(), "2 is no class"
    assert not labels[5].any(), "4 pixels are too few to click on"


class BoxPredictor:
    """A double that fills the click box, with the next of the probabilities given."""

    def __init__(self, *probabilities: float) -> None:
        self.left = list(probabilities)

    def set_image(self, image, *_) -> None:
        self.shape = image.shape

    def predict(self, points) -> SimpleNamespace:
        mask = np.zeros(self.shape, bool)
        mask[Box.around(points).pixels(self.shape, 0.0, 0.0)] = True
        return SimpleNamespace(mask=mask, probability=mask * np.float32(self.left.pop(0)))


@pytest.mark.parametrize(("probabilities", "winner"), [((0.6, 0.8), 2), ((0.8, 0.6), 1)])
def test_where_two_masks_overlap_the_higher_probability_decides(probabilities, winner):
    labels = np.zeros((1, 12, 12), np.uint8)
    labels[0, 2:10, 2:4] = labels[0, 8:10, 2:10] = 1  # an L, whose box holds the square
    labels[0, 3:6, 6:9] = 2
    image = np.zeros(labels.shape, np.int16)
    case = Case("x", "g", "train", "ct", image, labels, (1.0, 1.0, 1.0), {"l": (1,), "square": (2,)})
    found, _ = data.label_case(case, BoxPredictor(*probabilities), EXACT)
    expected = np.zeros_like(labels)
    expected[0, 2:10, 2:10] = 1
    expected[labels == 2] = winner
    assert np.array_equal(found, expected)


def test_a_class_of_several_label_numbers_is_refused(folder):
    case = replace(read_manifest(folder / data.TRUE, "train")[0], classes={"both": (1, 3)})
    with pytest.raises(ValueError, match=r"class 'both' must be one label number, not \(1, 3\)"):
        data.label_case(case, bright_predictor(), EXACT)


def test_labels_become_a_manifest_with_true_labels_to_validate_on(folder):
    assert data.make_labels(folder, bright_predictor(), EXACT)
    for true, weak in zip(read_manifest(folder / data.TRUE), read_manifest(folder / data.WEAK), strict=True):
        assert (true.subject, true.split) == (weak.subject, weak.split)
        assert np.array_equal(true.image, weak.image)
        assert np.array_equal(true.labels, weak.labels) == (true.split == "val")
        if true.split == "train":
            record = json.loads((folder / data.AGREEMENT).read_text(encoding="utf-8"))["patients"][
                true.subject
            ]
            for name, (number,) in true.classes.items():
                expected = round(dice(weak.labels == number, true.labels == number), 4)
                assert record[name]["dice"] == expected
            assert record["slab"]["slices"] == 3


def test_labels_are_made_once_by_the_same_weights_and_clicks(folder, monkeypatch):
    made = []
    label = data._label
    monkeypatch.setattr(
        data, "_label", lambda item, *rest: made.append(item["subject"]) or label(item, *rest)
    )
    assert not data.make_labels(folder, bright_predictor(), EXACT, until=time.monotonic() - 1)
    assert not (folder / data.WEAK).exists()
    assert made == []
    for predictor, clicks, count in (
        (bright_predictor("a"), EXACT, 3),
        (bright_predictor("a"), EXACT, 3),
        (bright_predictor("b"), EXACT, 6),
        (bright_predictor("b"), Clicks("jittered", 3.0, 0), 9),
    ):
        assert data.make_labels(folder, predictor, clicks)
        assert len(made) == count


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the script in this process; returns what it prints."""

    def run_script(*words: object) -> str:
        monkeypatch.setattr(sys, "argv", [str(BENCHMARK), *map(str, words)])
        runpy.run_path(str(BENCHMARK), run_name="__main__")
        return capsys.readouterr().out

    return run_script


def test_the_whole_experiment_on_made_up_volumes(manifest, tmp_path, run):
    short = {"steps": 2, "batch": 2, "threads": 1}
    flat = {"dims": 2, "patch": [16, 16], "whole_images": True}
    recipes = {
        "--labeller": recipe_text(POINTS, manifest, validate_every=2, **short),
        "--unet": recipe_text(DENSE, manifest, validate_every=1, **short, **flat),
    }
    words = ["--folder", tmp_path / "weak", "--seeds", 3]
    for option, text in recipes.items():
        path = tmp_path / f"{option[2:]}.toml"
        path.write_text(text, encoding="utf-8")
        words += [option, path]
    said = run("prepare", "--manifest", manifest, "--group", "made up", "--labeller-patients", 2, *words)
    assert "2 patients for the labeller, 3 to be labelled" in said
    run("train", "--minutes", 5, *words)
    weights = {kind: torch.load(tmp_path / "weak" / f"{kind}-3" / "last.pt") for kind in ("true", "weak")}
    assert any(not torch.equal(weights["true"][key], value) for key, value in weights["weak"].items())
    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- figures of weak_labels.py -->\nold\n<!-- end of figures -->\nafter\n", encoding="utf-8"
    )
    said = run("report", "--json", tmp_path / "found.json", "--markdown", page, *words)
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert set(found["dice"]["weak"]["3"]["case 5"]) == {"box", "slab"}
    assert found["figures"]["box"]["n"] == 1
    assert "commit" in found["metadata"]
    written = page.read_text(encoding="utf-8")
    assert written.startswith("before\n")
    assert written.endswith("<!-- end of figures -->\nafter\n")
    assert "old" not in written
    assert said.strip() in written
