import itertools

import numpy as np
import pytest

from cueseg.extreme_points import check_points, extreme_points_from_mask, jitter_points, order_extreme_points
from degenerate_clicks import DRAWN, REFUSED, random_blob

CROSS = np.array([(10, 30), (50, 28), (32, 8), (29, 52)], dtype=float)  # left, right, top, bottom


class TestCheckPoints:
    @pytest.mark.parametrize("name", DRAWN)
    def test_usable_clicks_come_back_as_they_are(self, name):
        points = DRAWN[name][0]
        checked = check_points(points)
        assert checked.dtype == np.float64
        np.testing.assert_array_equal(checked, points)

    @pytest.mark.parametrize("name", REFUSED)
    def test_other_clicks_are_refused_with_what_to_click(self, name):
        points, message = REFUSED[name]
        with pytest.raises(ValueError, match=message):
            check_points(points)

    def test_clicks_closer_to_a_line_than_a_hand_gets_are_refused(self):
        with pytest.raises(ValueError, match="one row of pixels"):
            check_points(CROSS * (1, 1e-4))

    def test_the_array_given_stays_its_owners(self):
        points = CROSS.copy()
        check_points(points)[:] = 0
        np.testing.assert_array_equal(points, CROSS)


class TestOrder:
    def test_left_right_top_bottom_come_from_any_order_of_the_clicks(self):
        for order in itertools.permutations(range(4)):
            np.testing.assert_array_equal(order_extreme_points(CROSS[list(order)]), CROSS)

    @pytest.mark.parametrize("name", DRAWN)
    def test_unusual_clicks_are_paired_as_decided(self, name):
        points, segments, _ = DRAWN[name]
        expected = {frozenset(map(tuple, segment)) for segment in segments}
        for order in itertools.permutations(range(4)):
            ordered = order_extreme_points([points[k] for k in order])
            pairs = {frozenset(map(tuple, pair.tolist())) for pair in ordered.reshape(2, 2, 2)}
            assert pairs == expected

    @pytest.mark.parametrize("seed", range(30))
    def test_extreme_points_of_a_mask_keep_their_names(self, seed):
        rng = np.random.default_rng(seed)
        points = extreme_points_from_mask(random_blob(rng), rng)
        ordered = order_extreme_points(rng.permutation(points))
        low, high = points.min(axis=0), points.max(axis=0)
        assert ordered[0, 0] == low[0]
        assert ordered[1, 0] == high[0]
        assert ordered[2, 1] == low[1]
        assert ordered[3, 1] == high[1]

    def test_two_clicks_less_than_a_rounding_error_apart_count_as_one(self):
        ordered = order_extreme_points([(0, 0), (5e-324, 0), (10, 4), (3, 9)])
        assert np.linalg.norm(ordered[1] - ordered[0]) > 1
        assert np.linalg.norm(ordered[3] - ordered[2]) > 1


class TestFromMask:
    def test_the_points_are_left_right_top_bottom_in_x_y(self):
        mask = np.zeros((9, 12), dtype=np.uint8)
        mask[4, 2:10] = 3
        mask[1:8, 5] = 1
        expected = [(2, 4), (9, 4), (5, 1), (5, 7)]
        points = extreme_points_from_mask(mask, 0)
        assert points.dtype == np.float64
        np.testing.assert_array_equal(points, expected)

    def test_every_pixel_that_ties_is_chosen_about_equally_often(self):
        mask = np.zeros((8, 9), dtype=bool)
        mask[2:6, 3:8] = True
        rng = np.random.default_rng(0)
        drawn = np.array([extreme_points_from_mask(mask, rng) for _ in range(800)])
        for point, coordinate, count in ((0, 1, 4), (1, 1, 4), (2, 0, 5), (3, 0, 5)):
            _, times = np.unique(drawn[:, point, coordinate], return_counts=True)
            assert len(times) == count
            assert times.min() > 0.6 * 800 / count

    def test_a_seed_repeats_the_choice_and_none_does_not(self):
        mask = np.ones((200, 200), dtype=bool)
        np.testing.assert_array_equal(extreme_points_from_mask(mask, 7), extreme_points_from_mask(mask, 7))
        fresh = {extreme_points_from_mask(mask).tobytes() for _ in range(5)}
        assert len(fresh) > 1

    def test_ties_between_separate_parts_are_all_candidates(self):
        mask = np.zeros((10, 4), dtype=bool)
        mask[[1, 8], 0] = mask[4, 3] = True
        rows = {extreme_points_from_mask(mask, seed)[0, 1] for seed in range(30)}
        assert rows == {1, 8}

    def test_a_single_pixel_is_extreme_in_all_directions(self):
        mask = np.zeros((5, 5))
        mask[3, 1] = 0.5
        np.testing.assert_array_equal(extreme_points_from_mask(mask), [(1, 3)] * 4)

    @pytest.mark.parametrize(
        ("mask", "message"),
        [
            (np.zeros((4, 5)), r"mask of shape \(4, 5\) is empty"),
            (np.zeros((0, 5)), "is empty"),
            (np.ones((4, 5, 2)), r"one slice, not of shape \(4, 5, 2\)"),
            (np.ones(4), r"not of shape \(4,\)"),
        ],
        ids=["empty", "no rows", "volume", "line"],
    )
    def test_a_mask_without_extreme_points_is_refused(self, mask, message):
        with pytest.raises(ValueError, match=message):
            extreme_points_from_mask(mask)


class TestJitter:
    def test_offsets_fill_the_square_and_do_not_leave_it(self):
        moved = jitter_points(np.tile(CROSS, (200, 1)), 3.0, 1) - np.tile(CROSS, (200, 1))
        assert np.abs(moved).max() <= 3
        assert (np.abs(moved).max(axis=0) > 2.9).all()
        assert np.abs(moved.mean(axis=0)).max() < 0.3

    def test_no_offset_leaves_the_points(self):
        np.testing.assert_array_equal(jitter_points(CROSS, 0, 1), CROSS)

    def test_a_seed_repeats_and_a_generator_goes_on(self):
        np.testing.assert_array_equal(jitter_points(CROSS, 2, 5), jitter_points(CROSS, 2, 5))
        rng = np.random.default_rng(5)
        assert not np.array_equal(jitter_points(CROSS, 2, rng), jitter_points(CROSS, 2, rng))

    def test_points_stay_inside_the_image(self):
        corners = [(0, 0), (19, 0), (0, 9), (19, 9)]
        moved = np.concatenate([jitter_points(corners, 5, seed, shape=(10, 20)) for seed in range(20)])
        assert moved.min() == 0
        assert moved.max(axis=0).tolist() == [19, 9]

    @pytest.mark.parametrize("max_offset", [-1, float("nan"), float("inf"), None, "3"])
    def test_an_offset_that_is_no_distance_is_refused(self, max_offset):
        with pytest.raises(ValueError, match="max_offset must be"):
            jitter_points(CROSS, max_offset, 0)

    @pytest.mark.parametrize("points", [[], (1, 2), [(1, 2, 3)], [(1, np.inf)], "ab", np.zeros((2, 2, 2))])
    def test_points_that_are_no_points_are_refused(self, points):
        with pytest.raises(ValueError, match="points must be"):
            jitter_points(points, 1, 0)

    @pytest.mark.parametrize("shape", [(0, 4), (4,), "ab"])
    def test_a_shape_that_is_no_shape_is_refused(self, shape):
        with pytest.raises(ValueError, match="shape must be"):
            jitter_points(CROSS, 1, 0, shape)
