"""Minimum cuts against all labellings of small grids, and against SciPy's maximum flow on larger ones."""

import itertools

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import csgraph

from cueseg.energy import contrast_weights, energy_of, grid_cut, preflow
from cueseg.energy.neighbours import neighbour_offsets, pair_slices

WAYS = {"all": (0, 0.0), "some": (0, 0.1), "none": (10_000, 0.0)}
TINY = [np.array(bits, bool).reshape(3, 3) for bits in itertools.product((0, 1), repeat=9)]


def least_flow(unary: np.ndarray, weights: np.ndarray, connectivity: int) -> np.ndarray:
    """The cut by SciPy's maximum flow on the graph of all pixels; costs are whole numbers."""
    shape, count = unary.shape[1:], unary[0].size
    index = np.arange(count).reshape(shape)
    rows, cols, costs = [], [], []
    for layer, offset in zip(weights, neighbour_offsets(len(shape), connectivity), strict=True):
        low, high = pair_slices(offset)
        rows += [index[low].ravel(), index[high].ravel()]
        cols += [index[high].ravel(), index[low].ravel()]
        costs += 2 * [layer[low].ravel()]
    every, source, sink = np.arange(count), np.full(count, count), np.full(count, count + 1)
    rows, cols = np.concatenate([*rows, source, every]), np.concatenate([*cols, every, sink])
    costs = np.concatenate([*costs, unary[1].ravel(), unary[0].ravel()]).astype(np.int32)
    graph = sparse.csr_matrix((costs, (rows, cols)), shape=(count + 2, count + 2))
    residual = graph - csgraph.maximum_flow(graph, count, count + 1).flow
    residual.data[residual.data < 0] = 0
    residual.eliminate_zeros()
    reached = csgraph.breadth_first_order(residual, count, return_predecessors=False)
    labels = np.ones(count + 2, bool)
    labels[reached] = False
    return labels[:count].reshape(shape)


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("strength", [0.3, 1.0, 3.0])
def test_no_labelling_of_a_small_grid_is_better(rng, connectivity, strength):
    for _ in range(20):
        unary = strength * rng.random((2, 3, 3))
        weights = rng.random((connectivity // 2, 3, 3))
        hard = rng.choice([-1, -1, -1, 0, 1], (3, 3))
        found = grid_cut(*unary, weights, connectivity=connectivity, hard=hard)
        honoured = [labels for labels in TINY if ((hard < 0) | (hard == labels)).all()]
        best = min(energy_of(labels, unary, weights, connectivity) for labels in honoured)
        assert ((hard < 0) | (hard == found)).all()
        assert energy_of(found, unary, weights, connectivity) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize(
    ("connectivity", "shape"), [(4, (23, 31)), (8, (19, 24)), (6, (7, 9, 11)), (4, (1, 40)), (6, (1, 12, 9))]
)
@pytest.mark.parametrize("waves", WAYS)
def test_the_energy_is_that_of_scipys_maximum_flow(rng, monkeypatch, connectivity, shape, waves):
    monkeypatch.setattr(preflow, "_SMALL", WAYS[waves][0])
    monkeypatch.setattr(preflow, "_FEW", WAYS[waves][1])
    for number in range(15):
        image = rng.normal(size=shape).cumsum(axis=-1)
        spacing = tuple(rng.uniform(0.5, 3.0, len(shape)))
        weights = contrast_weights(
            image, shape, spacing, weight=200.0, sigma=1.0, connectivity=connectivity
        ).round()
        unary = rng.integers(0, (30, 300, 1500)[number % 3], (2, *shape)).astype(float)
        found = grid_cut(*unary, weights, connectivity=connectivity)
        expected = least_flow(unary, weights, connectivity)
        least = energy_of(expected, unary, weights, connectivity)
        assert energy_of(found, unary, weights, connectivity) == pytest.approx(least, rel=1e-6)


def test_a_cut_from_the_image_is_the_cut_with_its_weights(rng):
    unary, image = rng.random((2, 3, 9, 8)), rng.random((3, 9, 8, 2))
    settings = {"weight": 0.4, "sigma": 0.3}
    weights = contrast_weights(image, (3, 9, 8), (3.0, 1.0, 1.0), **settings)
    found = grid_cut(*unary, image=image, spacing=(3.0, 1.0, 1.0), **settings)
    np.testing.assert_array_equal(found, grid_cut(*unary, weights))


def test_weights_by_hand():
    image = np.array([[0.0, 1.0], [0.0, 3.0]])
    weights = contrast_weights(image, (2, 2), (2.0, 1.0), weight=4.0, sigma=1.0, connectivity=8)
    across, down, diagonal, other = weights
    np.testing.assert_allclose(across, [[4 * np.exp(-0.5), 0], [4 * np.exp(-4.5), 0]])
    np.testing.assert_allclose(down, [[2.0, 2 * np.exp(-2.0)], [0, 0]])
    np.testing.assert_allclose(diagonal, [[4 * np.exp(-4.5) / np.sqrt(5), 0], [0, 0]])
    np.testing.assert_allclose(other, [[0, 4 * np.exp(-0.5) / np.sqrt(5)], [0, 0]])


def test_without_boundary_costs_every_pixel_takes_the_cheaper_label(rng):
    unary = rng.random((2, 12, 13))
    np.testing.assert_array_equal(grid_cut(*unary, np.zeros((2, 12, 13))), unary[1] < unary[0])
    np.testing.assert_array_equal(grid_cut(*unary * 1e-200, np.zeros((2, 12, 13))), unary[1] < unary[0])


def test_given_labels_are_kept_whatever_they_cost(rng):
    for connectivity, shape in ((4, (17, 19)), (8, (17, 19)), (6, (5, 8, 9))):
        weights = 1e6 * rng.random((len(neighbour_offsets(len(shape), connectivity)), *shape))
        unary = 1e9 * rng.random((2, *shape))
        hard = rng.integers(-1, 2, shape)
        found = grid_cut(*unary, weights, connectivity=connectivity, hard=hard)
        np.testing.assert_array_equal(found[hard >= 0], hard[hard >= 0] == 1)


def test_one_pixel_decides_an_even_image():
    hard = np.full((40, 50), -1)
    hard[3, 4] = 1
    nothing = np.zeros((40, 50))
    assert grid_cut(nothing, nothing, image=nothing, hard=hard).all()
    hard[30, 40] = 0
    found = grid_cut(nothing, nothing, image=nothing, hard=hard)
    assert found[3, 4]
    assert not found[30, 40]
    assert energy_of(found, np.zeros((2, 40, 50)), np.full((2, 40, 50), 3.0)) == pytest.approx(12.0)


def test_grids_in_which_nothing_is_open(rng):
    hard = rng.integers(0, 2, (6, 7))
    unary, image = rng.random((2, 6, 7)), rng.random((6, 7))
    np.testing.assert_array_equal(grid_cut(*unary, image=image, hard=hard), hard == 1)
    assert grid_cut(np.zeros((0, 5)), np.zeros((0, 5)), np.zeros((2, 0, 5))).shape == (0, 5)
    assert grid_cut([[1.0]], [[0.5]], np.ones((2, 1, 1))).tolist() == [[True]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unary1": np.full((3, 4), np.nan)}, "unary costs hold NaN"),
        ({"unary1": np.zeros((4, 3))}, r"unary1 \(4, 3\) must have the same"),
        ({"weights": None}, "neither weights nor an image"),
        ({"weights": np.zeros((3, 3, 4))}, r"must be \(2, 3, 4\)"),
        ({"weights": -np.ones((2, 3, 4))}, "negative"),
        ({"weights": None, "image": np.full((3, 4), np.inf)}, "image holds NaN or infinite"),
        (
            {"weights": None, "image": np.zeros((3, 4)), "sigma": 0.0},
            "sigma is 0.0: it must be a number, above 0",
        ),
        ({"weights": None, "image": np.zeros((3, 4)), "weight": -1.0}, "weight is -1.0"),
        ({"weights": None, "image": np.zeros((3, 4)), "spacing": (1.0,)}, "spacing must be 2 numbers"),
        ({"connectivity": 6}, "connectivity is 6 for 2 dimensions: it must be 4 or 8"),
        ({"hard": np.zeros((3, 3), int)}, r"hard must be signed integers of shape \(3, 4\)"),
        ({"hard": np.full((3, 4), 2)}, "hard holds 2 to 2"),
    ],
)
def test_what_cannot_be_cut_is_said(change, message):
    given = {"unary0": np.zeros((3, 4)), "unary1": np.zeros((3, 4)), "weights": np.ones((2, 3, 4))} | change
    with pytest.raises(ValueError, match=message):
        grid_cut(**given)


@pytest.mark.parametrize(
    ("labels", "unary", "message"),
    [
        (np.full((3, 4), 2), np.zeros((2, 3, 4)), "labels hold 2 to 2: unary has 2 classes"),
        (np.zeros((3, 4)), np.zeros((2, 4, 3)), r"must be \(classes, \*\(3, 4\)\)"),
    ],
)
def test_an_energy_of_labels_that_have_none_is_refused(labels, unary, message):
    with pytest.raises(ValueError, match=message):
        energy_of(labels, unary, np.ones((2, 3, 4)))


def test_it_asks_before_every_wave_whether_to_go_on(rng, monkeypatch):
    waves = []
    monkeypatch.setattr(preflow, "_SMALL", 0)
    monkeypatch.setattr(preflow, "_FEW", 0.0)
    monkeypatch.setattr(preflow, "_wave", lambda *given, once=preflow._wave: waves.append(once(*given)))
    unary = rng.integers(0, 300, (2, 40, 50)).astype(float)
    asked = itertools.count()
    grid_cut(*unary, image=rng.normal(size=(40, 50)), weight=200.0, sigma=1.0, watch=lambda: next(asked))
    assert len(waves) > 1
    assert next(asked) >= 2 + len(waves)
