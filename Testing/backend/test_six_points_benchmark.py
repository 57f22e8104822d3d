"""The benchmark of six extreme points in 3D: the points, their map, and the ways to a mask on an ellipsoid."""

import numpy as np
import pytest

import six_points
from command_line import BRIGHT_CARD, BrightnessNetwork
from cueseg import ExtremePointPredictor
from cueseg.weights_file import LoadedModel
from whole_case_rounds import Structure

SPACING = (2.0, 1.0, 1.0)


@pytest.fixture
def structure():
    """A bright ellipsoid of 13 slices, 25 rows and 33 columns."""
    slices, rows, cols = np.indices((19, 40, 44))
    truth = ((slices - 9) / 6.5) ** 2 + ((rows - 20) / 12.5) ** 2 + ((cols - 22) / 16.5) ** 2 <= 1
    image = np.where(truth, 200, -300).astype(np.int16)
    return Structure("one", "ellipsoid", image, "ct", SPACING, truth)


@pytest.fixture
def points(structure):
    return six_points.six_points(structure.truth, np.random.default_rng(0))


def test_the_points_are_the_ends_of_the_mask(structure, points):
    voxels = np.argwhere(structure.truth)
    for axis in range(3):
        assert points[axis, :, axis].tolist() == [voxels[:, axis].min(), voxels[:, axis].max()]
        assert all(structure.truth[tuple(point.astype(int))] for point in points[axis])


def test_the_centre_is_where_lines_that_meet_do():
    middle, ways = np.array([3.0, -2.0, 7.0]), np.array([[1.0, 0, 0], [1, 2, 0], [0, 1, 3]])
    lines = np.stack([middle - ways, middle + 2.5 * ways], axis=1)
    assert six_points.centre_of(lines) == pytest.approx(middle)


def test_the_map_is_zero_on_the_segments_and_grows_away_from_them(structure, points):
    product = six_points.product_map(points, structure.truth.shape, SPACING)
    for first, last in points:
        assert product[tuple(first.astype(int))] == product[tuple(last.astype(int))] == 0
    assert np.isinf(product[0]).all()
    middle = product[9, 20, :].copy()
    assert (np.isfinite(middle) == structure.truth[9, 20, :]).all()
    assert product[9, 26, 28] > product[9, 22, 24] > 0


def test_every_way_finds_an_ellipsoid(structure, points):
    predictor = ExtremePointPredictor(LoadedModel(BrightnessNetwork(), BRIGHT_CARD), "cpu")
    rng = np.random.default_rng(0)
    limit = six_points.chosen_limit([structure], rng)
    row = six_points.measure(structure, predictor, rng, limit)
    scores = {name: row[name]["dice"] for name in six_points.CLICKS_OF}
    assert scores[six_points.MAP] > 0.6
    assert min(scores[name] for name in (six_points.CUT, six_points.NETWORK, six_points.SLICES)) > 0.9
    text = six_points.table([row, row], limit, 1)
    assert f"| {six_points.NETWORK} | 6 | {scores[six_points.NETWORK]:.3f} ± 0.000" in text


def test_the_network_is_given_sections_of_an_ellipsoid(structure, points):
    """Of an upright one the clicks in the middle slice are the points themselves, and they shrink to the ends."""
    asked = {}

    class Recording:
        def set_image(self, image, modality):
            self.image = image

        def predict(self, clicks):
            asked[len(asked)] = clicks
            return type("Found", (), {"mask": np.zeros(self.image.shape, bool)})

    six_points.by_network(structure, points, Recording())
    assert len(asked) == 13
    widths = [np.ptp(clicks[:, 0]) for clicks in asked.values()]
    assert widths[6] == pytest.approx(32)
    assert widths == sorted(widths[:7]) + sorted(widths[7:], reverse=True)
