import itertools

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import csgraph

from cueseg.scribbles import geodesic_distance


def by_dijkstra(
    image: np.ndarray, seeds: np.ndarray, spacing: tuple[float, ...], weight: float
) -> np.ndarray:
    """The same distance on the full graph of 8 or 26 neighbours, edge by edge."""
    low, high = np.percentile(image, [1, 99])
    index = np.arange(image.size).reshape(image.shape)
    entries = {}
    for place in np.ndindex(image.shape):
        for offset in itertools.product((-1, 0, 1), repeat=image.ndim):
            other = tuple(p + o for p, o in zip(place, offset, strict=True))
            if any(offset) and all(0 <= o < s for o, s in zip(other, image.shape, strict=True)):
                step = np.linalg.norm(np.multiply(offset, spacing))
                jump = weight * (image[place] - image[other]) / (high - low)
                entries[int(index[place]), int(index[other])] = np.hypot(step, jump)
    rows, cols = zip(*entries, strict=True)
    graph = sparse.csr_matrix((list(entries.values()), (rows, cols)), shape=(image.size,) * 2)
    return csgraph.dijkstra(graph, indices=np.flatnonzero(seeds), min_only=True).reshape(image.shape)


@pytest.mark.parametrize(
    ("shape", "spacing", "weight"), [((17, 23), (1.0, 1.0), 30.0), ((5, 9, 8), (3.0, 1.0, 0.7), 8.0)]
)
def test_it_is_the_shortest_way_on_the_neighbour_graph(rng, shape, spacing, weight):
    image = rng.normal(0, 100, shape).cumsum(axis=-1)
    seeds = np.zeros(shape, bool)
    seeds[tuple(s // 3 for s in shape)] = seeds[tuple(s - 1 for s in shape)] = True
    found = geodesic_distance(image, seeds, spacing, weight)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_dijkstra(image, seeds, spacing, weight), atol=2e-2)


def test_a_maze_is_walked_through():
    walls = np.zeros((21, 21))
    walls[:, 3::4] = 1000.0
    walls[0, 3::8] = walls[-1, 7::8] = 0.0
    seeds = np.zeros(walls.shape, bool)
    seeds[0, 0] = True
    found = geodesic_distance(walls, seeds, weight=1e4)
    np.testing.assert_allclose(found, by_dijkstra(walls, seeds, (1, 1), 1e4), rtol=1e-4)
    assert found[10, 20] > 90


def test_without_weight_or_contrast_it_is_euclidean(rng):
    seeds = np.zeros((20, 30), bool)
    seeds[4, 7] = True
    rows, cols = np.mgrid[:20, :30]
    expected = np.hypot(2.0 * (rows - 4), 0.5 * (cols - 7))
    for image, weight in ((rng.normal(size=(20, 30)), 0.0), (np.full((20, 30), 3.0), 20.0)):
        np.testing.assert_allclose(geodesic_distance(image, seeds, (2.0, 0.5), weight), expected, rtol=1e-5)


def test_the_limit_changes_nothing_below_it(rng):
    image = rng.normal(size=(40, 50, 2))
    seeds = np.zeros((40, 50), bool)
    seeds[20, 10:14] = True
    full = geodesic_distance(image, seeds, weight=3.0)
    limited = geodesic_distance(image, seeds, weight=3.0, limit=9.0)
    np.testing.assert_allclose(limited, np.minimum(full, 9.0), atol=5e-3)
    assert full.max() > 15


def test_nothing_to_measure_from_is_the_limit():
    image, none = np.zeros((4, 5)), np.zeros((4, 5), bool)
    assert np.isinf(geodesic_distance(image, none)).all()
    assert (geodesic_distance(image, none, limit=7.0) == 7).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": np.zeros((4, 4))}, r"\(4, 5\).*\(4, 4\)"),
        ({"image": np.full((4, 5), np.inf)}, "infinite"),
        ({"spacing": (1.0,)}, "spacing"),
        ({"weight": -1.0}, "weight"),
        ({"limit": 0.0}, "limit"),
        ({"seeds": np.ones(5, bool)}, "seeds"),
    ],
)
def test_bad_input_is_refused(change, message):
    given = {"image": np.zeros((4, 5)), "seeds": np.ones((4, 5), bool)} | change
    with pytest.raises(ValueError, match=message):
        geodesic_distance(**given)
