"""Seconds of BIFSeg's first prediction and of a round with scribbles: P-Net in a box of 256 x 256, PC-Net in 96^3.

    OMP_NUM_THREADS=2 python CueSegBackend/benchmarks/bifseg_speed.py [--features 64] [--json speed.json]

The object is a made-up ball in noise and the weights are random: work and memory are those of trained ones, save that
rounds which find nothing more to change end earlier.
"""

import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from common import metadata, parser_of, statistics
from cueseg import BifsegOptions, BifsegSession, NetworkCard, SegmentationNetwork
from cueseg.networks.architectures import build_network

NETWORKS = {2: "p-net", 3: "pc-net"}
SIDES = {2: 256, 3: 96}


def session_of(dims: int, features: int) -> tuple[BifsegSession, np.ndarray]:
    """A session with image and box set, and scribbles on the object and in a corner of the box."""
    side, around = SIDES[dims], 10
    shape = (side + 2 * around,) * dims
    centre = side // 2 + around
    rng = np.random.default_rng(0)
    ball = sum((axis - centre) ** 2 for axis in np.indices(shape)) < (0.4 * side) ** 2
    image = (rng.normal(0, 0.3, shape) + ball).astype(np.float32)
    scribbles = np.full(shape, -1, np.int16)
    row = (centre,) * (dims - 1)
    scribbles[(*row, slice(centre - side // 5, centre + side // 5))] = 1
    scribbles[(*(around + 4,) * (dims - 1), slice(around + 4, around + 4 + side // 3))] = 0
    card = NetworkCard(
        name=NETWORKS[dims],
        dims=dims,
        in_channels=1,
        classes=("background", "object"),
        tail=("classifier",),
        intensity={"kind": "zscore", "nonzero": False},
        architecture=NETWORKS[dims],
        model_options={"features": features} | ({"compressed": features // 2} if dims == 3 else {}),
    )
    torch.manual_seed(0)
    session = BifsegSession(SegmentationNetwork.of(build_network(card).eval(), card), device="cpu")
    session.set_image(image)
    session.set_box(((around,) * dims, (around + side - 1,) * dims))
    return session, scribbles


def measure(dims: int, features: int, turns: int, warm_up: int = 1) -> dict[str, Any]:
    """Time the prediction after a new box, and a round with scribbles after that, `turns` times.

    `whole` is both together: what a user waits for who scribbles at once. Stages are medians over the rounds.
    """
    session, scribbles = session_of(dims, features)
    first, rounds, stages = [], [], []
    inner, outer = ((10,) * dims, (9 + SIDES[dims],) * dims)
    for turn in range(turns + warm_up):
        session.set_box(
            (inner, tuple(end - 1 + turn % 2 for end in outer))
        )  # a new box computes everything anew
        began = time.perf_counter()
        session.segment(None, BifsegOptions(alternations=0))
        shown = time.perf_counter()
        result = session.segment(scribbles, BifsegOptions())
        ended = time.perf_counter()
        if turn >= warm_up:
            first.append(shown - began)
            rounds.append(ended - shown)
            stages.append(result.seconds)
    medians = {name: float(np.median([one.get(name, 0.0) for one in stages])) for name in stages[0]}
    whole = np.add(first, rounds).tolist()
    return {
        "dims": dims,
        "features": features,
        "iterations": result.iterations,
        "first": statistics(first),
        "round": statistics(rounds),
        "whole": statistics(whole),
        "stages": medians,
    }


def told(found: dict[str, Any]) -> str:
    """The figures in words."""

    def seconds(name: str) -> str:
        values: dict[str, float] = found[name]
        return f"{values['median']:.2f} s (IQR {values['iqr']:.2f}, n = {values['repeats']})"

    stages = ", ".join(f"{name} {value:.2f}" for name, value in found["stages"].items())
    box = "x".join([str(SIDES[found["dims"]])] * found["dims"])
    return (
        f"{NETWORKS[found['dims']]}, {found['features']} features, box {box}: first prediction {seconds('first')}; "
        f"round of {found['iterations']} iterations {seconds('round')}; both {seconds('whole')}; stages: {stages}"
    )


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--dims", nargs="+", type=int, choices=(2, 3), default=[2, 3])
    parser.add_argument("--features", nargs="+", type=int, help="of P-Net and of PC-Net (default: 32 16)")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args(words)
    sizes = dict(zip((2, 3), options.features or (32, 16), strict=True))
    results = [measure(dims, sizes[dims], options.turns) for dims in options.dims]
    about = metadata() | {"torch": torch.__version__, "torch threads": torch.get_num_threads()}
    print(f"{about['processor']}, {about['torch threads']} threads, load {about['load']}")
    print("\n".join(map(told, results)))
    if options.json:
        text = json.dumps({"metadata": about, "results": results}, indent=1)
        options.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
