"""Weights of the network step, and the options, boxes and scribbles that are refused."""

import numpy as np
import pytest

from cueseg.bifseg import BifsegOptions
from cueseg.bifseg.box import check_box, check_object_scribbles
from cueseg.bifseg.weighting import Nearness, voxel_weights

NOWHERE = np.full((6, 7), -1)


def weights_of(p, labels, scribbles=NOWHERE, outside=None, values=None, **chosen):
    options = BifsegOptions(**{"epsilon": 0.2} | chosen)
    outside = np.zeros(p.shape, bool) if outside is None else outside
    values = np.random.default_rng(0).normal(size=(*p.shape, 1)) if values is None else values
    near = Nearness(values.astype(np.float32), scribbles, (1.0,) * p.ndim, options.epsilon)
    return voxel_weights(p.astype(np.float32), labels, scribbles, outside, near, options)


def test_weights_by_hand():
    """An even left half and an even right half; the object is scribbled left and the background right."""
    values = np.zeros((4, 30, 1))
    values[:, 15:] = 1.0
    p = np.full((4, 30), 0.1)
    p[:, :10], p[0, 20], p[1, 20], p[2, 20] = 0.9, 0.5, 0.2, 0.7
    labels = p > 0.45
    scribbles = np.full((4, 30), -1)
    scribbles[1, 2], scribbles[2, 28] = 1, 0
    found = weights_of(p, labels, scribbles, values=values)
    assert set(np.unique(found)) == {0, 1, 5}
    assert found[1, 2] == found[2, 28] == 5
    assert (found[:, :10] + (scribbles[:, :10] >= 0) * -4 == 1).all()  # labelled as scribbled there
    assert (found[:, 10:15] == 0).all()  # background in the half where the object was scribbled
    assert (found[:, 15:20] == 1).all()
    assert found[:, 20].tolist() == [
        0,
        1,
        0,
        1,
    ]  # between t0 and t1; at t0; close to the background, but object
    far = weights_of(p, labels, scribbles, values=values, epsilon=0.08)
    assert (far[1, 10], far[1, 11]) == (0, 1)  # 8 and 9 voxels from the scribble, which ends above 0.08


def test_a_constant_image_is_close_up_to_twenty_voxels():
    scribbles = np.full((1, 60), -1)
    scribbles[0, 0] = 1
    p = np.full((1, 60), 0.05)
    found = weights_of(p, p > 0.5, scribbles, values=np.zeros((1, 60, 1)))
    np.testing.assert_array_equal(np.flatnonzero(found[0] == 0), np.arange(1, 20))


def test_an_edge_ends_what_is_close():
    scribbles = np.full((3, 20), -1)
    scribbles[1, 2] = 0
    values = np.zeros((3, 20, 1))
    values[:, 8:] = 0.5
    p = np.full((3, 20), 0.9)
    found = weights_of(p, p > 0.5, scribbles, values=values)
    assert (found[:, :8] == 0).sum() == 3 * 8 - 1
    assert (found[:, 8:] == 1).all()


def test_nothing_is_uncertain_without_band_and_radius(rng):
    p = rng.random((6, 7))
    scribbles = rng.choice([-1, 0, 1], p.shape)
    for t in (0.0, 0.45, 1.0):
        found = weights_of(p, p > 0.5, scribbles, t0=t, t1=t, epsilon=0.0)
        np.testing.assert_array_equal(found, np.where(scribbles >= 0, 5, 1))


@pytest.mark.parametrize("omega", [0.5, 5.0])
def test_weights_are_one_of_three(rng, omega):
    p = rng.random((6, 7))
    scribbles = rng.choice([-1, -1, 0, 1], p.shape)
    found = weights_of(p, rng.random(p.shape) < 0.5, scribbles, omega=omega)
    assert set(np.unique(found)) == {0, 1, omega}
    assert (found[scribbles >= 0] == omega).all()


def test_without_scribbles_the_band_alone_is_uncertain(rng):
    p = rng.random((6, 7))
    np.testing.assert_array_equal(weights_of(p, p > 0.5) == 0, (p > 0.2) & (p < 0.7))


def test_what_lies_outside_the_box_is_certain(rng):
    outside = np.zeros((6, 7), bool)
    outside[:, 5:] = True
    p = np.full((6, 7), 0.5)
    np.testing.assert_array_equal(weights_of(p, p > 0.5, outside=outside), outside)


def test_uniform_weights_are_one(rng):
    p = rng.random((6, 7))
    scribbles = rng.choice([-1, 0, 1], p.shape)
    assert (weights_of(p, p > 0.5, scribbles, weighting="uniform") == 1).all()


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"weighting": "half"}, "weighting is 'half': it must be one of 'full', 'uniform', 'none'"),
        ({"smoothness": -1}, "smoothness is -1: it must be a number, 0 or more"),
        ({"sigma": 0.0}, "sigma is 0.0: it must be a number, above 0"),
        ({"epsilon": np.nan}, "epsilon is nan"),
        ({"omega": 0}, "omega is 0: it must be a number, above 0"),
        ({"learning_rate": np.inf}, "learning_rate is inf"),
        ({"t0": 0.8}, "t0 is 0.8 and t1 0.7"),
        ({"t1": 1.5}, "t0 is 0.2 and t1 1.5"),
        ({"t0": None}, "t0 is None"),
        ({"alternations": -1}, "alternations is -1: it must be a whole number, 0 or more"),
        ({"iterations": 0}, "iterations is 0: it must be a whole number, 1 or more"),
        ({"margin": 2.5}, "margin is 2.5"),
        ({"connectivity": 26}, "connectivity is 26"),
        ({"max_voxels": 1}, "max_voxels is 1"),
        ({"layers": 0}, "layers is 0"),
    ],
)
def test_bad_options_are_named(chosen, message):
    with pytest.raises(ValueError, match=message):
        BifsegOptions(**chosen)


def test_boxes_hold_both_corners():
    assert check_box(((2, 3), (5, 9)), (20, 30)).part == (slice(3, 10), slice(2, 6))
    assert check_box(((1.2, 0, 4), (3.0, 0, 4.9)), (6, 5, 5)).part == (slice(4, 5), slice(0, 1), slice(2, 4))
    assert check_box(((-7, -1), (99, 2)), (20, 30)).part == (slice(0, 3), slice(0, 30))
    box = check_box(((2, 3), (5, 9)), (20, 30))
    assert box.widened((4, 1)) == (slice(0, 14), slice(1, 7))
    assert str(box) == "x 2 to 5, y 3 to 9"


@pytest.mark.parametrize(
    ("box", "message"),
    [
        (((5, 3), (2, 9)), "the box is empty: x goes from 5 to 2"),
        (((2.1, 3), (2.9, 9)), "x goes from 2.1 to 2.9, which holds no pixel's centre"),
        (((30, 3), (35, 9)), "beside the image: x goes from 30 to 35, the image's from 0 to 29"),
        (((2, -9), (5, -1)), "beside the image: y goes from -9 to -1"),
        (((2, np.nan), (5, 9)), "finite pixel coordinates of this 2D image"),
        (((2, 3, 1), (5, 9, 1)), "the box must be"),
        ((2, 3, 5, 9), "the box must be"),
        ("box", "the box must be"),
    ],
)
def test_bad_boxes_are_refused(box, message):
    with pytest.raises(ValueError, match=message):
        check_box(box, (20, 30))


def test_scribbles_outside_the_box():
    box = check_box(((2, 3), (5, 9)), (20, 30))
    scribbles = np.full((20, 30), -1)
    scribbles[15] = 0
    assert (check_object_scribbles(scribbles, box) == scribbles).all()
    assert (check_object_scribbles(None, box) == -1).all()
    scribbles[3, 6] = scribbles[4, 2] = 1
    with pytest.raises(ValueError, match=r"1 voxel scribbled as object outside the box \(x 2 to 5, y 3"):
        check_object_scribbles(scribbles, box)


@pytest.mark.parametrize(
    ("scribbles", "message"),
    [
        (np.zeros((20, 31), int), r"the scribbles have shape \(20, 31\), the image \(20, 30\)"),
        (np.zeros((20, 30)), "signed integers"),
        (np.full((20, 30), 2), "the scribbles hold 2: use 1 for the object"),
        (np.full((20, 30), -2), "hold -2"),
    ],
)
def test_bad_scribbles_are_refused(scribbles, message):
    with pytest.raises(ValueError, match=message):
        check_object_scribbles(scribbles, check_box(((2, 3), (5, 9)), (20, 30)))
