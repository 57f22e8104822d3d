"""`python -m cueseg evaluate`: right numbers in table, CSV and JSON, and the split test only with leave."""

import csv
import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from command_line import predict_by_brightness
from cueseg.cli.main import main
from cueseg.evaluation.from_points import Clicks
from cueseg.evaluation.of_networks import input_of
from cueseg.evaluation.scores import score_of, summary
from cueseg.metrics import dice, surface_distances
from cueseg.training.cases import Case
from data_set_folders import SPACING, save
from labelled_manifest import CARD, made_up_labels, save_thresholds, write_volumes


@pytest.fixture
def manifest(tmp_path):
    return write_volumes(tmp_path / "data")


@pytest.fixture
def network(tmp_path):
    return save_thresholds(tmp_path / "net.ts")


def evaluate(manifest, tmp_path, *more):
    """Run the command; returns its exit code, the rows of the CSV and the JSON."""
    files = ["--csv", str(tmp_path / "s.csv"), "--json", str(tmp_path / "s.json"), "--overwrite"]
    code = main(["evaluate", str(manifest), *files, *map(str, more)])
    if code:
        return code, [], {}
    with (tmp_path / "s.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return code, rows, json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))


def test_weights_are_measured_per_slice_and_per_case(manifest, tmp_path, monkeypatch, capsys):
    predict_by_brightness(monkeypatch)
    code, rows, found = evaluate(manifest, tmp_path)
    assert code == 0
    said = capsys.readouterr()
    assert said.err == ""
    head, organ, both = said.out.splitlines()
    words = "CLASS SLICES DICE PER SLICE CASES DICE PER CASE HD95 MM ASSD MM MISSED"
    assert " ".join(head.split()) == words
    assert organ.split()[:2] == ["organ", "8"]
    assert both.split()[:2] == ["both", "8"]
    per_slice = [row for row in rows if row["name"] == "organ" and row["level"] == "slice"]
    assert [(row["subject"], row["index"]) for row in per_slice] == [
        (f"case {number}", str(index)) for number in (0, 1) for index in (1, 2, 3, 4)
    ]
    assert {row["pixels"] for row in per_slice} == {str((made_up_labels()[1] == 1).sum())}
    values = [float(row["dice"]) for row in per_slice]
    assert min(values) > 0.95
    about = found["classes"]["organ"]["slice"]["dice"]
    assert about == {"mean": round(np.mean(values), 4), "sd": round(np.std(values), 4), "n": 8}
    assert found["classes"]["both"]["case"]["dice"]["n"] == 2
    assert found["weights"]["name"] == "bright"
    assert found["manifest_sha256"] == hashlib.sha256(manifest.read_bytes()).hexdigest()
    assert (found["split"], found["images"]) == ("val", 2)


def test_a_network_is_measured_with_known_numbers(manifest, tmp_path, network):
    code, rows, found = evaluate(manifest, tmp_path, "--network", network, "--class", "organ=both")
    assert code == 0
    labels = made_up_labels()
    case = next(row for row in rows if row["level"] == "case")
    expected = surface_distances(labels == 1, labels > 0, SPACING[::-1])
    assert float(case["dice"]) == pytest.approx(dice(labels == 1, labels > 0))
    assert (float(case["hd95"]), float(case["assd"])) == pytest.approx(expected)
    flat = next(row for row in rows if row["level"] == "slice" and row["index"] == "3")
    expected = surface_distances(labels[3] == 1, labels[3] > 0, SPACING[1::-1])
    assert (float(flat["hd95"]), float(flat["assd"])) == pytest.approx(expected)
    assert found["classes"]["organ"]["missed"] == 0
    assert found["class_names"] == {"organ": ["both"]}
    assert len(found["weights"]["sha256"]) == 64


def test_voxels_of_no_class_are_unknown(manifest, tmp_path, network):
    """Label 2 belongs to no class here, so what the network says of it does not count."""
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    for item in entries:
        item["classes"] = {"organ": [1]}
    manifest.write_text(json.dumps(entries), encoding="utf-8")
    save_thresholds(network, classes=("background", "bone", "organ"))  # the box now counts as the organ
    labels = made_up_labels()
    save(manifest.parent / "0.nrrd", np.select([labels == 1, labels == 2], [220, 220], -150).astype(np.int16))
    _, rows, _ = evaluate(manifest, tmp_path, "--network", network)
    mine = [row for row in rows if row["subject"] == "case 0"]
    assert [row["level"] for row in mine] == ["slice"] * 4 + ["case"]
    assert {float(row["dice"]) for row in mine} == {1.0}


def test_classes_of_equal_names_belong_together_and_others_are_asked_for(manifest, tmp_path, network, capsys):
    _, rows, _ = evaluate(manifest, tmp_path, "--network", network)
    assert {row["name"] for row in rows} == {"organ"}
    assert {float(row["dice"]) for row in rows} == {1.0}
    for word, message in (
        ("lung=both", "bright has no class 'lung'; it has organ, bone"),
        ("organ=lung", "the manifest has no class 'lung'; it has both, organ"),
        ("organ", "--class 'organ' must be CLASS OF THE NETWORK=CLASS OF THE MANIFEST"),
    ):
        assert evaluate(manifest, tmp_path, "--network", network, "--class", word)[0] == 3
        assert message in capsys.readouterr().err
    save_thresholds(network, classes=("background", "x", "y"))
    assert evaluate(manifest, tmp_path, "--network", network)[0] == 3
    assert "bright (x, y) and the manifest (both, organ) have no class in common" in capsys.readouterr().err


def test_the_split_test_is_read_only_with_leave(manifest, tmp_path, monkeypatch, capsys):
    predict_by_brightness(monkeypatch)
    assert evaluate(manifest, tmp_path, "--split", "test")[0] == 3
    assert "the split test is kept for the final measurement, so it was not read" in capsys.readouterr().err
    code, rows, found = evaluate(manifest, tmp_path, "--split", "test", "--read-test", "--at-most", 1)
    assert code == 0
    assert {row["subject"] for row in rows} == {"case 2"}
    assert found["split"] == "test"
    case = next(row for row in rows if row["level"] == "case")
    assert case["hd95"] == ""  # one slice of several says nothing of distances in space


def test_jittered_clicks_are_repeatable_and_depend_on_the_structure_alone(manifest, tmp_path, monkeypatch):
    predict_by_brightness(monkeypatch)
    more = ("--clicks", "jittered", "--jitter", 5)
    _, first, about = evaluate(manifest, tmp_path, *more)
    _, again, _ = evaluate(manifest, tmp_path, *more)
    _, other, _ = evaluate(manifest, tmp_path, *more, "--seed", 1)
    _, fewer, _ = evaluate(manifest, tmp_path, *more, "--at-most", 2)
    assert first == again != other
    assert about["clicks"] == {"kind": "jittered", "jitter": 5.0, "seed": 0}
    per_slice = [row for row in fewer if row["level"] == "slice"]
    assert len(per_slice) == 8
    assert all(row in first for row in per_slice)


def test_objects_are_measured_one_by_one(tmp_path, monkeypatch):
    predict_by_brightness(monkeypatch)
    numbers = np.zeros((60, 70), np.uint16)
    numbers[5:20, 6:22], numbers[30:50, 30:60] = 3, 7
    save(tmp_path / "images" / "a.png", np.where(numbers > 0, 220, 20).astype(np.uint8))
    save(tmp_path / "labels" / "a.png", numbers)
    patterns = ["--images", "images/{id}.png", "--labels", "labels/{id}.png", "--instances", "cell"]
    manifest = tmp_path / "m.json"
    assert main(["manifest", "own", str(tmp_path), "-o", str(manifest), "--split", "0/1", *patterns]) == 0
    _, rows, _ = evaluate(manifest, tmp_path)
    assert [(row["level"], row["number"], row["pixels"]) for row in rows] == [
        ("slice", "3", "240"), ("slice", "7", "600"), ("case", "", "840")
    ]  # fmt: skip
    assert float(rows[-1]["hd95"]) <= 1.0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ["--groups", "nobody"],
            "holds no image of split 'val', groups ['nobody']; it holds test of made up",
        ),
        (["--at-most", "0"], "--at-most must be 1 or more, got 0"),
        (["--jitter", "-1"], "jitter must be a number of pixels, 0 or more, got -1.0"),
        (["--class", "a=b"], "--class goes with --network"),
        (
            ["--network", "x", "--at-most", "1"],
            "--at-most goes with extreme points: a network labels the whole",
        ),
        (["--network", "x", "--model", "y"], "give either --model or --network"),
        (["--csv", "nowhere/s.csv"], "the folder nowhere does not exist: create it first"),
    ],
)
def test_bad_input_ends_with_3_and_a_message(manifest, tmp_path, capsys, more, message):
    assert evaluate(manifest, tmp_path, *more)[0] == 3
    assert message in capsys.readouterr().err


def test_unusable_weights_end_with_4(manifest, tmp_path, capsys):
    assert evaluate(manifest, tmp_path, "--model", "nosuch")[0] == 4
    assert evaluate(manifest, tmp_path, "--network", tmp_path / "nosuch.pt")[0] == 4
    assert "nosuch" in capsys.readouterr().err


def test_results_are_replaced_only_on_request(manifest, tmp_path, capsys):
    (tmp_path / "s.csv").write_text("precious", encoding="utf-8")
    assert main(["evaluate", str(manifest), "--csv", str(tmp_path / "s.csv")]) == 3
    assert "s.csv exists already: say --overwrite" in capsys.readouterr().err
    assert (tmp_path / "s.csv").read_text(encoding="utf-8") == "precious"


def test_what_was_not_found_is_counted_and_not_averaged():
    mask, empty = np.ones((3, 8, 8), bool), np.zeros((3, 8, 8), bool)
    where = {"subject": "a", "group": "g", "image": "i", "name": "liver", "level": "case"}
    rows = [score_of(found, mask, (1, 1, 1), **where, index=None, number=None) for found in (mask, empty)]
    found = summary(rows)["liver"]
    assert found["case"]["dice"] == {"mean": 0.5, "sd": 0.5, "n": 2}
    assert found["case"]["hd95"] == {"mean": 0.0, "sd": 0.0, "n": 1}
    assert found["missed"] == 1
    assert found["slice"]["dice"] is None


def test_a_single_slice_has_distances_in_its_plane():
    mask = np.zeros((1, 9, 9), bool)
    mask[0, 2:7, 2:7] = True
    inner = mask.copy()
    inner[0, 4, 4] = False  # in space every pixel of a single slice lies on the surface
    where = {
        "subject": "a",
        "group": "g",
        "image": "i",
        "name": "n",
        "level": "case",
        "index": None,
        "number": None,
    }
    found = score_of(mask, inner, (5.0, 1.0, 1.0), **where)
    assert (found.hd95, found.assd) == pytest.approx(surface_distances(mask[0], inner[0], (1, 1)))


def test_impossible_clicks_are_refused():
    with pytest.raises(ValueError, match="clicks must be one of exact, jittered, got 'wild'"):
        Clicks("wild")


def test_images_are_given_to_networks_of_their_number_of_channels():
    labels = np.zeros((2, 8, 9), np.uint8)
    values = {
        "subject": "s",
        "group": "g",
        "split": "val",
        "labels": labels,
        "spacing": (1, 1, 1),
        "classes": {},
    }
    stack = np.arange(4 * labels.size).reshape(4, *labels.shape)
    scan = Case(**values, modality="mr", image=stack[3], channels=("t1", "t1ce", "t2", "flair"), stack=stack)
    assert np.array_equal(input_of(scan, CARD), stack[3])
    four = replace(CARD, in_channels=4)
    assert np.array_equal(input_of(scan, four)[1, 2, 3], stack[:, 1, 2, 3])
    colour = Case(**values, modality="rgb", image=np.zeros((2, 8, 9, 3), np.uint8) + np.uint8([200, 100, 50]))
    grey = input_of(colour, CARD)
    assert grey.shape == labels.shape
    assert grey[0, 0, 0] == pytest.approx(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
    assert input_of(colour, replace(CARD, in_channels=3)) is colour.image
    with pytest.raises(ValueError, match="s has 1 channels, bright wants 4: use another network"):
        input_of(colour, four)
