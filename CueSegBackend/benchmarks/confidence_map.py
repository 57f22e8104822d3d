"""Time the confidence map beside a plain float64 transcription of the paper's Algorithm 1, on one core.

    python CueSegBackend/benchmarks/confidence_map.py [--size 512] [--turns 30] [--json map.json]

Both draw the same clicks in the same run, taking turns; that they agree is checked first.
"""

import json
import os
from collections.abc import Callable

# The comparison is per core; numpy reads this when it is loaded.
os.environ.update(
    OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", VECLIB_MAXIMUM_THREADS="1"
)

import numpy as np

from common import metadata, parser_of, statistics, summary, time_side_by_side
from cueseg.confidence import confidence_map
from paper_algorithm import paper_confidence_map

# Left, right, top, bottom in parts of the image side: a structure that fills its crop like in the paper.
CLICKS = np.array([(0.156, 0.469), (0.781, 0.438), (0.500, 0.125), (0.453, 0.813)])
AGREEMENT = 1e-6
# Printed in the paper for the distance to one of the two segments, on the authors' computer.
PAPER_SECONDS_PER_SEGMENT = 0.088


def check_agreement(points: np.ndarray, shape: tuple[int, int]) -> float:
    """Return the largest difference of the two maps; RuntimeError if they are not the same map."""
    difference = float(np.abs(confidence_map(points, shape) - paper_confidence_map(points, shape)).max())
    if not difference <= AGREEMENT:
        raise RuntimeError(f"the maps differ by {difference:.2e}, more than {AGREEMENT:.0e}: not comparable")
    return difference


def candidates(points: np.ndarray, shape: tuple[int, int]) -> dict[str, Callable[[], object]]:
    """What takes turns; the first is the reference."""
    return {
        "Algorithm 1, plain float64": lambda: paper_confidence_map(points, shape),
        "cueseg, preset paper": lambda: confidence_map(points, shape),
        "cueseg, preset code": lambda: confidence_map(points, shape, preset="code"),
    }


def main() -> None:
    """Check, measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--size", type=int, default=512, help="rows and columns of the map")
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--calls", type=int, default=5, help="warm calls of each turn")
    options = parser.parse_args()
    shape, points = (options.size, options.size), CLICKS * options.size
    difference = check_agreement(points, shape)
    print(f"{options.size} x {options.size}, one thread; largest difference of the maps {difference:.1e}")
    results = {}
    timed = time_side_by_side(candidates(points, shape), options.turns, options.calls)
    for state, seconds in zip(("warm", "first of a turn"), timed, strict=True):
        values = results[state] = {name: statistics(times) for name, times in seconds.items()}
        plain, *ours = values
        for name, times in seconds.items():
            print(f"  {state:15s}  {name:26s}  {summary(times)}")
        for name in ours:
            ratios = {key: values[plain][key] / values[name][key] for key in ("median", "min")}
            values[name]["speed_up"] = ratios
            print(f"  {state:15s}  {name}: {ratios['median']:.1f} times as fast ({ratios['min']:.1f} by min)")
    print(
        f"  the paper prints {1e3 * PAPER_SECONDS_PER_SEGMENT:.0f} ms for one of the two segments, 512 x 512"
    )
    if options.json:
        head = metadata() | {"shape": shape, "largest_difference": difference}
        options.json.write_text(
            json.dumps({"metadata": head, "seconds": results}, indent=1), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
