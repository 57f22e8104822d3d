"""Tables of the rounds of correction."""

from typing import Any

import numpy as np

GOAL = 0.9
Run = dict[str, Any]  # case, method, mode, seed, rows
FALL = 1e-6  # of Dice, below which it does not count as falling


def comparable(runs: list[Run]) -> list[Run]:
    """The runs on those images and seeds on which all methods have been run so far."""
    methods = {run["method"] for run in runs}
    done: dict[tuple[str, int], set[str]] = {}
    for run in runs:
        done.setdefault((run["case"], run["seed"]), set()).add(run["method"])
    return [run for run in runs if done[run["case"], run["seed"]] == methods]


def summary(runs: list[Run]) -> dict[str, dict[str, Any]]:
    """Method -> figures of its runs, which are of one data set and one mode."""
    methods = list(dict.fromkeys(run["method"] for run in runs))
    return {method: _figures([run for run in runs if run["method"] == method]) for method in methods}


def _figures(runs: list[Run]) -> dict[str, Any]:
    curves = np.array([[row["dice"] for row in run["rows"]] for run in runs])
    painted, missed = (
        np.array([[row[key] for row in run["rows"][1:]] for run in runs]) for key in ("painted", "missed")
    )
    needed = [next((n for n, value in enumerate(curve) if value >= GOAL), len(curve)) for curve in curves]
    steps = np.diff(curves, axis=1)
    names = list(dict.fromkeys(name for run in runs for name in run["rows"][0]["classes"]))
    return {
        "runs": len(runs),
        "images": len({run["case"] for run in runs}),
        "seeds": sorted({run["seed"] for run in runs}),
        "mean": curves.mean(axis=0).round(4).tolist(),
        "sd": curves.std(axis=0).round(4).tolist(),
        "not falling": float((steps >= -FALL).mean()),
        "mean not falling": float((np.diff(curves.mean(axis=0)) >= -FALL).mean()),
        "satisfied": float(1 - missed.sum() / painted.sum()),
        "rounds to goal": float(np.mean(needed)),
        "reached goal": float((curves.max(axis=1) >= GOAL).mean()),
        "seconds": float(np.median([row["seconds"] for run in runs for row in run["rows"][1:]])),
        "classes": {
            name: [
                round(float(np.mean(values)), 4)
                for values in zip(
                    *(
                        [row["classes"][name] for row in run["rows"]]
                        for run in runs
                        if name in run["rows"][0]["classes"]
                    ),
                    strict=True,
                )
            ]
            for name in names
        },
    }


def table(figures: dict[str, dict[str, Any]]) -> str:
    """Markdown: Dice against the round for every method, and what it took."""
    rounds = len(next(iter(figures.values()))["mean"])
    heads = ["method", "runs", *(f"{number}" for number in range(rounds))]
    heads += ["not falling", "satisfied", f"rounds to {GOAL:.2f}", "s per round"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    best = max(value["mean"][-1] for value in figures.values())
    fewest = min(value["rounds to goal"] for value in figures.values())
    for method, value in figures.items():
        cells = [f"{m:.3f} ± {s:.3f}" for m, s in zip(value["mean"], value["sd"], strict=True)]
        cells[-1] = f"**{cells[-1]}**" if value["mean"][-1] == best else cells[-1]
        needed = f"{value['rounds to goal']:.2f}"
        cells += [f"{value['not falling']:.0%}", f"{value['satisfied']:.1%}"]
        cells += [f"**{needed}**" if value["rounds to goal"] == fewest else needed, f"{value['seconds']:.1f}"]
        lines.append(f"| {method} | {value['runs']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def class_table(figures: dict[str, dict[str, Any]]) -> str:
    """Markdown: initial and final mean Dice of every class and method."""
    names = list(next(iter(figures.values()))["classes"])
    lines = ["| method | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for method, value in figures.items():
        cells = [f"{value['classes'][name][0]:.3f} → {value['classes'][name][-1]:.3f}" for name in names]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdict(figures: dict[str, dict[str, Any]]) -> str:
    """Which method ends best and which needs the fewest rounds, in a sentence."""
    last = {method: value["mean"][-1] for method, value in figures.items()}
    needed = {method: value["rounds to goal"] for method, value in figures.items()}
    best = max(last, key=lambda method: last[method])
    least = min(needed.values())
    fewest = [method for method, value in needed.items() if value == least]
    return (
        f"Best final mean Dice: {best} ({last[best]:.3f}). Fewest rounds to {GOAL:.2f}: {', '.join(fewest)} "
        f"({least:.2f}; runs that never reach it count as one round more than were made)."
    )
