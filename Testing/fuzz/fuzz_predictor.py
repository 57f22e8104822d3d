"""Random images, dtypes, shapes and clicks through the predictor: only documented errors, never NaN.

python Testing/fuzz/fuzz_predictor.py --count 10000 [--seed 0]
"""

import argparse
import collections
import time
import warnings

import numpy as np

from cueseg.intensity import MODALITIES
from cueseg.predictor import ExtremePointPredictor, Prediction

DTYPES = (bool, "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8")


def random_image(rng: np.random.Generator, modality: str) -> np.ndarray:
    """Sizes 1..700, any depth, wild values, sometimes NaN, constant, or of the wrong shape."""
    top = 30 if rng.random() < 0.4 else 700
    shape = tuple(int(n) for n in rng.integers(1, top, 2))
    if modality == "rgb" and rng.random() < 0.9:
        shape += (int(rng.choice([3, 4])),)
    if rng.random() < 0.02:
        shape = shape[:1] if rng.random() < 0.5 else (*shape, 2)
    dtype = np.dtype(DTYPES[rng.integers(len(DTYPES))])
    if dtype.kind == "f":
        limit = min(float(np.finfo(dtype).max), 10.0 ** rng.uniform(-3, 308)) / 2
        image = (rng.uniform(-1.0, 1.0, shape) * limit).astype(dtype)
        if rng.random() < 0.05 and image.size:
            image.flat[rng.integers(image.size)] = rng.choice([np.nan, np.inf, -np.inf])
    elif dtype.kind == "b":
        image = rng.random(shape) < 0.5
    else:
        info = np.iinfo(dtype)
        image = rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    return np.full_like(image, image.flat[0]) if rng.random() < 0.05 else image


def random_points(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """True extremes, clicks anywhere, coincident, collinear, huge, sub-pixel or not finite; sometimes not four."""
    height, width = shape[0], shape[1] if len(shape) > 1 else 1
    points = rng.uniform(-0.3, 1.3, (4, 2)) * (width, height)
    kind = rng.integers(9)
    if kind <= 2:
        points = np.round(points)
    elif kind == 3:
        points[1] = points[0]
    elif kind == 4:
        points = points[0] + np.outer(rng.uniform(-50, 50, 4), rng.normal(size=2))
    elif kind == 5:
        points = points[0] + rng.uniform(-1, 1, (4, 2)) * 10.0 ** rng.uniform(-8, 1)
    elif kind == 6:
        points *= 10.0 ** rng.uniform(0, 300)
    elif kind == 7 and rng.random() < 0.3:
        points[rng.integers(4), rng.integers(2)] = rng.choice([np.nan, np.inf])
    elif kind == 8 and rng.random() < 0.2:
        points = points[: rng.integers(0, 4)]
    return points


def check(prediction: Prediction, shape: tuple[int, ...]) -> None:
    """Raise AssertionError unless the result keeps its promises."""
    for name in ("probability", "cue"):
        values = getattr(prediction, name)
        if values.shape != shape[:2] or values.dtype != np.float32:
            raise AssertionError(f"{name} is {values.dtype} {values.shape} for an image {shape}")
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise AssertionError(f"{name} leaves 0..1: {values.min()}..{values.max()}")
    if prediction.mask.dtype != bool or prediction.mask.shape != shape[:2]:
        raise AssertionError(f"mask is {prediction.mask.dtype} {prediction.mask.shape}")


def fuzz(predictor: ExtremePointPredictor, count: int, seed: int) -> collections.Counter:
    """Outcomes -> how often; any exception but ValueError, and any warning, ends the run."""
    outcomes: collections.Counter = collections.Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in range(count):
            rng = np.random.default_rng([seed, number])
            modality = str(rng.choice(MODALITIES))
            image = random_image(rng, modality)
            spacing = None if rng.random() < 0.5 else tuple(10.0 ** rng.uniform(-1.5, 1.5, 2))
            try:
                predictor.set_image(image, modality, spacing)
                prediction = predictor.predict(random_points(rng, image.shape))
            except ValueError as error:
                if len(str(error)) < 20:
                    raise AssertionError(f"number {number}: the message says too little: {error}") from error
                outcomes["refused: " + _kind(str(error))] += 1
                continue
            check(prediction, image.shape)
            outcomes["mask" if prediction.mask.any() else "empty mask"] += 1
    return outcomes


def _kind(message: str) -> str:
    """The message without its numbers."""
    return " ".join("".join(c if c.isalpha() or c == " " else " " for c in message).split())[:60]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="default")
    options = parser.parse_args()
    began = time.perf_counter()
    outcomes = fuzz(ExtremePointPredictor(options.model, "cpu"), options.count, options.seed)
    for outcome, times in outcomes.most_common():
        print(f"{times:6d}  {outcome}")
    seconds = time.perf_counter() - began
    print(f"{sum(outcomes.values())} runs, seed {options.seed}, {seconds:.0f} s: no NaN, no other error")


if __name__ == "__main__":
    main()
