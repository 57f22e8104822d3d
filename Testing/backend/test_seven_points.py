"""Seven points become labels: object, background, unknown."""

import itertools

import numpy as np
import pytest

from cueseg.seven_points import (
    DIRECTIONS,
    Expansion,
    SevenPointsCancelled,
    Target,
    directions,
    expand_points,
    simulated_target,
)

SHAPE, SPACING = (18, 30, 32), (2.5, 1.0, 1.0)
BALL = {"centre": (9.0, 14.0, 15.0), "radii": (4.0, 8.0, 9.0)}  # slice, row, col


def ball(centre, radii, shape=SHAPE):
    grid = np.indices(shape)
    return sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True)) <= 1


@pytest.fixture
def scene(rng):
    """A bright ball in noise, its mask and its points."""
    mask = ball(**BALL)
    return mask + rng.normal(0, 0.1, SHAPE), mask, simulated_target(mask, SPACING, rng=1)


def test_the_box_holds_all_seven_points_and_a_box_gives_them_back():
    target = Target((5, 6.2, 7), ((2, 6, 7), (9.4, 6, 7), (5, 1, 7), (5, 9, 7), (5, 6, 3), (5, 6, 8)))
    assert target.box == ((2, 1, 3), (9, 9, 8))
    assert target.part((20, 20, 8)) == (slice(3, 9), slice(1, 10), slice(2, 8))
    again = Target.from_box(target.seed, *target.box)
    assert again.box == target.box
    assert directions(again.seed, again.outside) == {side: k for k, side in enumerate(DIRECTIONS)}


def test_points_are_simulated_around_a_mask():
    mask = ball(**BALL)
    for margin in (1, 3):
        target = simulated_target(mask, SPACING, margin, rng=0)
        assert target.seed == (15, 14, 9)
        voxels = np.argwhere(mask)[:, ::-1]
        lower, upper = target.box
        np.testing.assert_array_equal(lower, voxels.min(axis=0) - margin)
        np.testing.assert_array_equal(upper, voxels.max(axis=0) + margin)
        assert list(directions(target.seed, target.outside, SPACING).values()) == list(range(6))
    assert simulated_target(mask, SPACING, rng=3) == simulated_target(mask, SPACING, rng=3)
    with pytest.raises(ValueError, match=r"at least one voxel set.*0 voxels"):
        simulated_target(np.zeros(SHAPE))
    with pytest.raises(ValueError, match="margin is 0"):
        simulated_target(mask, margin=0)


def test_every_order_of_the_clicks_gives_the_same(scene):
    image, _, target = scene
    orders = list(itertools.permutations(range(6)))[::120]
    assert len(orders) == 6
    expected = expand_points(image, [target], SPACING)
    for order in orders:
        shuffled = Target(target.seed, tuple(target.outside[k] for k in order))
        found = directions(shuffled.seed, shuffled.outside, SPACING)
        assert {side: order[index] for side, index in found.items()} == dict(
            zip(DIRECTIONS, range(6), strict=True)
        )
        np.testing.assert_array_equal(expand_points(image, [shuffled], SPACING), expected)


def test_sides_are_shared_out_in_mm():
    # Both lie beyond in x and in z; in voxels the second reaches as far in z as the first does.
    seed, outside = (10, 10, 10), ((13, 10, 12), (14, 10, 12))
    assert directions(seed, outside, (5.0, 1.0, 1.0)) == {"+x": 1, "+z": 0}
    assert directions(seed, ((10, 10, 10), (10, 10.4, 10))) == {}
    assert directions(seed, ()) == {}


def test_labels_are_background_outside_and_object_around_the_seed(scene):
    image, mask, target = scene
    expansion = Expansion(image, [target], SPACING)
    labels = expansion.labels(0.2)
    assert labels.dtype == np.uint8
    inside = np.zeros(SHAPE, bool)
    inside[target.part(SHAPE)] = True
    np.testing.assert_array_equal(labels == 0, ~inside)
    assert labels[9, 14, 15] == 1
    found = labels == 1
    assert (found & mask).sum() / found.sum() > 0.98
    assert (found & mask).sum() / mask.sum() > 0.1
    sizes = [(expansion.labels(t) == 1).sum() for t in (1e-6, 0.1, 0.2, 0.5, 1)]
    assert sizes == sorted(sizes)
    assert sizes[0] == 1
    assert sizes[-1] == inside.sum() - 1  # the farthest voxel is not below itself
    np.testing.assert_array_equal(expand_points(image, [target], SPACING, 0.2), labels)


def test_edges_keep_what_is_near_but_different_unknown(rng):
    mask = ball(**BALL)
    image = mask + rng.normal(0, 0.02, SHAPE)
    outside = Target.from_box((15, 14, 9), (2, 2, 2), (30, 27, 16))  # far beyond the object
    plain = expand_points(image, [outside], SPACING, 0.35, weight=0) == 1
    found = expand_points(image, [outside], SPACING, 0.35, weight=4) == 1
    assert (plain & ~mask).sum() > 50
    assert (found & ~mask).sum() < 0.1 * (plain & ~mask).sum()


def test_a_constant_image_is_measured_by_distance_alone():
    target = Target.from_box((15, 14, 9), (5, 6, 4), (25, 22, 14))
    grid = np.indices(SHAPE)[:, 4:15, 6:23, 5:26]
    away = [grid[k] - c for k, c in enumerate((9, 14, 15))]
    for metric, steps in (("box", (1 / 5, 1 / 8, 1 / 10)), ("mm", SPACING)):
        distance = np.sqrt(sum((a * s) ** 2 for a, s in zip(away, steps, strict=True)))
        labels = expand_points(np.full(SHAPE, 7), [target], SPACING, 0.53, metric=metric)
        np.testing.assert_array_equal(labels[target.part(SHAPE)] == 1, distance < 0.53 * distance.max())
        assert set(np.unique(labels)) == {0, 1, 2}


def test_the_spacing_counts_in_mm_alone(scene):
    image, _, target = scene
    flat, tall = (expand_points(image, [target], s, metric="mm") for s in ((1.0, 1.0, 1.0), (6.0, 1.0, 1.0)))
    reach = [np.ptp(np.nonzero(labels == 1)[0]) for labels in (flat, tall)]
    assert reach[1] < reach[0]
    boxes = [expand_points(image, [target], s) for s in ((1.0, 1.0, 1.0), (6.0, 1.0, 1.0))]
    np.testing.assert_array_equal(*boxes)


@pytest.mark.parametrize("apart", [16, 7])
def test_two_lesions_are_the_union_of_both(rng, apart):
    first, second = (ball((8, 14, 9 + shift), (3, 5, 4), (16, 28, 40)) for shift in (0, apart))
    image = (first | second) + rng.normal(0, 0.1, first.shape)
    targets = [simulated_target(mask, SPACING) for mask in (first, second)]
    alone = [expand_points(image, [target], SPACING) for target in targets]
    both = expand_points(image, targets, SPACING)
    np.testing.assert_array_equal(both == 1, (alone[0] == 1) | (alone[1] == 1))
    np.testing.assert_array_equal(both == 0, (alone[0] == 0) & (alone[1] == 0))
    assert both[8, 14, 9] == both[8, 14, 9 + apart] == 1
    overlap = (alone[0] > 0) & (alone[1] > 0)
    assert overlap.any() == (apart == 7)


def test_an_object_at_the_end_of_the_volume_has_its_points_beyond(rng):
    mask = np.zeros((6, 12, 12), bool)
    mask[:4, 3:9, :7] = True
    target = simulated_target(mask)
    assert target.box == ((-1, 2, -1), (7, 9, 4))
    labels = expand_points(mask + rng.normal(0, 0.05, mask.shape), [target])
    assert (labels[:5, 2:10, :8] > 0).all()
    assert labels[5:].max() == 0


def test_it_can_be_watched_and_cancelled(scene):
    image, _, target = scene
    seen = []
    Expansion(image, [target] * 2, SPACING, progress=lambda *done: seen.append(done))
    assert seen == [(1, 2), (2, 2)]
    asked = iter([False, True])
    with pytest.raises(SevenPointsCancelled, match="nothing was changed"):
        Expansion(image, [target], SPACING, cancelled=lambda: next(asked))  # while it is computed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"image": np.zeros((4, 5))},
            r"volume \(slices, rows, cols\), not of shape \(4, 5\): give one channel",
        ),
        ({"image": np.full(SHAPE, "a")}, "real numbers, not <U1"),
        ({"image": np.where(ball(**BALL), np.nan, 1)}, "voxels in the box are NaN or infinite; replace them"),
        ({"targets": []}, "no target: give at least one"),
        ({"threshold": 0.0}, "threshold is 0.0: it must be above 0"),
        ({"threshold": True}, "threshold is True"),
        ({"weight": -1}, "weight is -1: it must be a number, 0 or more"),
        ({"metric": "l1"}, "metric is 'l1': it must be one of 'box', 'mm'"),
        ({"spacing": (1.0, 1.0)}, "spacing must be 3 numbers"),
    ],
)
def test_bad_input_is_named(scene, change, message):
    given = {"image": scene[0], "targets": [scene[2]], "spacing": SPACING} | change
    with pytest.raises(ValueError, match=message):
        expand_points(**given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Target((1, 2), ()), r"the seed must be \(x, y, z\), finite"),
        (lambda: Target((1, 2, np.nan), ()), "the seed must be .* finite"),
        (lambda: Target((1, 2, 3), ((1, 2, "x"),)), "every outside point must be"),
        (
            lambda: Target.from_box((1, 2, 3), (5, 0, 0), (4, 9, 9)),
            "give the corner of the least coordinates",
        ),
    ],
)
def test_points_that_are_none_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
