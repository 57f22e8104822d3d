"""Time from the fourth click to the mask, and the share of every stage.

python CueSegBackend/benchmarks/latency.py [--models default ...] [--json latency.json]
"""

import json
import time

import numpy as np
import torch

from common import metadata, parser_of, summary
from cueseg.predictor import ExtremePointPredictor

SIZE = 512  # image side, as in abdominal CT
BOXES = ((30, 20), (120, 90), (300, 240))  # width, height of the structures clicked


def clicks(width: int, height: int) -> np.ndarray:
    """Four extreme points (x, y) of an ellipse in the middle of the image."""
    centre = SIZE / 2
    return np.array(
        [
            (centre - width / 2, centre),
            (centre + width / 2, centre),
            (centre, centre - height / 2),
            (centre, centre + height / 2),
        ]
    )


def measure(model: str, repeats: int, warm_up: int) -> dict:
    """Seconds of every repeat: whole click, and per stage, over the boxes in turn."""
    predictor = ExtremePointPredictor(model, "cpu")
    image = np.random.default_rng(0).integers(-300, 300, (SIZE, SIZE)).astype(np.int16)
    began = time.perf_counter()
    predictor.set_image(image, "ct")
    set_image = time.perf_counter() - began
    whole, stages = [], {}
    for number in range(warm_up + repeats):
        points = clicks(*BOXES[number % len(BOXES)])
        began = time.perf_counter()
        prediction = predictor.predict(points)
        took = time.perf_counter() - began
        if number >= warm_up:
            whole.append(took)
            for stage, seconds in prediction.seconds.items():
                stages.setdefault(stage, []).append(seconds)
    return {"model": predictor.card.name, "set_image": set_image, "whole": whole, "stages": stages}


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--models", nargs="*", default=["default"])
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--warm-up", type=int, default=6)
    options = parser.parse_args()
    results = [measure(model, options.repeats, options.warm_up) for model in options.models]
    for result in results:
        total = float(np.median(result["whole"]))
        print(
            f"{result['model']}: click to mask {summary(result['whole'])}, {torch.get_num_threads()} threads"
        )
        for stage, seconds in result["stages"].items():
            print(f"  {stage:8s} {summary(seconds)}  {100 * np.median(seconds) / total:5.1f} %")
    if options.json:
        options.json.write_text(
            json.dumps({"metadata": metadata(), "results": results}, indent=1), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
