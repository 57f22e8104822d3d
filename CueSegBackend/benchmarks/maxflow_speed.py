"""Time of exact minimum cuts on pixel grids: `grid_cut`, SciPy's maximum flow on the whole graph, and PyMaxflow.

    python CueSegBackend/benchmarks/maxflow_speed.py [--manifest runs/manifest.json] [--json maxflow.json]

With a manifest the costs are -log probability of `nuclei-unet` on the first image of each kind; "weak" is a synthetic
image on which no pixel knows its label. All methods are given the same whole numbers and are checked to reach the same
energy. PyMaxflow is a peer for comparison only (GPL, `pip install PyMaxflow`); without it its rows are left out.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from common import metadata, parser_of, statistics, summary, time_side_by_side
from cueseg.energy import contrast_weights, energy_of, grid_cut
from cueseg.energy.neighbours import neighbour_offsets, pair_slices

LAMBDA, SIGMA = 3.0, 0.1  # of images in units of their standard deviation
SCALE = 1000  # whole numbers, so that all methods have the same problem
Method = Callable[["Problem"], NDArray[np.bool_]]


@dataclass(frozen=True)
class Problem:
    """Costs of a cut, whole numbers: unary (2, *shape), weights (K, *shape)."""

    name: str
    unary: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def connectivity(self) -> int:
        """Number of neighbours of a pixel."""
        return 2 * len(self.weights)

    @property
    def offsets(self) -> tuple[tuple[int, ...], ...]:
        """Steps to the neighbours that the weights are of."""
        return neighbour_offsets(self.unary.ndim - 1, self.connectivity)


def problem(name: str, probability: NDArray[Any], image: NDArray[Any]) -> Problem:
    """The energy of a probability of label 1 and an image in units of its standard deviation."""
    sure = np.clip(np.stack([1 - probability, probability]).astype(np.float64), 1e-4, 1.0)
    weights = contrast_weights(image, probability.shape, weight=SCALE * LAMBDA, sigma=SIGMA)
    return Problem(name, np.rint(-SCALE * np.log(sure)), np.rint(weights))


def synthetic(shape: tuple[int, ...], kind: str) -> Problem:
    """Noisy blobs: "blobs" with probabilities as of a network, "weak" with hardly any, so that far ways matter."""
    rng = np.random.default_rng(0)
    blobs = ndimage.gaussian_filter(rng.normal(size=shape), 6 if len(shape) == 2 else 4)
    blobs /= blobs.std()
    image = (blobs > 0.3) + rng.normal(0, 0.3, shape)
    score = 6 * (blobs - 0.3) if kind == "blobs" else 0.3 * (image - image.mean())
    name = f"{kind} {'x'.join(map(str, shape))}"
    return problem(name, 1 / (1 + np.exp(-score)), image * 2 * SIGMA)  # blobs stand out by two sigma


def of_network(manifest: Path) -> Iterator[Problem]:
    """Probabilities of the shipped network, on the first 128, 256 and 512 pixels of an image of each kind."""
    from cueseg.networks.loading import load_network
    from cueseg.refinement import RefinementSession
    from cueseg.training.cases import read_manifest

    session = RefinementSession(load_network("nuclei-unet"), device="cpu")
    seen: set[str] = set()
    for case in read_manifest(manifest, "train", {"nuclei"}):
        kind, image = next(iter(case.classes)), case.image[0].astype(np.float32)
        if kind in seen or min(image.shape[:2]) < 256:
            continue
        seen.add(kind)
        grey = image[..., :3].mean(axis=-1) if image.ndim == 3 else image
        grey = grey[:512, :512]
        session.set_image(grey, spacing=(1.0, 1.0), modality="grey" if image.ndim == 2 else "rgb")
        probability = session.predict().probabilities[1]
        for side in (128, 256, 512):
            if min(grey.shape) >= side:
                part = (slice(side), slice(side))
                yield problem(f"{kind} {side}x{side}", probability[part], grey[part] / grey.std())


def by_scipy(given: Problem) -> NDArray[np.bool_]:
    """SciPy's maximum flow on the graph of all pixels."""
    shape, count = given.unary.shape[1:], given.unary[0].size
    index = np.arange(count).reshape(shape)
    rows, cols, costs = [], [], []
    for layer, offset in zip(given.weights, given.offsets, strict=True):
        low, high = pair_slices(offset)
        rows += [index[low].reshape(-1), index[high].reshape(-1)]
        cols += [index[high].reshape(-1), index[low].reshape(-1)]
        costs += 2 * [layer[low].reshape(-1)]
    more = (given.unary[1] - given.unary[0]).reshape(-1)
    giving, taking = np.flatnonzero(more > 0), np.flatnonzero(more < 0)
    rows = np.concatenate([*rows, np.full(len(giving), count), taking])
    cols = np.concatenate([*cols, giving, np.full(len(taking), count + 1)])
    amount = np.concatenate([*costs, more[giving], -more[taking]]).astype(np.int32)
    graph = sparse.csr_matrix((amount, (rows, cols)), shape=(count + 2, count + 2))
    residual = graph - csgraph.maximum_flow(graph, count, count + 1).flow
    residual.data[residual.data < 0] = 0
    residual.eliminate_zeros()
    labels = np.ones(count + 2, bool)
    labels[csgraph.breadth_first_order(residual, count, return_predecessors=False)] = False
    return labels[:count].reshape(shape)


def by_pymaxflow(given: Problem) -> NDArray[np.bool_]:
    """Boykov and Kolmogorov's algorithm in C++."""
    import maxflow

    shape = given.unary.shape[1:]
    graph = maxflow.Graph[float](given.unary[0].size, 3 * given.unary[0].size)
    nodes = graph.add_grid_nodes(shape)
    for layer, offset in zip(given.weights, given.offsets, strict=True):
        structure = np.zeros((3,) * len(shape))
        structure[tuple(1 + o for o in offset)] = 1
        graph.add_grid_edges(nodes, layer, structure, symmetric=True)
    graph.add_grid_tedges(nodes, given.unary[1], given.unary[0])
    graph.maxflow()
    return graph.get_grid_segments(nodes)


def random_grid(seed: int) -> Problem:
    """Random costs on a small grid of 4, 8 or 6 neighbours; some pixels are tied, some pairs are free."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(2, 24, 2)) if rng.random() < 0.7 else tuple(rng.integers(2, 9, 3))
    unary = rng.integers(0, 200, (2, *shape)) * (rng.random(shape) < 0.8)
    unary[rng.integers(0, 2)][rng.random(shape) < 0.05] = 10_000_000  # as under a scribble
    pairs = (int(rng.choice((2, 4))) if len(shape) == 2 else 3, *shape)
    weights = rng.integers(0, 150, pairs) * (rng.random(pairs) < 0.9)
    return Problem(f"random grid {seed}", unary.astype(np.float64), weights.astype(np.float64))


def check(given: Problem) -> dict[str, Method]:
    """The methods there are, all of which find the same energy; the script ends where they do not."""
    methods: dict[str, Method] = {
        "grid_cut": lambda one: grid_cut(*one.unary, one.weights, connectivity=one.connectivity),
        "scipy": by_scipy,
    }
    if importlib.util.find_spec("maxflow"):
        methods["pymaxflow"] = by_pymaxflow
    energies = {
        name: energy_of(method(given), given.unary, given.weights, given.connectivity)
        for name, method in methods.items()
    }
    if max(energies.values()) - min(energies.values()) > 1e-7 * abs(min(energies.values())):
        raise SystemExit(f"{given.name}: the methods differ in energy: {energies}")
    return methods


def measure(given: Problem, turns: int) -> dict[str, Any]:
    """Check that all find the same energy, then time them in turns."""
    calls = {name: lambda method=method: method(given) for name, method in check(given).items()}
    warm, _ = time_side_by_side(calls, turns, 1)
    return {"problem": given.name, "seconds": warm}


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--kinds", nargs="*", default=["blobs", "weak"], help="of the synthetic images")
    parser.add_argument("--volume", type=int, default=96, help="side of the synthetic volumes")
    parser.add_argument(
        "--grids", type=int, metavar="N", help="only compare energies on so many random grids"
    )
    options = parser.parse_args()
    if options.grids:
        methods = [check(random_grid(seed)) for seed in range(options.grids)][-1]
        print(f"{options.grids} random grids: {', '.join(methods)} reach the same energy on each")
        return
    shapes = [(128,) * 2, (256,) * 2, (512,) * 2, (options.volume,) * 3]
    problems = [synthetic(shape, kind) for kind in options.kinds for shape in shapes]
    problems = [*(of_network(options.manifest) if options.manifest else ()), *problems]
    results = []
    for given in problems:
        results.append(measure(given, 1 if given.unary.ndim == 4 else options.turns))
        least = results[-1]["seconds"]
        ratio = statistics(least["scipy"])["median"] / statistics(least["grid_cut"])["median"]
        print(f"{given.name}: {ratio:.1f} times as fast as SciPy")
        for name, seconds in least.items():
            print(f"  {name:10s} {summary(seconds)}", flush=True)
    if options.json:
        options.json.write_text(
            json.dumps({"metadata": metadata(), "results": results}, indent=1), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
