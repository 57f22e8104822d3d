"""The tables of the benchmark of one object in a box: figures counted by hand, and verdicts either way."""

import numpy as np
import pytest

import bifseg_tables as tables

RISING = [0.5, 0.7, 0.89, 0.95, 0.95, 0.95]
SLOWER = [0.5, 0.6, 0.7, 0.8, 0.93, 0.94]
SLOWEST = [0.5, 0.55, 0.6, 0.6, 0.6, 0.7]


def runs_of(full, uniform, none, traditional) -> list[dict]:
    """Two objects and two seeds; the second object is 0.1 worse, the second seed 0.02 better."""
    curves = {
        "BIFSeg": full,
        "BIFSeg (uniform)": uniform,
        "cut alone": none,
        "graph cut": traditional,
        "random walker": traditional,
    }
    return [
        {
            "method": method,
            "set": "larynx",
            "case": case,
            "mode": "shared",
            "seed": seed,
            "rows": [
                {"round": n, "dice": value - less + 0.02 * seed, "painted": 4 * n, "seconds": float(n)}
                for n, value in enumerate(curve)
            ],
        }
        for method, curve in curves.items()
        for case, less in (("a", 0.0), ("b", 0.1))
        for seed in (0, 1)
    ]


def test_figures_are_means_over_seeds_and_then_over_objects():
    runs = runs_of(RISING, SLOWER, SLOWEST, SLOWEST)
    found = tables.compared([*runs, {**runs[0], "case": "c"}])
    assert (found.cases, found.seeds, found.unpainted) == (["a", "b"], [0, 1], 0), "c lacks methods"
    full = found.methods["BIFSeg"]
    np.testing.assert_allclose(full.curves[:, 2], [0.9, 0.8])
    np.testing.assert_allclose(full.needed, [2.5, 6.0]), "three rounds and two; never"
    assert full.seconds == 3.0
    row = tables.table(found).splitlines()[2]
    assert next(iter(found.methods)) == "cut alone"
    assert row.startswith(
        "| cut alone | 0.460 ± 0.050 | 0.510 ± 0.050 | 0.560 ± 0.050 | 0.660 ± 0.050 | 6.00 |"
    )
    lead = tables.leads(found)["BIFSeg (uniform)", 5]
    assert lead.mean == pytest.approx(0.01)
    assert tables.fewer_rounds(found)["graph cut"].mean == pytest.approx(-1.75)
    nothing = [{**run, "rows": [{**row, "painted": 0} for row in run["rows"]]} for run in runs]
    assert tables.compared(nothing).unpainted == 2


def test_the_verdict_follows_the_figures_either_way():
    good = tables.verdict("larynx", tables.compared(runs_of(RISING, SLOWER, SLOWEST, SLOWEST)))
    assert "BIFSeg 0.910, BIFSeg (uniform) 0.900, cut alone 0.660. The paper's order" in good
    assert "not tuned) holds" in good
    assert "traditional methods holds: fewer than graph cut (within chance, p = 1)" in good
    bad = tables.verdict("larynx", tables.compared(runs_of(SLOWER, RISING, SLOWEST, RISING)))
    assert "not tuned) does not hold" in bad
    assert "traditional methods does not hold: no fewer than graph cut" in bad


def test_sets_without_the_methods_of_the_paper_get_their_table_alone():
    runs = runs_of(RISING, SLOWER, SLOWEST, SLOWEST)
    some = [run for run in runs if run["method"] != "cut alone"]
    text = tables.text_of({"larynx": tables.compared(some)})
    assert "| BIFSeg (uniform) |" in text
    assert "paper's order" not in text
    whole = tables.text_of({"larynx": tables.compared(runs), "parotid left": tables.compared(some)})
    assert "- larynx, Dice after round 5" in whole
    assert "- parotid left" not in whole


def test_runs_that_cannot_be_compared_are_refused():
    runs = runs_of(RISING, SLOWER, SLOWEST, SLOWEST)
    apart = [run for run in runs if (run["method"] == "BIFSeg") == (run["case"] == "a")]
    with pytest.raises(ValueError, match="measure what is missing first"):
        tables.compared(apart)
