"""Tables of `weak_labels.py`, and where in a page they go."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from paired import difference

ALL = "all organs"

Run = dict[str, dict[str, float]]  # patient -> organ -> Dice
Found = dict[str, dict[int, Run]]  # "true" or "weak" -> seed -> run


def organs_of(found: Found) -> list[str]:
    """Organs in the order in which they are met."""
    runs = (run for seeds in found.values() for run in seeds.values())
    return list(dict.fromkeys(organ for run in runs for dices in run.values() for organ in dices))


def of_patients(run: Run, organ: str) -> NDArray[np.float64]:
    """(patients,) Dice of an organ where it is known; for `ALL` the mean over each patient's organs."""
    if organ == ALL:
        return np.array([np.mean(list(dices.values())) for dices in run.values() if dices])
    return np.array([dices[organ] for dices in run.values() if organ in dices])


def compared(found: Found, organ: str) -> dict[str, Any]:
    """Both kinds of labels, paired over patients.

    Returns:
        n; per kind the mean and standard deviation over patients of the mean over seeds, and the mean of every seed;
        the mean difference weak - true, its standard error, and p of Wilcoxon's signed ranks, two-sided.
    """
    figures: dict[str, Any] = {}
    means = {}
    for kind, seeds in found.items():
        runs = np.array([of_patients(run, organ) for run in seeds.values()])  # (seeds, patients)
        means[kind] = runs.mean(axis=0)
        of_seeds = dict(zip(seeds, runs.mean(axis=1).tolist(), strict=True))
        figures[kind] = {"mean": float(means[kind].mean()), "sd": float(means[kind].std()), "seeds": of_seeds}
    pairs = difference(means["weak"], means["true"])
    return figures | {"n": len(means["weak"]), "difference": pairs.mean, "error": pairs.error, "p": pairs.p}


def organ_table(found: Found) -> str:
    """A row per organ: both kinds of labels, their paired difference with its standard error, and p."""
    lines = ["| organ | patients | true labels | labels from clicks | difference | p |", "|---|" + "---|" * 5]
    for organ in (*organs_of(found), ALL):
        row = compared(found, organ)
        cells = [f"{row[kind]['mean']:.3f} ± {row[kind]['sd']:.3f}" for kind in ("true", "weak")]
        cells += [f"{row['difference']:+.3f} ± {row['error']:.3f}", f"{row['p']:.2g}"]
        lines.append(f"| {organ} | {row['n']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def seed_table(found: Found) -> str:
    """A row per kind of labels: the mean over all organs of every seed, and its spread over the seeds."""
    seeds = list(found["true"])
    lines = [
        "| all organs | "
        + " | ".join(f"seed {seed}" for seed in seeds)
        + " | standard deviation over seeds |",
        "|---|" + "---|" * (len(seeds) + 1),
    ]
    row = compared(found, ALL)
    for kind, name in (("true", "true labels"), ("weak", "labels from clicks")):
        values = list(row[kind]["seeds"].values())
        lines.append(f"| {name} | " + " | ".join(f"{v:.3f}" for v in values) + f" | {np.std(values):.3f} |")
    return "\n".join(lines)


def agreement_table(patients: dict[str, dict[str, dict[str, float]]]) -> str:
    """A row per organ: how labels from clicks agree with the true ones, in three dimensions.

    Args:
        patients: Patient -> organ -> {"dice", "slices"}.
    """
    lines = ["| organ | patients | slices clicked | Dice |", "|---|---|---|---|"]
    organs = list(dict.fromkeys(organ for found in patients.values() for organ in found))
    for organ in organs:
        rows = [found[organ] for found in patients.values() if organ in found]
        values, slices = [row["dice"] for row in rows], sum(row["slices"] for row in rows)
        lines.append(f"| {organ} | {len(rows)} | {slices} | {np.mean(values):.3f} ± {np.std(values):.3f} |")
    values = [np.mean([row["dice"] for row in found.values()]) for found in patients.values()]
    slices = sum(row["slices"] for found in patients.values() for row in found.values())
    lines.append(f"| {ALL} | {len(values)} | {slices} | {np.mean(values):.3f} ± {np.std(values):.3f} |")
    return "\n".join(lines)


def curve_table(logs: dict[str, dict[int, list[dict[str, Any]]]]) -> str:
    """A row per validated step: the loss since the last report and the validation's Dice, mean (range) over seeds.

    Args:
        logs: "true" or "weak" -> seed -> lines of the run's log.
    """
    lines = [
        "| step | loss, true labels | loss, labels from clicks | Dice, true labels | Dice, labels from clicks |",
        "|---|---|---|---|---|",
    ]
    first = next(iter(logs["true"].values()))
    for step in [row["step"] for row in first if "val" in row]:
        cells = [
            _range(
                [row[key] for log in logs[kind].values() for row in log if row["step"] == step and key in row]
            )
            for key in ("loss", "val")
            for kind in ("true", "weak")
        ]
        lines.append(f"| {step} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _range(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})" if values else "-"
