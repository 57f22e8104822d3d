"""What a network learns from seven points per organ (PA-Seg, Zhai, Wang et al. 2022), loss by loss, beside true labels.

    python CueSegBackend/benchmarks/points_training.py prepare
    python CueSegBackend/benchmarks/points_training.py train --minutes 60      # goes on where it stopped
    python CueSegBackend/benchmarks/points_training.py report --json points.json --markdown docs/benchmarks.md

The images are crops around the target, as in the paper, whose data need the true labels for that at validation too.
Seven points are simulated on the true labels of every organ of the train patients of a data set, and expanded. The same
network learns from them with the partial loss alone, with the CRF loss, with the variance, and with both; then together
with a second network in the second stage; and from the true labels. All are measured on val after their last step, so
that val chooses nothing, and also with the weights that were chosen without true labels.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import torch

from common import kept_scores, parser_of, sha256_of, tell
from cueseg.datasets.entries import Entry, read_entries, write_manifest
from cueseg.training.points_cases import PointsCase, points_cases
from cueseg.training.points_recipe import PointsRecipe, read_points_recipe
from cueseg.training.points_trainer import card_of, new_model
from cueseg.training.points_validation import full_scores
from points_crops import PATCHES, SHAPES, write_crop
from points_tables import BASE, Found, edge_table, expansion_table, selection_table, variant_table
from weak_labels import finished, log_of, trained

RECIPES = Path(__file__).parents[1] / "recipes"
MANIFEST = "manifest.json"
TARGETS = {"brainstem": ["brainstem"], "parotid": ["parotid right", "parotid left"]}
ALONE = {"crf_weight": 0, "variance_weight": 0}
TRUE: dict[str, Any] = {"labels": "true", "selection": "full", **ALONE}

# Variant -> what its recipe says differently; in the order of training.
VARIANTS: dict[str, dict[str, Any]] = {
    "partial": ALONE,
    "crf": {"variance_weight": 0},
    "variance": {"crf_weight": 0},
    "both": {},
    "true": TRUE,
    "cut": {"labels": "cut", **ALONE},
    "second": {"flat": 0},  # 3D at all levels
    "long": TRUE | {"steps": 1800, "validate_every": 300},  # as many as of both stages filled by cuts
}
# Second stage -> what its recipe says differently; of the runs "both" and "second".
SECOND_STAGES: dict[str, dict[str, Any]] = {
    "monitored": {},
    "filled": {"fill": "cut", "steps": 800, "refresh": 200, "validate_every": 200},
}
NAMES = {
    "partial": "partial loss",
    "crf": "+ CRF",
    "variance": "+ variance",
    "both": "+ CRF + variance",
    "monitored": "+ second stage",
    "filled": "+ second stage, filled by cuts",
    "cut": "cut out, partial loss",
    "true": "true labels",
    "long": "true labels, 1800 steps",
}


def prepare(options: argparse.Namespace) -> int:
    """Write crops around every target of train and val patients, and their manifests; returns the number of crops."""
    entries = [_located(item, options.manifest.parent) for item in read_entries(options.manifest)]
    chosen = [item for item in entries if item["group"] == options.group]
    count = 0
    for target in options.targets:
        folder = options.folder / target
        folder.mkdir(parents=True, exist_ok=True)
        crops = [write_crop(item, folder, TARGETS[target], SHAPES[target]) for item in chosen]
        found = [crop for crop in crops if crop]
        write_manifest(folder / MANIFEST, found)
        count += len(found)
    return count


def _located(item: Entry, folder: Path) -> Entry:
    """An entry of a volume, with paths from the working directory."""
    return {**item, "image": str(folder / item["image"]), "labels": str(folder / item["labels"])}


def train(options: argparse.Namespace) -> bool:
    """Train every variant of every seed and target, each where it stopped; whether all came to their end."""
    until = time.monotonic() + 60 * options.minutes
    return all(
        _train_variants(options, target, seed, until) for seed in options.seeds for target in options.targets
    )


def _train_variants(options: argparse.Namespace, target: str, seed: int, until: float) -> bool:
    shared = _about(options, target)
    for variant, values in VARIANTS.items():
        name = run_name(target, variant, seed)
        if not trained(options.stage_one, options.folder, name, until, seed=seed, **shared, **values):
            return False
    pair = {"first": run_name(target, "both", seed), "second": run_name(target, "second", seed)}
    for variant, values in SECOND_STAGES.items():
        name = run_name(target, variant, seed)
        if not trained(options.stage_two, options.folder, name, until, seed=seed, **pair, **values):
            return False
    return True


def run_name(target: str, variant: str, seed: int) -> str:
    """Of the folder of a run."""
    return f"{target}-{variant.replace(' ', '-')}-{seed}"


def measure(options: argparse.Namespace, target: str) -> tuple[Found, Found]:
    """Variant -> seed -> patient -> Dice, hd95, assd of val: with the last weights, and with the chosen ones."""
    recipe = recipe_of(options, target)
    cases = points_cases(recipe, "val")
    last: Found = {}
    chosen: Found = {}
    for variant in NAMES:
        for seed in options.seeds:
            folder = options.folder / run_name(target, variant, seed)
            second = variant in SECOND_STAGES
            recipe_file = options.stage_two if second else options.stage_one
            if not finished(folder, recipe_file, (VARIANTS | SECOND_STAGES)[variant].get("steps")):
                continue
            best = folder / "first" / "best.pt" if second else folder / "best.pt"
            last.setdefault(variant, {})[seed] = _measured(recipe, folder / "last.pt", cases)
            chosen.setdefault(variant, {})[seed] = _measured(recipe, best, cases)
    return last, chosen


def recipe_of(options: argparse.Namespace, target: str) -> PointsRecipe:
    """The recipe of the first stage for a target."""
    return read_points_recipe(options.stage_one, **_about(options, target))


def _about(options: argparse.Namespace, target: str) -> dict[str, Any]:
    """What the recipe of the first stage says of a target."""
    manifest = (options.folder / target / MANIFEST).as_posix()
    return {"manifest": manifest, "target": target, "parts": TARGETS[target], "patch": PATCHES[target]}


def _measured(recipe: PointsRecipe, path: Path, cases: list[PointsCase]) -> dict[str, dict[str, float]]:
    """Scores of weights on val; kept beside them, and read where the weights are still the same."""

    def scores() -> dict[str, dict[str, float]]:
        weights = torch.load(path, weights_only=True, map_location="cpu")
        first = {
            key.removeprefix("first."): value for key, value in weights.items() if key.startswith("first.")
        }
        model = new_model(recipe)
        model.load_state_dict(first or weights)  # the second stage keeps a pair
        return full_scores(model.eval(), card_of(recipe), cases)

    return kept_scores(path.with_suffix(".scores.json"), {"sha256": sha256_of(path)}, scores)


def report(options: argparse.Namespace) -> None:
    """Measure what is trained to its end, print the tables, write them."""
    parts, results = [], {}
    for target in options.targets:
        last, chosen = measure(options, target)
        if BASE not in last:
            raise SystemExit(
                f"no seed in {options.folder} is trained to its end for the {target}: train first"
            )
        cases = points_cases(recipe_of(options, target), "train")
        parts += [
            f"Labels of the {target} of {len(cases)} train patients, expanded from simulated points:",
            expansion_table(cases),
            edge_table(cases),
            f"Networks of the {target} on val, mean over the training seeds of every patient, mean ± standard "
            "deviation over patients; difference of the Dice to the partial loss alone with the same seeds, with its "
            "standard error and p of Wilcoxon's signed ranks, paired over patients; share of the mean Dice with true "
            "labels and the same seeds:",
            variant_table(last, NAMES),
            "The same weights against those that the agreement with points and boxes chose on val, Dice; with true "
            "labels, Dice chose:",
            selection_table(last, chosen, NAMES),
        ]
        logs = {
            variant: {s: log_of(options.folder / run_name(target, variant, s)) for s in seeds}
            for variant, seeds in last.items()
        }
        results[target] = {"last": last, "chosen": chosen, "logs": logs}
    text = "\n\n".join(parts)
    tell(text, "points_training.py", options, **results)


def main() -> None:
    """Prepare, train, or measure and print."""
    parser = parser_of(__doc__, "prepare", "train", "report", page=True)
    parser.add_argument(
        "--manifest", type=Path, default=Path("runs/manifest.json"), help="what prepare takes from"
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/points"), help="of everything that is written"
    )
    parser.add_argument("--group", default="headneck", help="data set of the manifest")
    parser.add_argument("--targets", nargs="+", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--stage-one", type=Path, default=RECIPES / "points-benchmark.toml", help="its recipe"
    )
    parser.add_argument(
        "--stage-two", type=Path, default=RECIPES / "points-benchmark-monitoring.toml", help="its recipe"
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args()
    if options.what == "prepare":
        print(f"{prepare(options)} crops in {options.folder}")
    elif options.what == "train":
        train(options)
    else:
        report(options)


if __name__ == "__main__":
    main()
