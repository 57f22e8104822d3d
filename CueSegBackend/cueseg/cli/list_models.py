"""`list-models`: the shipped weights as a table."""

import argparse
from collections.abc import Sequence
from typing import Any

from cueseg.cli.console import HelpFormatter, say
from cueseg.cli.errors import UnusableWeightsError

_EPILOG = """\
example:
  python -m cueseg list-models"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "list-models",
        parents=[common],
        help="list the weights that come with cueseg",
        description="List the weights that come with cueseg; * marks the default.",
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    from cueseg.weights_file import DEFAULT_MODEL, list_models

    try:
        cards = list_models()
    except ValueError as error:
        raise UnusableWeightsError(str(error)) from error
    if not cards:
        say("no weights come with this copy of cueseg")
        return 0
    rows = [("", "NAME", "NETWORK", "CUE", "CROP", "INPUT", "THRESHOLD", "LICENCE")]
    for card in cards:
        mark = "*" if card.name == DEFAULT_MODEL else ""
        size, threshold = f"{card.input_size} px", f"{card.threshold:g}"
        rows.append(
            (mark, card.name, card.architecture, card.cue, card.crop_mode, size, threshold, card.licence)
        )
    for line in aligned(rows):
        say(line)
    for card in cards:
        if card.description:
            say(f"\n{card.name}: {card.description}")
    return 0


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of equal length as lines with left-aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
