"""Dice against rounds of scribbles: refinement beside methods that do without, in one run, with a simulated user.

    python CueSegBackend/benchmarks/refinement.py nuclei --manifest runs/manifest.json --rows nuclei.jsonl
    python CueSegBackend/benchmarks/refinement.py headneck --manifest runs/manifest.json --rows headneck.jsonl
    python CueSegBackend/benchmarks/refinement.py brain --graph graph.pb --pair T1.nii.gz BRAIN.nii.gz --rows b.jsonl

Results are added to `--rows`, one JSON line per image, method and seed; what is there is not run again. The tables
are made from all lines of the data set and mode.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import refinement_cases as cases
from common import metadata, parser_of
from refinement_rounds import METHODS, MODES, Bench
from refinement_tables import class_table, comparable, summary, table, verdict


def main() -> None:
    """Run what is missing, print the tables, write them."""
    options = arguments()
    torch.set_num_threads(options.threads)
    wanted = [
        (method, mode, seed)
        for mode in options.scribbles
        for seed in options.seeds
        for method in options.methods
    ]
    if not options.report:
        for number, case in enumerate(of(options)):
            if number >= options.skip and (options.limit is None or number < options.skip + options.limit):
                run(case, wanted, options)
    runs = read(options.rows)
    report(runs, options)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = parser_of(__doc__, page=True)
    parser.add_argument("data", choices=("nuclei", "headneck", "brain"))
    parser.add_argument("--manifest", type=Path, help="of nuclei and headneck")
    parser.add_argument("--network", help="file or name; default: the shipped one of the data set")
    parser.add_argument("--split", default="val")
    parser.add_argument("--crop", type=int, help="of nuclei and headneck: side of the part used")
    parser.add_argument("--graph", type=Path, help="of brain: deepbrain's graph.pb")
    parser.add_argument(
        "--pair", type=Path, nargs=2, action="append", default=[], help="of brain: image, brain"
    )
    parser.add_argument(
        "--spacing", type=float, default=2.0, help="of brain: mm to which images are resampled"
    )
    parser.add_argument("--rows", type=Path, required=True, help="JSON lines, read and added to")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS, metavar="METHOD")
    parser.add_argument("--scribbles", nargs="+", choices=MODES, default=["shared"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--strokes", type=int, help="of the user, per class and round")
    parser.add_argument("--length", type=float, help="of the user's strokes, mm or pixels, at most")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--skip", type=int, default=0, help="images left out at the beginning")
    parser.add_argument("--limit", type=int, help="most images")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=JSON", help="options of every refinement"
    )
    parser.add_argument("--report", action="store_true", help="run nothing, make the tables")
    return parser.parse_args()


def of(options: argparse.Namespace) -> Iterator[cases.Case]:
    """The cases of the data set that was asked for."""
    if options.data == "brain":
        return cases.brains(options.graph, options.pair, options.spacing)
    if options.data == "nuclei":
        network = options.network or "nuclei-unet"
        return cases.nuclei(options.manifest, network, split=options.split, crop=options.crop)
    network = options.network or "headneck-unet"
    return cases.headneck(options.manifest, network, split=options.split, crop=options.crop)


def run(case: cases.Case, wanted: list[tuple[str, str, int]], options: argparse.Namespace) -> None:
    """Run one image with what has not been run on it, and add the results to the file."""
    done = {(entry["case"], entry["method"], entry["mode"], entry["seed"]) for entry in read(options.rows)}
    missing = [one for one in wanted if (case.name, *one) not in done]
    if not missing:
        return
    changes: dict[str, dict[str, Any]] = {}
    for one in options.set:
        name, value = one.split("=", 1)
        method, option = name.split(".", 1)
        changes.setdefault(method, {})[option] = json.loads(value)
    drawn = {"strokes_per_label": options.strokes, "max_length": options.length}
    user = replace(case.user, **{name: value for name, value in drawn.items() if value is not None})
    bench = Bench(replace(case, user=user), changes)
    for method, mode, seed in missing:
        rows = bench.rounds(method, mode, seed, options.rounds)
        entry = {
            "data": options.data,
            "case": case.name,
            "method": method,
            "mode": mode,
            "seed": seed,
            "rows": rows,
        }
        with options.rows.open("a") as lines:
            lines.write(json.dumps(entry) + "\n")
        print(case.name, mode, seed, method, " ".join(f"{row['dice']:.3f}" for row in rows), flush=True)


def read(path: Path) -> list[dict[str, Any]]:
    """The results so far."""
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )


def report(runs: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Print a table per mode; write them and the figures where asked."""
    figures, texts = {}, []
    for mode in MODES:
        chosen = comparable([one for one in runs if one["mode"] == mode and one["data"] == options.data])
        if not chosen:
            continue
        figures[mode] = summary(chosen)
        first = next(iter(figures[mode].values()))
        texts.append(
            f"### {options.data}, {mode} scribbles\n\nMean Dice ± standard deviation after each round; "
            f"{first['images']} images, seeds {first['seeds']}, split {options.split}, simulated user.\n\n"
            f"{table(figures[mode])}\n\n{verdict(figures[mode])}\n"
        )
        if len(first["classes"]) > 1:
            texts.append(f"Per class, initial → final:\n\n{class_table(figures[mode])}\n")
    print("\n".join(texts))
    if options.markdown:
        options.markdown.write_text("\n".join(texts), encoding="utf-8")
    if options.json:
        options.json.write_text(
            json.dumps({"metadata": metadata(), "figures": figures, "runs": runs}, indent=1), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
