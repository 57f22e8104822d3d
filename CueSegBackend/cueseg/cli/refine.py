"""`refine`: scribbles in a file correct a network's labels of an image file."""

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cueseg.cli.console import complain, say
from cueseg.cli.predict import open_image, open_session, sizes, write_labels
from cueseg.cli.refine_arguments import add_refine_parser
from cueseg.cli.scribble_classes import BACKGROUND, class_numbers, labels_of, masks_in_order
from cueseg.wording import counted

if TYPE_CHECKING:
    from cueseg.image_files import ImageFile
    from cueseg.refinement import RefinementOptions, RefinementProgress, RefinementResult, RefinementSession


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    add_refine_parser(commands, common).set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Refine, write, and say in a few lines what came out.

    Raises:
        ValueError, OSError: Input or output that cannot be used.
        UnusableWeightsError: The network cannot be used.
    """
    from cueseg.image_files import read_segmentation
    from cueseg.scribbles import resolve_contradictions

    image = open_image(options)
    painted = read_segmentation(options.scribbles, image)
    initial = read_segmentation(options.initial, image) if options.initial else None
    settings = _settings(options, image)
    session: RefinementSession = open_session("RefinementSession", options, image)
    names = [item.name for item in painted.segments]
    if initial is not None:
        names += [item.name for item in initial.segments if item.name not in names]
    numbers = class_numbers(names, session.network.card.classes)
    classes = _all_classes(session.network.card.classes, numbers)
    layers = masks_in_order(painted, numbers)
    scribbles, notes = resolve_contradictions(layers) if layers else (np.full(image.shape, -1), [])
    result = session.refine(
        scribbles.astype(np.int16),
        settings,
        base_labels=None if initial is None else labels_of(initial, numbers),
        scope=_scope(options, image),
        locked=_locked(options, classes),
        monitor=_watch if options.verbose or sys.stderr.isatty() else None,
    )
    for note in (*notes, *result.notes):
        complain(f"note: {note}")
    write_labels(options, image, result.labels, classes)
    if options.save_weights:
        replace(result.delta, classes=classes[: len(result.delta.classes)]).save(options.save_weights)
    say(_report(options, result, classes, session.device))
    return 0


def _settings(options: argparse.Namespace, image: "ImageFile") -> "RefinementOptions":
    from cueseg.refinement import RefinementOptions
    from cueseg.scribbles import GrowthOptions

    chosen = {
        "layers": options.layers,
        "max_iterations": options.iterations,
        "learning_rate": options.learning_rate,
        "alpha": options.alpha,
        "beta": options.beta,
        "keep_radius": options.radius,
        "regularise": options.regularise,
        "growth": None if options.grow is None else GrowthOptions(threshold=options.grow),
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    return RefinementOptions(method=options.method, seed=options.seed, **given)


def _all_classes(classes: tuple[str, ...], numbers: dict[str, int]) -> tuple[str, ...]:
    added = sorted((number, name) for name, number in numbers.items() if number >= len(classes))
    return (*classes, *(name for _, name in added))


def _scope(options: argparse.Namespace, image: "ImageFile") -> NDArray[np.bool_] | None:
    if options.slices is None:
        return None
    first, last = options.slices
    if last >= image.shape[0]:
        raise ValueError(f"--slices {first}:{last} goes beyond the {image.shape[0]} slices of {image.name}")
    scope = np.zeros(image.shape, bool)
    scope[first : last + 1] = True
    return scope


def _locked(options: argparse.Namespace, classes: tuple[str, ...]) -> tuple[int, ...]:
    known = {name.casefold(): number for number, name in enumerate(classes)} | {BACKGROUND: 0}
    unknown = [name for name in options.lock if name.casefold() not in known]
    if unknown:
        raise ValueError(f"--lock {unknown[0]!r} is no class; there is {', '.join(classes)}")
    return tuple(known[name.casefold()] for name in options.lock)


def _watch(progress: "RefinementProgress") -> None:
    if progress.stage == "optimise":
        wrong = sum(progress.violations.values())
        complain(f"iteration {progress.done}: {wrong} scribbled voxels wrong, loss {progress.loss:.4f}")


def _report(
    options: argparse.Namespace, result: "RefinementResult", classes: tuple[str, ...], device: str
) -> str:
    if result.satisfied:
        state = f"all scribbles satisfied after {counted(result.iterations, 'iteration')}"
    else:
        left = ", ".join(f"{classes[k]} {len(where)}" for k, where in sorted(result.unsatisfied.items()))
        tried, kept = len(result.history) - 1, result.iterations
        what = f"those after {kept} kept" if kept else "none was better than the network as it came"
        state = f"stopped after {counted(tried, 'iteration')}, {what}; scribbled voxels not satisfied: {left}"
    changed = int((result.labels != result.base_labels).sum())
    seconds = sum(result.seconds.values())
    saved = f"\nadapted weights -> {options.save_weights}" if options.save_weights else ""
    return (
        f"{state}; {counted(changed, 'voxel')} changed\n{sizes(result.labels, classes)}, {seconds:.1f} s ({device}) "
        f"-> {options.output}{saved}"
    )
