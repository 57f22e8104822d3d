"""Regions grown in real images: structures that nobody labelled, with real texture and real neighbours.

A few labelled organs do not teach what a large structure in a sharp image looks like. A region of similar grey values
around a random pixel, filled and smoothed, is a fair stand-in: it has real edges, though no anatomical meaning.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cueseg.training.cases import Case

ATTEMPTS = 12


def draw_region(
    groups: Sequence[Sequence[Case]], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
    """Image (H, W[, 3]) in 0..255 and mask (H, W) of a region in a random slice; None if no fair one was found.

    Every group of images is equally likely, however many it has.
    """
    for _ in range(ATTEMPTS):
        cases = groups[rng.integers(len(groups))]
        case = cases[rng.integers(len(cases))]
        axis = 0 if len(case.planes) == 1 or rng.random() < 0.7 else int(rng.integers(1, 3))
        raw = case.slice_of(axis, int(rng.integers(case.labels.shape[axis])))
        image = case.rule.apply(raw, case.modality, case.intensity_range)
        if min(image.shape[:2]) < 24:
            continue
        mask = _grow(image if image.ndim == 2 else image.mean(axis=-1), rng)
        if mask is not None:
            return image, mask
    return None


def _grow(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.bool_] | None:
    """One region around a random pixel, or None if it is too small, too large, too ragged, or cut by the border."""
    smooth = ndimage.gaussian_filter(image, rng.uniform(0.7, 2.0))
    row, col = (int(rng.integers(2, n - 2)) for n in image.shape)
    level = float(smooth[row, col])
    if level < 4.0 or level > 251.0:  # air, or beyond the window
        return None
    reach = rng.uniform(6.0, 40.0)
    parts, _ = ndimage.label(np.abs(smooth - level) <= reach)
    mask = ndimage.binary_opening(
        ndimage.binary_fill_holes(parts == parts[row, col]), iterations=int(rng.integers(1, 4))
    )
    parts, count = ndimage.label(mask)
    if count == 0:
        return None
    mask = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = np.ptp(rows) + 1, np.ptp(cols) + 1
    cut = rows[0] == 0 or cols[0] == 0 or rows[-1] == image.shape[0] - 1 or cols[-1] == image.shape[1] - 1
    compact = mask.sum() >= 0.35 * height * width
    return mask if not cut and compact and min(height, width) >= 6 and mask.mean() < 0.4 else None
