"""One image of a cohort in, its segments and their origins out: from extreme points, or by a network."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from cueseg.datasets.provenance import SliceOrigin
from cueseg.image_files import ImageFile, Segmentation, check_name, extract_slice, slice_count
from cueseg.intensity import MODALITIES, IntensityRule, Modality
from cueseg.labelling.cohort import CohortCase, PointSlice
from cueseg.predictor import ExtremePointPredictor
from cueseg.refinement import RefinementSession
from cueseg.volume_window import volume_window

__all__ = ["Labeller", "NetworkLabeller", "PointLabeller"]


class Labeller(Protocol):
    """Makes the segments of a case.

    Attributes:
        weights: {"name", "sha256"} of what it uses.
        settings: What else decides the outcome, as JSON values.
    """

    weights: dict[str, str]
    settings: dict[str, Any]

    def __call__(self, case: CohortCase, image: ImageFile) -> tuple[Segmentation, list[SliceOrigin]]:
        """Segments and origins; a ValueError says what is wrong with the case."""
        ...


@dataclass
class PointLabeller:
    """Segments from the extreme points of the table."""

    predictor: ExtremePointPredictor
    modality: str = ""
    threshold: float | None = None

    def __post_init__(self) -> None:
        card = self.predictor.card
        self.weights = {"name": card.name, "sha256": card.sha256}
        self.settings = {"modality": self.modality, "threshold": self.threshold or card.threshold}

    def __call__(self, case: CohortCase, image: ImageFile) -> tuple[Segmentation, list[SliceOrigin]]:
        """Segment every slice of the table.

        Raises:
            ValueError: No points, an unclear modality or slice, or nothing found within four points.
        """
        if not case.slices:
            raise ValueError(
                "the table has no points for it: add the columns points, slice and name, or a --network"
            )
        modality = self._modality(case, image)
        limits = volume_window(image.array, modality, IntensityRule.from_card(self.predictor.card.intensity))
        segmentation, origins = Segmentation.empty(image.shape), []
        for item in case.slices:
            axis = item.axis or ("stored" if image.shape[0] == 1 else "axial")
            where = extract_slice(image, axis, self._index(item, image, axis))
            self.predictor.set_image(where.pixels, modality, where.spacing, limits)
            found = self.predictor.predict(item.points, self.threshold)
            if not found.mask.any():
                raise ValueError(
                    f"nothing reaches the threshold within the points of {item.name}, slice {where.index}"
                )
            segmentation.set_slice(check_name(item.name), where, found.mask)
            origins.append(
                SliceOrigin(item.name, where.index, "clicked", False, axis, item.points, self.weights)
            )
        return segmentation, origins

    def _modality(self, case: CohortCase, image: ImageFile) -> Modality:
        found = case.modality or self.modality or image.modality
        for modality in MODALITIES:
            if modality == found:
                return modality
        raise ValueError(
            f"{image.name} does not say what kind of image it is: add the column modality or --modality with one of "
            f"{', '.join(MODALITIES)}"
        )

    def _index(self, item: PointSlice, image: ImageFile, axis: str) -> int:
        count = slice_count(image, axis)
        if item.index is None and count > 1:
            raise ValueError(
                f"{image.name} has {count} {axis} slices: say in the column slice which one, from 0"
            )
        return item.index or 0


@dataclass
class NetworkLabeller:
    """Segments of all classes of a network."""

    session: RefinementSession
    sha256: str
    modality: str = ""

    def __post_init__(self) -> None:
        self.weights = {"name": self.session.network.card.name, "sha256": self.sha256}
        self.settings = {"modality": self.modality}

    def __call__(self, case: CohortCase, image: ImageFile) -> tuple[Segmentation, list[SliceOrigin]]:
        """Segment the whole image.

        Raises:
            ValueError: An image that the network cannot take.
        """
        modality = case.modality or self.modality or image.modality
        self.session.set_image(image.array, image.spacing[::-1], modality, spatial_shape=image.shape)
        labels = self.session.predict().labels.reshape(image.shape)
        names = self.session.network.card.classes[1:]
        origins = [
            SliceOrigin(name, int(index), "predicted", weights=self.weights)
            for number, name in enumerate(names, start=1)
            for index in np.flatnonzero((labels == number).any(axis=(1, 2)))
        ]
        return Segmentation.from_labels(labels, names), origins
