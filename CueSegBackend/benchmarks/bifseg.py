"""Rounds of scribbles on objects that a network never saw: BIFSeg (Wang et al. 2018) beside other methods.

    python CueSegBackend/benchmarks/bifseg.py measure --network p-net.pt --rows runs/bifseg.jsonl
    python CueSegBackend/benchmarks/bifseg.py report --rows runs/bifseg.jsonl --markdown docs/benchmarks.md

A network of two dimensions is measured on one slice of every object, one of three on the whole organs of the head and
neck. Results are added to `--rows`, one JSON line per object, method and seed of the simulated user; what is there is
not run again. The structures of the package were labelled by a network: Dice is agreement there, and each set is one
image.
"""

import argparse
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from bifseg_items import NAMES, PACKAGE, BoxItem, check_unseen, read_items
from bifseg_rounds import METHODS, POINTS, BoxBench
from bifseg_tables import compared, text_of
from common import parser_of, run_or_tell, tell
from cueseg.bifseg import BifsegOptions
from cueseg.networks.card import NetworkCard
from cueseg.networks.loading import load_network
from cueseg.networks.network import SegmentationNetwork
from refinement import read
from refinement_rounds import MODES
from unseen import FOLDERS

KEYS = ("sha256", "changes", "set", "case", "method", "mode", "seed")


def main() -> None:
    """Run what is missing, or print the tables and write them."""
    run_or_tell(arguments(), measure, report)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = parser_of(__doc__, "measure", "report", page=True)
    parser.add_argument("--rows", type=Path, required=True, help="JSON lines, read and added to")
    parser.add_argument("--network", nargs="+", default=[], help="files of networks of two classes")
    parser.add_argument(
        "--sets", nargs="+", choices=NAMES, metavar="SET", help="; ".join(NAMES) + " (default: all there are)"
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, metavar="METHOD")
    parser.add_argument("--scribbles", nargs="+", choices=MODES, default=["shared"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of the simulated user")
    parser.add_argument("--limit", type=int, help="most objects of a set")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=JSON", help="options of BIFSeg")
    parser.add_argument(
        "--manifest", type=Path, default=Path("runs/default.json"), help="of the head and neck"
    )
    parser.add_argument("--split", default="val")
    parser.add_argument(
        "--totalsegmentator", type=Path, default=FOLDERS["totalsegmentator"], metavar="FOLDER"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def measure(options: argparse.Namespace) -> None:
    """Run what has not been run.

    Raises:
        ValueError: no network, one that cannot be measured, or an option that BIFSeg does not have.
    """
    if not options.network:
        raise ValueError("nothing to measure: name a network's file with --network")
    changes = changes_of(options.set)
    done = {key_of(run) for run in read(options.rows)}
    for file in options.network:
        network = load_network(file)
        dims = network.card.dims
        names = options.sets or [name for name in NAMES if dims == 2 or name not in PACKAGE]
        check_unseen(network.card, names)
        print(
            f"{network.card.name}, trained on: {network.card.training.get('data', 'its card does not say')}",
            flush=True,
        )
        for name in names:
            items = read_items(name, dims, options.manifest, options.split, options.totalsegmentator)
            for item in items[: options.limit]:
                run(item, network, changes, done, options)


def changes_of(words: list[str]) -> dict[str, Any]:
    """Options of BIFSeg out of NAME=JSON.

    Raises:
        ValueError: other words, or an option that it does not have or that its methods set themselves.
    """
    free = [one.name for one in fields(BifsegOptions) if one.name not in ("weighting", "seed")]
    changes = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in free:
            raise ValueError(f"--set {word!r}: begin with one of {', '.join(free)}, and =")
        try:
            changes[name] = json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f"--set {word!r}: what comes after = is not JSON ({error})") from error
    BifsegOptions(**changes)  # its checks
    return changes


def run(
    item: BoxItem,
    network: SegmentationNetwork,
    changes: dict[str, Any],
    done: set[str],
    options: argparse.Namespace,
) -> None:
    """Run one object with what has not been run on it, and add the results to the file."""
    card = network.card
    about = {"network": card.name, "sha256": card.sha256, "changes": changes}
    about |= {"set": item.group, "case": item.name}
    wanted = [
        about | {"mode": mode, "seed": seed, "method": method}
        for mode in options.scribbles
        for seed in options.seeds
        for method in methods_of(card, options.methods)
    ]
    missing = [one for one in wanted if key_of(one) not in done]
    bench = BoxBench(item, network, changes, options.device) if missing else None
    for one in missing:
        rows = bench.rounds(one["method"], one["mode"], one["seed"])
        with options.rows.open("a") as lines:
            lines.write(json.dumps(one | {"rows": rows}) + "\n")
        dices = " ".join(f"{row['dice']:.3f}" for row in rows)
        took = sum(row["seconds"] for row in rows)
        print(
            f"{item.group}, {item.name}, {one['mode']} {one['seed']}, {one['method']}: {dices}, {took:.1f} s",
            flush=True,
        )


def methods_of(card: NetworkCard, asked: list[str] | None) -> list[str]:
    """The methods asked for, or all that work in the network's dimensions.

    Raises:
        ValueError: four points in three dimensions.
    """
    if card.dims == 3 and POINTS in (asked or ()):
        raise ValueError(f"{POINTS!r} works in slices: leave it out of --methods for {card.name}, of 3 dims")
    return asked or [method for method in METHODS if card.dims == 2 or method != POINTS]


def key_of(run: dict[str, Any]) -> str:
    """What tells a run from all others."""
    return json.dumps([run[key] for key in KEYS], sort_keys=True)


def report(options: argparse.Namespace) -> None:
    """Print the tables of every network and mode; write them where asked.

    Raises:
        ValueError: there are no runs, or a page lacks its marks.
    """
    runs = [one for one in read(options.rows) if options.sets is None or one["set"] in options.sets]
    if not runs:
        raise ValueError(f"{options.rows} holds no run of these sets: measure first")
    texts = []
    for (name, sha256, changes, mode), chosen in grouped(runs).items():
        sets = {
            group: compared([one for one in chosen if one["set"] == group])
            for group in NAMES
            if any(one["set"] == group for one in chosen)
        }
        changed = "" if changes == "{}" else f", with {changes}"
        texts.append(f"`{name}` ({sha256[:8]}), {mode} scribbles{changed}.\n\n{text_of(sets)}")
    text = "\n\n".join(texts)
    tell(text, "bifseg.py", options, runs=runs)


def grouped(runs: list[dict[str, Any]]) -> dict[tuple[str, str, str, str], list[dict[str, Any]]]:
    """(network, its checksum, changes as JSON, mode) -> runs."""
    groups: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for one in runs:
        key = one["network"], one["sha256"], json.dumps(one["changes"], sort_keys=True), one["mode"]
        groups.setdefault(key, []).append(one)
    return groups


if __name__ == "__main__":
    main()
