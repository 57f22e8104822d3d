"""The benchmarks of unseen images and of small structures: what is measured, and the tables made of it."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wilcoxon

import small_structures
import unseen
from cueseg.training.validation import Item
from data_set_folders import save
from paired import Difference, difference, margin, table
from unseen_sets import DEEP_NUCLEI, SETS, items_of, largest_part, read_set

DEEP = next(one for one in SETS if one.name == "brain MR, deep nuclei")


def write_brain(folder: Path) -> np.ndarray:
    """Discs (71, 72, 1) of 9, 8 and 7 pixels radius, and a fleck (73) of 20 pixels, bright on dark."""
    labels = np.zeros((5, 60, 70), np.uint8)
    rows, cols = np.mgrid[:60, :70]
    for number, (x, radius) in {71: (14, 9), 72: (36, 8), 1: (56, 7)}.items():
        for index, less in ((1, 2), (2, 0), (3, 1)):
            labels[index, (rows - 20) ** 2 + (cols - x) ** 2 <= (radius - less) ** 2] = number
    labels[2, 50:54, 10:15] = 73
    image = 40.0 + 100 * (labels > 0) + np.random.default_rng(0).normal(0, 4, labels.shape)
    save(folder / DEEP.image, image.astype(np.float32))
    save(folder / DEEP.labels, labels)
    return labels


def test_the_part_that_is_measured_is_the_largest_of_the_fullest_slice():
    labels = np.zeros((3, 12, 12), np.int16)
    labels[0, :7, :7] = 4  # a larger part, in a slice with fewer pixels
    labels[1, :5, :5] = labels[1, 6, 6] = labels[1, 8:, 2:10] = 4
    labels[1, 5, 5] = 4  # joins over corners
    labels[2, :5, :5] = 7
    index, mask = largest_part(labels, 4)
    assert index == 1
    np.testing.assert_array_equal(np.argwhere(mask)[[0, -1]], [[8, 2], [11, 9]])
    assert mask.sum() == 32
    labels[0], labels[1, 8:] = 0, 0
    assert largest_part(labels, 4)[1].sum() == 25 + 1 + 1, "corners join"


def test_structures_of_a_set_and_their_clicks(tmp_path):
    labels = write_brain(tmp_path)
    case = read_set(DEEP, tmp_path)
    items = items_of(DEEP, case)
    assert [item.subject for item in items] == ["label 71", "label 72"], "1 is not of the set, 73 too small"
    first = items[0]
    np.testing.assert_array_equal(first.mask, labels[2] == 71)
    np.testing.assert_array_equal(first.image, case.image[2])
    assert {tuple(point) for point in first.exact} >= {(5.0, 20.0), (23.0, 20.0), (14.0, 11.0), (14.0, 29.0)}
    moved = np.abs(first.disturbed - first.exact)
    assert 0 < moved.max() <= 1.9, "a tenth of a box of 19 pixels"
    alone = np.where(labels == 71, 0, labels).astype(np.uint8)
    save(tmp_path / DEEP.labels, alone)
    second = items_of(DEEP, read_set(DEEP, tmp_path))[0]
    np.testing.assert_array_equal(second.disturbed, items[1].disturbed)


def test_the_sets_of_the_brain_share_no_label():
    cortex = next(one for one in SETS if one.name == "brain MR, cortex and cerebellum")
    assert sorted(cortex.numbers + DEEP_NUCLEI) == list(range(1, 117))


def test_a_missing_package_is_named_with_how_to_get_it(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"(?s)ch2\.nii\.gz.*apt-get download mricron-data.*--mricron"
    ):
        read_set(DEEP, tmp_path)
    abdomen = next(one for one in SETS if one.package == "totalsegmentator")
    with pytest.raises(
        FileNotFoundError, match=r"get the package,\n  python -m cueseg\.training\.packages\n"
    ):
        read_set(abdomen, tmp_path)


def test_the_lead_is_paired_and_over_the_best_other_method():
    ours, close, far = [0.9, 0.8, 0.7, 0.95], [0.8, 0.75, 0.72, 0.9], [0.1, 0.2, 0.9, 0.8]
    lead = margin({"net": ours, "far": far, "close": close}, "net")
    differences = np.array([0.1, 0.05, -0.02, 0.05])
    assert lead.rival == "close"
    assert lead.mean == pytest.approx(0.045)
    assert lead.error == pytest.approx(np.sqrt(np.sum((differences - 0.045) ** 2) / 3 / 4))
    assert lead.p == pytest.approx(wilcoxon(np.subtract(ours, close)).pvalue)
    assert margin({"net": ours, "same": ours}, "net").p == 1.0
    assert difference(ours, close) == Difference(lead.mean, lead.error, lead.p)
    one = difference([0.5], [0.25])
    assert (one.mean, np.isnan(one.error), one.p) == (0.25, True, 1.0), "a single pair proves nothing"
    row = table({"net": {"a": ours}, "close": {"a": close}}, "net", "set").splitlines()[2]
    assert row.startswith("| a | 4 | 0.838 ± 0.096 | 0.792 ± 0.068 | close | +0.045 ± 0.025 |")
    with pytest.raises(ValueError, match=r"\[3, 4\]"):
        margin({"net": ours, "other": far[:3]}, "net")
    with pytest.raises(ValueError, match=r"\[0\] of them: measure what is missing"):
        difference([], [])


def test_the_script_measures_a_set_and_writes_what_it_found(tmp_path, monkeypatch, capsys):
    write_brain(tmp_path)
    target = tmp_path / "unseen.json"
    arguments = ["--sets", DEEP.name, "--mricron", str(tmp_path), "--json", str(target)]
    monkeypatch.setattr(sys, "argv", ["unseen.py", *arguments])
    unseen.main()
    printed = capsys.readouterr().out
    assert printed.count(f"| {DEEP.name} | 2 |") == 2
    written = json.loads(target.read_text(encoding="utf-8"))
    assert written["structures"] == {DEEP.name: ["label 71", "label 72"]}
    assert all(value > 0.8 for value in written["dice"]["exact"]["CueSeg"][DEEP.name]), "bright discs"
    assert set(written["leads"]["disturbed"][DEEP.name]) == {"rival", "mean", "error", "p"}


def item_of(mask: np.ndarray, exact: list[tuple[float, float]]) -> Item:
    points = np.array(exact, float)
    return Item("any", "one", np.zeros(mask.shape), "ct", (1.0, 1.0), mask, points, points)


def test_structures_are_grouped_by_side_by_share_and_by_parts():
    mask = np.zeros((40, 50), bool)
    mask[10:15, 10:40] = True
    assert small_structures.groups_of(item_of(mask, [(10, 12), (39, 12), (20, 10), (20, 14)])) == (
        "side < 6 px",
        "not thin",
        "whole",
    )
    ring = np.zeros((40, 50), bool)
    ring[5:35, 5], ring[5:35, 34], ring[5, 5:35] = True, True, True
    corners = [(5, 10), (34, 10), (20, 5), (5, 34)]
    assert small_structures.groups_of(item_of(ring, corners)) == ("side >= 24 px", "thin", "whole")
    ring[5, 10:30] = False
    assert small_structures.groups_of(item_of(ring, corners)) == ("side >= 24 px", "thin", "divided")
    square = np.zeros((40, 50), bool)
    square[:6, :6] = True
    assert small_structures.groups_of(item_of(square, [(0, 0), (5, 0), (0, 5), (5, 5)]))[0] == "side 6-12 px"
    items = [item_of(ring, corners), item_of(square, [(0, 0), (5, 0), (0, 5), (5, 5)])]
    scores = small_structures.grouped(items, {"net": [0.4, 0.9]})
    assert scores == {
        "net": {
            "side 6-12 px": [0.9],
            "side >= 24 px": [0.4],
            "thin": [0.4],
            "not thin": [0.9],
            "divided": [0.4],
            "whole": [0.9],
        }
    }
    assert "- divided: any 1\n- whole: any 1" in small_structures.composition(items)
