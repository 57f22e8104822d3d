"""The benchmark of whole structures: what is clicked, what is charged, what goes on, and the tables."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import whole_case
import whole_case_rounds
from command_line import BRIGHT_CARD, BrightnessNetwork
from cueseg import ExtremePointPredictor
from cueseg.datasets.entries import entry, write_manifest
from cueseg.evaluation.from_points import Clicks
from cueseg.weights_file import LoadedModel
from data_set_folders import save
from whole_case_rounds import CARRIED, COUNTS, EVERY, FILL, HAND, NETWORK, SUGGESTED
from whole_case_tables import method_table, organ_table, pair_table, text_of


def truth():
    """A ball of 11 usable slices in 13."""
    rows, cols = np.indices((40, 44))
    radii = [0, *np.sqrt(64 - np.linspace(-7.5, 7.5, 11) ** 2), 0]
    return np.stack([np.hypot(rows - 20, cols - 22) < radius for radius in radii])


def bright(mask):
    return np.where(mask, 200, -300).astype(np.int16)


@pytest.fixture
def predictor(monkeypatch):
    predictor = ExtremePointPredictor(LoadedModel(BrightnessNetwork(), BRIGHT_CARD), "cpu")
    predictor.asked = 0
    predict = predictor.predict

    def counted(*arguments):
        predictor.asked += 1
        return predict(*arguments)

    monkeypatch.setattr(predictor, "predict", counted)
    return predictor


@pytest.fixture
def bench(predictor):
    structure = whole_case_rounds.Structure("one", "ball", bright(truth()), "ct", (2.5, 1.0, 1.0), truth())
    return whole_case_rounds.WholeCaseBench(structure, predictor, Clicks())


def test_every_method_is_measured_and_charged_in_full(bench, predictor):
    rows = {(row["method"], row["clicked"]): row for row in bench.rows()}
    assert len(bench.usable) == 11
    wanted = {(method, count) for method in (FILL, NETWORK, HAND) for count in COUNTS}
    assert set(rows) == wanted | {(SUGGESTED, 4), (SUGGESTED, 5), (EVERY, 11), (CARRIED, 1)}
    calls = {key: row["calls"] for key, row in rows.items()}
    assert [calls[FILL, count] for count in COUNTS] == list(COUNTS)
    assert [calls[NETWORK, count] for count in COUNTS] == [11, 11, 11]
    assert [calls[HAND, count] for count in COUNTS] == [0, 0, 0]
    assert 1 <= calls[SUGGESTED, 4] < 9
    assert calls[EVERY, 11] == 11
    assert predictor.asked < sum(calls.values())  # known predictions are charged, not computed
    assert rows[EVERY, 11]["dice"] >= 0.97
    assert rows[NETWORK, 3]["dice"] > rows[FILL, 3]["dice"] - 0.01
    assert rows[HAND, 9]["dice"] > rows[HAND, 3]["dice"]
    assert all(0 <= row["seconds"] < 60 and 0 <= row["dice"] <= 1 for row in rows.values())


def test_a_known_prediction_is_charged_as_it_was_computed(predictor):
    charged = whole_case_rounds.ChargedPredictor(predictor)
    points = np.array([(14, 20), (30, 20), (22, 12), (22, 28)], float)
    for _ in range(3):
        charged.set_image(bright(truth())[6], "ct", None, None)
        charged.predict(points)
    assert (charged.calls, predictor.asked) == (3, 1)
    assert charged.seconds == pytest.approx(3 * charged.spent)
    charged.set_image(bright(truth())[3], "ct", None, None)
    charged.predict(points)
    assert predictor.asked == 2
    with pytest.raises(ValueError, match="the threshold is that of the card"):
        charged.predict(points, 0.4)


@pytest.mark.parametrize(
    ("count", "expected"), [(2, [3, 13]), (3, [3, 8, 13]), (4, [3, 6, 10, 13]), (99, list(range(3, 14)))]
)
def test_slices_are_chosen_evenly_from_first_to_last(count, expected):
    assert whole_case_rounds.evenly(list(range(3, 14)), count) == expected


@pytest.fixture
def manifest(tmp_path):
    image, labels = tmp_path / "ct.nrrd", tmp_path / "labels.nrrd"
    save(image, bright(truth()))
    small = np.zeros_like(truth())
    small[4:7, 2:6, 2:6] = True
    save(labels, (truth() + 2 * small).astype(np.uint8))
    classes = {"ball": [1], "short": [2]}
    item = {**entry("p1", "headneck", "ct", image, labels, classes), "split": "val"}
    write_manifest(tmp_path / "manifest.json", [item])
    return tmp_path / "manifest.json"


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["whole_case.py", *map(str, words)])
    whole_case.main()


def test_it_goes_on_where_it_stopped_and_fills_the_page(manifest, tmp_path, monkeypatch, capsys):
    loaded = LoadedModel(BrightnessNetwork(), BRIGHT_CARD)
    monkeypatch.setattr(whole_case, "load_model", lambda name: loaded)
    rows = tmp_path / "rows.jsonl"
    words = ["measure", "--rows", rows, "--manifest", manifest, "--sets", "head and neck CT"]
    run(monkeypatch, *words, "--minutes", 0)
    assert "time is over" in capsys.readouterr().out
    assert not rows.exists()
    run(monkeypatch, *words, "--no-flips")
    found = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    assert [(one["structure"], one["clicks"], one["slices"]) for one in found] == [
        ("ball", "exact", 11),
        ("ball", "jittered", 11),
    ]
    run(monkeypatch, *words, "--no-flips")
    assert len(rows.read_text(encoding="utf-8").splitlines()) == 2
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- figures of whole_case.py -->\nfigures of yesterday\n<!-- end of figures -->\n", encoding="utf-8"
    )
    run(monkeypatch, "report", "--rows", rows, "--markdown", page, "--json", tmp_path / "report.json")
    text = page.read_text(encoding="utf-8")
    assert "yesterday" not in text
    assert "**head and neck CT, jittered clicks**: 1 structure of 1 image, 11 to 11 slices each" in text
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["runs"] == found


def test_a_report_needs_rows(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match="holds no run of these sets: measure first"):
        run(monkeypatch, "report", "--rows", tmp_path / "none.jsonl")


def test_a_missing_package_says_how_to_get_it(tmp_path):
    options = SimpleNamespace(totalsegmentator=tmp_path, limit=None, structures=None, most_slices=99)
    with pytest.raises(FileNotFoundError, match="get the package"):
        next(whole_case_rounds.structures_of("abdominal CT, 1 mm", options))


def made_up_runs():
    """Two structures on which the network leads filling by 0.1 and 0.31 with 3 clicked slices."""
    runs = []
    for name, lead in (("a", 0.1), ("b", 0.31)):
        rows = [
            {
                "method": method,
                "clicked": count,
                "dice": 0.6 + lead * (method == NETWORK),
                "calls": 4,
                "seconds": 2.0,
            }
            for method in (FILL, NETWORK)
            for count in COUNTS
        ]
        rows.append({"method": EVERY, "clicked": 11, "dice": 0.95, "calls": 11, "seconds": 3.0})
        about = {"set": "s", "clicks": "exact", "case": "p", "structure": name, "seed": 0, "flips": True}
        runs.append(about | {"slices": 11, "rows": rows})
    return runs


def test_tables_of_made_up_runs():
    lines = method_table(made_up_runs()).splitlines()
    assert f"| {NETWORK} | 3 | 0.805 ± 0.105 | 50% | 0% | 4 | 2.0 |" in lines
    assert f"| {FILL} | 9 | 0.600 ± 0.000 | 0% | 0% | 4 | 2.0 |" in lines
    assert f"| {EVERY} | 11 | 0.950 ± 0.000 | 100% | 100% | 11 | 3.0 |" in lines
    assert not any(SUGGESTED in line for line in lines)
    assert f"| {NETWORK} less {FILL} | 3 | +0.205 ± 0.105 | 0.5 |" in pair_table(made_up_runs())
    assert "2 structures of 1 image, 11 to 11 slices each (median 11), seed 0, four passes" in text_of(
        made_up_runs()
    )


def test_organs_are_told_with_the_fewest_clicks_that_suffice():
    def run(organ, fill, network, every):
        rows = [
            {"method": method, "clicked": count, "dice": dice, "seconds": 2.0}
            for method, dices in ((FILL, fill), (NETWORK, network))
            for count, dice in zip((3, 5, 9), dices, strict=True)
        ]
        return {
            "structure": organ,
            "slices": 20,
            "rows": [*rows, {"method": EVERY, "clicked": 20, "dice": every, "seconds": 9.0}],
        }

    runs = [
        run("cord", (0.8, 0.91, 0.96), (0.92, 0.93, 0.94), 0.95),
        run("cord", (0.8, 0.85, 0.92), (0.7, 0.8, 0.85), 0.91),
        run("jaw", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), 0.8),
    ]
    cord, jaw = organ_table(runs).splitlines()[2:]
    assert cord == "| cord | 2 | 20 | 7 (2) | 3 (1) | 20 (2) | 9 (1) | - (0) | 20 (1) | 2.0 |"
    assert jaw == "| jaw | 1 | 20 | - (0) | - (0) | - (0) | - (0) | - (0) | - (0) | 2.0 |"
