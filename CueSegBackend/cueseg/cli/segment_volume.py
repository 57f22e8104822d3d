"""`segment-volume`: extreme points on several slices of an image file become a whole structure in another file."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cueseg.cli.console import HelpFormatter, complain, say
from cueseg.cli.file_arguments import add_image, add_image_kind, add_output, add_overwrite
from cueseg.cli.predict import modality_of, open_image, write_labels
from cueseg.cli.segment_arguments import AXIS_NAMES, add_model
from cueseg.cli.weights import open_predictor

if TYPE_CHECKING:
    from cueseg.image_files import ImageFile
    from cueseg.refinement import RefinementProgress
    from cueseg.volumes import VolumeOptions, VolumeResult

Clicked = dict[int, tuple[tuple[float, float], ...]]

_DESCRIPTION = """\
Segment a structure from its extreme points on some of its slices: these by the network, those between them filled by
shape and segmented by the network again from the extreme points of what was filled. Nothing is made before the first
of these slices or after the last.

FILE has a line for every clicked slice, its number and four points in any order, as segment takes them:
  12  61,80 139,84 96,52 104,118
  18  58,83 141,88 97,50 101,121"""

_EPILOG = """\
examples:
  python -m cueseg segment-volume ct_folder --points liver.txt --output liver.seg.nrrd --name liver
  python -m cueseg segment-volume mr.nii.gz --modality mr --axis coronal --points p.txt --output h.nii.gz --fill-only"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "segment-volume",
        parents=[common],
        help="segment a whole structure from extreme points on some of its slices",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument_group("input").add_argument
    add_image(add)
    add("--points", type=Path, required=True, metavar="FILE", help="slices and points, see above")
    add("--axis", choices=AXIS_NAMES, default="axial", help="direction of the slices (default: axial)")
    add_image_kind(add)
    add = parser.add_argument_group("output").add_argument
    add_output(add)
    add_overwrite(add)
    add("--name", default="Segment_1", help="name of the segment (default: %(default)s)")
    group = parser.add_argument_group("method")
    add_model(group)
    _add_method(group.add_argument)
    parser.set_defaults(run=run)


def _add_method(add: Any) -> None:
    add("--fill-only", action="store_true", help="only fill the slices between, without the network")
    add(
        "--min-agreement",
        type=float,
        metavar="D",
        help="Dice with the filled mask from which the network's is taken (default: 0.2)",
    )


def run(options: argparse.Namespace) -> int:
    """Segment, write, and say what was done and which slice to click next.

    Raises:
        ValueError, OSError: Input or output that cannot be used.
        UnusableWeightsError: The model cannot be used.
    """
    from cueseg.image_files import check_name, extract_slice
    from cueseg.volumes import VolumeSession

    clicked, settings, name = read_clicked(options.points), _settings(options), check_name(options.name)
    image = open_image(options)
    modality = modality_of(image, options)
    where = extract_slice(image, options.axis, min(clicked))
    session = VolumeSession(open_predictor(options.model, options.device, options.verbose))
    distance = image.spacing[2 - where.array_axis]  # image.spacing is in the order x, y, z
    session.set_image(np.moveaxis(image.array, where.array_axis, 0), modality, (distance, *where.spacing))
    watched = options.verbose or sys.stderr.isatty()
    result = session.segment_between(clicked, settings, monitor=_watch if watched else None)
    mask = np.moveaxis(result.mask(), 0, where.array_axis)
    write_labels(options, image, mask.astype(np.int16), ("background", name))
    say(_report(name, image, result, options))
    return 0


def read_clicked(path: Path) -> Clicked:
    """Slice number -> four points (x, y), from lines of a number and four points; # begins a remark.

    Raises:
        ValueError: Not such a file; the message names the line.
        OSError: It cannot be read.
    """
    from cueseg.labelling.cohort import parse_point_list

    clicked: Clicked = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        index, _, points = line.partition("#")[0].strip().partition(" ")
        if not index:
            continue
        try:
            if not index.isdecimal():
                raise ValueError(f"a line begins with the number of a slice, from 0, not with {index!r}")
            if int(index) in clicked:
                raise ValueError(f"slice {index} is listed twice: keep one of the lines")
            clicked[int(index)] = parse_point_list(points)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    if not clicked:
        raise ValueError(f'{path} lists no slice: write lines like "12  61,80 139,84 96,52 104,118"')
    return clicked


def _settings(options: argparse.Namespace) -> "VolumeOptions":
    from cueseg.volumes import VolumeOptions

    given = {"threshold": options.threshold, "min_agreement": options.min_agreement}
    changed = {name: value for name, value in given.items() if value is not None}
    return VolumeOptions(fill_only=options.fill_only, **changed)


def _watch(state: "RefinementProgress") -> None:
    """Tell every tenth slice."""
    if state.done % 10 == 0:
        complain(f"{state.stage}: slice {state.done + 1} of {state.total} ...")


def _report(name: str, image: "ImageFile", result: "VolumeResult", options: argparse.Namespace) -> str:
    from cueseg.volumes import suggest_slice

    kinds = ("clicked", "derived", "filled")
    counts = ", ".join(f"{len(found)} {kind}" for kind in kinds if (found := result.of_kind(kind)))
    voxels = int(result.mask().sum())
    millilitres = voxels * float(np.prod(image.spacing)) / 1000
    suggested = suggest_slice(result)
    hint = "" if suggested is None else f"; to improve it, click slice {suggested}"
    return (
        f"{name}: {voxels} voxels ({millilitres:.1f} ml) on {len(result.slices)} {options.axis} slices of {image.name} "
        f"({counts}), {result.seconds:.1f} s -> {options.output}{hint}"
    )
