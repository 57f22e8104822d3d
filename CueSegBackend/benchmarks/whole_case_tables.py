"""Tables of `whole_case.py`: Dice by clicked slices, slices to a Dice, and paired differences."""

from typing import Any

import numpy as np

from cueseg.wording import counted
from paired import difference
from whole_case_rounds import COUNTS, EVERY, FILL, HAND, METHODS, NETWORK, SUGGESTED

GOALS = (0.90, 0.95)
PAIRS = ((NETWORK, FILL), (SUGGESTED, NETWORK), (NETWORK, HAND))
Runs = list[dict[str, Any]]


def text_of(runs: Runs) -> str:
    """Markdown for every set and kind of clicks."""
    texts = []
    for name in dict.fromkeys(run["set"] for run in runs):
        for clicks in dict.fromkeys(run["clicks"] for run in runs):
            chosen = [run for run in runs if (run["set"], run["clicks"]) == (name, clicks)]
            if chosen:
                texts.append(
                    f"{_caption(name, clicks, chosen)}\n\n{method_table(chosen)}\n\n{organ_table(chosen)}\n\n"
                    f"{pair_table(chosen)}"
                )
    return "\n\n".join(texts)


def _caption(name: str, clicks: str, runs: Runs) -> str:
    counts = [run["slices"] for run in runs]
    cases, seeds = len({run["case"] for run in runs}), sorted({run["seed"] for run in runs})
    passes = " and ".join(
        "four passes" if flips else "one pass" for flips in sorted({run["flips"] for run in runs})
    )
    return (
        f"**{name}, {clicks} clicks**: {counted(len(runs), 'structure')} of {counted(cases, 'image')}, "
        f"{min(counts)} to {max(counts)} slices each (median {np.median(counts):g}), seed "
        f"{', '.join(map(str, seeds))}, {passes} of the network per slice:"
    )


def method_table(runs: Runs) -> str:
    """A row per method and number of clicked slices, then what it takes to reach the goals."""
    lines = [
        "| method | slices clicked | 3D Dice | "
        + " | ".join(f"reach {goal:.2f}" for goal in GOALS)
        + " | runs of the network | seconds |",
        "|---|---|---|" + "---|" * (len(GOALS) + 2),
    ]
    for method in METHODS:
        for count in (*COUNTS, None) if method not in (EVERY,) else (None,):
            rows = [row for run in runs for row in at(run, method, count)]
            if len(rows) != len(runs):
                continue
            values = np.array([row["dice"] for row in rows])
            reached = " | ".join(f"{np.mean(values >= goal):.0%}" for goal in GOALS)
            clicked = np.median([row["clicked"] for row in rows])
            lines.append(
                f"| {method} | {clicked:g} | {values.mean():.3f} ± {values.std():.3f} | {reached} | "
                f"{np.median([row['calls'] for row in rows]):g} | {np.median([row['seconds'] for row in rows]):.1f} |"
            )
    return "\n".join(lines)


def organ_table(runs: Runs) -> str:
    """A row per organ: the median of the clicked slices that suffice for a goal, and how many structures reach it."""
    methods = (FILL, NETWORK, EVERY)
    heads = [f"{goal:.2f}: {method}" for goal in GOALS for method in methods]
    lines = [
        "| organ | n | slices | " + " | ".join(heads) + f" | seconds, {NETWORK} |",
        "|---|" + "---|" * (len(heads) + 3),
    ]
    for organ in dict.fromkeys(run["structure"] for run in runs):
        own = [run for run in runs if run["structure"] == organ]
        cells = [str(len(own)), f"{np.median([run['slices'] for run in own]):g}"]
        cells += [_needed(own, method, goal) for goal in GOALS for method in methods]
        seconds = [row["seconds"] for run in own for row in run["rows"] if row["method"] == NETWORK]
        lines.append(f"| {organ} | {' | '.join(cells)} | {np.median(seconds):.1f} |")
    return "\n".join(lines)


def _needed(runs: Runs, method: str, goal: float) -> str:
    """The fewest clicked slices that were tried and reach the goal: median, and how many structures reach it at all."""
    enough = []
    for run in runs:
        counts = [row["clicked"] for row in run["rows"] if row["method"] == method and row["dice"] >= goal]
        enough += [min(counts)] if counts else []
    return f"{np.median(enough):g} ({len(enough)})" if enough else "- (0)"


def at(run: dict[str, Any], method: str, count: int | None) -> list[dict[str, Any]]:
    """The row of a method with so many clicked slices; None: of a method that has only one row."""
    rows = [row for row in run["rows"] if row["method"] == method]
    if count is None:
        return rows if len(rows) == 1 else []
    return [row for row in rows if row["clicked"] == count] if len(rows) > 1 else []


def pair_table(runs: Runs) -> str:
    """A row per pair of methods and number of clicked slices: the mean difference of Dice, its error, and p."""
    lines = ["| compared | slices clicked | difference of Dice | p |", "|---|---|---|---|"]
    for ours, theirs in PAIRS:
        for count in COUNTS:
            pairs = [(at(run, ours, count), at(run, theirs, count)) for run in runs]
            if not all(one and other for one, other in pairs):
                continue
            found = difference([one[0]["dice"] for one, _ in pairs], [other[0]["dice"] for _, other in pairs])
            lines.append(
                f"| {ours} less {theirs} | {count} | {found.mean:+.3f} ± {found.error:.3f} | {found.p:.2g} |"
            )
    return "\n".join(lines)
