"""`predict`: a segmentation network's labels of an image file."""

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import cueseg
from cueseg.cli.console import progress, say
from cueseg.cli.errors import UnusableWeightsError
from cueseg.cli.refine_arguments import add_predict_parser
from cueseg.intensity import MODALITIES, Modality
from cueseg.wording import counted

if TYPE_CHECKING:
    from cueseg.image_files import ImageFile
    from cueseg.networks import SegmentationNetwork
    from cueseg.refinement import RefinementSession

_log = logging.getLogger(__name__)


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    add_predict_parser(commands, common).set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Predict, write, and say in one line what was found.

    Raises:
        ValueError, OSError: Input or output that cannot be used.
        UnusableWeightsError: The network or the adapted weights cannot be used.
    """
    image = open_image(options)
    session: RefinementSession = open_session("RefinementSession", options, image)
    delta = open_delta(options.weights) if options.weights else None
    with progress("predicting", options.verbose):
        prediction = session.predict(delta=delta)
    classes = delta.classes if delta is not None else session.network.card.classes
    write_labels(options, image, prediction.labels, classes)
    found = sizes(prediction.labels, classes)
    say(f"{found}, {prediction.seconds:.1f} s ({session.device}) -> {options.output}")
    return 0


def open_image(options: argparse.Namespace) -> "ImageFile":
    """Read the image, after checking that the output can be written."""
    from cueseg.image_files import check_output, read_image

    if options.output.exists() and options.image.exists() and options.output.samefile(options.image):
        raise ValueError(f"{options.output} is the image itself: give another --output")
    check_output(options.output, overwrite=options.overwrite)
    with progress(f"reading {options.image}", options.verbose):
        return read_image(options.image, options.series)


def modality_of(image: "ImageFile", options: argparse.Namespace) -> Modality:
    """What --modality says, else the file.

    Raises:
        ValueError: Neither does.
    """
    modality = options.modality or image.modality
    if modality is None:
        raise ValueError(
            f"{options.image} does not say what kind of image it is: add --modality with one of "
            f"{', '.join(MODALITIES)}"
        )
    return modality


def open_session(kind: str, options: argparse.Namespace, image: "ImageFile") -> Any:
    """Load the network into a session and give it the image.

    Args:
        kind: "RefinementSession" or "BifsegSession".
        options: with network, device and modality.
        image: to work on.

    Raises:
        ValueError: a device that is not there, a network or an image that the session does not take.
        UnusableWeightsError: The network cannot be used.
    """
    with progress("loading the network", options.verbose):
        from cueseg.device import choose_device

        choose_device(options.device)  # first, so that what fails below is the network
        session = getattr(cueseg, kind)(open_network(options.network), device=options.device)
    modality = options.modality or image.modality
    session.set_image(image.array, image.spacing[::-1], modality, spatial_shape=image.shape)
    _log.info("%s on %s", session.network.card.name, session.device)
    return session


def open_network(name_or_path: str) -> "SegmentationNetwork":
    """Load a network; what is wrong with it ends the command with its own exit code."""
    from cueseg.networks import load_network

    try:
        return load_network(name_or_path)
    except (ValueError, FileNotFoundError) as error:
        raise UnusableWeightsError(str(error)) from error


def open_delta(path: Path) -> Any:
    """Load adapted weights."""
    from cueseg.refinement import load_delta

    try:
        return load_delta(path)
    except (ValueError, FileNotFoundError) as error:
        raise UnusableWeightsError(str(error)) from error


def write_labels(
    options: argparse.Namespace, image: "ImageFile", labels: NDArray[np.int16], classes: tuple[str, ...]
) -> None:
    """Write every class but the background as a segment."""
    from cueseg.image_files import Segmentation, write_segmentation

    segmentation = Segmentation.from_labels(labels.reshape(image.shape), classes[1:])
    with progress(f"writing {options.output}", options.verbose):
        write_segmentation(options.output, segmentation, image, overwrite=options.overwrite)


def sizes(labels: NDArray[np.int16], classes: tuple[str, ...]) -> str:
    """Voxels of every class but the background, in words."""
    counts = np.bincount(labels.ravel(), minlength=len(classes))
    return ", ".join(
        f"{name} {counted(int(counts[number]), 'voxel')}" for number, name in enumerate(classes) if number
    )
