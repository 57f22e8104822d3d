"""The label step against all labellings of small grids, and against SciPy's maximum flow on larger ones."""

import itertools

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import csgraph

from cueseg.bifseg import BifsegOptions
from cueseg.bifseg.label_step import LabelStep

TINY = [np.array(bits, bool).reshape(3, 3) for bits in itertools.product((0, 1), repeat=9)]
WAYS = {
    4: [(0, 1), (1, 0)],
    8: [(0, 1), (1, 0), (1, 1), (1, -1)],
    6: [(0, 0, 1), (0, 1, 0), (1, 0, 0)],
}


def pairs(values, spacing, options, connectivity):
    """(voxel, voxel, cost) of all neighbours, by the formula."""
    steps = np.array(spacing)
    found = []
    for voxel in np.ndindex(values.shape[:-1]):
        for way in WAYS[connectivity]:
            other = tuple(np.add(voxel, way))
            if all(0 <= o < side for o, side in zip(other, values.shape, strict=False)):
                jump = float(((values[voxel].astype(float) - values[other]) ** 2).mean())
                away = np.sqrt(((steps * way) ** 2).sum()) / steps.min()
                cost = options.smoothness * np.exp(-jump / (2 * options.sigma**2)) / away
                found.append((voxel, other, cost))
    return found


def energy(labels, p, given, neighbours):
    """E of a labelling, by the formula; infinite where it breaks a constraint."""
    if ((given >= 0) & (labels != given)).any():
        return np.inf
    p = np.clip(p.astype(float), 1e-4, 1 - 1e-4)
    phi = -np.where(labels, np.log(p), np.log(1 - p))
    return phi[given < 0].sum() + sum(cost for one, other, cost in neighbours if labels[one] != labels[other])


def least_by_flow(p, given, neighbours):
    """Labels of least energy by SciPy's maximum flow; costs are rounded to 1e-5."""
    shape, count = p.shape, p.size
    number = np.arange(count).reshape(shape)
    p = np.clip(p.astype(float), 1e-4, 1 - 1e-4)
    to_object = np.where(given < 0, -np.log(1 - p), np.where(given == 1, 1e3, 0))  # paid by label 0
    to_background = np.where(given < 0, -np.log(p), np.where(given == 0, 1e3, 0))  # paid by label 1
    edges = [(number[a], number[b], c) for a, b, c in neighbours]
    edges += [(b, a, c) for a, b, c in edges]
    edges += [(count, i, c) for i, c in enumerate(to_object.ravel())]
    edges += [(i, count + 1, c) for i, c in enumerate(to_background.ravel())]
    rows, cols, costs = (np.array(part) for part in zip(*edges, strict=True))
    graph = sparse.csr_matrix((np.rint(costs * 1e5).astype(np.int32), (rows, cols)), shape=(count + 2,) * 2)
    left = graph - csgraph.maximum_flow(graph, count, count + 1).flow
    left.data[left.data < 0] = 0
    left.eliminate_zeros()
    labels = np.zeros(count + 2, bool)
    labels[csgraph.breadth_first_order(left, count, return_predecessors=False)] = True
    return labels[:count].reshape(shape)


def solved(values, spacing, p, given, options):
    step = LabelStep(values, spacing, given, options)
    before = step.likelier(p)
    return before, *step.minimise(p, before)


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize(("smoothness", "sigma"), [(0.5, 0.5), (3.0, 0.1), (3.0, 2.0)])
def test_no_labelling_of_a_small_crop_is_better(rng, connectivity, smoothness, sigma):
    options = BifsegOptions(smoothness=smoothness, sigma=sigma, connectivity=connectivity)
    for _ in range(15):
        values = rng.normal(size=(3, 3, 1)).astype(np.float32)
        p = rng.random((3, 3)).astype(np.float32)
        given = rng.choice([-1, -1, -1, 0, 1], (3, 3))
        spacing = tuple(rng.uniform(0.5, 2.0, 2))
        neighbours = pairs(values, spacing, options, connectivity)
        before, found, known, least = solved(values, spacing, p, given, options)
        best = min(energy(labels, p, given, neighbours) for labels in TINY)
        assert energy(found, p, given, neighbours) == pytest.approx(best, abs=1e-5)
        assert least == pytest.approx(best, abs=1e-5)
        assert known == pytest.approx(energy(before, p, given, neighbours), abs=1e-5)


@pytest.mark.parametrize(("connectivity", "shape"), [(4, (12, 15)), (8, (11, 9)), (6, (4, 6, 7))])
def test_the_energy_is_that_of_scipys_maximum_flow(rng, connectivity, shape):
    options = BifsegOptions(smoothness=1.0, sigma=0.7, connectivity=connectivity)
    for _ in range(4):
        values = rng.normal(size=(*shape, 2)).astype(np.float32)
        p = rng.random(shape).astype(np.float32)
        given = rng.choice([-1] * 12 + [0, 1], shape)
        spacing = tuple(rng.uniform(0.5, 3.0, len(shape)))
        neighbours = pairs(values, spacing, options, connectivity)
        _, found, _, _ = solved(values, spacing, p, given, options)
        expected = energy(least_by_flow(p, given, neighbours), p, given, neighbours)
        assert energy(found, p, given, neighbours) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("shape", [(9, 11), (5, 6, 7), (1, 1), (1, 8)])
def test_the_energy_never_rises_and_constraints_hold(rng, shape):
    for sharp in (1, 200):  # probabilities of 0 and 1 among them
        p = (1 / (1 + np.exp(-sharp * rng.normal(size=shape)))).astype(np.float32)
        given = rng.integers(-1, 2, shape)
        values = rng.normal(size=(*shape, 1)).astype(np.float32)
        step = LabelStep(values, (1.0,) * len(shape), given, BifsegOptions(smoothness=5.0, sigma=1.0))
        before = np.where(given < 0, rng.random(shape) < 0.5, given == 1)
        labels, known, least = step.minimise(p, before)
        assert least <= known
        np.testing.assert_array_equal(labels[given >= 0], given[given >= 0] == 1)
        again, known, least = step.minimise(p, labels)
        assert known == least
        np.testing.assert_array_equal(again, labels)


def test_without_boundary_costs_every_voxel_takes_the_likelier_label(rng):
    p = rng.random((13, 14)).astype(np.float32)
    given = rng.choice([-1, -1, 0, 1], p.shape)
    values = rng.normal(size=(13, 14, 1)).astype(np.float32)
    _, labels, known, least = solved(values, (1.0, 1.0), p, given, BifsegOptions(smoothness=0.0))
    np.testing.assert_array_equal(labels, np.where(given < 0, p > 0.5, given == 1))
    assert known == least


def test_an_even_image_has_the_shortest_boundary():
    given = np.full((9, 12), -1)
    given[:, 2], given[:, 9] = 1, 0
    given[4, 5] = 1
    flat = np.full((9, 12), 0.5, np.float32)
    _, labels, _, least = solved(
        np.zeros((9, 12, 1), np.float32), (1.0, 1.0), flat, given, BifsegOptions(smoothness=3.0)
    )
    assert labels[:, :3].all()
    assert not labels[:, 9:].any()
    free = 9 * 12 - 19
    assert least == pytest.approx(9 * 3.0 + free * np.log(2))


def test_a_connectivity_of_other_dimensions_is_refused():
    with pytest.raises(ValueError, match="connectivity is 8 for 3 dimensions"):
        LabelStep(np.zeros((2, 3, 4, 1)), (1.0,) * 3, np.full((2, 3, 4), -1), BifsegOptions(connectivity=8))
