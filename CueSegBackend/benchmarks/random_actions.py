"""Random users of a panel: after every action the scene is held to an independent model.

    python CueSegBackend/benchmarks/random_actions.py [--module extreme|scribbles] [--sequences 500] [--actions 50]

Needs the repository's tests and the `slicer-core` wheel; runs on real nodes without Qt: the panel for extreme points
with a double of the network, the panel for scribbles with the real refinement of networks so small that a round takes
milliseconds. Every tenth sequence of the latter is played once more in a fresh scene, and has to end in the same.
Ends with an error if any sequence failed; its number is the seed to repeat it with.
"""

from __future__ import annotations

import argparse
import collections
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("ExtremePointSeg", "ScribbleRefine", "Testing")]

import headless_slicer  # noqa: E402 (found through the line above)
from scene_builder import SceneBuilder  # noqa: E402

REPLAYED = 10  # each so manieth sequence


def main() -> int:
    """Play the sequences; returns the number of those that failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--module", choices=("extreme", "scribbles"), default="extreme")
    parser.add_argument("--sequences", type=int, default=500)
    parser.add_argument("--actions", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1000, help="of the first sequence")
    options = parser.parse_args()
    app, user = headless_slicer.boot(), user_of(options.module)
    begin, failures, done, writes = time.monotonic(), [], collections.Counter(), []
    for seed in range(options.seed, options.seed + options.sequences):
        error, case = played(app.scene, user, seed, options.actions)
        if not error and case.story and seed % REPLAYED == 0:
            error, again = played(app.scene, user, seed, options.actions)
            error = error or ("" if again.story == case.story else "a replay ended otherwise")
        done.update(case.log)
        writes.append(case.writes)
        if error:
            failures.append(seed)
            print(f"sequence {seed}: {error}", flush=True)
        if len(writes) % 50 == 0:
            print(f"{len(writes)} sequences, {len(failures)} failed", flush=True)
    seconds = time.monotonic() - begin
    print(
        f"{options.sequences} sequences of {options.actions} actions, {len(failures)} failed, {seconds:.0f} s"
    )
    print("done: " + ", ".join(f"{name} {count}" for name, count in done.most_common()))
    print(
        f"steps that wrote in a sequence: {sorted(writes)[len(writes) // 2]} (median), {max(writes)} (most)"
    )
    return len(failures)


def user_of(module: str) -> Any:
    """The class of the random user of a panel."""
    if module == "extreme":
        from panel_actions import RandomActions

        return RandomActions
    import torch

    from refine_actions import RandomRefinement

    torch.set_num_threads(1)  # threads that wait for each other take longer than these networks
    return RandomRefinement


def played(scene: Any, user: Any, seed: int, actions: int) -> tuple[str, Any]:
    """Play one sequence on an empty scene; what went wrong, "" if nothing did, and the user."""
    scene.Clear(False)
    case = user(SceneBuilder(scene), seed)
    try:
        case.play(actions)
    except AssertionError as error:
        return str(error), case
    finally:
        case.close()
    return "", case


if __name__ == "__main__":
    sys.exit(bool(main()))
