"""Paired differences, and tables of Dice by group: every method, and by how much one leads the best of the others."""

from collections.abc import Iterable, Sized
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import wilcoxon

Scores = dict[str, dict[str, list[float]]]  # method -> group -> Dice of every structure


@dataclass(frozen=True)
class Difference:
    """Of two methods on the same structures, patients or objects.

    Attributes:
        mean: of the differences.
        error: its standard error; NaN with one pair.
        p: of Wilcoxon's signed ranks, two-sided; 1 where no pair differs.
    """

    mean: float
    error: float
    p: float


@dataclass(frozen=True)
class Margin(Difference):
    """By how much a method leads the best other one of a group.

    Attributes:
        rival: the other method with the highest mean.
    """

    rival: str


def difference(ours: ArrayLike, theirs: ArrayLike) -> Difference:
    """Ours less theirs, (n,) values of the same things in the same order.

    Raises:
        ValueError: Different numbers of values, or none.
    """
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    _check_counts((ours, theirs))
    differences = ours - theirs
    n = len(differences)
    error = float(np.std(differences, ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    p = float(wilcoxon(differences).pvalue) if np.any(differences) else 1.0
    return Difference(float(np.mean(differences)), error, p)


def margin(values: dict[str, list[float]], ours: str) -> Margin:
    """The lead of `ours` over the best other method, from the Dice of the same structures in the same order.

    Raises:
        ValueError: Methods that were measured on different numbers of structures, or on none.
    """
    _check_counts(values.values())
    rival = max((name for name in values if name != ours), key=lambda name: np.mean(values[name]))
    return Margin(**asdict(difference(values[ours], values[rival])), rival=rival)


def margins(scores: Scores, ours: str) -> dict[str, Margin]:
    """Group -> lead of `ours`."""
    return {group: margin(_of_group(scores, group), ours) for group in scores[ours]}


def table(scores: Scores, ours: str, head: str) -> str:
    """Markdown: a row per group with mean ± standard deviation per method, and the lead of `ours`.

    Args:
        scores: method -> group -> Dice of every structure.
        ours: the method whose lead is told.
        head: of the first column.
    """
    lines = [
        f"| {head} | n | {' | '.join(scores)} | best other | {ours} leads by | p |",
        "|---|" + "---|" * (len(scores) + 4),
    ]
    for group, lead in margins(scores, ours).items():
        values = _of_group(scores, group)
        cells = " | ".join(f"{np.mean(dices):.3f} ± {np.std(dices):.3f}" for dices in values.values())
        error = "-" if np.isnan(lead.error) else f"{lead.error:.3f}"
        lines.append(
            f"| {group} | {len(values[ours])} | {cells} | {lead.rival} | {lead.mean:+.3f} ± {error} | {lead.p:.2g} |"
        )
    return "\n".join(lines)


def _check_counts(values: Iterable[Sized]) -> None:
    counts = {len(of_method) for of_method in values}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(
            f"a paired test needs the same structures for all methods, got {sorted(counts)} of them: measure "
            "what is missing first"
        )


def _of_group(scores: Scores, group: str) -> dict[str, list[float]]:
    return {name: groups[group] for name, groups in scores.items()}
