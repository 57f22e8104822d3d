import numpy as np
import pytest

from cueseg.confidence import confidence_map
from cueseg.extreme_points import extreme_points_from_mask, jitter_points, order_extreme_points
from degenerate_clicks import DRAWN, REFUSED, map_by_definition, random_blob
from paper_algorithm import paper_confidence_map

GOLDEN_CLICKS = np.array([(10, 30), (50, 28), (32, 8), (29, 52)], dtype=float)  # left, right, top, bottom
GOLDEN_PIXELS = [(0, 0), (20, 20), (40, 45), (60, 60), (29, 30), (8, 32), (12, 50)]  # (row, col)
# The released program of the authors and the printed equations, run on a 64 x 64 grid.
GOLDEN = {
    "code, before stretching": (
        {"preset": "code", "scale": "unit"},
        [0.030122, 0.235323, 0.160724, 0.030515, 1.0, 1.0, 0.099081],
    ),
    "code": ({"preset": "code"}, [1.4254, 55.0752, 35.5712, 1.5279, 255.0, 255.0, 19.4546]),
    "code with tau 1": (
        {"preset": "code", "tau": 1, "scale": "unit"},
        [0.178581, 0.682962, 0.572745, 0.180547, 1.0, 1.0, 0.434978],
    ),
    "paper": ({"preset": "paper"}, [0.228790, 0.755425, 0.650327, 0.245797, 1.0, 1.0, 0.504281]),
    "paper with mean sigma": (
        {"sigma": "mean"},
        [0.235091, 0.752773, 0.653963, 0.237109, 1.0, 1.0, 0.521202],
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_map_has_the_published_values(name):
    options, expected = GOLDEN[name]
    image = confidence_map(GOLDEN_CLICKS, (64, 64), **options)
    half_a_digit = 0.5e-4 if options == {"preset": "code"} else 0.5e-6
    assert image.dtype == np.float32
    assert image.shape == (64, 64)
    np.testing.assert_allclose([image[p] for p in GOLDEN_PIXELS], expected, rtol=0, atol=1.3 * half_a_digit)


def test_explicit_options_make_one_preset_the_other():
    code = confidence_map(GOLDEN_CLICKS, (64, 64), preset="code")
    spelled = confidence_map(GOLDEN_CLICKS, (64, 64), tau=7, norm="l1", sigma="mean", scale="minmax255")
    np.testing.assert_array_equal(code, spelled)


OPTIONS = [
    {"tau": 1.0, "norm": "l2", "sigma": "split"},
    {"tau": 7.0, "norm": "l1", "sigma": "mean"},
    {"tau": 0.3, "norm": "l2", "sigma": "mean"},
    {"tau": 7.0, "norm": "l1", "sigma": "split"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("shape", [(96, 64), (33, 200), (1, 80), (80, 1), (300, 260)])
def test_the_map_equals_the_papers_algorithm_on_random_crosses(options, shape):
    rng = np.random.default_rng(sum(shape))
    for _ in range(8):
        points = _random_cross(rng, max(shape))
        expected = paper_confidence_map(points, shape, **options)
        np.testing.assert_allclose(confidence_map(points, shape, **options), expected, rtol=0, atol=2e-6)


def _random_cross(rng, size):
    """Left, right, top, bottom between pixels, off the middle, with every half longer than a pixel."""
    x, y = rng.uniform(0.3, 0.7, 2) * size
    reach = rng.uniform(0.1, 0.6, 4) * size + 2
    slant = rng.uniform(-1, 1, 4) * reach * 0.4
    ends = [(-reach[0], slant[0]), (reach[1], slant[1]), (slant[2], -reach[2]), (slant[3], reach[3])]
    return np.add(ends, (x, y))


INVARIANT_OPTIONS = [{"preset": "paper"}, {"preset": "code", "scale": "unit"}]


@pytest.mark.parametrize("options", INVARIANT_OPTIONS, ids=str)
class TestTheMapDoesNotChangeWhen:
    def map_of(self, points, options, shape=(64, 64)):
        return confidence_map(points, shape, **options)

    def test_the_clicks_come_in_another_order(self, options):
        expected = self.map_of(GOLDEN_CLICKS, options)
        orders = [(1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1), (3, 1, 0, 2), (2, 0, 3, 1)]
        for order in orders:  # ends swapped, pairs swapped, anything
            np.testing.assert_array_equal(self.map_of(GOLDEN_CLICKS[list(order)], options), expected)

    def test_clicks_and_grid_move_together(self, options):
        expected = self.map_of(GOLDEN_CLICKS, options)
        moved = self.map_of(np.add(GOLDEN_CLICKS, (17, 40)), options, (120, 90))[40:104, 17:81]
        np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-6)

    @pytest.mark.parametrize("turns", [1, 2, 3])
    def test_clicks_and_grid_turn_by_quarters(self, options, turns):
        x, y = GOLDEN_CLICKS.T
        for _ in range(turns):
            x, y = y, 63 - x
        turned = self.map_of(np.stack([x, y], axis=1), options)
        np.testing.assert_allclose(turned, np.rot90(self.map_of(GOLDEN_CLICKS, options), turns), atol=1e-6)

    def test_the_clicks_turn_by_any_angle_about_a_pixel(self, options):
        centre, angle = np.array([31.0, 29.0]), np.deg2rad(23.0)
        turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
        clicks = (GOLDEN_CLICKS - centre) @ turn + centre
        for offset in ((0, 0), (5, -12), (-20, 21), (-30, -28)):
            pixel = np.array(offset, dtype=float)
            # A grid of one pixel, put where the turned pixel lies.
            one = self.map_of(clicks - (pixel @ turn + centre), options, (1, 1))
            expected = self.map_of(GOLDEN_CLICKS - (pixel + centre), options, (1, 1))
            np.testing.assert_allclose(one, expected, rtol=0, atol=1e-6)

    @pytest.mark.parametrize("factor", [2, 5])
    def test_clicks_and_grid_grow_together(self, options, factor):
        grown = self.map_of(GOLDEN_CLICKS * factor, options, (64 * factor, 64 * factor))
        expected = self.map_of(GOLDEN_CLICKS, options)
        np.testing.assert_allclose(grown[::factor, ::factor], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("options", [*INVARIANT_OPTIONS, {"tau": 1000.0, "norm": "l1"}], ids=str)
def test_the_map_is_one_on_both_segments_and_less_elsewhere(options):
    points = np.array([(4, 20), (44, 30), (20, 4), (28, 44)], dtype=float)
    image = confidence_map(points, (50, 50), **options)
    on_segments = [(20 + k, 4 + 4 * k) for k in range(11)] + [(4 + 5 * k, 20 + k) for k in range(9)]
    np.testing.assert_allclose([image[p] for p in on_segments], 1.0, rtol=0, atol=1e-6)
    image[tuple(np.transpose(on_segments))] = 0
    assert image.max() < 0.9999
    assert image[0, 0] < image[10, 10] < 1


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", DRAWN)
def test_unusual_clicks_give_the_map_of_the_decision(name, options):
    points, segments, centre = DRAWN[name]
    expected = map_by_definition(segments, centre, (40, 48), **options)
    np.testing.assert_allclose(confidence_map(points, (40, 48), **options), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("preset", ["paper", "code"])
@pytest.mark.parametrize("name", DRAWN)
def test_unusual_clicks_give_finite_maps_in_range(name, preset):
    image = confidence_map(DRAWN[name][0], (40, 48), preset=preset)
    low, high = (0, 1) if preset == "paper" else (0, 255)
    assert np.isfinite(image).all()
    assert low <= image.min() < image.max() <= high


@pytest.mark.parametrize("name", REFUSED)
def test_clicks_without_a_map_are_refused_with_what_to_click(name):
    points, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        confidence_map(points, (40, 40))


def test_a_shrunken_window_accepts_clicks_that_the_image_accepted():
    thin = np.array([(0, 0), (900, 1), (400, 0), (500, 1)]) * 0.01 + 3
    assert np.isfinite(confidence_map(thin, (20, 20))).all()


@pytest.mark.parametrize("seed", range(40))
def test_extreme_points_of_any_blob_give_a_finite_map(seed):
    rng = np.random.default_rng(seed)
    mask = random_blob(rng)
    points = extreme_points_from_mask(mask, rng)
    limit = min(3.0, 0.1 * (1 + np.ptp(points, axis=0).min()))
    for clicks in (points, jitter_points(points, limit, rng)):
        for preset in ("paper", "code"):
            assert np.isfinite(confidence_map(clicks, mask.shape, preset=preset)).all()


def test_clicks_far_outside_give_an_almost_empty_map():
    image = confidence_map(GOLDEN_CLICKS + 5000, (64, 64))
    assert 0 < image.min() <= image.max() < 1e-3


def test_a_constant_map_is_stretched_to_zero():
    np.testing.assert_array_equal(confidence_map(GOLDEN_CLICKS, (1, 1), preset="code"), [[0]])


def test_a_row_wider_than_a_block_is_drawn_whole():
    points = GOLDEN_CLICKS * (2000, 1)
    expected = paper_confidence_map(points, (2, 100_000))
    np.testing.assert_allclose(confidence_map(points, (2, 100_000)), expected, rtol=0, atol=2e-6)


def test_a_map_stays_as_it_is_when_the_next_is_drawn():
    first = confidence_map(GOLDEN_CLICKS, (64, 64))
    kept = first.copy()
    confidence_map(GOLDEN_CLICKS[::-1] * 0.5, (64, 64))
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "papper"}, "preset must be one of .*did you mean 'paper'"),
        ({"preset": "Code"}, "did you mean 'code'"),
        ({"norm": "L2"}, "norm must be one of 'l2', 'l1', not 'L2'; did you mean 'l2'"),
        ({"sigma": "means"}, "did you mean 'mean'"),
        ({"scale": "minmax"}, "did you mean 'minmax255'"),
        ({"scale": 255}, "scale must be one of"),
        ({"tau": 0}, "tau must be a number above 0"),
        ({"tau": float("nan")}, "tau must be a number"),
        ({"tau": 1e9}, "up to 1000"),
        ({"tau": "7"}, "tau must be a number"),
        ({"tau": True}, "tau must be a number"),
    ],
    ids=str,
)
def test_unknown_options_are_refused_with_a_suggestion(options, message):
    with pytest.raises(ValueError, match=message):
        confidence_map(GOLDEN_CLICKS, (64, 64), **options)


@pytest.mark.parametrize("shape", [(0, 5), (5, -1), (5,), (5, 5, 5), 5, (2.5, 5), None, "ab"], ids=str)
def test_a_shape_that_is_no_shape_is_refused(shape):
    with pytest.raises(ValueError, match="shape must be"):
        confidence_map(GOLDEN_CLICKS, shape)


def test_ordering_keeps_the_map():
    ordered = order_extreme_points(GOLDEN_CLICKS[[2, 0, 3, 1]])
    np.testing.assert_array_equal(ordered, GOLDEN_CLICKS)
