"""`evaluate`: how well weights or a network agree with the labels of a manifest."""

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cueseg
from cueseg.cli.console import HelpFormatter, complain, progress, say
from cueseg.cli.file_arguments import add_device
from cueseg.cli.list_models import aligned

if TYPE_CHECKING:
    from cueseg.datasets.entries import Entry
    from cueseg.evaluation.scores import Score

SPLITS = ("train", "val", "test")
CLICKS = ("exact", "jittered")
"""The clicks that `cueseg.evaluation` knows, without importing it."""

_DESCRIPTION = """\
Measure weights for extreme points (with simulated clicks) or a segmentation network on a split of a
manifest: Dice per slice and per case, 95th percentile of the surface distances and their mean in mm.

The split test is for the final measurement: it is read only with --read-test."""

_EPILOG = """\
examples:
  python -m cueseg evaluate segthor.json --clicks jittered --csv scores.csv --json summary.json
  python -m cueseg evaluate segthor.json --network my_bundle --class oesophagus=esophagus
  python -m cueseg evaluate segthor.json --model my_weights.pt --split test --read-test"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate",
        parents=[common],
        help="measure weights or a network on a manifest",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    _add_images(parser.add_argument_group("images").add_argument)
    add = parser.add_argument_group("extreme points").add_argument
    add("--model", metavar="NAME|FILE", help="weights to measure (default: the default weights)")
    add("--clicks", choices=CLICKS, default="exact", help="on the mask, or moved at random (default: exact)")
    add("--jitter", type=float, default=3.0, metavar="PX", help="largest shift, jittered (default: 3)")
    add("--at-most", type=int, metavar="N", help="so many slices or objects of a class in an image")
    add("--seed", type=int, default=0, metavar="S", help="of the clicks (default: 0)")
    add = parser.add_argument_group("network").add_argument
    add("--network", metavar="NAME|FILE", help="measure a network that labels every voxel instead")
    add(
        "--class",
        dest="classes",
        action="append",
        metavar="OURS=THEIRS",
        help="class of the network = class of the manifest, several as A+B (default: equal names); repeatable",
    )
    add = parser.add_argument_group("output").add_argument
    add("--csv", type=Path, metavar="FILE", help="write the score of every slice and case")
    add("--json", type=Path, metavar="FILE", help="write the summary, with weights, settings and versions")
    add("--overwrite", action="store_true", help="replace these files if they exist")
    add_device(parser.add_argument)
    parser.set_defaults(run=run)


def _add_images(add: Any) -> None:
    add("manifest", type=Path, metavar="MANIFEST", help="written by the command manifest")
    add("--split", choices=SPLITS, default="val", help="which images (default: val)")
    add("--read-test", action="store_true", help="allow --split test: this is the final measurement")
    add("--groups", nargs="+", metavar="GROUP", help="only these data sets of the manifest")


def run(options: argparse.Namespace) -> int:
    """Measure, print the table, write the files.

    Raises:
        ValueError, OSError: A manifest, an image or an output that cannot be used; the split test without leave.
        UnusableWeightsError: The weights or the network cannot be used.
    """
    from cueseg.evaluation.report import table, write_csv, write_json
    from cueseg.evaluation.scores import summary
    from cueseg.training.cases import read_entries

    if options.split == "test" and not options.read_test:
        raise ValueError(
            "the split test is kept for the final measurement, so it was not read: choose settings on val, "
            "then say --split test --read-test"
        )
    _check_options(options)
    entries = read_entries(options.manifest, options.split, set(options.groups) if options.groups else None)
    measured, scores = _network(options, entries) if options.network else _points(options, entries)
    rows = list(scores)
    classes = summary(rows)
    for line in aligned(table(classes)):
        say(line)
    if options.csv:
        write_csv(options.csv, rows)
    if options.json:
        about = {"what": "Dice, HD95 and ASSD: mean, standard deviation, n", "version": cueseg.__version__}
        about |= {"manifest": options.manifest.name, "manifest_sha256": _digest(options.manifest)}
        about |= {"split": options.split, "groups": options.groups, "images": len(entries)}
        write_json(options.json, {**about, **measured, "classes": classes})
    return 0


def _check_options(options: argparse.Namespace) -> None:
    if options.network and options.model:
        raise ValueError("give either --model or --network: they are measured in different ways")
    if options.classes and not options.network:
        raise ValueError("--class goes with --network: extreme points need no classes")
    if options.at_most is not None and options.network:
        raise ValueError("--at-most goes with extreme points: a network labels the whole image")
    if options.at_most is not None and options.at_most < 1:
        raise ValueError(f"--at-most must be 1 or more, got {options.at_most}")
    for path in (options.csv, options.json):
        if path is not None and not path.resolve().parent.is_dir():
            raise FileNotFoundError(f"the folder {path.parent} does not exist: create it first")
        if path is not None and path.exists() and not options.overwrite:
            raise FileExistsError(f"{path} exists already: say --overwrite to replace it")


def _points(options: argparse.Namespace, entries: "list[Entry]") -> "tuple[dict[str, Any], Iterator[Score]]":
    from cueseg.cli.weights import open_predictor
    from cueseg.evaluation.from_points import Clicks, scores_from_points
    from cueseg.training.cases import read_case

    clicks = Clicks(options.clicks, options.jitter, options.seed)
    predictor = open_predictor(options.model or "default", options.device, options.verbose)
    card = predictor.card
    measured = {
        "weights": {"name": card.name, "sha256": card.sha256},
        "clicks": {"kind": clicks.kind, "jitter": clicks.jitter, "seed": clicks.seed},
        "at_most": options.at_most,
        "device": predictor.device,
    }

    def scores() -> "Iterator[Score]":
        for number, item in enumerate(entries, start=1):
            case = read_case(options.manifest.parent, item)
            _tell(options, number, len(entries), case.subject)
            yield from scores_from_points(predictor, case, str(item["image"]), clicks, options.at_most)

    return measured, scores()


def _network(options: argparse.Namespace, entries: "list[Entry]") -> "tuple[dict[str, Any], Iterator[Score]]":
    from cueseg.cli.predict import open_network
    from cueseg.evaluation.of_networks import matched_classes, scores_of_network
    from cueseg.refinement import RefinementSession
    from cueseg.refinement.delta import state_sha256
    from cueseg.training.cases import read_case

    with progress("loading the network", options.verbose):
        network = open_network(options.network)
    names = {name for item in entries for name in item["classes"]}
    classes = matched_classes(network.card, names, _classes(options.classes))
    session = RefinementSession(network, device=options.device)
    measured = {
        "weights": {"name": network.card.name, "sha256": network.card.sha256 or state_sha256(network.module)},
        "class_names": classes,
        "device": session.device,
    }

    def scores() -> "Iterator[Score]":
        for number, item in enumerate(entries, start=1):
            case = read_case(options.manifest.parent, item, all_channels=network.card.in_channels > 1)
            _tell(options, number, len(entries), case.subject)
            yield from scores_of_network(session, case, str(item["image"]), classes)

    return measured, scores()


def _classes(words: list[str] | None) -> dict[str, list[str]] | None:
    if words is None:
        return None
    pairs = [word.split("=", 1) for word in words]
    wrong = [word for word, pair in zip(words, pairs, strict=True) if len(pair) != 2 or not all(pair)]
    if wrong:
        raise ValueError(f"--class {wrong[0]!r} must be CLASS OF THE NETWORK=CLASS OF THE MANIFEST")
    return {ours: theirs.split("+") for ours, theirs in pairs}


def _tell(options: argparse.Namespace, number: int, count: int, subject: str) -> None:
    if options.verbose:
        complain(f"{number} of {count}: {subject}")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
