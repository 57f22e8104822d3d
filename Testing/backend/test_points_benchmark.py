"""The benchmark of training from seven points: every variant runs, goes on, and its tables count right."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import points_tables as tables
import points_training as benchmark
from cueseg.training.cases import read_manifest
from cueseg.training.points_cases import points_cases
from points_case import MONITORING, SEVEN_POINTS
from training_case import recipe_text, write_manifest


@pytest.fixture
def options(tmp_path, monkeypatch):
    """Tiny recipes on made-up volumes, of which two are for validation."""
    monkeypatch.setattr(benchmark, "TARGETS", {"box": ["box"]})
    monkeypatch.setattr(benchmark, "SHAPES", {"box": (6, 30, 30)})
    monkeypatch.setattr(benchmark, "PATCHES", {"box": [8, 16, 16]})
    stages = {"monitored": {}, "filled": {"fill": "cut", "steps": 4}}
    monkeypatch.setattr(benchmark, "SECOND_STAGES", stages)
    longer = {"long": benchmark.TRUE | {"steps": 4, "validate_every": 2}}
    monkeypatch.setattr(benchmark, "VARIANTS", benchmark.VARIANTS | longer)
    manifest = write_manifest(tmp_path, ("train", "train", "val", "val"))
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text(recipe_text(SEVEN_POINTS, manifest, steps=2), encoding="utf-8")
    two.write_text(MONITORING.replace("steps = 4", "steps = 2"), encoding="utf-8")
    return SimpleNamespace(
        manifest=manifest,
        folder=tmp_path / "points",
        group="made up",
        targets=["box"],
        seeds=[0],
        stage_one=one,
        stage_two=two,
        minutes=60.0,
        json=tmp_path / "points.json",
        markdown=None,
    )


def test_every_variant_is_trained_measured_and_not_trained_again(options, capsys):
    assert benchmark.prepare(options) == 4
    with pytest.raises(SystemExit, match=r"no seed in .* is trained to its end for the box: train first"):
        benchmark.report(options)
    assert benchmark.train(options)
    states = {path: path.stat().st_mtime_ns for path in options.folder.glob("*/state.pt")}
    assert {path.parent.name for path in states} == {
        f"box-{variant}-0" for variant in (*benchmark.VARIANTS, *benchmark.SECOND_STAGES)
    }
    assert benchmark.train(options)
    assert {path: path.stat().st_mtime_ns for path in states} == states
    benchmark.report(options)
    text = capsys.readouterr().out
    assert all(f"| {name} | 2 |" in text for name in benchmark.NAMES.values())
    found = json.loads(options.json.read_text(encoding="utf-8"))["box"]
    assert set(found["last"]) == set(benchmark.NAMES)
    assert set(found["last"]["monitored"]["0"]) == {"case 2", "case 3"}


def test_crops_lie_around_the_target_and_lack_nothing_of_it(options):
    assert benchmark.prepare(options) == 4
    whole = {case.subject: case for case in read_manifest(options.manifest)}
    for crop in read_manifest(options.folder / "box" / benchmark.MANIFEST):
        assert np.less_equal(crop.labels.shape, (6, 30, 30)).all()
        assert (crop.labels == 1).sum() == (whole[crop.subject].labels == 1).sum()
        assert crop.spacing == whole[crop.subject].spacing


def test_an_image_without_a_part_is_left_out(options, monkeypatch):
    monkeypatch.setattr(benchmark, "TARGETS", {"box": ["box", "nothing"]})
    with pytest.raises(ValueError, match="nothing to write"):
        benchmark.prepare(options)


def test_without_time_nothing_is_trained(options):
    benchmark.prepare(options)
    options.minutes = 0.0
    assert not benchmark.train(options)


def test_variants_differ_in_what_they_are_about_alone(options):
    benchmark.prepare(options)
    recipe = benchmark.recipe_of(options, "box")
    assert (recipe.crf_weight, recipe.variance_weight) == (1.0, 0.1)
    assert benchmark.VARIANTS["both"] == {}
    assert benchmark.VARIANTS["partial"] == {"crf_weight": 0, "variance_weight": 0}
    assert benchmark.VARIANTS["true"]["labels"] == "true"


def run(*dices: float, hd95: float = 4.0) -> tables.Run:
    return {f"patient {n}": {"dice": dice, "hd95": hd95, "assd": 1.5} for n, dice in enumerate(dices)}


def test_the_table_of_variants_pairs_patients_over_seeds():
    found = {
        "partial": {0: run(0.5, 0.6, 0.7), 1: run(0.3, 0.4, 0.5)},
        "both": {0: run(0.6, 0.8, 0.9), 1: run(0.6, 0.0, 0.7, hd95=np.inf)},
    }
    found["true"] = {seed: run(0.5, 0.6, 0.7) for seed in (0, 1)}
    names = {"partial": "A", "both": "B", "true": "C"}
    first, second, _ = tables.variant_table(found, names).splitlines()[2:]
    assert (
        first
        == "| A | 3 | 0.500 ± 0.082 | 0: 0.600, 1: 0.400 |  |  | 83.3% | 4.0 ± 0.0 | 1.5 ± 0.0 | 0 of 6 |"
    )
    # 0.6, 0.4, 0.8 less 0.4, 0.5, 0.6
    assert second.startswith(
        "| B | 3 | 0.600 ± 0.163 | 0: 0.767, 1: 0.433 | +0.100 ± 0.100 | 0.5 | 100.0% | 4.0 ± 0.0 |"
    )
    assert second.endswith("| 3 of 6 |")


def test_the_table_of_the_selection_tells_what_choosing_changed():
    last = {"partial": {0: run(0.5, 0.7)}}
    chosen = {"partial": {0: run(0.6, 0.8)}}
    row = tables.selection_table(last, chosen, {"partial": "A"}).splitlines()[-1]
    assert row == "| A | 0.600 ± 0.100 | 0.700 ± 0.100 | +0.100 ± 0.000 |"


def test_the_table_of_labels_says_how_they_agree(options):
    benchmark.prepare(options)
    cases = points_cases(benchmark.recipe_of(options, "box"), "train")
    row = tables.expansion_table(cases).splitlines()[-1]
    precise, found, unknown = (float(cell.split("±")[0]) for cell in row.strip("| ").split("|"))
    of_labels = [
        (case.truth[case.labels == 1].mean(), (case.labels[case.truth] == 1).mean()) for case in cases
    ]
    assert (precise, found) == pytest.approx(tuple(np.mean(of_labels, axis=0)), abs=1e-3)
    assert unknown > 0.5


def test_an_organ_like_its_surroundings_has_no_edge():
    rng = np.random.default_rng(0)
    truth = np.zeros((20, 20, 20), bool)
    truth[5:15, 5:15, 5:15] = True
    noise = rng.normal(0, 1, truth.shape)
    for step, share in ((0.0, 0.954), (2.0, 0.5), (9.0, 0.0)):
        case = SimpleNamespace(image=np.where(truth, noise, noise + step), truth=truth)
        row = tables.edge_table([case]).splitlines()[-1]
        assert float(row.strip("| ").split("±")[0]) == pytest.approx(share, abs=0.05)


def test_a_variant_with_fewer_seeds_is_compared_with_the_same_seeds_alone():
    found = {
        "partial": {0: run(0.5, 0.6), 1: run(0.1, 0.1)},
        "cut": {0: run(0.6, 0.7)},
        "true": {0: run(0.8, 0.7), 1: run(0.9, 0.9)},
    }
    row = tables.variant_table(found, dict.fromkeys(found, "X")).splitlines()[3]
    assert row.startswith("| X | 2 | 0.650 ± 0.050 | 0: 0.650 | +0.100 ± 0.000 |")
    assert " | 86.7% | " in row
