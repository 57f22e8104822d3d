"""Random patches of images with labels from seven points: repeatable, every image once per epoch."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from cueseg.seven_points.expansion import UNKNOWN
from cueseg.training.loop import Batch
from cueseg.training.points_cases import PointsCase
from cueseg.training.points_recipe import PointsRecipe

__all__ = ["PointsPatch", "PointsPatches", "collate"]


class PointsPatch(NamedTuple):
    """(1, *patch) float32 image, (*patch) int64 with 0 background, 1 object, 2 unknown."""

    image: NDArray[np.float32]
    labels: NDArray[np.int64]


class PointsPatches:
    """Random patches; the number of a patch and the seed decide everything about it.

    Args:
        cases: Images, in memory or read when needed.
        recipe: Whose patch, flips and share of the foreground are taken.
        count: Number of patches.
        seed: Of the patches.
    """

    def __init__(self, cases: Sequence[PointsCase], recipe: PointsRecipe, count: int, seed: int) -> None:
        self.cases, self.recipe, self.count, self.seed = cases, recipe, count, seed

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> PointsPatch:
        epoch, place = divmod(number, len(self.cases))
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.cases))
        case = self.cases[int(order[place])]
        rng = np.random.default_rng([self.seed, epoch, place])
        image, labels = self._cut(case, rng)
        flipped = rng.random(3) < self.recipe.flip_share
        axes = tuple(axis for axis in self.recipe.flips if flipped[axis])
        image, labels = np.flip(image, axes), np.flip(labels, axes)
        return PointsPatch(np.ascontiguousarray(image)[None], labels.astype(np.int64, order="C"))

    def _cut(
        self, case: PointsCase, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Somewhere in the image, or so that it holds a voxel of the object; beyond the image, nothing is known."""
        sides, shape = np.array(self.recipe.patch), np.array(case.labels.shape)
        last = np.maximum(shape - sides, 0)
        start = rng.integers(last + 1)
        if len(case.places) and rng.random() < self.recipe.foreground:
            voxel = np.array(np.unravel_index(rng.choice(case.places), case.labels.shape))
            start = np.clip(voxel - rng.integers(sides), 0, last)
        part = tuple(slice(first, first + side) for first, side in zip(start, sides, strict=True))
        image, labels = case.image[part], case.labels[part]
        missing = [(0, int(side) - have) for side, have in zip(sides, image.shape, strict=True)]
        return np.pad(image, missing, "edge"), np.pad(labels, missing, constant_values=UNKNOWN)


def collate(patches: list[PointsPatch]) -> Batch:
    """Patches -> (N, 1, *patch) float32, (N, *patch) int64."""
    image, labels = (torch.from_numpy(np.stack(arrays)) for arrays in zip(*patches, strict=True))
    return image, labels
