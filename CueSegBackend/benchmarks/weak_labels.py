"""Labels from four clicks beside true ones as what a U-Net learns from (Khan & Shahin 2019, experiment on CHAOS).

    python CueSegBackend/benchmarks/weak_labels.py prepare
    python CueSegBackend/benchmarks/weak_labels.py train --minutes 60      # goes on where it stopped
    python CueSegBackend/benchmarks/weak_labels.py report --json weak.json --markdown docs/benchmarks.md

The train patients are divided: a labeller learns to segment from extreme points without the second half, labels that
half from simulated clicks, and U-Nets are trained on these labels and on the true ones, with the same recipe, steps and
seeds. They are measured on val. The weights after the last step are taken, so that val chooses nothing.
"""

import argparse
import json
import time
import tomllib
from pathlib import Path
from typing import Any

import torch

import weak_labels_data as data
from common import parser_of, setting, tell
from cueseg.cli.main import main as cueseg_main
from cueseg.evaluation.from_points import Clicks
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.dense_recipe import DenseRecipe, read_dense_recipe
from cueseg.training.dense_run import dense_cases
from cueseg.training.dense_samples import DenseCase
from cueseg.training.dense_trainer import new_model
from cueseg.training.dense_validation import Predictor, card_of, dice_per_class
from weak_labels_tables import (
    ALL,
    Found,
    Run,
    agreement_table,
    compared,
    curve_table,
    organ_table,
    organs_of,
    seed_table,
)

RECIPES = Path(__file__).parents[1] / "recipes"
KINDS = {"true": data.TRUE, "weak": data.WEAK}
JITTER = 3.0  # pixels, at most a tenth of the box


def train(options: argparse.Namespace) -> None:
    """Train the labeller, label, train the U-Nets, each where it stopped, until the time is over."""
    until = time.monotonic() + 60 * options.minutes
    weights = options.folder / "labeller" / "weights.pt"
    values = {"manifest": _path(options.folder / data.LABELLER), "cue": "cm", "seed": options.seed}
    if not trained(options.labeller, options.folder, "labeller", until, **values):
        return
    if not weights.exists():
        words = _words(options.labeller, options.folder, "labeller", values)
        _run([*words, "--export", str(weights)])
    clicks = Clicks("jittered", JITTER, options.seed)
    if not data.make_labels(options.folder, ExtremePointPredictor(weights, "cpu"), clicks, until):
        return
    for seed in options.seeds:
        for kind, manifest in KINDS.items():
            values = {"manifest": _path(options.folder / manifest), "seed": seed}
            if not trained(options.unet, options.folder, f"{kind}-{seed}", until, **values):
                return


def trained(recipe: Path, folder: Path, name: str, until: float, **values: Any) -> bool:
    """Go on with a run to its last step or to time.monotonic() == `until`; whether it has come to its end."""
    left = (until - time.monotonic()) / 60
    if not finished(folder / name, recipe, values.get("steps")) and left > 0:
        words = _words(recipe, folder, name, values)
        _run([*words, "--minutes", f"{left:.3f}"])
    return finished(folder / name, recipe, values.get("steps"))


def finished(folder: Path, recipe: Path, steps: int | None = None) -> bool:
    """Whether a run has been validated after its last step, of its recipe or of those that replace them."""
    steps = steps or tomllib.loads(recipe.read_text(encoding="utf-8"))["steps"]
    return any(row["step"] == steps and "val" in row for row in log_of(folder))


def log_of(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's log; none if it has not begun."""
    log = folder / "log.jsonl"
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def _words(recipe: Path, folder: Path, name: str, values: dict[str, Any]) -> list[str]:
    changes = [setting(key, value) for key, value in values.items()]
    return ["train", str(recipe), "--output", str(folder), "--name", name, "--set", *changes]


def _run(words: list[str]) -> None:
    code = cueseg_main(words)
    if code:
        raise SystemExit(code)


def _path(path: Path) -> str:
    return path.as_posix()


def measure(options: argparse.Namespace, seeds: list[int]) -> Found:
    """Dice in three dimensions of every organ of every val patient, by labels and seed."""
    recipe = read_dense_recipe(options.unet, manifest=_path(options.folder / data.TRUE))
    cases = dense_cases(recipe, "val")
    return {
        kind: {
            seed: _measured(recipe, options.folder / f"{kind}-{seed}" / "last.pt", cases) for seed in seeds
        }
        for kind in KINDS
    }


def _measured(recipe: DenseRecipe, weights: Path, cases: list[DenseCase]) -> Run:
    model = new_model(recipe)
    model.load_state_dict(torch.load(weights, weights_only=True, map_location="cpu"))
    predict = Predictor(model.eval(), card_of(recipe))
    run = {}
    for case in cases:
        found = dice_per_class([case], recipe.class_names, predict)
        run[case.subject] = {organ: values[0] for organ, values in found.items() if values}
    return run


def report(options: argparse.Namespace) -> None:
    """Measure what is trained with both kinds of labels, print the tables, write them."""
    seeds = [s for s in options.seeds if all(_is_there(options, kind, s) for kind in KINDS)]
    if not seeds:
        raise SystemExit(
            f"no seed in {options.folder} is trained to its end with both kinds of labels: train first"
        )
    found = measure(options, seeds)
    agreement = json.loads((options.folder / data.AGREEMENT).read_text(encoding="utf-8"))
    logs = {kind: {seed: log_of(options.folder / f"{kind}-{seed}") for seed in seeds} for kind in KINDS}
    text = tables(found, agreement["patients"], logs)
    figures = {organ: compared(found, organ) for organ in (*organs_of(found), ALL)}
    tell(text, "weak_labels.py", options, figures=figures, dice=found, agreement=agreement, logs=logs)


def _is_there(options: argparse.Namespace, kind: str, seed: int) -> bool:
    return finished(options.folder / f"{kind}-{seed}", options.unet)


def tables(found: Found, agreement: dict[str, Any], logs: dict[str, Any]) -> str:
    """All tables as markdown, each under a line that says what it is."""
    seeds = ", ".join(str(seed) for seed in found["true"])
    patients = len(next(iter(found["true"].values())))
    parts = (
        "Labels from clicks against true labels, Dice in three dimensions per patient, mean ± standard deviation:",
        agreement_table(agreement),
        f"U-Nets on the {patients} patients of the split val, Dice in three dimensions of the mean over the training "
        f"seeds {seeds}, mean ± standard deviation over patients; difference with its standard error, p of Wilcoxon's "
        "signed ranks, both paired over patients:",
        organ_table(found),
        "The same by seed:",
        seed_table(found),
        "While they learn: loss of the steps before, Dice on val, mean over the organs; mean over seeds (lowest to "
        "highest):",
        curve_table(logs),
    )
    return "\n\n".join(parts)


def main() -> None:
    """Prepare, train, or measure and print."""
    parser = parser_of(__doc__, "prepare", "train", "report", page=True)
    parser.add_argument(
        "--manifest", type=Path, default=Path("runs/manifest.json"), help="what prepare divides"
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/weak"), help="of everything that is written"
    )
    parser.add_argument("--group", default="headneck", help="data set of the manifest")
    parser.add_argument("--labeller-patients", type=int, default=33, help="train patients of the labeller")
    parser.add_argument("--seed", type=int, default=0, help="of the division, the labeller and the clicks")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of the U-Nets")
    parser.add_argument(
        "--labeller", type=Path, default=RECIPES / "weak-labels-labeller.toml", help="its recipe"
    )
    parser.add_argument("--unet", type=Path, default=RECIPES / "weak-labels-unet.toml", help="its recipe")
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args()
    if options.what == "prepare":
        counts = (options.labeller_patients, options.seed)
        learnt, labelled = data.write_manifests(options.manifest, options.folder, options.group, *counts)
        print(f"{learnt} patients for the labeller, {labelled} to be labelled: {options.folder}")
    elif options.what == "train":
        train(options)
    else:
        report(options)


if __name__ == "__main__":
    main()
