"""Tables of `bifseg.py`: Dice against rounds, paired differences, and whether the paper's order holds."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bifseg_rounds import FULL, METHODS, NONE, TRADITIONAL, UNIFORM
from paired import Difference, difference
from refinement_tables import GOAL, comparable

SHOWN = (0, 1, 3, 5)  # rounds
CHANCE = 0.05  # p below which a difference is told as one

Run = dict[str, Any]  # set, case, method, mode, seed, rows


class Measured(NamedTuple):
    """A method on the objects of a set; means over the seeds.

    Attributes:
        curves: (objects, rounds) Dice.
        needed: (objects,) rounds to a Dice of `GOAL`; where it is never reached, one more than were made.
        seconds: median over the rounds that were made; NaN without any.
    """

    curves: NDArray[np.float64]
    needed: NDArray[np.float64]
    seconds: float


class Compared(NamedTuple):
    """The methods on a set.

    Attributes:
        cases: names of the objects, in the order of the arrays.
        seeds: of the simulated user.
        unpainted: objects on which no seed's user had anything to draw.
        methods: method -> figures.
    """

    cases: list[str]
    seeds: list[int]
    unpainted: int
    methods: dict[str, Measured]


def compared(runs: list[Run]) -> Compared:
    """The figures of one set, network and mode, of those objects and seeds on which all methods have been run.

    Raises:
        ValueError: there is none.
    """
    chosen = comparable(runs)
    if not chosen:
        raise ValueError("no object on which all methods have been run: measure what is missing first")
    cases = list(dict.fromkeys(run["case"] for run in chosen))
    names = [method for method in METHODS if any(run["method"] == method for run in chosen)]
    painted = {run["case"] for run in chosen if run["rows"][-1]["painted"]}
    methods = {name: _measured([run for run in chosen if run["method"] == name], cases) for name in names}
    return Compared(cases, sorted({run["seed"] for run in chosen}), len(cases) - len(painted), methods)


def _measured(runs: list[Run], cases: list[str]) -> Measured:
    curves: dict[str, list[list[float]]] = {case: [] for case in cases}
    for run in runs:
        curves[run["case"]].append([row["dice"] for row in run["rows"]])
    needed = [np.mean([rounds_to_goal(curve) for curve in curves[case]]) for case in cases]
    seconds = [row["seconds"] for run in runs for row in run["rows"][1:] if row["seconds"]]
    return Measured(
        np.array([np.mean(curves[case], axis=0) for case in cases]),
        np.array(needed),
        float(np.median(seconds)) if seconds else float("nan"),
    )


def rounds_to_goal(curve: Sequence[float]) -> int:
    """The first round with a Dice of `GOAL`, 0 the box alone; one more than were made where it is never reached."""
    return next((number for number, value in enumerate(curve) if value >= GOAL), len(curve))


def table(found: Compared) -> str:
    """A row per method: Dice after some rounds, mean ± standard deviation over objects, and what it took."""
    heads = ["method", *(f"round {number}" for number in SHOWN), f"rounds to {GOAL:.2f}", "s per round"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    best = max(values.curves[:, -1].mean() for values in found.methods.values())
    for method, values in found.methods.items():
        means, deviations = values.curves.mean(axis=0), values.curves.std(axis=0)
        cells = [f"{means[number]:.3f} ± {deviations[number]:.3f}" for number in SHOWN]
        cells[-1] = f"**{cells[-1]}**" if means[-1] == best else cells[-1]
        cells += [
            f"{values.needed.mean():.2f}",
            "-" if np.isnan(values.seconds) else f"{values.seconds:.2f}",
        ]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def leads(found: Compared) -> dict[tuple[str, int], Difference]:
    """By how much BIFSeg leads: (uniform weights or the cut alone, round) -> paired over objects."""
    return {
        (other, number): difference(ours.curves[:, number], found.methods[other].curves[:, number])
        for ours in (found.methods[FULL],)
        for other in (UNIFORM, NONE)
        for number in SHOWN[1:]
    }


def fewer_rounds(found: Compared) -> dict[str, Difference]:
    """Rounds to the goal of BIFSeg less those of each traditional method, paired over objects."""
    ours = found.methods[FULL].needed
    return {other: difference(ours, found.methods[other].needed) for other in TRADITIONAL}


def lead_table(sets: dict[str, Compared]) -> str:
    """A row per set and other method: paired differences of Dice after some rounds."""
    heads = ["set", "n", "difference", *(f"round {number}" for number in SHOWN[1:])]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, found in sets.items():
        by_round = leads(found)
        for other in (UNIFORM, NONE):
            cells = [_told(by_round[other, number], 3) for number in SHOWN[1:]]
            lines.append(f"| {name} | {len(found.cases)} | {FULL} - {other} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def round_table(sets: dict[str, Compared]) -> str:
    """A row per set: paired differences of the rounds to the goal."""
    heads = ["set", "n", *(f"{FULL} - {other}" for other in TRADITIONAL)]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, found in sets.items():
        cells = [_told(one, 2) for one in fewer_rounds(found).values()]
        lines.append(f"| {name} | {len(found.cases)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _told(lead: Difference, digits: int) -> str:
    error = "-" if np.isnan(lead.error) else f"{lead.error:.{digits}f}"
    return f"{lead.mean:+.{digits}f} ± {error} (p = {lead.p:.2g})"


def verdict(name: str, found: Compared) -> str:
    """Whether the paper's order holds on a set, by the figures: its weights, and the rounds it takes."""
    last = SHOWN[-1]
    means = {method: found.methods[method].curves[:, last].mean() for method in (FULL, UNIFORM, NONE)}
    ordered = means[FULL] > means[UNIFORM] > means[NONE]
    by_round, rounds = leads(found), fewer_rounds(found)
    values = ", ".join(f"{method} {value:.3f}" for method, value in means.items())
    certain = [f"{FULL} - {other}: {_chance(by_round[other, last])}" for other in (UNIFORM, NONE)]
    needed = ", ".join(f"{other} {found.methods[other].needed.mean():.2f}" for other in (FULL, *TRADITIONAL))
    fewer = [
        f"{'fewer' if one.mean < 0 else 'no fewer'} than {other} ({_chance(one)})"
        for other, one in rounds.items()
    ]
    claimed = all(one.mean < 0 for one in rounds.values())
    return (
        f"- {name}, Dice after round {last}: {values}. The paper's order (weighted, uniform, not tuned) "
        f"{'holds' if ordered else 'does not hold'}. {'; '.join(certain)}.\n"
        f"- {name}, rounds to {GOAL:.2f}: {needed}. That BIFSeg takes fewer rounds than traditional methods "
        f"{'holds' if claimed else 'does not hold'}: {', '.join(fewer)}."
    )


def _chance(lead: Difference) -> str:
    return f"{'beyond' if lead.p < CHANCE else 'within'} chance, p = {lead.p:.2g}"


def text_of(sets: dict[str, Compared]) -> str:
    """Markdown of one network and mode: a table per set, and, where all methods they need are there, the rest."""
    parts = []
    for name, found in sets.items():
        seeds = ", ".join(str(seed) for seed in found.seeds)
        idle = f"; on {found.unpainted} of them there was nothing to scribble" if found.unpainted else ""
        parts.append(f"**{name}**, n = {len(found.cases)}, seeds {seeds}{idle}:")
        parts.append(table(found))
    full = {
        name: one for name, one in sets.items() if {FULL, UNIFORM, NONE, *TRADITIONAL} <= set(one.methods)
    }
    if full:
        parts += [
            "Dice, paired over objects, mean difference with its standard error, p of Wilcoxon's signed ranks:"
        ]
        parts += [lead_table(full), f"Rounds to {GOAL:.2f}, the same; fewer are better:", round_table(full)]
        parts.append("\n".join(verdict(name, found) for name, found in full.items()))
    return "\n\n".join(parts)
