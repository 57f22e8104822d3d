"""One case from seven points: the exact cut in the box."""

import itertools
import traceback

import numpy as np
import pytest
from scipy import ndimage

from cueseg.metrics import dice
from cueseg.seven_points import (
    Expansion,
    SevenPointsCancelled,
    SevenPointsOptions,
    Target,
    segment_from_points,
    simulated_target,
)
from cueseg.seven_points.shape import ellipsoid_distance

SHAPE, SPACING = (20, 36, 40), (2.5, 1.0, 1.0)
GRID = np.indices(SHAPE)


def ellipsoid(centre, radii, lean=0.0):
    """With its middle moved along cols by `lean` per slice."""
    z, y, x = (g - c for g, c in zip(GRID, centre, strict=True))
    return (z / radii[0]) ** 2 + (y / radii[1]) ** 2 + ((x - lean * z) / radii[2]) ** 2 <= 1


def noisy(mask, sigma=0.15):
    return mask + np.random.default_rng(0).normal(0, sigma, SHAPE)


def cube():
    mask = np.zeros(SHAPE, bool)
    mask[5:14, 9:28, 10:29] = True
    return mask


@pytest.mark.parametrize("mask", [ellipsoid((9, 18, 20), (5, 9, 11)), cube()], ids=["ellipsoid", "cube"])
def test_it_finds_what_stands_out(mask):
    target = simulated_target(mask, SPACING)
    result = segment_from_points(noisy(mask), [target], SPACING)
    assert dice(result.mask, mask) > 0.95
    np.testing.assert_array_equal(result.labels, Expansion(noisy(mask), [target], SPACING).labels())
    assert dice(result.labels == 1, mask) < 0.5
    assert result.seconds > 0


def test_without_contrast_the_shape_decides():
    mask = ellipsoid((9, 18, 20), (5, 9, 11))
    result = segment_from_points(np.zeros(SHAPE), [simulated_target(mask, SPACING)], SPACING)
    assert dice(result.mask, mask) > 0.8


def test_points_off_the_middle_tilt_the_ellipsoid():
    mask = ellipsoid((9, 18, 20), (6, 7, 7), lean=1.2)
    voxels = np.argwhere(mask)[:, ::-1]
    lower, upper = voxels.min(axis=0) - 1, voxels.max(axis=0) + 1
    straight = Target.from_box((20, 18, 9), lower, upper)
    tips = [voxels[voxels[:, 2] == z].mean(axis=0) for z in (lower[2] + 1, upper[2] - 1)]
    tilted = Target(
        straight.seed,
        (*straight.outside[:4], *((*tip[:2], z) for tip, z in zip(tips, (lower[2], upper[2]), strict=True))),
    )
    part = straight.part(SHAPE)
    assert tilted.part(SHAPE) == part
    scores = [dice(ellipsoid_distance(t, part, SPACING) < 0.9, mask[part]) for t in (straight, tilted)]
    assert scores[1] > scores[0] + 0.03


def test_the_word_of_a_network_counts_by_its_weight_and_its_shape_is_checked():
    mask = ellipsoid((9, 18, 20), (5, 9, 11))
    half = mask & (np.indices(SHAPE)[2] < 20)
    target, image = simulated_target(mask, SPACING), np.zeros(SHAPE)
    word = np.where(half, 8.0, -8.0)
    scores = [
        dice(segment_from_points(image, [target], SPACING, options, log_odds=word).mask, half)
        for options in (SevenPointsOptions(network=weight) for weight in (0.0, 0.5, 2.0))
    ]
    assert scores == sorted(scores)
    assert scores[2] > 0.9 > scores[0] + 0.1
    alone = segment_from_points(image, [target], SPACING).mask
    silent = segment_from_points(image, [target], SPACING, log_odds=np.zeros(SHAPE)).mask
    np.testing.assert_array_equal(silent, alone)
    loud = segment_from_points(image, [target], SPACING, log_odds=word * 100).mask
    np.testing.assert_array_equal(loud, segment_from_points(image, [target], SPACING, log_odds=word).mask)
    for wrong in (np.zeros((2, 3, 4)), np.full(SHAPE, np.nan)):
        with pytest.raises(ValueError, match=r"log_odds have shape .* finite and of the image's shape"):
            segment_from_points(image, [target], SPACING, log_odds=wrong)


def test_what_is_certain_stays():
    mask = ellipsoid((9, 18, 20), (5, 9, 11))
    target = simulated_target(mask, SPACING)
    for image in (noisy(mask), noisy(~mask), np.random.default_rng(1).normal(size=SHAPE)):
        result = segment_from_points(image, [target], SPACING, SevenPointsOptions(smoothness=3.0))
        part = target.part(SHAPE)
        outside = result.mask.copy()
        outside[tuple(slice(own.start + 1, own.stop - 1) for own in part)] = False
        assert not outside.any()  # nor on the faces
        assert result.mask[9, 18, 20]
        x, y, z = (int(value) for value in target.seed)
        core = Expansion(image, [target], SPACING).labels(0.1) == 1
        assert core[z, y, x]
        assert result.mask[core].all()


def test_two_targets_are_cut_one_by_one():
    first, second = (ellipsoid((9, 18, col), (4, 8, 7)) for col in (9, 29))
    image = noisy(first | second)
    targets = [simulated_target(mask, SPACING) for mask in (first, second)]
    seen = []
    result = segment_from_points(image, targets, SPACING, progress=lambda *done: seen.append(done))
    assert seen == [(1, 2), (2, 2)]
    assert dice(result.mask, first | second) > 0.95
    assert ndimage.label(result.mask)[1] == 2


def test_smoothness_costs_boundary():
    mask = ellipsoid((9, 18, 20), (5, 9, 11))
    image, target = noisy(mask, 0.6), simulated_target(mask, SPACING)
    found = [
        segment_from_points(image, [target], SPACING, SevenPointsOptions(smoothness=s)).mask for s in (0, 3)
    ]
    pieces = [np.abs(np.diff(one.astype(int), axis=2)).sum() for one in found]
    assert pieces[1] < pieces[0]


def test_a_box_that_fills_the_volume_is_its_own_surroundings():
    mask = np.zeros((8, 12, 12), bool)
    mask[1:-1, 1:-1, 1:-1] = True
    result = segment_from_points(mask.astype(float), [simulated_target(mask)])
    assert dice(result.mask, mask) > 0.95


def test_it_can_be_cancelled():
    mask = ellipsoid((9, 18, 20), (5, 9, 11))
    with pytest.raises(SevenPointsCancelled):
        segment_from_points(noisy(mask), [simulated_target(mask)], cancelled=lambda: True)


def test_it_can_be_cancelled_in_the_midst_of_the_cut():
    mask = ellipsoid((9, 18, 20), (5, 9, 11))
    moments = []
    segment_from_points(noisy(mask), [simulated_target(mask)], cancelled=lambda: moments.append(callers()))
    last = len(moments)
    assert "grid_cut" in moments[-1]
    asked = itertools.count(1)
    with pytest.raises(SevenPointsCancelled):
        segment_from_points(noisy(mask), [simulated_target(mask)], cancelled=lambda: next(asked) == last)


def callers() -> set[str]:
    """Functions under way."""
    return {frame.name for frame in traceback.extract_stack()}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("threshold", 2, "threshold is 2"),
        ("metric", "px", "metric is 'px'"),
        ("shape", -1, "shape is -1: it must be a number, 0 or more"),
        ("sigma", 0, "sigma is 0: it must be a number, above 0"),
        ("extent", np.nan, "extent is nan"),
        ("intensity", "much", "intensity is 'much'"),
    ],
)
def test_bad_options_are_named(name, value, message):
    with pytest.raises(ValueError, match=message):
        SevenPointsOptions(**{name: value})
