"""Patches for training dense networks: labelled images as class numbers, and repeatable random patches of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cueseg.intensity import as_grey
from cueseg.networks.intensities import apply_rule
from cueseg.training.cases import Case
from cueseg.training.dense_recipe import DenseRecipe


@dataclass(frozen=True)
class DenseCase:
    """One labelled image as the network sees it.

    Attributes:
        subject: Who or what is shown.
        image: (slices, rows, cols) float32 after the intensity rule.
        target: (slices, rows, cols) uint8 class numbers, 0 background.
        known: (classes,) bool, False for a class that was not labelled in this image.
        spacing: (slice, row, col) in mm.
        places: For every foreground class with voxels, the flat positions of these.
    """

    subject: str
    image: NDArray[np.float32]
    target: NDArray[np.uint8]
    known: NDArray[np.bool_]
    spacing: tuple[float, float, float]
    places: tuple[NDArray[np.int64], ...]


class Patch(NamedTuple):
    """(1, *sides) float32 image, (*sides) int64 classes, (classes,) bool."""

    image: NDArray[np.float32]
    target: NDArray[np.int64]
    known: NDArray[np.bool_]


def dense_case(case: Case, recipe: DenseRecipe) -> DenseCase | None:
    """Number the classes of a case by the recipe; None if it has none of them.

    Labels of classes that the recipe leaves out become background.
    """
    wanted = {name for names in recipe.classes.values() for name in names}
    if not wanted & set(case.classes):
        return None
    target = np.zeros(case.labels.shape, np.uint8)
    known = np.ones(len(recipe.classes) + 1, bool)
    for number, names in enumerate(recipe.classes.values(), start=1):
        mask = _mask_of(case, names)
        target[mask] = number
        known[number] = bool(mask.any()) or recipe.missing == "background"
    grey = as_grey(case.image) if case.image.ndim == 4 else case.image.astype(np.float32)
    image = apply_rule(grey[None], recipe.intensity)[0]
    flat = target.ravel()
    places = tuple(np.flatnonzero(flat == number) for number in np.unique(flat[flat > 0]))
    return DenseCase(case.subject, image, target, known, case.spacing, places)


def _mask_of(case: Case, names: list[str]) -> NDArray[np.bool_]:
    if case.instances:
        return (case.labels > 0) & bool(set(names) & set(case.classes))
    return np.isin(case.labels, [number for name in names for number in case.classes.get(name, ())])


class PatchSource:
    """Random patches; the number of a patch and the seed of the recipe decide everything about it."""

    def __init__(self, cases: Sequence[DenseCase], recipe: DenseRecipe) -> None:
        self.cases, self.recipe = cases, recipe

    def __len__(self) -> int:
        return self.recipe.steps * self.recipe.batch

    def __getitem__(self, number: int) -> Patch:
        rng = np.random.default_rng([self.recipe.seed, number])
        case = self.cases[rng.integers(len(self.cases))]
        centre = self._centre(case, rng)
        image, target = case.image, case.target
        spacing: tuple[float, ...] = case.spacing
        if self.recipe.dims == 2:
            index = int(centre[0])
            image, target, spacing, centre = image[index], target[index], spacing[1:], centre[1:]
        image, target = self._cut(image, target, centre, spacing, rng)
        for axis in self.recipe.flips:
            if rng.random() < 0.5:
                image, target = np.flip(image, axis), np.flip(target, axis)
        image = augment_values(image, rng)
        return Patch(np.ascontiguousarray(image)[None], target.astype(np.int64), case.known)

    def _centre(self, case: DenseCase, rng: np.random.Generator) -> NDArray[np.float64]:
        """(slice, row, col) on a voxel of a random class, moved a little, or anywhere."""
        if case.places and rng.random() < self.recipe.foreground:
            hit = rng.choice(case.places[rng.integers(len(case.places))])
            centre = np.array(np.unravel_index(hit, case.target.shape), float)
            moves = np.array([0, *self.recipe.patch][-3:]) / 4
            moved = centre + rng.uniform(-moves, moves)
            return np.clip(moved, 0, np.array(case.target.shape) - 1)
        return np.array([rng.integers(side) for side in case.target.shape], float)

    def _cut(
        self,
        image: NDArray[np.float32],
        target: NDArray[np.uint8],
        centre: NDArray[np.float64],
        spacing: tuple[float, ...],
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """The patch round the centre, turned and zoomed; in 3D moved so that it stays in the image if it can."""
        sides = np.array(self.recipe.patch)
        matrix = _random_matrix(self.recipe, spacing, rng)
        low, high = (sides - 1) / 2, np.array(image.shape) - 1 - (sides - 1) / 2
        centre = np.where(low < high, np.clip(centre, low, np.maximum(low, high)), (low + high) / 2)
        offset = centre - matrix @ ((sides - 1) / 2)
        mode = "nearest" if self.recipe.dims == 3 else "mirror"
        options: dict[str, Any] = {"offset": offset, "output_shape": tuple(sides), "mode": mode}
        cut = ndimage.affine_transform(image, matrix, order=1, **options)
        return cut, ndimage.affine_transform(target, matrix, order=0, **options)


def _random_matrix(
    recipe: DenseRecipe, spacing: tuple[float, ...], rng: np.random.Generator
) -> NDArray[np.float64]:
    """(dims, dims) from voxels of the patch to those of the image: in half of the draws a rotation in mm and a zoom."""
    if rng.random() < 0.5:
        return np.eye(recipe.dims)
    turn = _rotation(recipe.dims, (recipe.dims - 2, recipe.dims - 1), rng.uniform(-1, 1) * recipe.rotation)
    if recipe.dims == 3:
        turn = turn @ _rotation(3, (0, 1), rng.uniform(-1, 1) * recipe.tilt)
        turn = turn @ _rotation(3, (0, 2), rng.uniform(-1, 1) * recipe.tilt)
    zoom = np.exp(rng.uniform(*np.log(recipe.scale)) + rng.uniform(-0.05, 0.05, recipe.dims))
    millimetres = np.diag(spacing)
    return np.linalg.inv(millimetres) @ turn @ millimetres / zoom


def _rotation(dims: int, plane: tuple[int, int], degrees: float) -> NDArray[np.float64]:
    turn = np.eye(dims)
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    turn[np.ix_(plane, plane)] = [[cos, -sin], [sin, cos]]
    return turn


def augment_values(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Gamma, contrast, brightness, blur and noise, relative to the range of the patch."""
    low, high = float(image.min()), float(image.max())
    if high <= low:
        return image
    unit = (image - low) / (high - low)
    if rng.random() < 0.3:
        unit = unit ** np.float32(np.exp(rng.normal(0.0, 0.3)))
    if rng.random() < 0.4:
        unit = unit * np.float32(np.exp(rng.normal(0.0, 0.15))) + np.float32(rng.normal(0.0, 0.05))
    if rng.random() < 0.15:
        unit = ndimage.gaussian_filter(unit, rng.uniform(0.3, 1.0))
    if rng.random() < 0.3:
        unit = unit + rng.normal(0.0, rng.uniform(0.005, 0.05), unit.shape).astype(np.float32)
    return (unit * (high - low) + low).astype(np.float32)
