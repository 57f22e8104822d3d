"""`bifseg`: one object in a box of an image file, by a network that is tuned to it."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cueseg.cli.console import HelpFormatter, complain, say
from cueseg.cli.file_arguments import (
    add_device,
    add_image,
    add_image_kind,
    add_network,
    add_output,
    add_overwrite,
)
from cueseg.cli.predict import open_image, open_session, write_labels
from cueseg.cli.scribble_classes import BACKGROUND
from cueseg.wording import counted

if TYPE_CHECKING:
    from cueseg.bifseg import BifsegOptions, BifsegResult, BifsegSession
    from cueseg.image_files import ImageFile
    from cueseg.refinement import RefinementProgress

WEIGHTINGS = ("full", "uniform", "none")
"""What `BifsegOptions` knows, without importing it."""

_DESCRIPTION = """\
Segment one object in a box with a network of two classes whose classifier is tuned to it (BIFSeg, Wang et al.
2018). The scribbles are two segments at most: one named background, the other, of any name, is the object. The
network's file is not changed."""

_EPILOG = """\
examples:
  python -m cueseg bifseg cell.png --network nuclei-unet --box 61 52 96 104 --output cell.seg.nrrd
  python -m cueseg bifseg ct.nrrd --network my_net.pt --modality ct --box 61 52 4 96 104 19 --scribbles s.seg.nrrd \\
      --name kidney --output kidney.seg.nrrd"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "bifseg",
        parents=[common],
        help="one object in a box, by a network tuned to it",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    group = parser.add_argument_group("input")
    add_image(group.add_argument)
    group.add_argument(
        "--box",
        type=float,
        nargs="+",
        required=True,
        metavar="N",
        help="x0 y0 z0 x1 y1 z1, two corners in voxels (column, row, slice), both inside; x0 y0 x1 y1 for one slice",
    )
    group.add_argument("--scribbles", type=Path, metavar="FILE", help=".seg.nrrd (default: the box alone)")
    add_image_kind(group.add_argument)
    group = parser.add_argument_group("output")
    add_output(group.add_argument)
    add_overwrite(group.add_argument)
    group.add_argument(
        "--name", metavar="NAME", help="of the segment (default: the scribbles', or the class)"
    )
    group.add_argument("--save-weights", type=Path, metavar="FILE", help="also write the tuned layers, .pt")
    _add_method(parser.add_argument_group("method").add_argument)
    parser.set_defaults(run=run)


def _add_method(add: Any) -> None:
    add_network(add, also="; background and one class")
    add_device(add)
    add(
        "--weighting",
        choices=WEIGHTINGS,
        help="of the voxels that it is tuned to; none: it is not (default: full)",
    )
    add("--alternations", type=int, metavar="K", help="at most so many; 0: the network is not tuned")
    add("--iterations", type=int, metavar="N", help="of the network in each")
    add("--learning-rate", type=float, metavar="ETA", help="step size")
    add("--margin", type=int, metavar="N", help="voxels around the box that the network sees")
    add("--smoothness", type=float, metavar="L", help="weight of the boundary term, lambda; 0: no cut")
    add(
        "--sigma",
        type=float,
        metavar="S",
        help="contrast at which a boundary is cheap, in standard deviations",
    )
    add("--seed", type=int, metavar="S", help="of everything random (default: 0)")


def run(options: argparse.Namespace) -> int:
    """Segment, write, and say in two lines what came out.

    Raises:
        ValueError, OSError: Input or output that cannot be used.
        UnusableWeightsError: The network cannot be used.
    """
    image = open_image(options)
    box = _corners(options.box, image)
    scribbles, painted = _scribbles(options, image)
    settings = _settings(options)
    session: BifsegSession = open_session("BifsegSession", options, image)
    session.set_box(box)
    watched = options.verbose or sys.stderr.isatty()
    result = session.segment(scribbles, settings, monitor=_watch if watched else None)
    for note in result.notes:
        complain(f"note: {note}")
    name = options.name or painted or session.network.card.classes[1]
    write_labels(options, image, result.mask.astype(np.int16), (BACKGROUND, name))
    if options.save_weights and result.iterations:
        result.delta.save(options.save_weights)
    elif options.save_weights:
        complain(f"note: nothing was tuned, so {options.save_weights} was not written")
    say(_report(options, result, name, session.device))
    return 0


def _corners(numbers: list[float], image: "ImageFile") -> tuple[list[float], list[float]]:
    if len(numbers) == 4 and image.shape[0] == 1:
        return [*numbers[:2], 0], [*numbers[2:], 0]
    if len(numbers) != 6:
        wanted = "x0 y0 x1 y1" if image.shape[0] == 1 else "x0 y0 z0 x1 y1 z1"
        raise ValueError(f"--box has {len(numbers)} numbers; {image.name} needs {wanted}")
    return numbers[:3], numbers[3:]


def _scribbles(options: argparse.Namespace, image: "ImageFile") -> tuple[NDArray[np.int16] | None, str]:
    """What is painted, and the object's name in it."""
    from cueseg.image_files import read_segmentation
    from cueseg.scribbles import resolve_contradictions

    if options.scribbles is None:
        return None, ""
    painted = read_segmentation(options.scribbles, image)
    names = [item.name for item in painted.segments]
    objects = [name for name in names if name.strip().casefold() != BACKGROUND]
    if len(objects) > 1:
        raise ValueError(
            f"{options.scribbles} holds the segments {', '.join(objects)}: keep {BACKGROUND} and one object"
        )
    layers = [(int(name in objects), painted.mask_of(name)) for name in names]
    scribbles, notes = resolve_contradictions(layers) if layers else (np.full(image.shape, -1), [])
    for note in notes:
        complain(f"note: {note}")
    return scribbles.astype(np.int16), objects[0] if objects else ""


def _settings(options: argparse.Namespace) -> "BifsegOptions":
    from cueseg.bifseg import BifsegOptions

    names = (
        "weighting",
        "alternations",
        "iterations",
        "learning_rate",
        "margin",
        "smoothness",
        "sigma",
        "seed",
    )
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    settings = BifsegOptions(**given)
    if options.save_weights and not settings.tunes:
        raise ValueError(
            f"the network is not tuned with --weighting {settings.weighting} and --alternations "
            f"{settings.alternations}, so there are no weights for {options.save_weights}: leave out "
            "--save-weights, or choose another --weighting and 1 or more --alternations"
        )
    return settings


def _watch(step: "RefinementProgress") -> None:
    if step.stage == "optimise":
        complain(f"iteration {step.done} of at most {step.total}: loss {step.loss:.4f}")


def _report(options: argparse.Namespace, result: "BifsegResult", name: str, device: str) -> str:
    label_steps = len(result.alternations)
    how = f"{counted(result.iterations, 'iteration')}, {counted(label_steps, 'label step')} ({result.stopped_by})"
    saved = f"\ntuned layers -> {options.save_weights}" if options.save_weights and result.iterations else ""
    seconds = sum(result.seconds.values())
    voxels = counted(int(result.mask.sum()), "voxel")
    return f"{how}\n{name} {voxels}, {seconds:.1f} s ({device}) -> {options.output}{saved}"
