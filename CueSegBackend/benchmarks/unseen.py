"""Agreement of an extreme-point network, and of classical methods, with the labels of images out of packages.

    python CueSegBackend/benchmarks/unseen.py [--model default] [--json unseen.json]

Networks and atlases wrote these labels, so Dice here is agreement, not accuracy; and a set is one image, so its
structures are no independent patients. Whether weights saw a set in training says their card, which is printed.
Which structures: see `unseen_sets.py`. Clicks: exact, and moved by up to 3 px per axis, a tenth of the box at most.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from accuracy import measure
from common import metadata, parser_of
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.validation import Item
from paired import Scores, margins, table
from unseen_sets import SETS, items_of, read_set

OURS = "CueSeg"
FOLDERS = {
    "totalsegmentator": Path(".cache/totalsegmentator-2.18.0/tests/reference_files"),
    "mricron": Path(".cache/mricron/usr/share/mricron/templates"),
}


def main() -> None:
    """Measure, print the tables, write the scores."""
    options = arguments()
    predictor = ExtremePointPredictor(options.model, "cpu")
    items = chosen_items(options)
    print(
        f"{predictor.card.name}, trained on: {predictor.card.training.get('data', 'its card does not say')}\n"
    )
    for labelled in SETS:
        if labelled.name in options.sets:
            print(f"{labelled.name}: labels of {labelled.labelled_by}")
    results: dict[str, Scores] = measure(items, predictor)
    for clicks, scores in results.items():
        print(f"\nAgreement (Dice), {clicks} clicks, seed {options.seed}\n\n{table(scores, OURS, 'set')}")
    if options.json:
        write(options, predictor, items, results)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = parser_of(__doc__)
    names = [labelled.name for labelled in SETS]
    parser.add_argument("--model", default="default")
    parser.add_argument(
        "--sets", nargs="+", choices=names, default=names, metavar="SET", help="; ".join(names)
    )
    for package, folder in FOLDERS.items():
        parser.add_argument(
            f"--{package}", type=Path, default=folder, metavar="FOLDER", help="(default: %(default)s)"
        )
    parser.add_argument("--limit", type=int, help="most structures of a set, to try the script")
    parser.add_argument("--seed", type=int, default=0, help="of ties and of click errors")
    return parser.parse_args()


def chosen_items(options: argparse.Namespace) -> list[Item]:
    """Structures of the sets asked for; a set whose files are missing ends the script with how to get them."""
    items = []
    for labelled in SETS:
        if labelled.name in options.sets:
            try:
                case = read_set(labelled, getattr(options, labelled.package))
            except FileNotFoundError as error:
                raise SystemExit(str(error)) from error
            items += items_of(labelled, case, options.seed)[: options.limit]
    return items


def write(
    options: argparse.Namespace,
    predictor: ExtremePointPredictor,
    items: list[Item],
    results: dict[str, Scores],
) -> None:
    """Write the Dice of every structure, which it is, and the leads."""
    header = {"model": predictor.card.name, "sha256": predictor.card.sha256, "seed": options.seed}
    structures: dict[str, list[str]] = {}
    for item in items:
        structures.setdefault(item.column, []).append(item.subject)
    leads = {
        clicks: {group: asdict(lead) for group, lead in margins(scores, OURS).items()}
        for clicks, scores in results.items()
    }
    content = {"metadata": metadata() | header, "structures": structures, "dice": results, "leads": leads}
    options.json.write_text(json.dumps(content, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
