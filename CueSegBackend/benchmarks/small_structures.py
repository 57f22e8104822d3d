"""Dice on small, thin and divided structures of the validation images, beside three classical methods, in one run.

    python CueSegBackend/benchmarks/small_structures.py runs/manifest.json [--model default] [--json small.json]

Structures and clicks are those of `accuracy.py`. Groups go by the exact clicks and the reference mask: the short side
of the click box in pixels; the share of the box that the mask fills, thin below 0.35 (a mandible is); and whether the
mask has one connected part (8 neighbours) or several. Every structure is in one group of each kind.
"""

import json
from collections import Counter, defaultdict
from dataclasses import asdict

import numpy as np
from scipy import ndimage

from accuracy import asked, described, methods_with
from cueseg.geometry import Box
from cueseg.metrics import dice
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.validation import CLICKS, Item
from paired import Scores, margins, table

OURS = "CueSeg"
SIDES = (6, 12, 24)  # pixels; limits between the groups by size
THIN = 0.35  # of the box
GROUPS = (
    "side < 6 px",
    "side 6-12 px",
    "side 12-24 px",
    "side >= 24 px",
    "thin",
    "not thin",
    "divided",
    "whole",
)


def groups_of(item: Item) -> tuple[str, str, str]:
    """The groups of a structure: by short side, by share of the box, by number of parts."""
    width, height = Box.around(item.exact).size
    side = GROUPS[int(np.searchsorted(SIDES, min(width, height), side="right"))]
    share = item.mask.sum() / (width * height)
    parts = ndimage.label(item.mask, np.ones((3, 3)))[1]
    return side, "thin" if share < THIN else "not thin", "divided" if parts > 1 else "whole"


def measure(items: list[Item], predictor: ExtremePointPredictor) -> dict[str, dict[str, list[float]]]:
    """Clicks -> method -> Dice of every item, in their order."""
    methods = methods_with(predictor)
    return {
        clicks: {
            name: [dice(segment(item, getattr(item, clicks)), item.mask) for item in items]
            for name, segment in methods.items()
        }
        for clicks in CLICKS
    }


def grouped(items: list[Item], dices: dict[str, list[float]]) -> Scores:
    """Method -> group -> Dice of its structures; groups without structures are left out."""
    scores: Scores = {}
    for name, values in dices.items():
        found = defaultdict(list)
        for item, value in zip(items, values, strict=True):
            for group in groups_of(item):
                found[group].append(value)
        scores[name] = {group: found[group] for group in GROUPS if group in found}
    return scores


def composition(items: list[Item]) -> str:
    """What the groups are made of, a line for each."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        for group in groups_of(item):
            counts[group][item.column] += 1
    lines = [
        f"- {group}: " + ", ".join(f"{column} {n}" for column, n in counts[group].most_common())
        for group in GROUPS
        if group in counts
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print the tables, write the scores."""
    options, predictor, items = asked(__doc__)
    results = {clicks: grouped(items, dices) for clicks, dices in measure(items, predictor).items()}
    for clicks, scores in results.items():
        print(f"\n{clicks} clicks, split val, seed {options.seed}\n\n{table(scores, OURS, 'structures')}")
    print(f"\nMade up of\n\n{composition(items)}")
    if options.json:
        leads = {
            clicks: {group: asdict(lead) for group, lead in margins(scores, OURS).items()}
            for clicks, scores in results.items()
        }
        content = {"metadata": described(options, predictor), "dice": results, "leads": leads}
        options.json.write_text(json.dumps(content, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
