"""Tables of training on labels from clicks, against figures counted by hand."""

import numpy as np
import pytest
from scipy.stats import wilcoxon

from common import fill_page
from weak_labels_tables import (
    ALL,
    agreement_table,
    compared,
    curve_table,
    organ_table,
    seed_table,
)

FOUND = {
    "true": {
        0: {"x": {"a": 0.8, "b": 0.4}, "y": {"a": 0.6}, "z": {"a": 0.7, "b": 0.5}},
        1: {"x": {"a": 1.0, "b": 0.6}, "y": {"a": 0.8}, "z": {"a": 0.9, "b": 0.7}},
    },
    "weak": {
        0: {"x": {"a": 0.7, "b": 0.4}, "y": {"a": 0.6}, "z": {"a": 0.5, "b": 0.3}},
        1: {"x": {"a": 0.9, "b": 0.6}, "y": {"a": 0.6}, "z": {"a": 0.7, "b": 0.5}},
    },
}


def test_both_kinds_of_labels_are_compared_patient_by_patient():
    figures = compared(FOUND, "a")
    assert figures["n"] == 3
    assert figures["true"]["mean"] == pytest.approx(0.8)  # of .9, .7, .8
    assert figures["true"]["sd"] == pytest.approx(np.std([0.9, 0.7, 0.8]))
    assert figures["true"]["seeds"] == pytest.approx({0: 0.7, 1: 0.9})
    assert figures["weak"]["seeds"] == pytest.approx({0: 0.6, 1: 2.2 / 3})
    differences = [-0.1, -0.1, -0.2]
    assert figures["difference"] == pytest.approx(np.mean(differences))
    assert figures["error"] == pytest.approx(np.std(differences, ddof=1) / np.sqrt(3))
    assert figures["p"] == pytest.approx(wilcoxon(differences).pvalue)


def test_an_organ_counts_where_it_is_known_and_a_patient_by_its_mean():
    assert compared(FOUND, "b")["n"] == 2
    everything = compared(FOUND, ALL)
    assert everything["n"] == 3
    assert everything["true"]["mean"] == pytest.approx(np.mean([0.7, 0.7, 0.7]))
    assert everything["weak"]["mean"] == pytest.approx(np.mean([0.65, 0.6, 0.5]))


def test_no_difference_is_not_significant():
    same = compared({"true": FOUND["true"], "weak": FOUND["true"]}, "a")
    assert (same["difference"], same["p"]) == (0.0, 1.0)


def test_rows_of_organs_and_seeds():
    rows = organ_table(FOUND).splitlines()
    assert rows[2].startswith("| a | 3 | 0.800 ± 0.082 | 0.667 ± 0.094 | -0.133 ± 0.033 | ")
    assert rows[-1].startswith("| all organs | 3 | 0.700 ± 0.000 | 0.583 ± 0.062 | -0.117 ± 0.044 | ")
    rows = seed_table(FOUND).splitlines()
    assert rows[0] == "| all organs | seed 0 | seed 1 | standard deviation over seeds |"
    assert rows[2] == "| true labels | 0.600 | 0.800 | 0.100 |"


def test_rows_of_agreement_count_patients_and_slices():
    patients = {
        "x": {"a": {"dice": 0.9, "slices": 4}, "b": {"dice": 0.7, "slices": 2}},
        "y": {"a": {"dice": 0.8, "slices": 5}},
    }
    assert agreement_table(patients).splitlines()[2:] == [
        "| a | 2 | 9 | 0.850 ± 0.050 |",
        "| b | 1 | 2 | 0.700 ± 0.000 |",
        "| all organs | 2 | 11 | 0.800 ± 0.000 |",
    ]


def test_curves_show_the_loss_and_the_validation_of_the_same_step():
    def log(loss: float, val: float) -> list[dict]:
        rows = [{"step": 1, "loss": 9.0}, {"step": 2, "loss": loss}, {"step": 2, "val": val}]
        return [*rows, {"step": 4, "val": val + 0.1}]

    logs = {"true": {0: log(0.5, 0.2), 1: log(0.7, 0.3)}, "weak": {0: log(0.6, 0.1), 1: log(0.6, 0.1)}}
    assert curve_table(logs).splitlines()[2:] == [
        "| 2 | 0.600 (0.500 to 0.700) | 0.600 (0.600 to 0.600) | 0.250 (0.200 to 0.300) | 0.100 (0.100 to 0.100) |",
        "| 4 | - | - | 0.350 (0.300 to 0.400) | 0.200 (0.200 to 0.200) |",
    ]


BEGIN, END = "<!-- figures of some.py -->", "<!-- end of figures -->"


def test_a_page_keeps_everything_outside_the_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"one\n{BEGIN}\nold\n{END}\ntwo\n", encoding="utf-8")
    for text in ("| a |", "| b |"):
        fill_page(page, "some.py", text)
        assert page.read_text(encoding="utf-8") == f"one\n{BEGIN}\n\n{text}\n\n{END}\ntwo\n"
    page.write_text(f"one\n{BEGIN}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="lacks the lines"):
        fill_page(page, "some.py", "| c |")
    assert page.read_text(encoding="utf-8") == f"one\n{BEGIN}\n"
