"""One training sample = one structure in one slice (Khan & Shahin 2019, section 3), drawn at random but repeatably."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cueseg.extreme_points import extreme_points_from_mask
from cueseg.geometry import Box, CropWindow
from cueseg.intensity import as_rgb
from cueseg.training.augmentation import BENDS, augment_intensity, random_intensity_range
from cueseg.training.case_store import Chosen
from cueseg.training.cases import Case
from cueseg.training.config import Phase, Recipe
from cueseg.training.regions import draw_region
from cueseg.training.structures import MIN_AREA, OTHER_PLANE, Structure, find_structures
from cueseg.training.synthetic import draw_synthetic

SYNTHETIC, REGIONS = "synthetic", "regions"  # groups that need no labels
ATTEMPTS = 20
SMALLEST = 40  # pixels, of the slices in which regions are grown

# Image (H, W[, 3]) in 0..255, mask (H, W), and the pixel size (row, col) in mm.
_Drawn = tuple[NDArray[np.float32], NDArray[np.bool_], tuple[float, float]]


@dataclass(frozen=True)
class Sample:
    """What the network sees: window (S, S, 3) 0..255, target (S, S) 0/1, clicks (4, 2) (x, y) in the window."""

    window: NDArray[np.float32]
    target: NDArray[np.float32]
    points: NDArray[np.float64]


class SampleSource:
    """Draws sample number i of a training run; the same number, seed and phase always give the same sample.

    Args:
        cases: Training cases, in memory or read when needed.
        groups: Groups of images that will be drawn from. `synthetic` draws made-up shapes, `regions` grows regions
            in images of any group that are not small. Within a group every class is equally likely, within a
            class every structure.
        seed: Seed of the run.
        jitter: Largest click error in pixels, never more than a tenth of the box.
        plane_share: Share of the samples from slices that are not axial.
        augmentation: "wide", "paper" or "none", see `cueseg.training.config.Recipe`.
        order: "random" or "epochs", see there.

    Raises:
        ValueError: A group has no images, or is not made of labelled images where epochs are wanted.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        groups: set[str],
        seed: int,
        jitter: float,
        plane_share: float = 0.25,
        *,
        augmentation: str = "wide",
        order: str = "random",
    ) -> None:
        self.cases, self.seed, self.jitter, self.plane_share = cases, seed, jitter, plane_share
        self.augmentation, self.order = augmentation, order
        self.classes: dict[str, dict[str, list[Structure]]] = {group: {} for group in groups}
        large: dict[str, list[int]] = {}
        for number, case in enumerate(cases):
            if min(case.labels.shape[-2:]) >= SMALLEST:
                large.setdefault(case.group, []).append(number)
            if case.group not in self.classes:
                continue
            for name, structures in find_structures(number, case).items():
                self.classes[case.group].setdefault(name, []).extend(structures)
        self.large = [Chosen(cases, numbers) for _, numbers in sorted(large.items())]
        empty = [group for group in sorted(groups - {SYNTHETIC, REGIONS}) if not self.classes[group]]
        if empty:
            raise ValueError(f"no training image of group {empty[0]!r}; leave it out of the shares")
        if order == "epochs" and groups & {SYNTHETIC, REGIONS}:
            raise ValueError(
                'order = "epochs" is for labelled images; leave synthetic and regions out of the shares'
            )
        self._epoch: tuple[Any, list[Structure]] = (None, [])

    @classmethod
    def of(cls, cases: Sequence[Case], recipe: Recipe) -> "SampleSource":
        """The samples of a recipe."""
        return cls(
            cases,
            recipe.groups,
            recipe.seed,
            recipe.jitter,
            recipe.plane_share,
            augmentation=recipe.augmentation,
            order=recipe.order,
        )

    def draw(self, number: int, phase: Phase) -> Sample:
        """Sample `number` at the input side and shares of a phase."""
        rng = np.random.default_rng([self.seed, number])
        if self.order == "epochs":
            return self._window(*self._draw_thick(self._in_turn(number, phase), rng), phase.size, rng)
        share = np.array(list(phase.shares.values()), np.float64)
        while True:
            group = list(phase.shares)[rng.choice(len(share), p=share / share.sum())]
            image, mask, spacing = self._draw(group, rng)
            if _is_thick(mask):
                return self._window(image, mask, spacing, phase.size, rng)

    def _in_turn(self, number: int, phase: Phase) -> Structure:
        """The structure whose turn it is: an epoch shows each once, in an order of its own."""
        groups = sorted(group for group, share in phase.shares.items() if share > 0)
        pool = [
            structure
            for group in groups
            for name, structures in sorted(self.classes[group].items())
            if self.plane_share > 0 or OTHER_PLANE not in name
            for structure in structures
        ]
        epoch, place = divmod(number, len(pool))
        if self._epoch[0] != (epoch, groups):
            order = np.random.default_rng([self.seed, epoch, len(pool)]).permutation(len(pool))
            self._epoch = (epoch, groups), [pool[i] for i in order]
        return self._epoch[1][place]

    def _draw_thick(self, structure: Structure, rng: np.random.Generator) -> _Drawn:
        """A structure, bent so that something is left of it, or else as it is."""
        for _ in range(ATTEMPTS):
            drawn = self._draw_structure(structure, rng, self.augmentation)
            if _is_thick(drawn[1]):
                return drawn
        return self._draw_structure(structure, rng, "none")

    def _draw(self, group: str, rng: np.random.Generator) -> _Drawn:
        if group not in (SYNTHETIC, REGIONS):
            return self._draw_real(group, rng)
        region = draw_region(self.large, rng) if group == REGIONS and self.large else None
        if region is None:
            return *draw_synthetic(rng), (1.0, 1.0)
        image, mask = region
        rows, cols = _neighbourhood(mask)
        return *BENDS[self.augmentation](image[rows, cols], mask[rows, cols], rng), (1.0, 1.0)

    def _draw_real(self, group: str, rng: np.random.Generator) -> _Drawn:
        classes = self.classes[group]
        names = [name for name in classes if OTHER_PLANE not in name]
        other = [name for name in classes if OTHER_PLANE in name]
        pool = other if other and rng.random() < self.plane_share else names
        structures = classes[pool[rng.integers(len(pool))]]
        structure = structures[rng.integers(len(structures))]
        return self._draw_structure(structure, rng, self.augmentation)

    def _draw_structure(self, structure: Structure, rng: np.random.Generator, augmentation: str) -> _Drawn:
        case = self.cases[structure.case]
        mask = case.mask_of(structure.axis, structure.index, structure.labels)
        rows, cols = _neighbourhood(mask)
        raw = case.slice_of(structure.axis, structure.index)
        wide = augmentation == "wide"
        window = random_intensity_range(case, raw, rng) if wide else case.intensity_range
        image = case.rule.apply(raw[rows, cols], case.modality, window)
        image, mask = BENDS[augmentation](image, mask[rows, cols], rng)
        return image, mask, case.pixel_size(structure.axis)

    def _window(
        self,
        image: NDArray[np.float32],
        mask: NDArray[np.bool_],
        spacing: tuple[float, float],
        size: int,
        rng: np.random.Generator,
    ) -> Sample:
        wide = self.augmentation == "wide"
        points = jittered(extreme_points_from_mask(mask, rng), self.jitter * (rng.random() < 0.6), rng)
        use_spacing = spacing if wide and rng.random() < 0.5 else None
        crop = CropWindow.square(Box.around(points), size, rng.uniform(350.0, 400.0), use_spacing)
        window = crop.extract(image)
        window = as_rgb(augment_intensity(window, rng) if wide else window)
        target = crop.extract(mask) >= 0.5
        return Sample(window.astype(np.float32), target.astype(np.float32), crop.to_window(points))


def jittered(
    points: NDArray[np.float64], limit: float, rng: np.random.Generator, share: float = 0.1
) -> NDArray[np.float64]:
    """Clicks (4, 2) moved at random by up to `limit` px per axis, at most a share of the box side."""
    reach = np.minimum(limit, share * np.asarray(Box.around(points).size))
    return points + rng.uniform(-reach, reach, size=points.shape)


def _is_thick(mask: NDArray[np.bool_]) -> bool:
    return mask.sum() >= MIN_AREA and min(np.count_nonzero(mask.any(axis=i)) for i in (0, 1)) >= 2


def _neighbourhood(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Slices around a mask wide enough for every rotated, zoomed window."""
    slices = []
    for other in (1, 0):
        hit = np.flatnonzero(mask.any(axis=other))
        reach = np.ptp(np.flatnonzero(mask.any(axis=0))), np.ptp(np.flatnonzero(mask.any(axis=1)))
        margin = int(max(reach) * 0.9) + 6
        slices.append(slice(max(0, hit[0] - margin), hit[-1] + margin + 1))
    return slices[0], slices[1]


def collate(samples: list[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """Stack samples to tensors (N, S, S, 3), (N, S, S), (N, 4, 2)."""
    return (
        torch.from_numpy(np.stack([s.window for s in samples])),
        torch.from_numpy(np.stack([s.target for s in samples])),
        torch.from_numpy(np.stack([s.points for s in samples])),
    )
