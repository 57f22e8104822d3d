"""Slicer's own contour interpolation between two slices, in a window around the shapes."""

import numpy as np
import pytest

from cueseg.metrics import dice
from CueSegMRML.ContourFilling import fillGap

SHAPE = (60, 70)


def disc(x, y, radius):
    rows, cols = np.indices(SHAPE)
    return (rows - y) ** 2 + (cols - x) ** 2 <= radius**2


def test_a_cone_is_filled():
    between = fillGap(disc(30, 28, 16), disc(34, 30, 8), 5, (1.0, 1.0))
    assert [mask.shape for mask in between] == [SHAPE] * 4
    assert (np.diff([mask.sum() for mask in between]) < 0).all()
    assert disc(34, 30, 8).sum() <= between[-1].sum() <= between[0].sum() <= disc(30, 28, 16).sum()
    assert dice(between[1], disc(31.6, 28.8, 12.8)) > 0.85


@pytest.mark.parametrize("x", [4, 65])
def test_shapes_at_the_border_stay_in_the_image(x):
    between = fillGap(disc(x, 30, 8), disc(x, 30, 8), 3, (1.0, 1.0))
    for mask in between:
        np.testing.assert_array_equal(mask, disc(x, 30, 8))


def test_an_empty_slice_and_no_gap():
    assert not np.any(fillGap(disc(30, 28, 16), np.zeros(SHAPE, bool), 4, (1.0, 1.0)))
    assert fillGap(disc(30, 28, 16), disc(30, 28, 16), 1, (1.0, 1.0)) == []


def test_where_it_lies_does_not_matter():
    moved = [
        np.roll(mask, (5, -7), (0, 1)) for mask in fillGap(disc(30, 28, 16), disc(34, 30, 8), 4, (1.0, 1.0))
    ]
    for mask, expected in zip(moved, fillGap(disc(23, 33, 16), disc(27, 35, 8), 4, (1.0, 1.0)), strict=True):
        np.testing.assert_array_equal(mask, expected)
