"""Tables of `points_training.py`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cueseg.training.points_cases import PointsCase
from paired import difference

Run = dict[str, dict[str, float]]  # patient -> "dice", "hd95", "assd" -> value
Found = dict[str, dict[int, Run]]  # variant -> seed -> run

BASE, TRUE = "partial", "true"


def values_of(seeds: dict[int, Run], name: str) -> NDArray[np.float64]:
    """(seeds, patients) values of one measure."""
    return np.array([[row[name] for row in run.values()] for run in seeds.values()])


def variant_table(found: Found, names: dict[str, str]) -> str:
    """A row per variant: Dice, its lead over the partial loss alone, its share of that of true labels, distances."""
    lines = [
        "| learned with | n | Dice | by seed | lead | p | of true labels | HD95, mm | ASSD, mm | nothing found |",
        "|---|" + "---|" * 9,
    ]
    for variant, seeds in found.items():
        values = values_of(seeds, "dice")
        mean = values.mean(axis=0)
        by_seed = ", ".join(
            f"{seed}: {value:.3f}" for seed, value in zip(seeds, values.mean(axis=1), strict=True)
        )
        cells = [str(len(mean)), _mean(mean), by_seed]
        if variant == BASE:
            cells += ["", ""]
        else:
            lead = difference(mean, _same_seeds(found, BASE, seeds))
            cells += [f"{lead.mean:+.3f} ± {lead.error:.3f}", f"{lead.p:.2g}"]
        true = _same_seeds(found, TRUE, seeds).mean() if TRUE in found else 0
        cells.append(f"{mean.mean() / true:.1%}" if true else "-")
        for name in ("hd95", "assd"):
            distances = values_of(seeds, name)
            cells.append(_mean(distances[np.isfinite(distances)], 1))
        cells.append(f"{int(np.isinf(values_of(seeds, 'hd95')).sum())} of {values.size}")
        lines.append(f"| {names[variant]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _same_seeds(found: Found, variant: str, seeds: dict[int, Run]) -> NDArray[np.float64]:
    """(patients,) mean Dice of a variant over those of its runs whose seeds are there."""
    runs = {seed: run for seed, run in found[variant].items() if seed in seeds}
    return values_of(runs, "dice").mean(axis=0)


def selection_table(last: Found, chosen: Found, names: dict[str, str]) -> str:
    """A row per variant: Dice after the last step, with the chosen weights, and their difference."""
    lines = ["| learned with | last step | chosen | difference |", "|---|---|---|---|"]
    for variant, seeds in last.items():
        one = values_of(seeds, "dice").mean(axis=0)
        other = values_of(chosen[variant], "dice").mean(axis=0)
        lead = difference(other, one)
        cells = (names[variant], _mean(one), _mean(other), f"{lead.mean:+.3f} ± {lead.error:.3f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def expansion_table(cases: Sequence[PointsCase]) -> str:
    """How the expanded labels agree with the true ones, means over patients."""
    precise, found, unknown = [], [], []
    for case in cases:
        hit = int(((case.labels == 1) & case.truth).sum())
        precise.append(hit / (case.labels == 1).sum())
        found.append(hit / case.truth.sum())
        unknown.append(int((case.labels == 2).sum()) / case.truth.sum())
    head = "| label 1 that is the organ | of the organ with label 1 | unknown, in volumes of the organ |\n|---|---|---|"
    return f"{head}\n| {_mean(precise)} | {_mean(found)} | {_mean(unknown, 1)} |"


def edge_table(cases: Sequence[PointsCase]) -> str:
    """How little of an edge there is: the share of the voxels beside the organ that look like its inside."""
    shares = []
    for case in cases:
        inside = case.image[ndimage.binary_erosion(case.truth)]
        near = ndimage.binary_dilation(case.truth)
        around = case.image[ndimage.binary_dilation(near) & ~near]
        shares.append(np.mean(np.abs(around - inside.mean()) < 2 * inside.std()))
    return f"| voxels beside the organ within two standard deviations of its inside |\n|---|\n| {_mean(shares)} |"


def _mean(values: Sequence[float] | NDArray[np.float64], digits: int = 3) -> str:
    if not len(values):
        return "-"
    return f"{np.mean(values):.{digits}f} ± {np.std(values):.{digits}f}"
