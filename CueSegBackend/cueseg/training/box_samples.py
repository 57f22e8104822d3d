"""Crops around objects for training (Wang et al. 2018, section III-A): repeatable, each of its own size."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cueseg.networks.intensities import apply_rule
from cueseg.training.box_objects import BoxCase, BoxObject
from cueseg.training.box_recipe import BoxRecipe
from cueseg.training.dense_samples import augment_values
from cueseg.training.structures import MIN_AREA

__all__ = ["Crop", "CropSource", "known_objects", "plain_crop"]

ATTEMPTS = 20


class Crop(NamedTuple):
    """(1, *sides) float32 image after the intensity rule, (*sides) int64 with 1 for the object."""

    image: NDArray[np.float32]
    target: NDArray[np.int64]


Place = tuple[int, BoxObject]
"""An object and the number of its image."""


def known_objects(cases: Sequence[BoxCase], recipe: BoxRecipe) -> dict[str, dict[str, list[Place]]]:
    """Data set -> class -> objects, for the data sets of the recipe.

    Raises:
        ValueError: A class to hold out that no image has.
    """
    found: dict[str, dict[str, list[Place]]] = {group: {} for group in recipe.shares}
    for number, case in enumerate(cases):
        for item in case.objects if case.group in found else ():
            found[case.group].setdefault(item.name, []).append((number, item))
    names = sorted({name for classes in found.values() for name in classes})
    wrong = [name for name in recipe.without if name not in names]
    if wrong:
        raise ValueError(f"without names {wrong[0]!r}, which no image has: there is {', '.join(names)}")
    return found


def plain_crop(case: BoxCase, item: BoxObject, recipe: BoxRecipe) -> tuple[Crop, tuple[slice, ...]]:
    """A crop with `validate_margin`, capped by the image, neither turned nor zoomed; and where its box lies in it."""
    part, inner = [], []
    for axis, (own, side) in enumerate(zip(item.part, case.image.shape, strict=True)):
        more = recipe.validate_margin if axis >= 3 - recipe.dims else 0
        first, last = max(0, own.start - more), min(side, own.stop + more)
        part.append(slice(first, last))
        inner.append(slice(own.start - first, own.stop - first))
    flat = 3 - recipe.dims
    values, labels = case.image[tuple(part)], case.labels[tuple(part)]
    sides = values.shape[flat:]
    image = apply_rule(values.reshape(1, *sides), recipe.intensity)
    target = np.isin(labels, item.labels).reshape(sides).astype(np.int64)
    return Crop(image, target), tuple(inner[flat:])


class CropSource:
    """Random crops; the number of a crop and the seed of the recipe decide everything about it.

    Raises:
        ValueError: A data set without objects to train on, or a class to hold out that no image has.
    """

    def __init__(self, cases: Sequence[BoxCase], recipe: BoxRecipe) -> None:
        self.cases, self.recipe = cases, recipe
        self.objects = {
            group: [places for name, places in sorted(classes.items()) if name not in recipe.without]
            for group, classes in known_objects(cases, recipe).items()
        }
        for group, classes in self.objects.items():
            if not classes:
                raise ValueError(f"no object of group {group!r} to train on: leave it out of the shares")

    def __len__(self) -> int:
        return self.recipe.steps * self.recipe.batch

    def __getitem__(self, number: int) -> Crop:
        rng = np.random.default_rng([self.recipe.seed, number])
        shares = np.array([self.recipe.shares[group] for group in self.objects], np.float64)
        classes = list(self.objects.values())[rng.choice(len(shares), p=shares / shares.sum())]
        places = classes[rng.integers(len(classes))]
        case_number, item = places[rng.integers(len(places))]
        image, target = self._cut(self.cases[case_number], item, rng)
        if self.recipe.flips:
            axes = tuple(np.flatnonzero(rng.random(self.recipe.dims) < 0.5))
            image, target = np.flip(image, axes), np.flip(target, axes)
        image = augment_values(image, rng)
        if rng.random() < self.recipe.inverted:
            image = -image
        return Crop(apply_rule(image[None], self.recipe.intensity), target.astype(np.int64, order="C"))

    def _cut(
        self, case: BoxCase, item: BoxObject, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Turned and zoomed so that something is left of the object, or else as it is."""
        for _ in range(ATTEMPTS):
            image, target = self._cut_once(case, item, _random_matrix(item, self.recipe, rng), rng)
            if target.sum() >= MIN_AREA:
                return image, target
        return self._cut_once(case, item, np.eye(self.recipe.dims), rng)

    def _cut_once(
        self, case: BoxCase, item: BoxObject, matrix: NDArray[np.float64], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The crop whose grid a matrix maps to voxels of the image, mirrored where it leaves the image."""
        flat = 3 - self.recipe.dims
        image = case.image[item.part[0].start] if flat else case.image
        mask = np.isin(case.labels[item.part], item.labels)
        mask = mask[0] if flat else mask
        corner = np.array([own.start for own in item.part[flat:]], np.float64)
        centre = corner + np.array(mask.shape) // 2
        spread = (np.argwhere(mask) + corner - centre) @ np.linalg.inv(matrix).T
        half = (
            np.abs(np.linalg.inv(matrix)).sum(axis=1) / 2 - 0.5
        )  # of a zoomed voxel, beyond that of the crop
        margins = half + rng.uniform(0, self.recipe.margin, (2, self.recipe.dims))
        low, high = np.round(spread.min(0) - margins[0]), np.round(spread.max(0) + margins[1])
        if np.array_equal(matrix, np.eye(self.recipe.dims)):  # as crops are cut out after training
            low, high = np.maximum(low, -centre), np.minimum(high, np.array(image.shape) - 1 - centre)
        shape = tuple((high - low).astype(int) + 1)
        offset = centre + matrix @ low
        cut = ndimage.affine_transform(image, matrix, offset, shape, np.float32, order=1, mode="mirror")
        whole = mask.astype(np.float32)
        share = ndimage.affine_transform(whole, matrix, offset - corner, shape, order=1, mode="grid-constant")
        return cut, share >= 0.5


def _random_matrix(item: BoxObject, recipe: BoxRecipe, rng: np.random.Generator) -> NDArray[np.float64]:
    """(dims, dims) from voxels of the crop to those of the image: in half of the draws a rotation and a zoom."""
    extent = max(own.stop - own.start for own in item.part)
    fits = recipe.largest / extent
    if rng.random() < 0.5 and fits >= 1:
        return np.eye(recipe.dims)
    zoom = min(np.exp(rng.uniform(*np.log(recipe.scale))), fits)
    angle = np.deg2rad(rng.uniform(-1, 1) * recipe.rotation)
    turn = np.eye(recipe.dims)
    turn[-2:, -2:] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    stretch = np.diag(np.exp(rng.uniform(-recipe.stretch, recipe.stretch, recipe.dims)))
    return turn @ stretch / zoom
