"""How far a box is widened for the network that is run on it."""

from typing import Any

import numpy as np
import pytest

from cueseg.networks.card import NetworkCard
from cueseg.networks.part import part_around

SHAPE, SPACING = (800, 512, 512), (1.0, 0.8, 0.8)


def card(dims: int = 3, **values: Any) -> NetworkCard:
    return NetworkCard(name="a", dims=dims, in_channels=1, classes=("background", "a"), **values)


def test_half_a_window_is_added_on_each_side():
    network = card(patch_size=(48, 64, 80))
    found = part_around(network, SHAPE, SPACING, (300, 200, 200), (428, 360, 360))
    assert found == ((276, 168, 160), (452, 392, 400))


def test_windows_are_measured_on_the_networks_grid():
    network = card(patch_size=(48, 64, 64), spacing=(3.0, 1.0, 1.0), multiple=8)
    found = part_around(network, (200, 300, 300), (1.5, 2.0, 1.1), (100, 100, 100), (110, 110, 110))
    assert found == ((52, 84, 70), (158, 126, 140))


def test_axes_are_the_networks():
    network = card(axis_order="xyz", patch_size=(10, 20, 30))
    found = part_around(network, (90, 90, 90), (1.0, 1.0, 1.0), (40, 40, 40), (50, 50, 50))
    assert found == ((25, 30, 35), (65, 60, 55))


def test_nothing_is_added_across_the_slices_of_a_2d_network():
    found = part_around(card(2, patch_size=(32, 64)), SHAPE, SPACING, (300, 200, 200), (301, 210, 210))
    assert found == ((300, 184, 168), (301, 226, 242))


def test_networks_without_windows_get_a_fixed_margin_or_more_of_coarse_ones():
    ends = (100, 100, 100), (101, 101, 101)
    assert part_around(card(), SHAPE, SPACING, *ends)[0] == (68, 68, 68)
    assert part_around(card(multiple=16), SHAPE, SPACING, *ends)[0] == (32, 32, 32)


@pytest.mark.parametrize("flip", ["", "z", "yx"])
@pytest.mark.parametrize("order", ["zyx", "yxz"])
def test_parts_hold_the_box_lie_in_the_image_and_begin_where_coarse_voxels_do(flip, order):
    network = card(multiple=8, patch_size=(24, 16, 40), axis_order=order, flip=flip)
    rng = np.random.default_rng(0)
    for _ in range(200):
        shape = rng.integers(5, 200, 3)
        low = rng.integers(0, shape)
        high = rng.integers(low + 1, shape + 1)
        first, last = part_around(network, tuple(shape), SPACING, tuple(low), tuple(high))
        assert (np.array(first) <= low).all()
        assert (np.array(last) >= high).all()
        assert min(first) >= 0
        assert (np.array(last) <= shape).all()
        for axis in range(3):
            begun = shape[axis] - last[axis] if "zyx"[axis] in flip else first[axis]
            assert begun % 8 == 0


def test_a_box_that_is_the_image_stays_it():
    assert part_around(card(multiple=8), SHAPE, SPACING, (0, 0, 0), SHAPE) == ((0, 0, 0), SHAPE)
