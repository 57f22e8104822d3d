"""The options of `segment`."""

import argparse
from typing import Any

from cueseg.cli.console import HelpFormatter
from cueseg.cli.file_arguments import add_device, add_image, add_image_kind, add_output, add_overwrite

AXIS_NAMES = ("axial", "coronal", "sagittal", "stored")
"""The names that `cueseg.image_files.extract_slice` knows, without importing it."""

_DESCRIPTION = """\
Segment one structure on one slice from its leftmost, rightmost, topmost and bottommost point, given in any
order, and write it as a segment on the image's grid.

Points are pixel coordinates of the slice as it is stored: x = column, y = row, counted from 0, integers are
pixel centres. Slices across the stored ones have those as their rows, the first stored one on top."""

_EPILOG = """\
examples:
  python -m cueseg segment ct_folder --slice 12 --points 61,80 139,84 96,52 104,118 --output liver.seg.nrrd
  python -m cueseg segment ct_folder --slice 13 --points 60,80 140,85 97,50 105,119 \\
      --output liver.seg.nrrd --name Segment_1 --append
  python -m cueseg segment brain.nii.gz --modality mr --axis coronal --slice 40 \\
      --points 30,55 62,50 45,38 47,70 --output hippocampus.seg.nrrd --name hippocampus
  python -m cueseg segment cells.png --points -1,12 30,15 14,2 15,28 --output cell.png"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the command, without what it runs."""
    parser = commands.add_parser(
        "segment",
        parents=[common],
        help="segment a structure on a slice from four extreme points",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    _add_input(parser.add_argument_group("input"))
    add_segment_output(parser.add_argument_group("output"))
    add_model(parser.add_argument_group("model"))
    return parser


def _add_input(group: Any) -> None:
    add = group.add_argument
    add_image(add)
    add(
        "--points",
        nargs=4,
        required=True,
        type=point,
        metavar="x,y",
        help="the four extreme points, in any order",
    )
    add(
        "--slice",
        type=int,
        metavar="K",
        help="slice number from 0, as stored; not needed where there is only one",
    )
    add(
        "--axis",
        choices=AXIS_NAMES,
        help="direction of the slices; stored: as in the file (default: axial, stored for a single slice)",
    )
    add_image_kind(add)


def add_segment_output(group: Any, part: str = "this slice") -> None:
    """Add the file of a segment, its name, and what happens to what is there; `part` is what one call segments."""
    add = group.add_argument
    add_output(add)
    add("--name", help="name of the segment (default: Segment_1, or the next that is free)")
    either = group.add_mutually_exclusive_group()
    either.add_argument(
        "--append",
        action="store_true",
        help=f"add to the .seg.nrrd file: a new segment, or {part} of segment --name; the rest stays",
    )
    add_overwrite(either.add_argument)


def add_model(group: Any) -> None:
    """Add weights for extreme points, their threshold, and the device."""
    add = group.add_argument
    add(
        "--model",
        default="default",
        metavar="NAME|FILE",
        help="one of list-models, or a .pt file with its card",
    )
    add(
        "--threshold",
        type=float,
        metavar="T",
        help="probability from which a pixel belongs to it (default: the model's)",
    )
    add_device(add)


def point(text: str) -> tuple[float, float]:
    """Parse "x,y"."""
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text.strip()!r} is no point: write x,y, for example 120,85.5"
        ) from error
    return x, y
