"""Random users of the panel for extreme points: after every action the scene is held to an independent model.

    python CueSegBackend/benchmarks/random_actions.py [--sequences 500] [--actions 50] [--seed 1000]

Needs the repository's tests and the `slicer-core` wheel; runs on real nodes without Qt, with a double of the network.
Ends with an error if any sequence failed; its number is the seed to repeat it with.
"""

from __future__ import annotations

import argparse
import collections
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "ExtremePointSeg"), str(ROOT / "Testing")]

import headless_slicer  # noqa: E402 (found through the line above)
from scene_builder import SceneBuilder  # noqa: E402


def main() -> int:
    """Play the sequences; returns the number of those that failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=500)
    parser.add_argument("--actions", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1000, help="of the first sequence")
    options = parser.parse_args()
    app = headless_slicer.boot()
    begin, failures, done, slices = time.monotonic(), [], collections.Counter(), []
    for seed in range(options.seed, options.seed + options.sequences):
        error = played(app.scene, seed, options.actions, done, slices)
        if error:
            failures.append(seed)
            print(f"sequence {seed}: {error}", flush=True)
        if len(slices) % 50 == 0:
            print(f"{len(slices)} sequences, {len(failures)} failed", flush=True)
    seconds = time.monotonic() - begin
    print(
        f"{options.sequences} sequences of {options.actions} actions, {len(failures)} failed, {seconds:.0f} s"
    )
    print("done: " + ", ".join(f"{name} {count}" for name, count in done.most_common()))
    print(f"most steps that wrote in a sequence: {sorted(slices)[len(slices) // 2]} (median), {max(slices)}")
    return len(failures)


def played(scene: object, seed: int, actions: int, done: collections.Counter, slices: list[int]) -> str:
    """Play one sequence on an empty scene; what went wrong, "" if nothing did."""
    from panel_actions import RandomActions

    scene.Clear(False)
    case = RandomActions(SceneBuilder(scene), seed)
    try:
        case.play(actions)
    except AssertionError as error:
        return str(error)
    finally:
        case.panel.close()
        done.update(case.log)
        slices.append(case.slices)
    return ""


if __name__ == "__main__":
    sys.exit(bool(main()))
