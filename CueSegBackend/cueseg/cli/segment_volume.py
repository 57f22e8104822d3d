"""`segment-volume`: extreme points on several slices of an image file become a whole structure in another file."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cueseg.cli.console import HelpFormatter, complain, progress, say
from cueseg.cli.file_arguments import add_image, add_image_kind
from cueseg.cli.predict import modality_of
from cueseg.cli.segment import check_segment_output, segmentation_for
from cueseg.cli.segment_arguments import AXIS_NAMES, add_model, add_segment_output
from cueseg.cli.weights import open_predictor
from cueseg.wording import counted

if TYPE_CHECKING:
    from cueseg.image_files import ImageFile
    from cueseg.refinement import RefinementProgress
    from cueseg.volumes import VolumeOptions, VolumeResult

Clicked = dict[int, tuple[tuple[tuple[float, float], ...], ...]]

_DESCRIPTION = """\
Segment a structure from its extreme points on some of its slices: these by the network, those between them filled by
shape and segmented by the network again from the extreme points of what was filled. Nothing is made before the first
of these slices or after the last.

FILE has a line for every clicked slice, its number and four points in any order, as segment takes them; where the
structure is in several parts, four for each, one set after another:
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
    add_segment_output(parser.add_argument_group("output"), "these slices")
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
    from cueseg.image_files import check_name, extract_slice, read_image, write_segmentation
    from cueseg.volumes import VolumeSession

    clicked, settings = read_clicked(options.points), _settings(options)
    name = None if options.name is None else check_name(options.name)
    check_segment_output(options)
    with progress(f"reading {options.image}", options.verbose):
        image = read_image(options.image, options.series)
        segmentation = segmentation_for(image, options)
    modality, name = modality_of(image, options), segmentation.free_name() if name is None else name
    where = extract_slice(image, options.axis, min(clicked))
    session = VolumeSession(open_predictor(options.model, options.device, options.verbose))
    distance = image.spacing[2 - where.array_axis]  # image.spacing is in the order x, y, z
    session.set_image(np.moveaxis(image.array, where.array_axis, 0), modality, (distance, *where.spacing))
    watched = options.verbose or sys.stderr.isatty()
    result = session.segment_between(clicked, settings, monitor=_watch if watched else None)
    part = np.zeros(result.shape, bool)
    part[list(result.slices)] = True
    arrays = (np.moveaxis(found, 0, where.array_axis).reshape(image.shape) for found in (part, result.mask()))
    replaced = segmentation.set_part(name, *arrays)
    with progress(f"writing {options.output}", options.verbose):
        overwrite = options.overwrite or options.append
        write_segmentation(options.output, segmentation, image, overwrite=overwrite)
    say(
        _report(name, image, result, options)
        + (f"; in place of {counted(replaced, 'voxel')}" if replaced else "")
    )
    return 0


def read_clicked(path: Path) -> Clicked:
    """Slice number -> sets of four points (x, y), from lines of a number and points; # begins a remark.

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
            clicked[int(index)] = tuple(parse_point_list(part) for part in _sets(points))
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    if not clicked:
        raise ValueError(f'{path} lists no slice: write lines like "12  61,80 139,84 96,52 104,118"')
    return clicked


def _sets(points: str) -> list[str]:
    """Words in fours; what is no multiple of four is left whole, to be refused."""
    words = points.split()
    if len(words) <= 4 or len(words) % 4:
        return [points]
    return [" ".join(words[start : start + 4]) for start in range(0, len(words), 4)]


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
        f"{name}: {counted(voxels, 'voxel')} ({millilitres:.1f} ml) on "
        f"{counted(len(result.slices), f'{options.axis} slice')} of {image.name} "
        f"({counts}), {result.seconds:.1f} s -> {options.output}{hint}"
    )
