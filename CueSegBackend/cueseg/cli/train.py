"""`train`: the training of `cueseg.training.run`, which needs torch and so is imported late."""

import argparse
import logging
import math
from pathlib import Path
from typing import Any

from cueseg.cli.console import HelpFormatter

_DESCRIPTION = """\
Train a network by a recipe, validate it, and write its weights with their card.
An interrupted or killed run goes on where it stopped, to the same weights. Under torchrun several processes
share every batch; they descend as one would."""

_EPILOG = """\
example:
  python -m cueseg train CueSegBackend/recipes/compact-cm.toml --minutes 60
  python -m cueseg train CueSegBackend/recipes/compact-cm.toml --export compact-cm.pt
  python -m cueseg train CueSegBackend/recipes/nuclei-unet.toml --name trial --set steps=500 'optimizer="sgd"'
  torchrun --nproc-per-node 2 -m cueseg train CueSegBackend/recipes/nuclei-unet.toml"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "train",
        parents=[common],
        help="train a network by a recipe",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    parser.set_defaults(run=run, log_level=logging.INFO)
    parser.add_argument("recipe", type=Path, help="training recipe (TOML)")
    parser.add_argument("--output", type=Path, default=Path("runs"), help="folder for runs (default: runs)")
    parser.add_argument("--name", help="name of the run, replaces that of the recipe")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="stop after so many minutes; goes on later"
    )
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="KEY=VALUE", help="replace values of the recipe"
    )
    parser.add_argument(
        "--export", type=Path, metavar="FILE.pt", help="only write the best weights and their card"
    )


def run(options: argparse.Namespace) -> int:
    """Train."""
    from cueseg.training.run import run as run_training

    return run_training(options)
