"""Networks that label every voxel, measured on labelled images."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.evaluation.scores import Score, score_of
from cueseg.intensity import as_grey
from cueseg.networks.card import NetworkCard
from cueseg.refinement import RefinementSession
from cueseg.training.cases import Case

__all__ = ["input_of", "matched_classes", "scores_of_network"]


def matched_classes(
    card: NetworkCard, names: set[str], given: Mapping[str, list[str]] | None = None
) -> dict[str, list[str]]:
    """Which classes of a manifest each class of a network means.

    Args:
        card: Of the network.
        names: Classes of the manifest.
        given: Class of the network -> classes of the manifest; None: those of the same name.

    Raises:
        ValueError: A name that one of them does not have, or no class in common.
    """
    foreground = card.classes[1:]
    if given is None:
        same = {
            name: [other for other in sorted(names) if other.casefold() == name.casefold()]
            for name in foreground
        }
        found = {name: others for name, others in same.items() if others}
    else:
        found = {name: list(others) for name, others in given.items()}
        strange = [name for name in found if name not in foreground]
        unknown = [other for others in found.values() for other in others if other not in names]
        if strange:
            raise ValueError(f"{card.name} has no class {strange[0]!r}; it has {', '.join(foreground)}")
        if unknown:
            raise ValueError(f"the manifest has no class {unknown[0]!r}; it has {', '.join(sorted(names))}")
    if not found:
        raise ValueError(
            f"{card.name} ({', '.join(foreground)}) and the manifest ({', '.join(sorted(names))}) have no class in "
            f"common: say what belongs together with --class {foreground[0]!r}=NAME"
        )
    return found


def input_of(case: Case, card: NetworkCard) -> NDArray[Any]:
    """The image as a network of so many channels wants it: one, all of them, or a colour picture as grey.

    Returns:
        (slices, rows, cols) or (slices, rows, cols, channels).

    Raises:
        ValueError: Another number of channels.
    """
    if card.in_channels == 1:
        return case.image if case.image.ndim == 3 else as_grey(case.image)
    if case.image.ndim == 4 and case.image.shape[3] == card.in_channels:
        return case.image
    if case.stack is not None and len(case.stack) == card.in_channels:
        return np.moveaxis(case.stack, 0, -1)
    there = len(case.channels) or 1
    raise ValueError(
        f"{case.subject} has {there} channels, {card.name} wants {card.in_channels}: use another network"
    )


def scores_of_network(
    session: RefinementSession, case: Case, image: str, classes: Mapping[str, list[str]]
) -> Iterator[Score]:
    """Segment the image, and score each slice of each class, then the case; classes that are not there do not count.

    Voxels whose label belongs to no class of the manifest are unknown: what the network says there does not count.

    Args:
        session: With the network; its image is replaced.
        case: Image and labels.
        image: Its path, for the scores.
        classes: From `matched_classes`.
    """
    card = session.network.card
    session.set_image(input_of(case, card), case.spacing, case.modality, spatial_shape=case.labels.shape)
    predicted = session.predict().labels.reshape(case.labels.shape)
    named = sorted({number for numbers in case.classes.values() for number in numbers})
    known = np.ones(case.labels.shape, bool)
    if not case.instances:
        known = (case.labels == 0) | np.isin(case.labels, named)
    labels = {"subject": case.subject, "group": case.group, "image": image, "number": None}
    for name, others in classes.items():
        reference = _mask_of(case, others)
        if not reference.any():
            continue
        found = (predicted == card.classes.index(name)) & known
        for index in np.flatnonzero(reference.any(axis=(1, 2))).tolist():
            where = {**labels, "name": name, "level": "slice", "index": index}
            yield score_of(found[index], reference[index], case.pixel_size(0), **where)
        where = {**labels, "name": name, "level": "case", "index": None}
        yield score_of(found, reference, case.spacing, **where)


def _mask_of(case: Case, names: list[str]) -> NDArray[np.bool_]:
    if case.instances:
        return (case.labels > 0) & bool(set(names) & set(case.classes))
    return np.isin(case.labels, [number for name in names for number in case.classes.get(name, ())])
