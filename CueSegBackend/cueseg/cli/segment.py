"""`segment`: four extreme points on one slice of an image file become a segment in another file."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cueseg.cli.console import progress, say
from cueseg.cli.predict import modality_of
from cueseg.cli.segment_arguments import add_parser as add_options
from cueseg.cli.weights import open_predictor
from cueseg.intensity import IntensityRule
from cueseg.volume_window import volume_window

if TYPE_CHECKING:
    from cueseg.image_files import ImageFile, ImageSlice, Segmentation
    from cueseg.predictor import Prediction

APPENDABLE = ".seg.nrrd"

_log = logging.getLogger(__name__)


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    add_options(commands, common).set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Segment, write, and say in one line what was done.

    Raises:
        ValueError, OSError: Input or output that cannot be used.
        UnusableWeightsError: The model cannot be used.
    """
    from cueseg.extreme_points import check_points
    from cueseg.image_files import check_name, extract_slice, read_image, write_segmentation

    check_points(options.points)
    check_segment_output(options)
    with progress(f"reading {options.image}", options.verbose):
        image = read_image(options.image, options.series)
        modality = modality_of(image, options)
        axis = options.axis or ("stored" if image.shape[0] == 1 else "axial")
        where = extract_slice(image, axis, _index_of(image, axis, options.slice))
        segmentation = segmentation_for(image, options)
    name = segmentation.free_name() if options.name is None else check_name(options.name)
    predictor = open_predictor(options.model, options.device, options.verbose)
    _log.info("%s on %s", predictor.card.name, predictor.device_note)
    with progress("segmenting", options.verbose):
        limits = volume_window(image.array, modality, IntensityRule.from_card(predictor.card.intensity))
        predictor.set_image(where.pixels, modality, where.spacing, limits)
        prediction = predictor.predict(options.points, options.threshold)
    _check_found(prediction)
    replaced = segmentation.set_slice(name, where, prediction.mask)
    with progress(f"writing {options.output}", options.verbose):
        overwrite = options.overwrite or options.append
        write_segmentation(options.output, segmentation, image, overwrite=overwrite)
    say(_report(options.output, name, image, where, prediction, predictor.device, replaced))
    return 0


def check_segment_output(options: argparse.Namespace) -> None:
    """Raise a ValueError or an OSError unless the segment can be written or added as the options say."""
    from cueseg.image_files import check_output

    output = options.output
    if output.exists() and options.image.exists() and output.samefile(options.image):
        raise ValueError(f"{output} is the image itself: give another --output")
    if options.append and not output.name.lower().endswith(APPENDABLE):
        raise ValueError(f"--append needs a {APPENDABLE} file, which keeps segments apart, not {output}")
    if output.is_file() and not (options.append or options.overwrite):
        hint = "--append to add to it, " if output.name.lower().endswith(APPENDABLE) else ""
        raise FileExistsError(
            f"{output} exists already: say {hint}--overwrite to replace it, or give another name"
        )
    check_output(output, overwrite=True)


def _index_of(image: "ImageFile", axis: str, index: int | None) -> int:
    from cueseg.image_files import slice_count

    count = slice_count(image, axis)
    if index is None and count > 1:
        raise ValueError(
            f"{image.name} has {count} {axis} slices: choose one with --slice, from 0 to {count - 1}"
        )
    return index or 0


def segmentation_for(image: "ImageFile", options: argparse.Namespace) -> "Segmentation":
    """What the output file holds, if it is to be added to; else nothing."""
    from cueseg.image_files import Segmentation, read_segmentation

    if options.append and options.output.exists():
        return read_segmentation(options.output, image)
    return Segmentation.empty(image.shape)


def _check_found(prediction: "Prediction") -> None:
    if not prediction.mask.any():
        raise ValueError(
            f"nothing reaches the threshold {prediction.threshold:g} (highest probability "
            f"{prediction.probability.max():.2f}), so nothing was written: check the points, the slice and "
            "--modality, or lower --threshold"
        )


def _report(
    output: Path,
    name: str,
    image: "ImageFile",
    where: "ImageSlice",
    prediction: "Prediction",
    device: str,
    replaced: int,
) -> str:
    pixels = int(prediction.mask.sum())
    area = "" if image.picture else f" ({pixels * where.spacing[0] * where.spacing[1]:.1f} mm²)"
    inside = prediction.probability[prediction.mask]
    parts: Sequence[str] = (
        f"{name}: {pixels} px{area} on {where.axis} slice {where.index} of {image.name}",
        f"probability {inside.min():.2f} to {inside.max():.2f}",
        f"{1000 * sum(prediction.seconds.values()):.0f} ms ({device})",
    )
    note = f", in place of {replaced} px" if replaced else ""
    return f"{', '.join(parts)} -> {output}{note}"
