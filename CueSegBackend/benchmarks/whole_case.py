"""How many slices must be clicked for a whole organ: between clicked slices filled, segmented, or drawn by hand.

    python CueSegBackend/benchmarks/whole_case.py measure --rows runs/whole.jsonl --limit 6 --minutes 12
    python CueSegBackend/benchmarks/whole_case.py report --rows runs/whole.jsonl --markdown docs/benchmarks.md

Nobody clicks: the extreme points are those of the reference in the slices that are clicked, exact or moved by up to
3 px per axis (a tenth of the box at most). Results are added to `--rows`, one JSON line per structure and kind of
clicks; what is there is not run again. The abdomen was labelled by a network: Dice is agreement there.
"""

import argparse
import json
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from common import parser_of, run_or_tell, tell
from cueseg.evaluation.from_points import CLICKS, Clicks
from cueseg.predictor import ExtremePointPredictor
from cueseg.weights_file import LoadedModel, load_model
from refinement import read
from unseen import FOLDERS
from whole_case_rounds import Structure, WholeCaseBench, structures_of
from whole_case_tables import text_of

KEYS = ("sha256", "flips", "set", "case", "structure", "clicks", "seed")
SETS = ("head and neck CT", "abdominal CT, 1 mm")


def main() -> None:
    """Run what is missing, or print the tables and write them."""
    run_or_tell(arguments(), measure, report)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = parser_of(__doc__, "measure", "report", page=True)
    parser.add_argument("--rows", type=Path, required=True, help="JSON lines, read and added to")
    parser.add_argument("--model", default="default")
    parser.add_argument("--no-flips", action="store_true", help="one pass of the network instead of four")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, metavar="SET", help="; ".join(SETS))
    parser.add_argument("--clicks", nargs="+", choices=CLICKS, default=CLICKS)
    parser.add_argument("--manifest", type=Path, default=Path("runs/default.json"))
    parser.add_argument("--split", default="val")
    parser.add_argument(
        "--totalsegmentator", type=Path, default=FOLDERS["totalsegmentator"], metavar="FOLDER"
    )
    parser.add_argument("--limit", type=int, help="most images of a set")
    parser.add_argument("--most-slices", type=float, default=math.inf, help="leave longer structures out")
    parser.add_argument("--structures", type=int, help="most structures of an image, evenly chosen")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin nothing new after so long")
    parser.add_argument("--seed", type=int, default=0, help="of ties and of click errors")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def measure(options: argparse.Namespace) -> None:
    """Run what has not been run, until the time is over.

    Raises:
        ValueError, FileNotFoundError: Weights or images that cannot be used.
    """
    until = time.monotonic() + 60 * options.minutes
    loaded = load_model(options.model)
    if options.no_flips:
        loaded = LoadedModel(loaded.model, replace(loaded.card, average_flips=False))
    predictor = ExtremePointPredictor(loaded, "cpu")
    about = {"sha256": loaded.card.sha256, "flips": loaded.card.average_flips, "seed": options.seed}
    done = {key_of(run) for run in read(options.rows)}
    for name in options.sets:
        for structure in structures_of(name, options):
            for clicks in options.clicks:
                what = {"set": name, "case": structure.case, "structure": structure.name, "clicks": clicks}
                if key_of(about | what) in done:
                    continue
                if time.monotonic() > until:
                    print("time is over; the same command goes on", flush=True)
                    return
                run(structure, predictor, about | what, options)


def run(
    structure: Structure, predictor: ExtremePointPredictor, key: dict[str, Any], options: argparse.Namespace
) -> None:
    """Run all methods on one structure, and add the results to the file."""
    began = time.perf_counter()
    bench = WholeCaseBench(structure, predictor, Clicks(key["clicks"], seed=key["seed"]))
    entry = key | {"slices": len(bench.usable), "rows": bench.rows()}
    with options.rows.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(entry) + "\n")
    dices = ", ".join(f"{row['method']} {row['clicked']}: {row['dice']:.3f}" for row in entry["rows"])
    took = time.perf_counter() - began
    print(f"{key['case']}, {key['structure']}, {key['clicks']}: {dices}, {took:.0f} s", flush=True)


def key_of(run: dict[str, Any]) -> str:
    """What tells a run from all others."""
    return json.dumps([run[key] for key in KEYS])


def report(options: argparse.Namespace) -> None:
    """Print the tables; write them where asked.

    Raises:
        ValueError: There are no runs, or a page lacks its marks.
    """
    runs = [
        one for one in read(options.rows) if one["set"] in options.sets and one["clicks"] in options.clicks
    ]
    if not runs:
        raise ValueError(f"{options.rows} holds no run of these sets: measure first")
    text = text_of(runs)
    tell(text, "whole_case.py", options, runs=runs)


if __name__ == "__main__":
    main()
