"""Time of geodesic distances in a volume: `geodesic_distance` beside SciPy's Dijkstra on the graph of 26 neighbours.

    python CueSegBackend/benchmarks/geodesic_speed.py [--shape 48 128 128] [--turns 3] [--json geodesic.json]

Images: noise; smooth; blobs with noise, as real ones are; a labyrinth, whose way is long and winding; corridors one
after the other behind walls, the worst case for sweeps. Both are given the same float32 intensities and are checked to
agree within 1 % before they are timed. Dijkstra's time is that of the search alone and that with building its graph.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import itertools
import json
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from common import metadata, parser_of, statistics, summary, time_side_by_side
from cueseg.energy.neighbours import pair_slices
from cueseg.scribbles import geodesic_distance

SPACING, WEIGHT, WALL = (2.5, 1.0, 1.0), 20.0, 1e4  # mm
OFFSETS = [offset for offset in itertools.product((-1, 0, 1), repeat=3) if offset > (0, 0, 0)]
Cost = Callable[[float, NDArray[np.float64]], NDArray[np.float64]]


def graph_of(values: NDArray[np.floating], spacing: tuple[float, ...], cost: Cost) -> sparse.csr_matrix:
    """The 26 neighbours of a volume, every pair once; `cost(length, difference)` of each step."""
    index = np.arange(values.size, dtype=np.int32).reshape(values.shape)
    rows, cols, costs = [], [], []
    for offset in OFFSETS:
        low, high = pair_slices(offset)
        rows.append(index[low].reshape(-1))
        cols.append(index[high].reshape(-1))
        difference = np.abs(values[low].astype(np.float64) - values[high]).reshape(-1)
        costs.append(cost(float(np.linalg.norm(np.multiply(offset, spacing))), difference))
    entries = (np.concatenate(costs), (np.concatenate(rows), np.concatenate(cols)))
    return sparse.csr_matrix(entries, shape=(values.size, values.size))


def by_dijkstra(graph: sparse.csr_matrix, seeds: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distances to the nearest seed."""
    found = csgraph.dijkstra(graph, directed=False, indices=np.flatnonzero(seeds), min_only=True)
    return found.reshape(seeds.shape)


def images(shape: tuple[int, ...]) -> Iterator[tuple[str, NDArray[np.float32], tuple[int, ...], float]]:
    """Name, intensities, seed and weight in mm."""
    rng = np.random.default_rng(0)
    middle = tuple(side // 2 for side in shape)
    yield "noise", rng.normal(size=shape).astype(np.float32), middle, WEIGHT
    yield "smooth", ndimage.gaussian_filter(rng.normal(size=shape), 6).astype(np.float32), middle, WEIGHT
    blobs = ndimage.gaussian_filter(rng.normal(size=shape), 4)
    real = (blobs > 0.3 * blobs.std()) + rng.normal(0, 0.15, shape)
    yield "blobs", real.astype(np.float32), middle, WEIGHT
    yield "labyrinth", labyrinth(shape, rng), (0, 0, 0), WALL
    walls = np.zeros(shape, np.float32)
    walls[:, :, 1::2] = 1
    walls[:, 0, 1::4] = walls[:, -1, 3::4] = 0
    yield "corridors", walls, (0, 0, 0), WALL


def labyrinth(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """0 on the ways of a random tree through every second voxel, 1 on the walls."""
    walls = np.ones(shape, np.float32)
    cells = [(side + 1) // 2 for side in shape]
    walls[0, 0, 0] = 0
    seen, stack = {(0, 0, 0)}, [(0, 0, 0)]
    while stack:
        here = stack[-1]
        for number in rng.permutation(6):
            axis, step = number // 2, 2 * (number % 2) - 1
            there = tuple(place + step * (k == axis) for k, place in enumerate(here))
            if 0 <= there[axis] < cells[axis] and there not in seen:
                walls[tuple(a + b for a, b in zip(here, there, strict=True))] = 0  # between the two
                walls[tuple(2 * a for a in there)] = 0
                seen.add(there)
                stack.append(there)
                break
        else:
            stack.pop()
    return walls


def measure(name: str, image: NDArray[np.float32], seed: tuple[int, ...], weight: float, turns: int) -> dict:
    """Check that both agree, then time them in turns."""
    seeds = np.zeros(image.shape, bool)
    seeds[seed] = True
    low, high = np.percentile(image, [1, 99])

    def cost(length: float, difference: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.hypot(length, weight * difference / (high - low))

    graph = graph_of(image, SPACING, cost)
    exact, ours = by_dijkstra(graph, seeds), geodesic_distance(image, seeds, SPACING, weight)
    apart = float((np.abs(ours - exact) / np.maximum(exact, min(SPACING))).max())
    if apart > 0.01:
        raise SystemExit(f"{name}: the distances differ by {apart:.1%}")
    calls = {
        "geodesic_distance": lambda: geodesic_distance(image, seeds, SPACING, weight),
        "dijkstra, search": lambda: by_dijkstra(graph, seeds),
        "dijkstra, with graph": lambda: by_dijkstra(graph_of(image, SPACING, cost), seeds),
    }
    warm, _ = time_side_by_side(calls, turns, 1)
    return {"image": name, "apart": apart, "seconds": warm}


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=(48, 128, 128))
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    results = []
    for name, image, seed, weight in images(tuple(options.shape)):
        found = measure(name, image, seed, weight, options.turns)
        results.append(found)
        median = {key: statistics(seconds)["median"] for key, seconds in found["seconds"].items()}
        ratios = [median[key] / median["geodesic_distance"] for key in list(median)[1:]]
        print(
            f"{name}: apart {found['apart']:.1e}; {ratios[0]:.1f} times as fast as the search, "
            f"{ratios[1]:.1f} with the graph"
        )
        for key, seconds in found["seconds"].items():
            print(f"  {key:21s} {summary(seconds)}", flush=True)
    if options.json:
        content = {"metadata": metadata(), "shape": list(options.shape), "results": results}
        options.json.write_text(json.dumps(content, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
