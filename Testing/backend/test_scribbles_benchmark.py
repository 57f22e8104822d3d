"""The parts of the benchmark of corrections that a wrong figure could come from."""

import pytest

from refinement_tables import comparable, summary, table, verdict


def runs() -> list[dict]:
    def run(method: str, case: str, dices: list[float], missed: int) -> dict:
        rows = [
            {
                "dice": value,
                "classes": {"a": value},
                "painted": 10 * n,
                "missed": missed * (n > 0),
                "seconds": n,
            }
            for n, value in enumerate(dices)
        ]
        return {"method": method, "case": case, "mode": "shared", "seed": 0, "rows": rows}

    return [
        run("one", "x", [0.5, 0.8, 0.91], 0),
        run("one", "y", [0.7, 0.6, 0.7], 3),
        run("other", "x", [0.5, 0.4, 0.3], 0),
        run("other", "y", [0.7, 0.95, 0.94], 0),
    ]


def test_the_summary_of_hand_counted_runs():
    one, other = (summary(runs())[name] for name in ("one", "other"))
    assert (one["runs"], one["images"], one["seeds"]) == (2, 2, [0])
    assert one["mean"] == pytest.approx([0.6, 0.7, 0.805])
    assert one["sd"] == pytest.approx([0.1, 0.1, 0.105])
    assert one["not falling"] == 0.75
    assert other["not falling"] == 0.25
    assert one["satisfied"] == pytest.approx(1 - 6 / 60)
    assert one["rounds to goal"] == pytest.approx((2 + 3) / 2), "never is one round more than were made"
    assert other["rounds to goal"] == pytest.approx((3 + 1) / 2)
    assert one["reached goal"] == 0.5
    assert one["seconds"] == 1.5
    assert one["classes"] == {"a": one["mean"]}


def test_the_table_marks_the_best_and_says_who_it_is():
    figures = summary(runs())
    rows = table(figures).splitlines()
    assert rows[2].startswith(
        "| one | 2 | 0.600 ± 0.100 | 0.700 ± 0.100 | **0.805 ± 0.105** | 75% | 90.0% | 2.50 |"
    )
    assert "**2.00**" in rows[3]
    assert verdict(figures).startswith(
        "Best final mean Dice: one (0.805). Fewest rounds to 0.90: other (2.00;"
    )


def test_methods_are_compared_on_what_all_of_them_have_done():
    found = comparable([*runs(), {"method": "one", "case": "z", "mode": "shared", "seed": 0, "rows": []}])
    assert [(run["method"], run["case"]) for run in found] == [(r["method"], r["case"]) for r in runs()]
