"""Filling between slices: shapes whose slices are known, parts that merge, and what nobody can fill between."""

from itertools import pairwise

import numpy as np
import pytest

from cueseg.metrics import dice
from cueseg.volumes import derived_points, fill_between
from cueseg.volumes.parts import matched_parts

SHAPE = (64, 80)


def disc(centre, radius, shape=SHAPE, pixel_size=(1.0, 1.0)):
    """Pixels within `radius` mm of `centre` (row, col) in pixels."""
    rows, cols = np.indices(shape)
    return np.hypot((rows - centre[0]) * pixel_size[0], (cols - centre[1]) * pixel_size[1]) <= radius


def test_equal_slices_are_repeated_exactly():
    mask = disc((30, 40), 9) & ~disc((30, 40), 4)
    filled = fill_between({3: mask, 7: mask})
    assert sorted(filled) == [4, 5, 6]
    for found in filled.values():
        np.testing.assert_array_equal(found, mask)


def test_a_cone_has_discs_between_its_ends():
    filled = fill_between({0: disc((30, 40), 20), 10: disc((30, 40), 5)})
    for index, found in filled.items():
        expected = disc((30, 40), 20 - 1.5 * index)
        assert found[30, 40]
        assert dice(found, expected) >= 0.95, index
    areas = [20.0**2 * np.pi, *(filled[k].sum() for k in range(1, 10)), 5.0**2 * np.pi]
    assert all(a > b for a, b in pairwise(areas))


def test_a_sphere_is_filled_from_seven_slices():
    def radius(k):
        return np.sqrt(max(20.0**2 - (k - 20) ** 2, 0))

    whole = np.stack([disc((32, 40), radius(k)) for k in range(41)])
    given = [0, 3, 8, 20, 32, 37, 40]
    filled = fill_between({k: whole[k] for k in given})
    found = np.stack([whole[k] if k in given else filled[k] for k in range(41)])
    assert dice(found, whole) >= 0.95
    few = fill_between({0: whole[0], 20: whole[20], 40: whole[40]})
    coarse = np.stack([whole[k] if k in (0, 20, 40) else few[k] for k in range(41)])
    assert dice(coarse, whole) < dice(found, whole)


def test_a_tilted_cylinder_keeps_its_width():
    first, last = disc((20, 15), 6), disc((40, 65), 6)
    assert not (first & last).any()
    for index, found in fill_between({0: first, 10: last}).items():
        expected = disc((20 + 2 * index, 15 + 5 * index), 6)
        assert dice(found, expected) >= 0.99, index


def test_shifts_of_parts_of_a_pixel_are_followed():
    filled = fill_between({0: disc((30, 40), 8), 6: disc((30, 43), 8)})
    columns = [np.nonzero(filled[k])[1].mean() for k in range(1, 6)]
    assert columns == pytest.approx([40.5, 41, 41.5, 42, 42.5], abs=0.3)


def test_a_bow_that_opens_stays_where_both_slices_have_it():
    bow = disc((30, 40), 20) & ~disc((30, 40), 15)
    bow[36:] = False
    arms = bow.copy()
    arms[:, 28:53] = False
    middle = fill_between({0: bow, 2: arms})[1]
    assert not (arms & ~middle).any()
    assert not (middle & ~bow).any()


def test_two_parts_merge():
    apart = disc((30, 25), 8) | disc((30, 55), 8)
    merged = disc((30, 25), 8) | disc((30, 55), 8)
    merged[26:35, 25:56] = True
    filled = fill_between({0: apart, 4: merged})
    widths = [int(found[30, 33:48].sum()) for found in filled.values()]
    assert widths[0] < widths[-1]
    assert widths == sorted(widths)
    for found in filled.values():
        assert not (apart & ~found).any()
        assert not (found & ~merged).any()


def test_two_parts_go_their_own_ways():
    first = disc((15, 20), 6) | disc((45, 60), 6)
    last = disc((25, 20), 6) | disc((35, 60), 6)
    middle = fill_between({0: first, 2: last})[1]
    assert dice(middle, disc((20, 20), 6) | disc((40, 60), 6)) >= 0.97


def test_a_part_without_counterpart_ends_in_a_point_and_moves_nothing_else():
    stays, ends = disc((30, 25), 8), disc((30, 65), 6)
    filled = fill_between({0: stays | ends, 4: stays})
    for found in filled.values():
        np.testing.assert_array_equal(found[:, :45], stays[:, :45])
    areas = [int(filled[k][:, 45:].sum()) for k in (1, 2, 3)]
    assert areas == sorted(areas, reverse=True)
    assert ends.sum() > areas[0]
    assert areas[-1] > 0


def test_an_empty_slice_ends_the_structure_and_two_have_nothing_between():
    nothing, ball = np.zeros(SHAPE, bool), disc((30, 40), 8)
    filled = fill_between({0: ball, 4: nothing, 9: nothing})
    assert ball.sum() > filled[1].sum() > filled[2].sum() > filled[3].sum() > 0
    assert not any(filled[k].any() for k in range(5, 9))


def test_parts_are_matched_by_overlap_then_by_distance():
    a = disc((15, 15), 5) | disc((15, 60), 5)
    b = disc((15, 62), 5) | disc((15, 26), 5) | disc((55, 40), 3)
    pairs = matched_parts(a, b, (1.0, 1.0))
    columns = {
        tuple(None if part is None else round(np.nonzero(part)[1].mean()) for part in pair) for pair in pairs
    }
    assert columns == {(15, 26), (60, 62), (None, 40)}


def test_pixels_that_are_not_square_are_honoured():
    size = (3.0, 1.0)
    first, last = disc((30, 40), 30, pixel_size=size), np.zeros(SHAPE, bool)
    middle = fill_between({0: first, 2: last}, size)[1]
    assert dice(middle, disc((30, 40), 15, pixel_size=size)) >= 0.9
    assert dice(fill_between({0: first, 2: last})[1], disc((30, 40), 15, pixel_size=size)) < 0.9


def test_order_and_numbers_of_slices():
    big, small = disc((30, 40), 12), disc((30, 40), 6)
    filled = fill_between({9: small, 3: big, 4: big})
    assert sorted(filled) == [5, 6, 7, 8]
    turned = fill_between({0: small, 5: big})
    for index in (5, 6, 7, 8):
        np.testing.assert_array_equal(filled[index], turned[9 - index])
    assert fill_between({3: big}) == {}
    assert fill_between({3: big, 4: small}) == {}


def test_structures_at_the_border_of_the_image():
    first, last = disc((2, 3), 10), disc((8, 3), 10)
    middle = fill_between({0: first, 2: last})[1]
    assert middle.shape == SHAPE
    assert dice(middle, disc((5, 3), 10)) >= 0.93


@pytest.mark.parametrize(
    ("masks", "size", "message"),
    [
        ({}, None, "there is no mask to fill between"),
        ({0: np.ones((3, 4)), 2: np.ones((4, 4))}, None, "different shapes"),
        ({0: np.ones((2, 3, 4))}, None, "the mask of slice 0 must be"),
        ({-1: np.ones((3, 4))}, None, "not -1"),
        ({1.5: np.ones((3, 4))}, None, "not 1.5"),
        ({True: np.ones((3, 4))}, None, "not True"),
        ({0: np.ones((3, 4))}, (1, 0), "numbers above 0"),
        ({0: np.ones((3, 4))}, (1, 1, 1), "2 numbers above 0"),
    ],
)
def test_what_cannot_be_filled_between_is_refused(masks, size, message):
    with pytest.raises(ValueError, match=message):
        fill_between(masks, size)


def test_derived_points_are_the_middles_of_the_extremes():
    mask = np.zeros((12, 14), bool)
    mask[3:9, 2:11] = True
    np.testing.assert_array_equal(derived_points(mask), [(2, 5.5), (10, 5.5), (6, 3), (6, 8)])
    mask[3, 2:10] = False  # the top is one pixel
    assert derived_points(mask)[2].tolist() == [10, 3]
    one = np.zeros((5, 6), int)
    one[2, 3] = 7
    np.testing.assert_array_equal(derived_points(one), [(3, 2)] * 4)


def test_derived_points_lie_on_the_longest_run_and_turn_with_the_mask():
    mask = np.zeros((20, 20), bool)
    mask[4:16, 5:15] = True
    mask[4, 6:12] = False  # of the topmost row columns 5 and 12 to 14 are left
    assert derived_points(mask)[2].tolist() == [13, 4]
    mirrored = derived_points(mask[:, ::-1])
    assert mirrored[2].tolist() == [19 - 13, 4]


@pytest.mark.parametrize(
    ("mask", "message"), [(np.zeros((4, 5)), "is empty"), (np.ones((2, 4, 5)), "of one slice")]
)
def test_masks_without_extreme_points(mask, message):
    with pytest.raises(ValueError, match=message):
        derived_points(mask)
