"""`points`: labels for training, or a segment, from seven points in a volume file."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cueseg.cli.console import HelpFormatter, complain, progress, say
from cueseg.cli.file_arguments import add_image, add_overwrite, add_series
from cueseg.wording import counted

if TYPE_CHECKING:
    from cueseg.image_files import ImageFile

_DESCRIPTION = """\
Seven points mark an object: one inside it, six just outside its ends (PA-Seg, Zhai, Wang et al. 2022). --labels writes
what a network can be trained on: 1 object, 0 background, 2 not known. --output cuts the object out."""

_EPILOG = """\
examples:
  python -m cueseg points ct.nrrd --points lesion.mrk.json --output lesion.seg.nrrd
  python -m cueseg points ct.nrrd --points lesion.mrk.json --threshold 0.15 --labels lesion_labels.nii.gz

The first control point of a markups list is the seed, the others come in any order; several lists are several objects.
Instead of Slicer's file: {"targets": [{"seed": [x, y, z], "outside": [[x, y, z], ...]}]} in pixels."""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "points",
        parents=[common],
        help="an object from seven points: labels for training, or a segment",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    group = parser.add_argument_group("input")
    add_image(group.add_argument)
    add_series(group.add_argument)
    group.add_argument(
        "--points", required=True, type=Path, metavar="FILE", help="Slicer's .mrk.json, or targets in JSON"
    )
    group = parser.add_argument_group("output, at least one")
    group.add_argument("--labels", type=Path, metavar="FILE", help="0, 1, 2: .nrrd, .nii.gz, .nii, .mha")
    group.add_argument("--output", type=Path, metavar="FILE", help="the segment: .seg.nrrd, or as --labels")
    group.add_argument("--name", default="object", help="of the segment (default: object)")
    add_overwrite(group.add_argument)
    group = parser.add_argument_group("method")
    group.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="share of the largest geodesic distance up to which it is object (default: 0.2)",
    )
    group.add_argument(
        "--weight", type=float, metavar="W", help="of intensities in it; 0: the distance alone (default: 2)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compute, write, and say what was found.

    Raises:
        ValueError, OSError: Input or output that cannot be used.
    """
    from cueseg.seven_points import SevenPointsOptions, check_target, segment_from_points
    from cueseg.seven_points.point_files import read_targets

    image = _open(options)
    targets = read_targets(options.points, image)
    names = ("threshold", "weight")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    settings = SevenPointsOptions(**given)
    spacing = image.spacing[::-1]
    with progress("computing distances", options.verbose or sys.stderr.isatty()):
        result = segment_from_points(image.array, targets, spacing, settings)
    for number, target in enumerate(targets, 1):
        for finding in check_target(target, image.shape, spacing, image.array):
            complain(f"note: target {number}: {finding.message}")
    counts = np.bincount(result.labels.reshape(-1), minlength=3)
    if options.labels:
        _write(options.labels, result.labels, ("object", "unknown"), image, options)
        say(f"object {counted(int(counts[1]), 'voxel')}, unknown {counts[2]} -> {options.labels}")
    if options.output:
        _write(options.output, result.mask.astype(np.uint8), (options.name,), image, options)
        say(
            f"{options.name} {counted(int(result.mask.sum()), 'voxel')}, {result.seconds:.1f} s -> {options.output}"
        )
    return 0


def _open(options: argparse.Namespace) -> "ImageFile":
    """Read the image, after checking that the outputs can be written."""
    from cueseg.image_files import check_output, read_image

    outputs = [path for path in (options.labels, options.output) if path]
    if not outputs:
        raise ValueError("nothing is to be written: give --labels, --output or both")
    if len({path.absolute() for path in outputs}) < len(outputs):
        raise ValueError(f"--labels and --output are both {outputs[0]}: give two names")
    for path in outputs:
        if path.exists() and options.image.exists() and path.samefile(options.image):
            raise ValueError(f"{path} is the image itself: give another name")
        check_output(path, overwrite=options.overwrite)
    if options.labels and options.labels.name.lower().endswith(".seg.nrrd"):
        raise ValueError(
            f"{options.labels} would hold segments: label numbers need .nrrd, .nii.gz, .nii or .mha"
        )
    with progress(f"reading {options.image}", options.verbose):
        return read_image(options.image, options.series)


def _write(
    path: Path, labels: Any, names: tuple[str, ...], image: "ImageFile", options: argparse.Namespace
) -> None:
    from cueseg.image_files import Segmentation, write_segmentation

    segmentation = Segmentation.from_labels(labels, names)
    write_segmentation(path, segmentation, image, overwrite=options.overwrite)
