"""Time and memory of a refinement: the cached trunk against whole networks, and whole rounds.

python CueSegBackend/benchmarks/refinement_speed.py [--cases 2d 3d] [--turns 3] [--json refinement_speed.json]

Every case runs in a process of its own, so that the peak of its memory is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from common import metadata, parser_of, statistics, summary, time_side_by_side
from cueseg.models.unet import UNet
from cueseg.networks.network import SegmentationNetwork
from cueseg.refinement import RefinementOptions, RefinementSession
from cueseg.refinement.activations import Activation
from cueseg.refinement.cutting import WholeCut
from cueseg.refinement.objectives import create_objective
from cueseg.refinement.refined_copy import RefinedCopy, RefinementTarget
from cueseg.refinement.scribbled_window import ScribbledWindow
from cueseg.refinement.tiles import Tiler

CLASSES = 4
STEPS = 3  # after which the weights are compared
SAME = 1e-5
MB = 2**20


@dataclass(frozen=True)
class Case:
    """A U-Net and the image it is refined on, in one window."""

    dims: int
    shape: tuple[int, ...]
    base: int
    levels: int


CASES = {
    "2d": Case(2, (512, 512), 16, 5),
    "3d": Case(3, (128, 128, 128), 8, 4),
}
LAYERS = 2


def network_of(case: Case) -> SegmentationNetwork:
    """A U-Net with seeded weights: time does not depend on what it has learned."""
    torch.manual_seed(0)
    model = UNet(case.dims, 1, CLASSES, base=case.base, levels=case.levels)
    return SegmentationNetwork.wrap(model.eval(), dims=case.dims, in_channels=1)


def image_of(case: Case) -> np.ndarray:
    """Noise with a bright box."""
    image = np.random.default_rng(0).normal(size=case.shape).astype(np.float32)
    image[tuple(slice(side // 3, side // 2) for side in case.shape)] += 3
    return image


def scribbles_of(case: Case) -> np.ndarray:
    """One stroke in the box and one beside it, in the middle slice."""
    scribbles = np.full(case.shape, -1, np.int16)
    side = case.shape[-1]
    middle = tuple(extent * 2 // 5 for extent in case.shape[:-1])
    scribbles[(*middle, slice(side * 35 // 100, side * 48 // 100))] = 1
    scribbles[(*middle, slice(side * 6 // 10, side * 9 // 10))] = 0
    return scribbles


class Iterations:
    """Steps of the default method on one window, over one way of running the network."""

    def __init__(
        self,
        case: Case,
        network: SegmentationNetwork,
        *,
        cached: bool = True,
        all_gradients: bool = False,
        tiled: bool = False,
    ) -> None:
        x = torch.from_numpy(image_of(case))[None, None]
        layers = _last_layers(network, x, LAYERS)
        self.copy = RefinedCopy(network, RefinementTarget(layers), x, "cpu", half=False)
        if not cached:
            self.copy.cut = WholeCut(self.copy.network.module, "the baseline")
        if all_gradients:
            for parameter in self.copy.network.module.parameters():
                parameter.requires_grad_(True)
        self._features = self.copy.features(x)
        self._window, self._tiler = _window(case), Tiler(self.copy)
        if tiled:
            labels = self.copy.logits(self._features)[0].argmax(dim=0).numpy()
            self._window = self._tiler.tile(self._window, self._features, case.shape, labels, 0)
        start = list(self.copy.start.values())
        self._objective = create_objective(
            Activation("softmax"), RefinementOptions(beta=0.0), start, case.dims
        )
        self._optimiser = torch.optim.Adam(self.copy.parameters.values(), lr=3e-3)
        self.cut = self.copy.cut.description

    def step(self) -> None:
        """One iteration."""
        self.copy.network.module.zero_grad(set_to_none=True)
        tiles = self._window.tiles
        logits = self.copy.logits(self._features) if tiles is None else self._tiler.logits(tiles)
        self._objective.backward(logits, self._window)
        self._objective.finish(list(self.copy.parameters.values()))
        self._optimiser.step()


def _last_layers(network: SegmentationNetwork, x: torch.Tensor, count: int) -> tuple[str, ...]:
    from cueseg.refinement.layers import layers_of

    small = x[(..., *(slice(0, 32),) * (x.ndim - 2))]
    return tuple(layer.name for layer in layers_of(network.module, small)[-count:])


def _window(case: Case) -> ScribbledWindow:
    scribbles = scribbles_of(case).ravel()
    voxels = np.flatnonzero(scribbles >= 0)
    classes = scribbles[voxels].astype(np.int64)
    weight = 1 / np.array([(classes == number).sum() for number in classes], np.float32)
    user = torch.ones(len(voxels), dtype=torch.bool)
    return ScribbledWindow(
        0, torch.from_numpy(voxels), torch.from_numpy(classes), torch.from_numpy(weight), user
    )


def compare_iterations(case: Case, turns: int, calls: int) -> dict[str, Any]:
    """Seconds per iteration of the ways to run the network, and the largest difference of their weights."""
    network = network_of(case)
    ways = {
        "cached trunk": Iterations(case, network),
        "cached trunk, tiles": Iterations(case, network, tiled=True),
        "whole forward, last layers backward": Iterations(case, network, cached=False),
        "whole forward and backward": Iterations(case, network, cached=False, all_gradients=True),
    }
    for way in ways.values():
        for _ in range(STEPS):
            way.step()
    reference = ways["cached trunk"].copy.values()
    differences = {
        name: max(float((way.copy.values()[key] - reference[key]).abs().max()) for key in reference)
        for name, way in ways.items()
    }
    steps: dict[str, Callable[[], object]] = {name: way.step for name, way in ways.items()}
    warm, _ = time_side_by_side(steps, turns, calls)
    return {"cut": ways["cached trunk"].cut, "seconds": warm, "weight differences": differences}


def measure_rounds(case: Case) -> dict[str, Any]:
    """Seconds of the first round, with the initial prediction, and of two more."""
    session = RefinementSession(network_of(case), device="cpu")
    session.set_image(image_of(case))
    options = RefinementOptions(layers=LAYERS)
    rounds = []
    for _ in range(3):
        began = time.perf_counter()
        result = session.refine(scribbles_of(case), options)
        rounds.append(
            {
                "seconds": time.perf_counter() - began,
                "iterations": len(result.history) - 1,
                "stages": result.seconds,
            }
        )
    return {"rounds": rounds, "peak MB": _peak_megabytes()}


def _peak_megabytes() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB


def run_alone(name: str, part: str, options: argparse.Namespace) -> dict[str, Any]:
    """One measurement in a fresh process."""
    command = [sys.executable, __file__, "--alone", name, part, "--turns", str(options.turns)]
    done = subprocess.run(
        [*command, "--calls", str(options.calls)], check=True, capture_output=True, encoding="utf-8"
    )
    return json.loads(done.stdout)


def measure_alone(name: str, part: str, options: argparse.Namespace) -> dict[str, Any]:
    """The measurement itself."""
    if part == "iterations":
        return compare_iterations(CASES[name], options.turns, options.calls)
    return measure_rounds(CASES[name])


def show(name: str, iterations: dict[str, Any], rounds: dict[str, Any]) -> None:
    """Print one case."""
    print(f"{name}: U-Net on {' x '.join(map(str, CASES[name].shape))}, last {LAYERS} layers refined")
    fast = float(np.median(iterations["seconds"]["cached trunk"]))
    for way, seconds in iterations["seconds"].items():
        ratio = float(np.median(seconds)) / fast
        difference = iterations["weight differences"][way]
        print(f"  {way:36s} {summary(seconds)}  {ratio:5.1f}x  weights differ by {difference:.1e}")
        if difference > SAME and "tiles" not in way:  # behind instance norms tiles come close only
            print(f"  WARNING: more than {SAME:g}")
    for number, entry in enumerate(rounds["rounds"], 1):
        stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in entry["stages"].items())
        print(f"  round {number}: {entry['seconds']:.2f} s, {entry['iterations']} iterations ({stages})")
    print(f"  peak memory of the process {rounds['peak MB']:.0f} MB\n  {iterations['cut']}")


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--cases", nargs="*", choices=list(CASES), default=list(CASES))
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--calls", type=int, default=2, help="timed per turn, after its first")
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        print(json.dumps(measure_alone(*options.alone, options)))
        return
    results = {}
    for name in options.cases:
        iterations, rounds = (run_alone(name, part, options) for part in ("iterations", "rounds"))
        show(name, iterations, rounds)
        timed = {way: statistics(seconds) for way, seconds in iterations["seconds"].items()}
        results[name] = {"iterations": iterations, "statistics": timed, "rounds": rounds}
    if options.json:
        about = metadata() | {"torch": torch.__version__, "torch threads": torch.get_num_threads()}
        options.json.write_text(
            json.dumps({"metadata": about, "results": results}, indent=1), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
