"""Shortest ways are those of Dijkstra's algorithm, however they are found."""

import numpy as np
import pytest
from scipy import ndimage

from cueseg.scribbles import geodesic_distance, shortest_ways
from geodesic_speed import by_dijkstra, graph_of, labyrinth

SPACING = (2.5, 1.0, 0.8)


def expected(values, seeds, spacing):
    return by_dijkstra(graph_of(values, spacing, np.hypot), seeds)


def volume(kind, shape=(12, 26, 22)):
    rng = np.random.default_rng(0)
    if kind == "labyrinth":
        return 1e4 * labyrinth(shape, rng)
    noise = rng.normal(size=shape)
    values = {"noise": 8 * noise, "smooth": 60 * ndimage.gaussian_filter(noise, 3), "flat": 0 * noise}[kind]
    return values.astype(np.float32)


@pytest.mark.parametrize("kept", [0, 4_000_000])
@pytest.mark.parametrize("settled", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("kind", ["noise", "smooth", "flat", "labyrinth"])
def test_sweeps_and_search_find_what_dijkstra_finds(monkeypatch, kind, settled, kept):
    monkeypatch.setattr(shortest_ways, "_SETTLED", settled)
    monkeypatch.setattr(shortest_ways, "_KEPT", kept)
    values = volume(kind)
    seeds = np.zeros(values.shape, bool)
    seeds[0, 0, 0] = seeds[6, 20, 2] = True
    passes = []
    found = shortest_ways.shortest_ways(values[None], seeds, SPACING, lambda: passes.append(1))
    np.testing.assert_allclose(found, expected(values, seeds, SPACING), rtol=1e-3)
    assert passes


def test_channels_count_by_their_largest_difference():
    one, two = volume("noise"), volume("smooth")
    seeds = np.zeros(one.shape, bool)
    seeds[5, 5, 5] = True
    both = shortest_ways.shortest_ways(np.stack([one, two]), seeds, SPACING)
    alone = [shortest_ways.shortest_ways(values[None], seeds, SPACING) for values in (one, two)]
    assert (both >= np.maximum(*alone) - 1e-3).all()
    assert (both > np.maximum(*alone) + 0.1).any()
    same = shortest_ways.shortest_ways(np.stack([one, one]), seeds, SPACING)
    np.testing.assert_allclose(same, alone[0], rtol=1e-5)


def test_a_plane_and_a_line_are_volumes_too():
    values = volume("noise")[:1]
    seeds = np.zeros(values.shape, bool)
    seeds[0, 3, 4] = True
    flat = shortest_ways.shortest_ways(values, seeds[0], SPACING[1:])
    np.testing.assert_allclose(shortest_ways.shortest_ways(values[None], seeds, SPACING)[0], flat, rtol=1e-5)
    line = shortest_ways.shortest_ways(values[None, :, 3:4], seeds[:, 3:4], SPACING)
    np.testing.assert_allclose(line, expected(values[:, 3:4], seeds[:, 3:4], SPACING), rtol=1e-5)


def test_long_work_can_be_ended():
    class EnoughError(Exception):
        pass

    def stop():
        raise EnoughError

    seeds = np.zeros((12, 26, 22), bool)
    seeds[0, 0, 0] = True
    with pytest.raises(EnoughError):
        geodesic_distance(volume("noise"), seeds, watch=stop)
