"""`train`: the training of `cueseg.training.run`, which needs torch and so is imported late."""

import argparse
import logging
from typing import Any

from cueseg.cli.console import HelpFormatter

COMMAND = "train"

_DESCRIPTION = """\
Train a network by a recipe, validate it, and write its weights with their card.
An interrupted run goes on where it stopped."""

_EPILOG = """\
example:
  python -m cueseg train CueSegBackend/recipes/compact-cm.toml --minutes 60
  python -m cueseg train CueSegBackend/recipes/compact-cm.toml --export compact-cm.pt"""


def add_parser(commands: Any, common: argparse.ArgumentParser, *, with_options: bool) -> None:
    """Add the command; its options only if asked, because they import torch."""
    parser = commands.add_parser(
        COMMAND,
        parents=[common],
        help="train a network by a recipe",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    parser.set_defaults(run=run, log_level=logging.INFO)
    if with_options:
        from cueseg.training.run import add_arguments

        add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Train."""
    from cueseg.training.run import run as run_training

    return run_training(options)
