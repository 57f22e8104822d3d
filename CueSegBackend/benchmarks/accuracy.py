"""Dice of the shipped weights and of three classical methods on the validation images, in one run.

    python CueSegBackend/benchmarks/accuracy.py runs/manifest.json [--model default] [--json accuracy.json]

Clicks are simulated: the extreme points of the reference mask, and the same moved by up to 3 px per axis (at most
a tenth of the box side). The protocol is that of `cueseg.training.validation`.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from classical import METHODS
from common import metadata, parser_of
from cueseg.intensity import IntensityRule, as_rgb
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.cases import read_manifest
from cueseg.training.validation import CLICKS, Item, Segment, score, segment_with, validation_items

COLUMNS = (
    "brainstem",
    "spinal cord",
    "parotid right",
    "parotid left",
    "oesophagus",
    "larynx",
    "mandible",
    "nuclei fluorescence",
    "nuclei stained",
    "nuclei brightfield-grey",
    "hippocampus whole",
)
EXTRA = ("hippocampus anterior", "hippocampus posterior")  # reported beside the table
Scores = dict[str, dict[str, list[float]]]


def classical(method: str) -> Segment:
    """A classical method as the function (item, clicks) -> mask."""
    rule = IntensityRule()

    def segment(item: Item, clicks: np.ndarray) -> np.ndarray:
        return METHODS[method](as_rgb(rule.apply(item.image, item.modality)), clicks)

    return segment


def methods_with(predictor: ExtremePointPredictor) -> dict[str, Segment]:
    """The network and all classical methods by name, the network first."""
    return {"CueSeg": segment_with(predictor)} | {name: classical(name) for name in METHODS}


def measure(items: list[Item], predictor: ExtremePointPredictor) -> dict[str, Scores]:
    """Clicks -> method -> column -> Dice of every item."""
    methods = methods_with(predictor)
    return {
        clicks: {name: score(items, segment, clicks) for name, segment in methods.items()}
        for clicks in CLICKS
    }


def table(scores: Scores) -> str:
    """Markdown table: a row per column of the protocol, mean and standard deviation per method."""
    lines = ["| structure | n | " + " | ".join(scores) + " | won by |", "|---|" + "---|" * (len(scores) + 2)]
    for column in COLUMNS + EXTRA:
        means = {name: float(np.mean(columns[column])) for name, columns in scores.items()}
        cells = [f"{means[name]:.3f} ± {np.std(columns[column]):.3f}" for name, columns in scores.items()]
        winner = max(means, key=lambda name: means[name])
        n = len(next(iter(scores.values()))[column])
        lines.append(f"| {column} | {n} | " + " | ".join(cells) + f" | {winner} |")
    return "\n".join(lines)


def wins(scores: Scores) -> int:
    """Number of the protocol's columns in which the network's mean is above that of every classical method."""
    return sum(
        np.mean(scores["CueSeg"][column]) > max(np.mean(scores[name][column]) for name in METHODS)
        for column in COLUMNS
    )


def asked(description: str) -> tuple[argparse.Namespace, ExtremePointPredictor, list[Item]]:
    """The command line of a script that measures weights on val, the weights, and what is measured."""
    parser = parser_of(description)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the choice of nuclei, of ties and of click errors"
    )
    options = parser.parse_args()
    items = validation_items(read_manifest(options.manifest, "val"), seed=options.seed)
    return options, ExtremePointPredictor(options.model, "cpu"), items


def described(options: argparse.Namespace, predictor: ExtremePointPredictor) -> dict[str, object]:
    """Machine, weights and seed, for the head of a results file."""
    card = predictor.card
    return metadata() | {"model": card.name, "sha256": card.sha256, "seed": options.seed}


def main() -> None:
    """Measure, print the tables, write the scores."""
    options, predictor, items = asked(__doc__)
    results = measure(items, predictor)
    for clicks, scores in results.items():
        print(
            f"\n{clicks} clicks, split val, seed {options.seed}: {wins(scores)} of {len(COLUMNS)} columns won\n"
        )
        print(table(scores))
    if options.json:
        content = {"metadata": described(options, predictor), "dice": results}
        options.json.write_text(json.dumps(content, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
