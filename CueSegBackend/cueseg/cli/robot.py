"""`robot`: a simulated user segments a structure whose segmentation is known; Dice against interactions."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cueseg.cli.console import HelpFormatter, complain, progress, say
from cueseg.cli.file_arguments import add_device, add_image, add_image_kind, add_overwrite
from cueseg.cli.predict import modality_of, open_network
from cueseg.cli.segment_arguments import AXIS_NAMES
from cueseg.cli.weights import open_predictor

if TYPE_CHECKING:
    from cueseg.image_files import ImageFile
    from cueseg.sessions.robot import RobotRun, RobotStep, RobotTask

MODES = ("clicks", "slices", "scribbles")
"""What `cueseg.sessions.robot` knows, without importing it."""

_DESCRIPTION = """\
Let a simulated user segment one structure of an image, of which a reference segmentation is given, and write how the
Dice rises with its interactions. No person is involved: the clicks are extreme points of the reference, moved at random
by up to --jitter pixels, and scribbles are drawn where the result is wrong.

  clicks     four clicks on one slice after another, each segmented by itself
  slices     three slices, then always the one that segment-volume suggests; the others are filled and segmented between
  scribbles  rounds of scribbles on the output of a network"""

_EPILOG = """\
examples:
  python -m cueseg robot ct.nrrd --modality ct --reference organs.seg.nrrd --segment liver --mode slices \\
      --output liver.csv
  python -m cueseg robot ct.nrrd --modality ct --reference organs.seg.nrrd --segment larynx --mode scribbles \\
      --network headneck-unet --rounds 5 --output larynx.csv"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "robot",
        parents=[common],
        help="let a simulated user segment a known structure",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument_group("input").add_argument
    add_image(add)
    add("--reference", type=Path, required=True, metavar="SEG", help=".seg.nrrd that holds the structure")
    add("--segment", required=True, metavar="NAME", help="its name there")
    add_image_kind(add)
    add = parser.add_argument_group("simulated user").add_argument
    add("--mode", choices=MODES, required=True, help="what it does")
    add("--axis", choices=AXIS_NAMES, default="axial", help="slices that it clicks (default: axial)")
    add("--jitter", type=float, default=0.0, metavar="PX", help="largest shift of a click (default: 0)")
    add("--rounds", type=int, default=5, metavar="N", help="of scribbles, at most (default: 5)")
    add("--seed", type=int, default=0, metavar="S", help="of everything random (default: 0)")
    add = parser.add_argument_group("network").add_argument
    add(
        "--model",
        default="default",
        metavar="NAME|FILE",
        help="weights for clicks (default: the shipped ones)",
    )
    add("--network", metavar="NAME|FILE", help="to be corrected by scribbles")
    add("--class", dest="label", metavar="CLASS", help="of the network (default: the segment's name)")
    add_device(add)
    add = parser.add_argument_group("output").add_argument
    add(
        "--output",
        type=Path,
        required=True,
        metavar="CSV",
        help="every step; a plot is written beside it, .svg",
    )
    add_overwrite(add)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Let it work, write, and say what it needed.

    Raises:
        ValueError, OSError: Input or output that cannot be used.
        UnusableWeightsError: Weights or a network that cannot be used.
    """
    from cueseg.sessions.robot_report import SIMULATED, write_csv, write_svg

    _check(options)
    with progress(f"reading {options.image}", options.verbose):
        image, task = _read(options)
    found = _scribbles(options, task) if options.mode == "scribbles" else _clicks(options, task)
    plot = options.output.with_suffix(".svg")
    write_csv(options.output, found)
    write_svg(plot, found, f"{options.segment}, {options.mode}")
    needed, last = found.needed(), found.steps[-1]
    unit = "rounds" if options.mode == "scribbles" else "clicks"
    reached = (
        f"{needed} {unit}" if needed is not None else f"not reached in {found.interactions(last)} {unit}"
    )
    say(
        f"{SIMULATED}, {options.mode}, seed {found.seed}: {options.segment} of {image.name}: Dice {last.dice:.4f} "
        f"after {found.interactions(last)} {unit}; NoC@90: {reached}; {last.seconds:.1f} s of computing "
        f"-> {options.output}, {plot.name}"
    )
    return 0


def _check(options: argparse.Namespace) -> None:
    if options.mode == "scribbles" and not options.network:
        raise ValueError("--mode scribbles corrects a network: name it with --network")
    if options.mode != "scribbles" and options.network:
        raise ValueError("--network goes with --mode scribbles: clicks take --model")
    if options.rounds < 1:
        raise ValueError(f"--rounds must be 1 or more, got {options.rounds}")
    if options.output.suffix != ".csv":
        raise ValueError(f"--output {options.output} must end in .csv")
    if not options.output.resolve().parent.is_dir():
        raise FileNotFoundError(f"the folder {options.output.parent} does not exist: create it first")
    for path in (options.output, options.output.with_suffix(".svg")):
        if path.exists() and not options.overwrite:
            raise FileExistsError(f"{path} exists already: say --overwrite to replace it")


def _read(options: argparse.Namespace) -> "tuple[ImageFile, RobotTask]":
    from cueseg.image_files import read_image, read_segmentation
    from cueseg.image_files.slices import resolve_axis
    from cueseg.sessions.robot import RobotTask

    image = read_image(options.image, options.series)
    reference = read_segmentation(options.reference, image).mask_of(options.segment)
    if options.mode == "scribbles":
        modality = options.modality or image.modality
        return image, RobotTask(image.array, reference, modality, image.spacing[::-1])
    axis, _ = resolve_axis(image, options.axis)
    distances = [image.spacing[2 - axis], *(image.spacing[2 - other] for other in range(3) if other != axis)]
    turned = (np.moveaxis(part, axis, 0) for part in (image.array, reference))
    return image, RobotTask(*turned, modality_of(image, options), tuple(distances))


def _clicks(options: argparse.Namespace, task: "RobotTask") -> "RobotRun":
    from cueseg.evaluation.from_points import Clicks
    from cueseg.sessions.robot import click_every_slice, click_few_slices

    kind = "jittered" if options.jitter else "exact"
    clicks = Clicks(kind, options.jitter, options.seed)
    predictor = open_predictor(options.model, options.device, options.verbose)
    work = click_every_slice if options.mode == "clicks" else click_few_slices
    return work(task, predictor, clicks, _watch(options))


def _scribbles(options: argparse.Namespace, task: "RobotTask") -> "RobotRun":
    from cueseg.refinement import RefinementSession
    from cueseg.sessions.robot import scribble

    with progress("loading the network", options.verbose):
        network = open_network(options.network)
    names = {name.casefold(): number for number, name in enumerate(network.card.classes) if number}
    wanted = (options.label or options.segment).casefold()
    if wanted not in names:
        raise ValueError(
            f"{network.card.name} has no class {options.label or options.segment!r}, it has "
            f"{', '.join(network.card.classes[1:])}: say which is meant with --class"
        )
    session = RefinementSession(network, device=options.device)
    return scribble(task, session, names[wanted], options.seed, options.rounds, _watch(options))


def _watch(options: argparse.Namespace) -> Any:
    if not (options.verbose or sys.stderr.isatty()):
        return None

    def tell(step: "RobotStep", most: int) -> None:
        complain(f"step {step.number} of at most {most}: Dice {step.dice:.4f}")

    return tell
