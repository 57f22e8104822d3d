"""Images with labels from seven points: expanded already, or from points simulated on the true labels."""

import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cueseg.intensity import as_grey
from cueseg.networks.intensities import apply_rule
from cueseg.seven_points.cut import segment_from_points
from cueseg.seven_points.expansion import UNKNOWN, expand_points
from cueseg.seven_points.options import SevenPointsOptions
from cueseg.seven_points.simulated import simulated_target
from cueseg.seven_points.target import Target
from cueseg.training.case_store import Chosen, stored_cases
from cueseg.training.cases import Case
from cueseg.training.points_recipe import PointsRecipe

__all__ = ["GUESSED", "PointsCase", "Word", "points_case", "points_cases"]

GUESSED = UNKNOWN + 1  # unknown and guessed to be background; the next number: guessed to be object

Word = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""What networks say of an image as of `PointsCase.image`: log-odds of object over background, of the same shape."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PointsCase:
    """One image as the network sees it.

    Attributes:
        subject: Who or what is shown.
        image: (slices, rows, cols) float32 after the intensity rule.
        labels: (slices, rows, cols) uint8: 0 background, 1 object, 2 unknown; where unknown voxels are guessed, 3 for
            background and 4 for object instead.
        truth: (slices, rows, cols) bool, the true object; empty (0, 0, 0) where it is not known.
        boxes: (targets, 2, 3) int64, first and last voxel (slice, row, col) that each object may reach.
        spacing: (slice, row, col) in mm.
        places: Flat positions of the voxels with label 1.
    """

    subject: str
    image: NDArray[np.float32]
    labels: NDArray[np.uint8]
    truth: NDArray[np.bool_]
    boxes: NDArray[np.int64]
    spacing: tuple[float, float, float]
    places: NDArray[np.int64]


def points_cases(recipe: PointsRecipe, split: str, word: Word | None = None) -> Sequence[PointsCase]:
    """The images of a split of which anything is known, in memory or read when needed.

    With the word of networks, what is unknown is guessed: objects are cut out by their points, the image and it.

    Raises:
        ValueError: Not a manifest, labels that are not what the recipe says, or no image is left.
    """
    expanded = recipe.labels == "expanded"
    wanted = None if expanded else set(recipe.parts)
    cases = stored_cases(
        recipe.manifest, split, recipe, partial(points_case, recipe=recipe, word=word), wanted
    )
    used = [number for number, case in enumerate(cases) if (case.labels != UNKNOWN).any()]
    if not used:
        what = "labels" if expanded else f"all of {', '.join(recipe.parts)}"
        raise ValueError(f"{recipe.manifest} holds no image of split {split!r} with {what}")
    if len(used) < len(cases):
        _log.info(
            "%d of %d images of split %s lack a part and are left out",
            len(cases) - len(used),
            len(cases),
            split,
        )
    return Chosen(cases, used)


def points_case(case: Case, recipe: PointsRecipe, word: Word | None = None) -> PointsCase:
    """Bring a case to what the network sees; where a part is missing and unknown, all labels are unknown.

    Raises:
        ValueError: Expanded labels with other numbers than 0, 1 and 2, or whose points are needed and not told; the
            message names the subject.
    """
    grey = as_grey(case.image) if case.image.ndim == 4 else case.image.astype(np.float32)
    image = apply_rule(grey[None], recipe.intensity)[0]
    nothing, targets = np.zeros((0, 0, 0), bool), case.targets
    if recipe.labels == "expanded":
        labels, truth = _expanded(case), nothing
    else:
        masks = _masks_of(case, recipe)
        truth = np.any(masks, axis=0) if masks else np.zeros(image.shape, bool)
        if _incomplete(case, recipe):
            labels, truth = np.full(image.shape, UNKNOWN, np.uint8), nothing
        elif recipe.labels == "true" or not masks:
            labels = truth.astype(np.uint8)
        else:
            targets = _simulated(case, masks, recipe)
            labels = _from_points(case, grey, targets, recipe)
    if word is not None and (labels != UNKNOWN).any() and (labels == UNKNOWN).any():
        labels = _guessed(labels, case, grey, targets, recipe, word(image))
    # Boxes end in the outside points where something is unknown, else in the objects.
    margin = recipe.margin if (labels >= UNKNOWN).any() else 0
    boxes = _boxes(labels, margin)
    places = np.flatnonzero(labels == 1)
    return PointsCase(case.subject, image, labels, truth, boxes, case.spacing, places)


def _expanded(case: Case) -> NDArray[np.uint8]:
    found = np.unique(case.labels)
    if not np.isin(found, (0, 1, UNKNOWN)).all() or 1 not in found:
        raise ValueError(
            f"{case.subject}: labels from seven points are 0 background, 1 object and 2 unknown, these have "
            f'{found[:8].tolist()}: export the case again, or set labels = "simulated"'
        )
    return case.labels.astype(np.uint8)


def _masks_of(case: Case, recipe: PointsRecipe) -> list[NDArray[np.bool_]]:
    """A mask for every part with voxels; of instances for every object."""
    if case.instances:
        numbers = [(number,) for number in np.unique(case.labels[case.labels > 0])]
    else:
        numbers = [case.classes[name] for name in recipe.parts if name in case.classes]
    masks = (np.isin(case.labels, part) for part in numbers)
    return [mask for mask in masks if mask.any()]


def _incomplete(case: Case, recipe: PointsRecipe) -> bool:
    if recipe.missing == "background" or case.instances:
        return False
    return any(not np.isin(case.labels, case.classes.get(name, ())).any() for name in recipe.parts)


def _simulated(case: Case, masks: list[NDArray[np.bool_]], recipe: PointsRecipe) -> tuple[Target, ...]:
    """Seven points per mask, which depend on the subject and `points_seed`, not on what else is in the manifest."""
    targets = []
    for number, mask in enumerate(masks):
        rng = np.random.default_rng([recipe.points_seed, zlib.crc32(case.subject.encode()), number])
        targets.append(simulated_target(mask, case.spacing, margin=recipe.margin, rng=rng))
    return tuple(targets)


def _from_points(
    case: Case, grey: NDArray[np.float32], targets: Sequence[Target], recipe: PointsRecipe
) -> NDArray[np.uint8]:
    if recipe.labels == "cut":
        options = SevenPointsOptions(threshold=recipe.threshold)
        return segment_from_points(grey, targets, case.spacing, options).mask.astype(np.uint8)
    return expand_points(grey, targets, case.spacing, recipe.threshold)


def _guessed(
    labels: NDArray[np.uint8],
    case: Case,
    grey: NDArray[np.float32],
    targets: Sequence[Target],
    recipe: PointsRecipe,
    log_odds: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """Known labels as they are; in place of 2, `GUESSED` outside of what is cut out and one more in it."""
    if not targets:
        raise ValueError(
            f"{case.subject}: the manifest does not tell the points that its labels were made of: export the case "
            'again, or set fill = "copy"'
        )
    options = SevenPointsOptions(threshold=recipe.threshold)
    found = segment_from_points(grey, targets, case.spacing, options, log_odds=log_odds).mask
    return np.where(labels == UNKNOWN, GUESSED + found.astype(np.uint8), labels)


def _boxes(labels: NDArray[np.uint8], margin: int) -> NDArray[np.int64]:
    """Where each object may reach: connected parts that are not background, less the margin of the outside points."""
    regions, _ = ndimage.label(labels != 0, np.ones((3, 3, 3)))
    parts = ndimage.find_objects(regions)
    faces = [[[side.start for side in part], [side.stop - 1 for side in part]] for part in parts]
    low, high = np.moveaxis(np.array(faces, np.int64).reshape(-1, 2, 3), 1, 0)
    return np.stack([np.minimum(low + margin, high), np.maximum(high - margin, low)], axis=1)
