import numpy as np
import pytest
from scipy import ndimage

from cueseg.scribbles import SimulationOptions, simulate_scribbles
from cueseg.scribbles.strokes import medial_stroke


def bar_case() -> tuple[np.ndarray, np.ndarray]:
    """Truth: a bar of class 1, a square of class 2. Predicted: half the bar, and too much below the square."""
    truth, found = np.zeros((40, 60), int), np.zeros((40, 60), int)
    truth[5:12, 5:55] = 1
    truth[20:30, 10:20] = 2
    found[5:12, 5:15] = 1
    found[20:38, 10:20] = 2
    return found, truth


def test_every_class_gets_a_stroke_in_its_largest_error(rng):
    found, truth = bar_case()
    scribbles = simulate_scribbles(found, truth, rng)
    painted = scribbles >= 0
    assert (scribbles[painted] == truth[painted]).all()
    assert (found[painted] != truth[painted]).all()
    assert np.unique(scribbles[painted]).tolist() == [0, 1], "class 2 is missing nowhere"
    rows, cols = np.nonzero(scribbles == 1)
    assert set(rows) == {8}, "along the middle"
    assert 18 <= np.ptp(cols) <= 20, "as long as allowed, of an axis of more than 30 px"
    assert set(np.nonzero(scribbles == 0)[0]) <= set(range(31, 37)), "off the border of what is too much"


def test_the_length_is_in_millimetres(rng):
    found, truth = bar_case()
    options = SimulationOptions(max_length=20.0)
    cols = np.nonzero(simulate_scribbles(found, truth, rng, options, spacing=(0.5, 4.0)) == 1)[1]
    assert np.ptp(cols) == 5


def test_a_seed_gives_the_same_strokes_and_another_seed_others():
    found, truth = bar_case()
    one, same, other = (
        simulate_scribbles(found, truth, np.random.default_rng(seed), SimulationOptions(max_length=6.0))
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_more_strokes_continue_fewer_and_keep_their_distance():
    found, truth = bar_case()
    few, many = (
        simulate_scribbles(
            found, truth, np.random.default_rng(4), SimulationOptions(max_length=8, strokes_per_label=n)
        )
        for n in (1, 3)
    )
    assert (many[few >= 0] == few[few >= 0]).all()
    components, count = ndimage.label(many == 1, np.ones((3, 3)))
    assert count == 3
    first, *others = (components == n for n in range(1, count + 1))
    assert ndimage.distance_transform_edt(~first)[np.any(others, axis=0)].min() > 3


def test_earlier_scribbles_stay_and_new_ones_lie_elsewhere(rng):
    found, truth = bar_case()
    options = SimulationOptions(max_length=8)
    first = simulate_scribbles(found, truth, rng, options)
    second = simulate_scribbles(found, truth, rng, options, existing=first)
    assert (second[first >= 0] == first[first >= 0]).all()
    new = (second == 1) & (first != 1)
    assert ndimage.distance_transform_edt(first != 1)[new].min() > options.separation


def test_a_volume_is_scribbled_in_the_slice_with_the_largest_error(rng):
    truth, found = np.zeros((9, 30, 30), int), np.zeros((9, 30, 30), int)
    for number, half in enumerate((0, 3, 5, 8, 10, 12, 7, 4, 0)):
        truth[number, 15 - half : 15 + half, 15 - half : 15 + half] = 3
    scribbles = simulate_scribbles(found, truth, rng)
    assert np.unique(np.nonzero(scribbles == 3)[0]).tolist() == [5]
    across = simulate_scribbles(found, truth, rng, SimulationOptions(axis=2))
    assert len(np.unique(np.nonzero(across == 3)[2])) == 1


def test_unknown_truth_correct_results_and_specks_are_not_scribbled(rng):
    found, truth = bar_case()
    assert (simulate_scribbles(truth, truth, rng) == -1).all()
    assert (simulate_scribbles(found, np.full_like(truth, -1), rng) == -1).all()
    speck = truth.copy()
    speck[0, :3] = 1
    assert (simulate_scribbles(speck, truth, rng) == -1).all()
    assert (simulate_scribbles(found, truth, rng, SimulationOptions(labels=(1,))) != 0).all()


def test_a_wide_brush_stays_in_its_class(rng):
    found, truth = bar_case()
    thin, wide = (
        simulate_scribbles(found, truth, np.random.default_rng(0), SimulationOptions(brush_radius=r))
        for r in (0, 9)
    )
    assert (wide >= 0).sum() > 3 * (thin >= 0).sum()
    assert (wide[wide >= 0] == truth[wide >= 0]).all()


def test_a_user_who_confirms_marks_what_is_right_beside_the_only_missing_class(rng):
    truth = np.zeros((40, 60), int)
    truth[10:30, 10:50] = 1
    found = np.zeros_like(truth)
    plain, confirmed = (
        simulate_scribbles(found, truth, np.random.default_rng(0), SimulationOptions(confirm=c))
        for c in (False, True)
    )
    assert np.unique(plain).tolist() == [-1, 1]
    assert np.unique(confirmed).tolist() == [-1, 0, 1]
    assert (confirmed[confirmed >= 0] == truth[confirmed >= 0]).all()
    np.testing.assert_array_equal(confirmed == 1, plain == 1)


@pytest.mark.parametrize(
    "region",
    [np.ones((1, 1), bool), np.ones((1, 9), bool), np.eye(7, dtype=bool) | np.eye(7, k=1, dtype=bool)],
)
def test_thin_regions_get_a_stroke_inside(region, rng):
    stroke = medial_stroke(region, (1.0, 1.0), 100.0, rng)
    assert stroke.any()
    assert not (stroke & ~region).any()


def test_the_stroke_of_a_bent_region_follows_it(rng):
    region = np.zeros((40, 40), bool)
    region[5:10, 5:35] = region[5:35, 30:35] = True
    stroke = medial_stroke(region, (1.0, 1.0), 100.0, rng)
    assert not (stroke & ~region).any()
    assert stroke[7, 12]
    assert stroke[25, 32]
    assert ndimage.label(stroke, np.ones((3, 3)))[1] == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"prediction": np.zeros((3, 3), int)}, "one shape"),
        ({"existing": np.full((3, 3), -1)}, "differ in shape"),
        ({"spacing": (1.0, 0.0)}, "spacing"),
    ],
)
def test_bad_input_is_refused(given, message, rng):
    arrays = {"prediction": np.zeros((4, 4), int), "truth": np.ones((4, 4), int)} | given
    with pytest.raises(ValueError, match=message):
        simulate_scribbles(arrays.pop("prediction"), arrays.pop("truth"), rng, **arrays)


@pytest.mark.parametrize(
    "change", [{"max_length": 0.0}, {"separation": -1.0}, {"strokes_per_label": 0}, {"min_pixels": 1.5}]
)
def test_bad_options_are_refused(change):
    (name,) = change
    with pytest.raises(ValueError, match=name):
        SimulationOptions(**change)
