"""Images per second of training and of inference, and the share of the machine's matrix product that they reach.

python CueSegBackend/benchmarks/training_speed.py [--device auto] [--precision auto] [--json training_speed.json]

Every network trains by `cueseg.training.trainer.Trainer`, cue maps, loss and running mean included, on made-up images.
The peak is a float32 (or bf16, fp16) product of square matrices, which takes turns with the networks.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from common import metadata, parser_of, statistics, time_side_by_side
from cueseg.network_input import network_input
from cueseg.training.config import Phase, Recipe
from cueseg.training.samples import collate
from cueseg.training.trainer import Trainer

# name: input side, batch on a CPU, batch on a GPU
NETWORKS = {"compact": (128, 16, 256), "psp-resnet101": (256, 2, 56)}
# Forward passes that a call is worth: a gradient costs two (torch's own count of it ignores groups of channels).
PASSES = {"training": 3.0, "inference": 1.0, "samples": 0.0}
MATRIX = {"cpu": 1024, "cuda": 8192}


def trainer_of(name: str, side: int, batch: int, options: argparse.Namespace, folder: Path) -> Trainer:
    """A trainer on made-up images."""
    recipe = Recipe(
        name=name,
        manifest="",
        architecture=name,
        phases=(Phase(0, side, {"synthetic": 1.0}),),
        batch=batch,
        device=options.device,
        precision=options.precision,
    )
    return Trainer(recipe, [], None, folder)


def calls_of(trainer: Trainer) -> dict[str, Callable[[], object]]:
    """Training of one batch, inference on it, and the drawing of one sample."""
    recipe, device = trainer.recipe, trainer.device
    draw = trainer.source.draw
    batch = collate([draw(number, recipe.phases[0]) for number in range(recipe.batch)])
    window, _, points = (part.to(device) for part in batch)

    def infer() -> None:
        with torch.no_grad(), trainer.precision.autocast():
            x = network_input(window, points, recipe.cue, recipe.cue_preset)
            trainer.average(x.contiguous(memory_format=trainer.layout))
        settle(device)

    def train() -> None:
        trainer.train_step(batch)
        settle(device)

    return {"training": train, "inference": infer, "samples": lambda: draw(0, recipe.phases[0])}


def settle(device: torch.device) -> None:
    """Wait for the GPU."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def product(trainer: Trainer) -> tuple[Callable[[], object], float]:
    """The matrix product in the trainer's precision, and its operations."""
    side = MATRIX[trainer.device.type]
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16, "off": torch.float32}[trainer.precision.kind]
    matrix = torch.randn(side, side, device=trainer.device).to(dtype)

    def multiply() -> None:
        matrix @ matrix
        settle(trainer.device)

    return multiply, 2.0 * side**3


def operations(call: Callable[[], object]) -> float:
    """Floating-point operations of a call, counted by torch."""
    with FlopCounterMode(display=False) as counter:
        call()
    return float(counter.get_total_flops())


def measure(options: argparse.Namespace, folder: Path) -> dict:
    """Timings of everything in turn, with images and operations of every call."""
    calls, sizes = {}, {}
    for name in options.networks:
        side, on_cpu, on_gpu = NETWORKS[name]
        on_gpu_now = options.device != "cpu" and torch.cuda.is_available()
        batch = options.batch or (on_gpu if on_gpu_now else on_cpu)
        trainer = trainer_of(name, options.side or side, batch, options, folder / name)
        of_network = calls_of(trainer)
        forward = operations(of_network["inference"])
        for kind, call in of_network.items():
            calls[f"{name} {kind}"] = call
            images = 1 if kind == "samples" else batch
            count = forward * PASSES[kind]
            sizes[f"{name} {kind}"] = {"images": images, "operations": count, "side": options.side or side}
    calls["matrix product"], count = product(trainer)
    sizes["matrix product"] = {"images": 0, "operations": count, "side": MATRIX[trainer.device.type]}
    warm, _ = time_side_by_side(calls, options.turns, options.calls)
    chosen = {"device": str(trainer.device), "precision": trainer.precision.kind}
    return {**chosen, "calls": {key: {**sizes[key], **statistics(warm[key])} for key in calls}}


def report(result: dict, threads: int) -> None:
    """Print a line for every call."""
    peak = result["calls"]["matrix product"]
    rate = peak["operations"] / peak["median"]
    print(f"{result['device']}, precision {result['precision']}, {threads} threads of the CPU")
    for name, call in result["calls"].items():
        spread = f"IQR {100 * call['iqr'] / call['median']:.0f} % (n = {call['repeats']})"
        speed = call["operations"] / call["median"]
        share = f"{speed / 1e9:8.1f} GFLOP/s, {100 * speed / rate:5.1f} % of the product" if speed else ""
        images = f"{call['images'] / call['median']:8.2f} images/s" if call["images"] else " " * 17
        print(f"{name:24s} side {call['side']:5d} batch {call['images']:3d} {images}, {spread}  {share}")


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--side", type=int, default=0, help="input side; 0: that of the network")
    parser.add_argument("--batch", type=int, default=0, help="images of a batch; 0: that of the network")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--calls", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(options, Path(folder))
    report(result, torch.get_num_threads())
    if options.json:
        options.json.write_text(json.dumps({"metadata": metadata(), **result}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
