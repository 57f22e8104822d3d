"""The benchmark of one object in a box: what is measured, on what, and who is given which strokes."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import bifseg
import bifseg_items
import bifseg_rounds
from bifseg_case import truth
from cueseg import NetworkCard, SegmentationNetwork
from cueseg.datasets.entries import entry, write_manifest
from cueseg.networks.architectures import build_network
from cueseg.networks.saving import save_network
from cueseg.training.cases import Case
from data_set_folders import save

BRIEF = {"iterations": 3, "alternations": 2, "learning_rate": 0.1}
CARD = NetworkCard(
    name="tiny",
    dims=2,
    in_channels=1,
    classes=("background", "object"),
    intensity={"kind": "zscore", "nonzero": False},
    tail=("classifier",),
    architecture="p-net",
    model_options={"features": 4},
    training={"without": ["larynx"], "data": "nothing"},
)


class Brightness(nn.Module):
    """Bright is the object, or the other way round where `sign` is -1; with a bias all is object."""

    def __init__(self, sign: int, bias: float) -> None:
        super().__init__()
        self.classifier = nn.Conv2d(1, 2, 1)
        with torch.no_grad():
            self.classifier.weight[:, 0, 0, 0] = sign * torch.tensor([-4.0, 4.0])
            self.classifier.bias[:] = torch.tensor([-bias, bias])

    def forward(self, x):
        return self.classifier(x)


def bench_of(sign, mask=None, bias=0.0, **changes):
    mask = truth() if mask is None else mask
    network = SegmentationNetwork.of(Brightness(sign, bias), replace(CARD, architecture="", model_options={}))
    item = bifseg_items.BoxItem("made up", "one", noisy(mask), mask, (1.0, 1.0), "grey")
    return bifseg_rounds.BoxBench(item, network, BRIEF | changes, "cpu")


def noisy(mask):
    return (mask + 0.03 * np.random.default_rng(0).normal(size=mask.shape)).astype(np.float32)


def a_disc():
    rows, cols = np.mgrid[:40, :48]
    return (rows - 20) ** 2 + (cols - 22) ** 2 <= 100


def dices(rows):
    return [row["dice"] for row in rows]


def volume() -> np.ndarray:
    """An organ (3) whose largest slice has two parts, and one of a single row (4)."""
    labels = np.zeros((5, 20, 24), np.uint8)
    labels[1, 5:9, 6:12] = 3
    labels[2, 4:10, 5:13] = labels[2, 15:17, 3:6] = 3
    labels[3, 18, 2:12] = 4
    return labels


def test_an_object_is_the_largest_part_of_a_slice_or_the_whole_organ():
    labels = volume()
    image = np.arange(labels.size).reshape(labels.shape)
    classes = {"larynx": (3,), "thin": (4,), "none": (9,)}
    case = Case("pt", "headneck", "val", "ct", image, labels, (2.5, 4.0, 3.0), classes)
    (flat,) = bifseg_items.organ_of(case, "larynx", 2)
    assert (flat.name, flat.spacing, flat.mask.sum()) == ("pt", (4.0, 3.0), 48)
    assert flat.box == ((5, 4), (12, 9)), "(x, y), both corners inside"
    np.testing.assert_array_equal(flat.image, image[2])
    (whole,) = bifseg_items.organ_of(case, "larynx", 3)
    assert whole.spacing == (2.5, 4.0, 3.0)
    assert whole.box == ((3, 4, 1), (12, 16, 2))
    assert bifseg_items.organ_of(case, "thin", 2) == bifseg_items.organ_of(case, "none", 2) == []


def test_shared_strokes_are_the_same_for_all_and_every_method_starts_where_it_should():
    bench = bench_of(-1, iterations=20)
    found = {method: bench.rounds(method, "shared", 0) for method in bifseg_rounds.METHODS}
    guided = [rows for method, rows in found.items() if method not in bifseg_rounds.UNGUIDED]
    painted = [[row["painted"] for row in rows] for rows in found.values()]
    assert all(counts == painted[0] for counts in painted)
    assert painted[0][0] == 0 < painted[0][1] < painted[0][2]
    assert all(row["seconds"] > 0 for rows in guided for row in rows[1:3])
    alone = found[bifseg_rounds.NETWORK]
    assert len({row["dice"] for row in alone}) == 1
    assert [row["seconds"] for row in alone[1:]] == [0.0] * bifseg_rounds.ROUNDS
    cut = found[bifseg_rounds.NONE][0]["dice"]
    assert {found[method][0]["dice"] for method in (bifseg_rounds.UNIFORM, bifseg_rounds.FULL)} == {cut}
    assert {found[method][0]["dice"] for method in bifseg_rounds.REFINED} == {alone[0]["dice"]}
    assert {found[method][0]["dice"] for method in bifseg_rounds.TRADITIONAL} == {1.0}, "the box itself"
    assert {*dices(found[bifseg_rounds.POINTS])} == {found[bifseg_rounds.POINTS][0]["dice"]}
    assert found[bifseg_rounds.POINTS][0]["dice"] > 0.9, "a bright square"
    assert dices(found[bifseg_rounds.FULL])[1:] != dices(found[bifseg_rounds.UNIFORM])[1:]
    assert dices(bench.rounds(bifseg_rounds.FULL, "shared", 0)) == dices(found[bifseg_rounds.FULL])


def test_before_the_first_stroke_only_the_method_for_the_box_alone_tunes():
    bench = bench_of(1, a_disc(), bias=4.0, iterations=20)
    found = {method: dices(bench.rounds(method, "shared", 0)) for method in bifseg_rounds.IN_A_BOX}
    assert found[bifseg_rounds.BOX] == [found[bifseg_rounds.BOX][0]] * (bifseg_rounds.ROUNDS + 1)
    assert found[bifseg_rounds.BOX][0] > 0.99 > 0.9 > found[bifseg_rounds.NONE][0]
    assert found[bifseg_rounds.NONE][0] == found[bifseg_rounds.UNIFORM][0] == found[bifseg_rounds.FULL][0]


def test_methods_without_a_network_begin_with_the_box_and_follow_the_strokes():
    disc = a_disc()
    bench = bench_of(-1, disc)
    box = 2 * disc.sum() / (disc.sum() + 21 * 21)
    for method in bifseg_rounds.TRADITIONAL:
        found = dices(bench.rounds(method, "own", 0))
        assert found[0] == pytest.approx(box, abs=1e-5)
        assert found[-1] > 0.97, method
    user = bifseg_rounds.user_of(replace(bench.item, spacing=(2.0, 3.0)))
    assert (user.max_length, user.separation) == (21, 3.0)


def test_the_seed_is_that_of_the_strokes(monkeypatch):
    bench = bench_of(-1)
    draw, drawn = bifseg_rounds.simulate_scribbles, []

    def noted(*given, **more):
        drawn.append(draw(*given, **more))
        return drawn[-1]

    monkeypatch.setattr(bifseg_rounds, "simulate_scribbles", noted)
    for seed in (0, 0, 1, 2, 3):
        bench.rounds(bifseg_rounds.NONE, "shared", seed)
    first, same, *others = drawn[:: bifseg_rounds.ROUNDS]
    np.testing.assert_array_equal(first, same)
    assert any((first != other).any() for other in others)
    assert (first[truth()] != 0).all(), "strokes are right"
    assert (first[~bench._inside] == -1).all(), "and in the box"


def test_tuning_learns_from_the_strokes_and_own_strokes_end_with_the_errors():
    bench = bench_of(-1, iterations=20)
    rows = bench.rounds(bifseg_rounds.FULL, "own", 0)
    assert rows[0]["dice"] < 0.3
    assert rows[-1]["dice"] > 0.9
    shared = bench.rounds(bifseg_rounds.FULL, "shared", 0)
    assert rows[-1]["painted"] < shared[-1]["painted"]


def test_without_an_error_nothing_is_scribbled_and_nothing_changes():
    bench = bench_of(1)
    for method in (bifseg_rounds.FULL, bifseg_rounds.CUT, "refinement (ce)"):
        rows = bench.rounds(method, "shared", 0)
        assert [(row["painted"], row["seconds"]) for row in rows[1:]] == [(0, 0.0)] * bifseg_rounds.ROUNDS
        assert set(dices(rows)) == {1.0}


def test_intensities_under_scribbles_tell_object_from_background():
    image = np.zeros((20, 20), np.float32)
    image[5:15, 5:15] = 1
    image += np.random.default_rng(0).normal(0, 0.05, image.shape)
    scribbles = np.full(image.shape, -1, np.int16)
    scribbles[0], scribbles[10, 6:14] = 0, 1
    p = bifseg_rounds.probabilities_by_intensity(image, scribbles)
    np.testing.assert_allclose(p.sum(axis=0), 1, atol=1e-6)
    assert p[1, 5:15, 5:15].mean() > 0.8 > 0.2 > p[1, 16:].mean()


def write_patients(folder: Path) -> Path:
    """Two val patients with a bright larynx in the dark, and one of the split test."""
    entries = []
    for number, split in enumerate(("val", "val", "test")):
        labels = np.zeros((4, 30, 32), np.uint8)
        labels[1:3, 8:20, 9:21] = 1
        image = 100 * labels + np.random.default_rng(number).normal(0, 5, labels.shape)
        paths = (
            save(folder / f"{number}.nrrd", image.astype(np.int16)),
            save(folder / f"{number}l.nrrd", labels),
        )
        found = entry(f"pt {number}", "headneck", "ct", *paths, {"larynx": [1]})
        entries.append({**found, "split": split})
    write_manifest(folder / "manifest.json", entries)
    return folder / "manifest.json"


def test_the_script_measures_once_goes_on_and_fills_the_page(tmp_path, monkeypatch, capsys):
    weights, rows, page = tmp_path / "tiny.pt", tmp_path / "rows.jsonl", tmp_path / "page.md"
    torch.manual_seed(0)
    save_network(weights, build_network(CARD).eval(), CARD)
    common = ["--rows", str(rows), "--sets", "larynx"]
    words = ["measure", *common, "--network", str(weights), "--manifest", str(write_patients(tmp_path))]
    words += ["--set", *(f"{name}={value}" for name, value in BRIEF.items()), "--seeds", "0"]

    def run(*more: str) -> str:
        monkeypatch.setattr(sys, "argv", ["bifseg.py", *more])
        bifseg.main()
        return capsys.readouterr().out

    assert run(*words, "--limit", "1").count("larynx, pt 0, shared 0, ") == 10
    assert "pt 0" not in run(*words)
    found = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    assert len(found) == len({(row["case"], row["method"]) for row in found}) == 20
    assert {row["case"] for row in found} == {"pt 0", "pt 1"}
    text = "# A\n<!-- figures of bifseg.py -->\nformer\n<!-- end of figures -->\nrest\n"
    page.write_text(text, encoding="utf-8")
    printed = run("report", *common, "--markdown", str(page))
    assert "**larynx**, n = 2, seeds 0" in printed
    assert "The paper's order" in printed
    text = page.read_text(encoding="utf-8")
    assert printed.strip() in text
    assert (text.startswith("# A\n"), text.endswith("\nrest\n"), "former" in text) == (True, True, False)
    for wrong in ("omega", "weighting='none'", "rate=1", "omega=five", "omega=-1"):
        with pytest.raises(SystemExit, match=r"--set|omega is -1"):
            run(*words[:-4], "--set", wrong)
