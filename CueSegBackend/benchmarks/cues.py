"""What the cue is worth: none, Gaussian points (ep), confidence map (cm), both; trained alike, measured alike.

    python CueSegBackend/benchmarks/cues.py train --minutes 60      # every run goes on where it stopped
    python CueSegBackend/benchmarks/cues.py report --json cues.json --markdown docs/benchmarks.md

Clicks are simulated: the extreme points of the reference mask, the same moved by up to 3 px per axis (at most a tenth
of the box), and by up to 6 px (at most a fifth). A run is one seed of training; tables average runs per structure,
and the test is paired over structures (Wilcoxon's signed ranks, two-sided).
"""

import argparse
import json
import subprocess
import sys
import time
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from accuracy import COLUMNS, classical
from classical import METHODS
from common import kept_scores, parser_of, setting, sha256_of, tell
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.cases import read_manifest
from cueseg.training.validation import Item, score, segment_with, validation_items
from paired import difference

RECIPE = Path(__file__).parents[1] / "recipes" / "cue-ablation.toml"
LARGE = 128  # pixels of the network's input, instead of the recipe's 96
PHASES = [phase | {"size": LARGE} for phase in tomllib.loads(RECIPE.read_text(encoding="utf-8"))["phases"]]
CUES: dict[str, dict[str, Any]] = {
    "none": {"cue": "none"},
    "ep": {"cue": "ep"},
    "cm": {"cue": "cm"},
    "cm+ep": {"cue": "cm+ep"},
    "cm-code": {"cue": "cm", "cue_preset": "code"},  # the map as the authors' code has it
    "ep-large": {"cue": "ep", "phases": PHASES},
    "cm-large": {"cue": "cm", "phases": PHASES},
}
COMPARED = (("cm", "ep"), ("cm-code", "ep"), ("cm-code", "cm"), ("cm-large", "ep-large"))
IN_TABLES = ("none", "ep", "cm", "cm+ep")
CLICKS = {"exact": ("exact", 3.0, 0.1), "3 px": ("disturbed", 3.0, 0.1), "6 px": ("disturbed", 6.0, 0.2)}
Scores = dict[str, list[float]]  # column -> Dice per structure
Found = dict[str, dict[str, list[list[float]]]]  # method -> column -> run -> Dice per structure


def train(options: argparse.Namespace) -> None:
    """Train what is missing, run by run, until the time is over."""
    ends = time.monotonic() + 60 * options.minutes
    for seed in options.seeds:
        for cue in options.cues:
            left = (ends - time.monotonic()) / 60
            if left <= 0:
                return
            values = CUES[cue] | {"manifest": options.manifest.as_posix(), "seed": seed}
            changes = [setting(key, value) for key, value in values.items()]
            command = [sys.executable, "-m", "cueseg", "train", str(RECIPE), "--output", str(options.runs)]
            command += ["--name", f"{cue}-{seed}"]
            subprocess.run([*command, "--minutes", f"{left:.2f}", "--set", *changes], check=True)
            if (options.runs / f"{cue}-{seed}" / "best.pt").exists():
                target = str(options.runs / f"{cue}-{seed}.pt")
                subprocess.run([*command, "--set", *changes, "--export", target], check=True)


def finished(runs: Path, cue: str, seed: int, steps: int) -> Path | None:
    """The weights of a run that was trained to its end."""
    log = runs / f"{cue}-{seed}" / "log.jsonl"
    done = (
        [json.loads(line).get("step", 0) for line in log.read_text(encoding="utf-8").splitlines()]
        if log.exists()
        else [0]
    )
    return runs / f"{cue}-{seed}.pt" if max(done) >= steps else None


def measure(options: argparse.Namespace) -> dict[str, Found]:
    """Clicks -> method -> column -> run -> Dice of every structure; what has been measured before is read."""
    runs: dict[str, list[tuple[str, Path | None]]] = {name: [(name, None)] for name in METHODS}
    for cue in options.cues:
        weights = {seed: finished(options.runs, cue, seed, options.steps) for seed in options.seeds}
        runs[cue] = [(f"{cue}-{seed}", file) for seed, file in weights.items() if file]
    found: dict[str, Found] = {clicks: {} for clicks in CLICKS}
    for method, named in runs.items():
        scores = [_scores_of(name, file, options) for name, file in named]
        for clicks in CLICKS:
            found[clicks][method] = {
                column: [run[clicks][column] for run in scores] for column in COLUMNS if scores
            }
    return found


def _scores_of(name: str, weights: Path | None, options: argparse.Namespace) -> dict[str, Scores]:
    """Clicks -> column -> Dice, by a run's weights or by the classical method of that name; kept beside the runs."""
    about = {
        "manifest": options.manifest.as_posix(),
        "seed": options.seed,
        "sha256": sha256_of(weights) if weights else "",
    }

    def measure() -> dict[str, Scores]:
        segment = segment_with(ExtremePointPredictor(weights, "cpu")) if weights else classical(name)
        return {
            clicks: score(_items(options.manifest, options.seed, jitter, share), segment, kind)
            for clicks, (kind, jitter, share) in CLICKS.items()
        }

    return kept_scores(options.runs / "scores" / f"{name}.json", about, measure)


@cache
def _items(manifest: Path, seed: int, jitter: float, share: float) -> list[Item]:
    return validation_items(read_manifest(manifest, "val"), seed, jitter, share)


def table(found: Found) -> str:
    """Markdown: mean and standard deviation over structures of the mean over runs, and the paired test of cm and ep."""
    names = [name for name in (*METHODS, *IN_TABLES) if found.get(name)]
    runs = {name: len(next(iter(found[name].values()))) for name in names}
    head = [f"{name} ({runs[name]} runs)" if name in CUES else name for name in names]
    lines = [
        "| structure | n | " + " | ".join(head) + " | cm - ep | p |",
        "|---|" + "---|" * (len(names) + 3),
    ]
    for column in (*COLUMNS, "all"):
        values = {name: _structures(found[name], column) for name in names}
        cells = [f"{values[name].mean():.3f} ± {values[name].std():.3f}" for name in names]
        n = len(next(iter(values.values())))
        lines.append(f"| {column} | {n} | " + " | ".join(cells) + f" | {_compared(values)} |")
    return "\n".join(lines)


def reasons(found: dict[str, Found]) -> str:
    """Markdown: does the map beat the points when it is the authors' own, or when the network sees more pixels?"""
    lines = ["| cues | input, px | clicks | runs | Dice | difference ± error | p | n |", "|---|" + "---|" * 7]
    for pair in COMPARED:
        for clicks, methods in found.items():
            if not all(methods.get(name) for name in pair):
                continue
            runs = [len(next(iter(methods[name].values()))) for name in pair]
            one, other = (_structures(methods[name], "all") for name in pair)
            lead = difference(one, other)
            cells = (
                " - ".join(pair).replace("-large", ""),
                str(LARGE if "large" in pair[0] else 96),
                clicks,
                " and ".join(map(str, runs)),
                f"{one.mean():.3f}, {other.mean():.3f}",
                f"{lead.mean:+.4f} ± {lead.error:.4f}",
                f"{lead.p:.2g}",
                str(len(one)),
            )
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _structures(columns: dict[str, list[list[float]]], column: str) -> np.ndarray:
    wanted = COLUMNS if column == "all" else (column,)
    return np.concatenate([np.mean(columns[name], axis=0) for name in wanted])


def _compared(values: dict[str, np.ndarray]) -> str:
    if not {"cm", "ep"} <= set(values):
        return "- | -"
    lead = difference(values["cm"], values["ep"])
    return f"{lead.mean:+.3f} | {lead.p:.2g}"


def main() -> None:
    """Train, or measure and print."""
    parser = parser_of(__doc__, "train", "report", page=True)
    parser.add_argument("--manifest", type=Path, default=Path("runs/default.json"))
    parser.add_argument("--runs", type=Path, default=Path("runs/cues"))
    parser.add_argument("--cues", nargs="+", choices=CUES, default=list(CUES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of training")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of nuclei and of click errors")
    parser.add_argument("--steps", type=int, default=500, help="of a finished run")
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args()
    if options.what == "train":
        return train(options)
    found = measure(options)
    text = "\n\n".join(
        f"{clicks} clicks, split val, seed {options.seed}:\n\n{table(scores)}"
        for clicks, scores in found.items()
    )
    text += f"\n\nAll structures, mean of the runs first:\n\n{reasons(found)}"
    tell(text, "cues.py", options, dice=found)
    return None


if __name__ == "__main__":
    main()
