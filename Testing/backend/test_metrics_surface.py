"""Surface distances beside a brute force over all pairs of surface pixels."""

import math

import numpy as np
import pytest

from cueseg.metrics import surface_distances


def surface_by_hand(mask):
    """Places of the pixels that have a neighbour across a side outside the mask."""
    padded = np.pad(mask, 1)
    places = []
    for place in np.argwhere(mask):
        steps = [sign * step for step in np.eye(mask.ndim, dtype=int) for sign in (1, -1)]
        if not all(padded[tuple(place + 1 + step)] for step in steps):
            places.append(place)
    return np.array(places)


def brute_force(mask, reference, spacing):
    """(HD95, ASSD) from all pairs of surface pixels."""
    a, b = (surface_by_hand(part) * spacing for part in (mask, reference))
    pairs = np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))
    there, back = pairs.min(1), pairs.min(0)
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    return hd95, (there.sum() + back.sum()) / (len(there) + len(back))


@pytest.mark.parametrize(
    ("shape", "spacing"), [((9, 11), (0.7, 1.3)), ((12, 8), (1.0, 1.0)), ((5, 7, 6), (3.0, 0.8, 0.9))]
)
@pytest.mark.parametrize("density", [0.05, 0.5, 0.9])
def test_distances_are_those_of_a_brute_force(shape, spacing, density, rng):
    for _ in range(10):
        mask, reference = rng.random(shape) < density, rng.random(shape) < density
        mask.flat[3] = reference.flat[-2] = True
        found = surface_distances(mask, reference, spacing)
        assert found == pytest.approx(brute_force(mask, reference, spacing))


def test_distances_of_squares_are_counted_by_hand():
    mask, reference = np.zeros((2, 20, 20), bool)
    mask[4:8, 4:8] = True
    reference[4:8, 7:11] = True  # the same square, three columns of 2 mm to the right
    found = surface_distances(mask, reference, (1.0, 2.0))
    assert found.hd95 == 6.0
    assert surface_distances(mask, mask, (1.0, 2.0)) == (0.0, 0.0)


def test_empty_masks_have_no_distance_or_none_at_all():
    empty, full = np.zeros((4, 4), bool), np.ones((4, 4), bool)
    assert surface_distances(empty, empty, (1, 1)) == (0.0, 0.0)
    assert surface_distances(full, empty, (1, 1)) == (math.inf, math.inf)
    assert surface_distances(empty, full, (1, 1)) == (math.inf, math.inf)


@pytest.mark.parametrize("spacing", [(1.0,), (1.0, 0.0), (1.0, math.nan), (1.0, -2.0)])
def test_impossible_spacings_are_refused(spacing):
    with pytest.raises(ValueError, match="spacing must be 2 positive numbers in mm"):
        surface_distances(np.ones((2, 2)), np.ones((2, 2)), spacing)


def test_masks_of_different_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 2\) and \(2, 3\)"):
        surface_distances(np.ones((2, 2)), np.ones((2, 3)), (1, 1))
