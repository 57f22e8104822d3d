"""The options of `predict` and `refine`."""

import argparse
from pathlib import Path
from typing import Any

from cueseg.cli.console import HelpFormatter
from cueseg.cli.file_arguments import (
    add_device,
    add_image,
    add_image_kind,
    add_network,
    add_output,
    add_overwrite,
)

METHODS = ("ce", "paper", "f-brs")
REGULARISERS = ("none", "graph-cut", "random-walker")
"""What `RefinementOptions` knows, without importing it."""

_PREDICT = """\
Run a pretrained segmentation network on an image and write its labels, one segment per class.

With --weights, the network runs with last layers that `refine --save-weights` adapted to another image."""

_PREDICT_EPILOG = """\
examples:
  python -m cueseg predict ct.nrrd --network headneck-unet --modality ct --output organs.seg.nrrd
  python -m cueseg predict next.nrrd --network my_bundle --weights adapted.pt --output next.seg.nrrd"""

_REFINE = """\
Correct the output of a pretrained network from scribbles, by adapting its last layers to this image.

The scribbles are segments: one named after a class of the network says "here is this class", one named
background says "here is nothing", and one with any other name adds a new class. The network's file is not
changed."""

_REFINE_EPILOG = """\
examples:
  python -m cueseg refine ct.nrrd --network headneck-unet --modality ct --scribbles s.seg.nrrd --output out.seg.nrrd
  python -m cueseg refine ct.nrrd --network my_bundle --scribbles s.seg.nrrd --initial organs.seg.nrrd \\
      --lock liver --slices 40:60 --output out.seg.nrrd
  python -m cueseg refine ct.nrrd --network net.pt --scribbles s.seg.nrrd --grow 12 --save-weights adapted.pt \\
      --output out.seg.nrrd"""


def add_predict_parser(commands: Any, common: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add `predict`, without what it runs."""
    parser = commands.add_parser(
        "predict",
        parents=[common],
        help="run a segmentation network on an image",
        description=_PREDICT,
        epilog=_PREDICT_EPILOG,
        formatter_class=HelpFormatter,
    )
    _add_input(parser.add_argument_group("input"))
    _add_output(parser.add_argument_group("output"))
    add = parser.add_argument_group("network").add_argument
    add_network(add)
    add_device(add)
    add("--weights", type=Path, metavar="FILE", help="adapted last layers that `refine` saved")
    return parser


def add_refine_parser(commands: Any, common: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add `refine`, without what it runs."""
    parser = commands.add_parser(
        "refine",
        parents=[common],
        help="correct a network's output from scribbles",
        description=_REFINE,
        epilog=_REFINE_EPILOG,
        formatter_class=HelpFormatter,
    )
    group = parser.add_argument_group("input")
    _add_input(group)
    add = group.add_argument
    add("--scribbles", type=Path, required=True, metavar="FILE", help=".seg.nrrd with one segment per class")
    add("--initial", type=Path, metavar="FILE", help=".seg.nrrd to correct (default: the network's output)")
    _add_output(parser.add_argument_group("output"))
    _add_region(parser.add_argument_group("what may change"))
    _add_method(parser.add_argument_group("method"))
    return parser


def _add_input(group: Any) -> None:
    add_image(group.add_argument)
    add_image_kind(group.add_argument)


def _add_output(group: Any) -> None:
    add_output(group.add_argument)
    add_overwrite(group.add_argument)


def _add_region(group: Any) -> None:
    add = group.add_argument
    add("--slices", type=slice_range, metavar="A:B", help="only stored slices A to B, B included, from 0")
    add("--lock", action="append", default=[], metavar="CLASS", help="class that must not change; repeatable")
    add("--radius", type=float, metavar="MM", help="change nothing farther than this from the scribbles")


def _add_method(group: Any) -> None:
    add = group.add_argument
    add_network(add)
    add_device(add)
    add("--method", choices=METHODS, default="ce", help="objective (default: ce)")
    add("--layers", type=layers, metavar="N|NAMES", help="how many last layers, or their names with commas")
    add("--iterations", type=int, default=None, metavar="M", help="at most so many (default: the method's)")
    add("--learning-rate", type=float, metavar="ETA", help="step size (default: the method's)")
    add("--alpha", type=float, metavar="A", help="weight of staying near the trained weights")
    add(
        "--beta",
        type=float,
        metavar="B",
        help="weight of keeping the output far from the scribbles (ce; default: what suits the network)",
    )
    add(
        "--regularise",
        choices=REGULARISERS,
        default="random-walker",
        help="bring labels near the scribbles to the image's edges (default: random-walker)",
    )
    add(
        "--grow",
        type=float,
        metavar="T",
        help="grow the scribbles over neighbours that differ by less than T",
    )
    add("--seed", type=int, default=0, metavar="S", help="of everything random (default: 0)")
    add("--save-weights", type=Path, metavar="FILE", help="also write the adapted last layers, .pt")


def slice_range(text: str) -> tuple[int, int]:
    """Parse "A:B"."""
    try:
        first, last = (int(part) for part in text.split(":"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no range of slices: write A:B, e.g. 40:60") from error
    if first < 0 or last < first:
        raise argparse.ArgumentTypeError(f"{text!r} is no range of slices: 0 <= A <= B")
    return first, last


def layers(text: str) -> int | tuple[str, ...]:
    """Parse a count or names."""
    if text.isdigit():
        return int(text)
    return tuple(name.strip() for name in text.split(",") if name.strip())
