"""`replay`: a recorded session done again on the same image, with every mask compared to the recorded one."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cueseg.cli.console import HelpFormatter, complain, progress, say
from cueseg.cli.file_arguments import add_output, add_overwrite, add_series
from cueseg.cli.predict import open_image, open_network
from cueseg.cli.weights import open_predictor
from cueseg.wording import counted

if TYPE_CHECKING:
    from cueseg.image_files import ImageFile, Segmentation
    from cueseg.sessions.record import SessionHeader, SessionRecord
    from cueseg.sessions.replay import ReplayedAction
    from cueseg.sessions.states import Masks
    from cueseg.sessions.tools import Tool

_DESCRIPTION = """\
Do a recorded session again, action by action, and write the segmentation that comes out. Every mask is compared with
the recorded one; on the same machine, with the same versions, they are the same bit by bit.

A record of another volume, or made with other weights, is refused."""

_EPILOG = """\
examples:
  python -m cueseg replay session.jsonl --image ct.nrrd --output again.seg.nrrd
  python -m cueseg replay session.jsonl --image ct.nrrd --weights my_weights.pt --output again.seg.nrrd"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "replay",
        parents=[common],
        help="do a recorded session again, and compare",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument_group("input").add_argument
    add("record", type=Path, metavar="RECORD", help="the .jsonl file of a session")
    add("--image", type=Path, required=True, metavar="IMAGE", help="the image that was segmented")
    add_series(add)
    add(
        "--weights",
        metavar="FILE",
        help="weights or network of the record (default: the shipped ones it names)",
    )
    add("--device", metavar="auto|cpu|cuda", help="where to compute (default: where it was recorded)")
    add = parser.add_argument_group("output").add_argument
    add_output(add)
    add_overwrite(add)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Replay, write, and say action by action whether the mask is the recorded one.

    Raises:
        ValueError, OSError: A record, an image or an output that cannot be used; a record of another volume.
        UnusableWeightsError: Weights that cannot be loaded.
    """
    import torch

    from cueseg.sessions.identity import identity_of_file
    from cueseg.sessions.record_file import read_record
    from cueseg.sessions.replay import Replay, check_volume, differing_versions

    record, notes = read_record(options.record)
    header, image = record.header, open_image(options)
    check_volume(header, identity_of_file(image))
    for note in (*notes, *differing_versions(header)):
        complain(f"note: {note}")
    torch.set_num_threads(header.threads)  # sums on the CPU depend on how many share them
    tool, classes = _tool(options, image, header)
    replay = Replay(record, tool)
    count = 0
    for step in replay.run():
        count += step.same
        say(_line(step))
    if not any(mask.any() for mask in replay.masks.values()):
        raise ValueError(f"{options.record} leads to an empty segmentation: there is nothing to write")
    _write(options, image, replay.masks, _names(record, classes))
    say(f"{count} of {len(record.actions)} actions as recorded -> {options.output}")
    return 0


def _tool(
    options: argparse.Namespace, image: "ImageFile", header: "SessionHeader"
) -> "tuple[Tool, tuple[str, ...]]":
    """What computes, with the weights of the record, and the classes of a network.

    Raises:
        ValueError: They are not those of the record.
    """
    from cueseg.sessions.identity import weights_of_card, weights_of_network
    from cueseg.sessions.replay import check_weights
    from cueseg.sessions.tools import NetworkTool, PointsTool

    device = options.device or header.device
    name = options.weights or _shipped(header)
    if header.weights.kind == "points":
        predictor = open_predictor(name, device, options.verbose)
        check_weights(header, weights_of_card(predictor.card))
        return PointsTool(predictor, image.array), ()
    with progress("loading the network", options.verbose):
        network = open_network(name)
    check_weights(header, weights_of_network(network))
    tool = NetworkTool(network, device, image.array, image.spacing[::-1])
    return tool, network.card.classes


def _shipped(header: "SessionHeader") -> str:
    """The name of the shipped weights that the record names.

    Raises:
        ValueError: They are not shipped.
    """
    from cueseg.networks import list_networks
    from cueseg.weights_file import list_models

    wanted = header.weights
    cards = list_models() if wanted.kind == "points" else list_networks()
    if wanted.name not in [card.name for card in cards]:
        raise ValueError(
            f"the record was made with the weights {wanted.name!r} ({wanted.sha256[:12]}), which do not come with "
            "this package: give their file with --weights"
        )
    return wanted.name


def _line(step: "ReplayedAction") -> str:
    if step.same:
        found = "as recorded"
    else:
        pairs = ", ".join(f"segment {key}: Dice {value:.4f}" for key, value in step.agreement.items())
        found = f"NOT as recorded ({pairs})"
    besides = f"; {counted(step.besides, 'voxel')} taken from the record" if step.besides else ""
    return f"{step.number} {step.kind}: {found}{besides}"


def _names(record: "SessionRecord", classes: tuple[str, ...]) -> dict[str, str]:
    """Segment -> name of its class; segments without a class are numbered."""
    found = {}
    for action in record.actions:
        for number, key in action.get("classes", {}).items():
            known = int(number) < len(classes)
            found[key] = classes[int(number)] if known else f"class {number}"
    return found


def _write(options: argparse.Namespace, image: "ImageFile", masks: "Masks", names: dict[str, str]) -> None:
    from cueseg.image_files import write_segmentation

    segmentation = _segmentation_of(masks, names, image.shape)
    with progress(f"writing {options.output}", options.verbose):
        write_segmentation(options.output, segmentation, image, overwrite=options.overwrite)


def _segmentation_of(masks: "Masks", names: dict[str, str], shape: tuple[int, int, int]) -> "Segmentation":
    """Every mask a segment; one that overlaps others goes to a layer of its own."""
    from cueseg.image_files import Segmentation
    from cueseg.image_files.segmentation import Segment

    found = Segmentation.empty(shape)
    for key, mask in masks.items():
        layer = next((n for n, held in enumerate(found.layers) if not held[mask].any()), len(found.layers))
        if layer == len(found.layers):
            found.layers.append(np.zeros(shape, np.uint8))
        value = 1 + sum(item.layer == layer for item in found.segments)
        found.layers[layer][mask] = value
        found.segments.append(Segment(names.get(key, f"Segment_{key}"), layer, value))
    return found
