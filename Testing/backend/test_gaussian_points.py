import numpy as np
import pytest

from cueseg.confidence import gaussian_points


def test_half_the_height_is_reached_at_half_the_width():
    image = gaussian_points([(10, 20)], (40, 50), sigma=10)
    assert image.dtype == np.float32
    assert image[20, 10] == 1
    at_5_5_and_10_px = [image[20, 15], image[25, 10], image[20, 20]]
    np.testing.assert_allclose(at_5_5_and_10_px, [0.5, 0.5, 0.0625], rtol=0, atol=1e-6)


def test_the_nearest_point_counts():
    points = np.array([(3.5, 4), (20, 30.25), (44, 1), (-3, 18)])
    y, x = np.mgrid[:40, :50]
    squared = [(x - px) ** 2 + (y - py) ** 2 for px, py in points]
    expected = np.exp(-4 * np.log(2) * np.min(squared, axis=0) / 7.0**2)
    np.testing.assert_allclose(gaussian_points(points, (40, 50), 7), expected, rtol=0, atol=1e-6)


def test_points_far_outside_leave_the_map_empty():
    np.testing.assert_array_equal(gaussian_points([(1e6, -1e6)], (5, 5), 0.01), np.zeros((5, 5)))


@pytest.mark.parametrize("sigma", [0, -1, float("nan"), float("inf"), "10", 1e-9])
def test_a_width_that_is_no_width_is_refused(sigma):
    with pytest.raises(ValueError, match="sigma must be"):
        gaussian_points([(10, 30), (50, 28)], (9, 9), sigma)


@pytest.mark.parametrize("points", [[], (3, 4), [(1, 2, 3)], [(1, np.nan)], "ab", np.zeros((1, 4, 2))])
def test_points_that_are_no_points_are_refused(points):
    with pytest.raises(ValueError, match="points must be"):
        gaussian_points(points, (9, 9))
