"""Random changes of training samples: geometry on the native pixel grid, intensities in the network's window."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cueseg.training.cases import Case


def random_intensity_range(case: Case, raw: NDArray[Any], rng: np.random.Generator) -> tuple[float, float]:
    """(black, white) for one sample: the rule's window, often moved a little; slice or volume percentiles for MR."""
    of_slice = case.modality != "ct" and rng.random() < 0.5
    low, high = case.rule.range_of(raw, case.modality) if of_slice else case.intensity_range
    if rng.random() < 0.5:
        span = high - low
        low, high = low + span * rng.normal(0.0, 0.05), high + span * rng.normal(0.0, 0.1)
    return (low, high) if high > low else case.intensity_range


def augment_geometry(
    image: NDArray[np.float32], mask: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Flip, and in half of the samples rotate, zoom and squeeze (image (H, W[, 3]), mask (H, W)).

    The result is again an image on a pixel grid, so that extreme points and small structures look as they do at
    inference. Rotation up to 30 degrees (as in Khan & Shahin 2019), now and then any angle; zoom 0.7..2.
    """
    for axis in (0, 1):
        if rng.random() < 0.5:
            image, mask = np.flip(image, axis), np.flip(mask, axis)
    if rng.random() < 0.15:
        image, mask = np.swapaxes(image, 0, 1), np.swapaxes(mask, 0, 1)
    if rng.random() < 0.5:
        return image, mask
    angle = np.deg2rad(rng.uniform(-30, 30) if rng.random() < 0.8 else rng.uniform(-180, 180))
    zoom = np.exp(rng.uniform(np.log(0.7), np.log(2.0))) * np.exp(rng.uniform(-0.12, 0.12, size=2))
    return _bend(image, mask, angle, zoom)


def augment_as_paper(
    image: NDArray[np.float32], mask: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The changes of Khan & Shahin 2019, section 3: flip left and right, rotate by up to 30 degrees, zoom 0.9..1.1."""
    if rng.random() < 0.5:
        image, mask = np.flip(image, 1), np.flip(mask, 1)
    angle = np.deg2rad(rng.uniform(-30, 30))
    return _bend(image, mask, angle, np.full(2, rng.uniform(0.9, 1.1)))


def leave_as_is(
    image: NDArray[np.float32], mask: NDArray[np.bool_], _: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """No change."""
    return image, mask


BENDS = {"wide": augment_geometry, "paper": augment_as_paper, "none": leave_as_is}
"""Changes of geometry by the name that recipes give them."""


def _bend(
    image: NDArray[np.float32], mask: NDArray[np.bool_], angle: float, zoom: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Rotated by `angle` and enlarged by `zoom` (row, col) about the middle of the mask, at most 320 pixels a side."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.diag(1.0 / zoom)
    shape = np.minimum(np.ceil(np.array(mask.shape) * zoom).astype(int), 320)
    hit = np.argwhere(mask)
    offset = (hit.min(axis=0) + hit.max(axis=0)) / 2.0 - matrix @ ((shape - 1) / 2.0)
    bent = _warp(mask.astype(np.float32), matrix, offset, shape) >= 0.5
    if image.ndim == 2:
        return _warp(image, matrix, offset, shape), bent
    return np.stack([_warp(image[..., c], matrix, offset, shape) for c in range(3)], axis=-1), bent


def _warp(
    image: NDArray[np.float32],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: NDArray[np.int_],
) -> NDArray[np.float32]:
    return ndimage.affine_transform(image, matrix, offset, tuple(shape), order=1)


def augment_intensity(window: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Gamma, contrast, brightness, inversion, blur and noise on a window (S, S[, 3]) in 0..255."""
    unit = window / np.float32(255.0)
    if rng.random() < 0.4:
        unit = unit ** np.float32(np.exp(rng.normal(0.0, 0.35)))
    if rng.random() < 0.5:
        contrast, shift = np.exp(rng.normal(0.0, 0.2)), rng.normal(0.0, 0.08)
        unit = (unit - 0.5) * np.float32(contrast) + np.float32(0.5 + shift)
    if rng.random() < 0.1:
        unit = 1.0 - unit
    if unit.ndim == 3:
        unit = _augment_colour(unit, rng)
    if rng.random() < 0.2:
        sigma = rng.uniform(0.3, 1.5)
        unit = ndimage.gaussian_filter(unit, (sigma, sigma, 0)[: unit.ndim])
    if rng.random() < 0.3:
        unit = unit + rng.normal(0.0, rng.uniform(0.005, 0.06), unit.shape).astype(np.float32)
    return (np.clip(unit, 0.0, 1.0) * 255.0).astype(np.float32)


def _augment_colour(unit: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Scale and permute the channels, or drop the colour."""
    choice = rng.random()
    if choice < 0.15:
        return np.repeat(unit.mean(axis=-1, keepdims=True), 3, axis=-1)
    if choice < 0.3:
        unit = unit[..., rng.permutation(3)]
    return unit * np.exp(rng.normal(0.0, 0.1, 3)).astype(np.float32)
