"""Whether six extreme points in 3D pay: a whole organ from six clicks, beside four clicks on each of three slices.

    python CueSegBackend/benchmarks/six_points.py --manifest runs/default.json --markdown docs/benchmarks.md

The six points are the voxels of the reference that lie farthest left, right, front, back, up and down, ties at random:
nobody clicks. The segments between opposite points meet in a centre c, as in the plane (Khan & Shahin 2019, Eq. 3-5),
and each gives a distance; f = 1 / (1 + tau d1 d2) with the smallest and the root of the sum of squares of the three.
Three ways to a mask: f above a threshold, which is chosen on train patients; the minimum cut of the seven points, with
c as the seed and the box of the six; and the network on every slice, with the four points of the other two axes moved
and shrunk as the section of an ellipsoid is.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from common import parser_of, tell
from cueseg.evaluation.from_points import Clicks
from cueseg.evaluation.simulated_rounds import evenly
from cueseg.metrics import dice
from cueseg.predictor import ExtremePointPredictor
from cueseg.seven_points import segment_from_points
from cueseg.seven_points.target import Target
from cueseg.volumes import VolumeOptions, VolumeSession
from cueseg.weights_file import LoadedModel, load_model
from paired import difference
from whole_case_rounds import Structure, structures_of

SET = "head and neck CT"
MAP, CUT, NETWORK, SLICES = (
    "map above a threshold",
    "minimum cut",
    "network on every slice",
    "three slices clicked",
)
CLICKS_OF = {MAP: 6, CUT: 6, NETWORK: 6, SLICES: 12}
PRODUCTS = np.geomspace(0.02, 3.0, 40)  # of d1 d2; f is above a threshold where d1 d2 is below one of these
LEAST = 0.05  # of the full size: smaller sections are left out, clicks would fall together

Mask = NDArray[np.bool_]


def six_points(truth: Mask, rng: np.random.Generator) -> NDArray[np.float64]:
    """(3, 2, 3): for the axes slice, row, col the first and the last voxel (slice, row, col) of a mask."""
    voxels = np.argwhere(truth)
    ends = [
        [rng.choice(voxels[voxels[:, axis] == end]) for end in (voxels[:, axis].min(), voxels[:, axis].max())]
        for axis in range(3)
    ]
    return np.array(ends, np.float64)


def centre_of(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The place (3,) nearest to the three lines through opposite points (3, 2, 3), by least squares, in mm."""
    along = points[:, 1] - points[:, 0]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.eye(3) - along[:, :, None] * along[:, None, :]
    return np.linalg.solve(across.sum(axis=0), (across @ points[:, 0, :, None]).sum(axis=0)[:, 0])


def product_map(
    points: NDArray[np.float64], shape: tuple[int, ...], spacing: tuple[float, ...]
) -> NDArray[np.float32]:
    """d1 d2 at every voxel of (slices, rows, cols), for points (3, 2, 3) in voxels; infinite outside of their box."""
    steps = np.asarray(spacing)
    mm, result = points * steps, np.full(shape, np.inf, np.float32)
    low, high = points.min(axis=(0, 1)).astype(int), points.max(axis=(0, 1)).astype(int)
    part = tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))
    places = np.stack(
        np.meshgrid(*(np.arange(a, b + 1) for a, b in zip(low, high, strict=True)), indexing="ij"), axis=-1
    )
    centre, distances = centre_of(mm), []
    for first, last in mm:
        along = last - first
        share = np.clip((places * steps - first) @ along / (along @ along), 0, 1)
        gap = np.linalg.norm(places * steps - (first + share[..., None] * along), axis=-1)
        middle = np.clip((centre - first) @ along / (along @ along), 0.05, 0.95)
        distances.append(gap / (np.linalg.norm(along) * np.where(share < middle, middle, 1 - middle)))
    result[part] = np.min(distances, axis=0) * np.sqrt(np.square(distances).sum(axis=0))
    return result


def by_cut(structure: Structure, points: NDArray[np.float64]) -> Mask:
    """The minimum cut of `segment_from_points`, with the centre as the seed."""
    steps = np.asarray(structure.spacing)
    low, high = points.min(axis=(0, 1)) - 1, points.max(axis=(0, 1)) + 1
    seed = np.clip(np.rint(centre_of(points * steps) / steps), low + 2, high - 2)
    target = Target.from_box(seed[::-1].tolist(), low[::-1].tolist(), high[::-1].tolist())
    return segment_from_points(structure.image, [target], structure.spacing).mask


def by_network(structure: Structure, points: NDArray[np.float64], predictor: ExtremePointPredictor) -> Mask:
    """The network on each slice between the first and the last point."""
    first, last = points[0, :, 0]
    middle, half = (first + last) / 2, max((last - first) / 2, 0.5)
    clicks = points[1:, :, :0:-1].reshape(4, 2)  # (x, y) of top, bottom, left, right
    mask = np.zeros(structure.truth.shape, bool)
    for index in range(int(first), int(last) + 1):
        height = (index - middle) / half
        size = np.sqrt(max(1 - height**2, LEAST))
        # The middle of the section lies on the line between the two ends.
        moved = points[0, 0, :0:-1] + (points[0, 1, :0:-1] - points[0, 0, :0:-1]) * (height + 1) / 2
        balance = np.abs(height)
        centre = (1 - balance) * clicks.mean(axis=0) + balance * moved
        predictor.set_image(structure.image[index], structure.modality)
        mask[index] = predictor.predict(centre + size * (clicks - clicks.mean(axis=0))).mask
    return mask


def by_slices(structure: Structure, predictor: ExtremePointPredictor) -> Mask:
    """Four clicks on the first, the middle and the last slice, the network between them."""
    session, clicks = VolumeSession(predictor), Clicks("exact", seed=0)
    session.set_image(structure.image, structure.modality, structure.spacing)
    clicked = {
        index: clicks.on(structure.truth[index], f"{structure.case}/{structure.name}/{index}")
        for index in evenly(structure.usable, 3)
    }
    return session.segment_between(clicked, VolumeOptions()).mask()


def measure(
    structure: Structure, predictor: ExtremePointPredictor, rng: np.random.Generator, limit: float
) -> dict[str, Any]:
    """Dice and seconds of all ways on one structure."""
    points = six_points(structure.truth, rng)
    ways: dict[str, Callable[[], Mask]] = {
        MAP: lambda: product_map(points, structure.truth.shape, structure.spacing) <= limit,
        CUT: lambda: by_cut(structure, points),
        NETWORK: lambda: by_network(structure, points, predictor),
        SLICES: lambda: by_slices(structure, predictor),
    }
    row: dict[str, Any] = {"case": structure.case, "structure": structure.name}
    for name, way in ways.items():
        began = time.perf_counter()
        mask = way()
        row[name] = {"dice": dice(mask, structure.truth), "seconds": time.perf_counter() - began}
    return row


def chosen_limit(structures: list[Structure], rng: np.random.Generator) -> float:
    """The bound of d1 d2 with the best mean Dice on these structures."""
    scores = []
    for structure in structures:
        product = product_map(six_points(structure.truth, rng), structure.truth.shape, structure.spacing)
        scores.append([dice(product <= bound, structure.truth) for bound in PRODUCTS])
    return float(PRODUCTS[np.mean(scores, axis=0).argmax()])


def table(rows: list[dict[str, Any]], limit: float, trained: int) -> str:
    """Markdown, with the difference to three clicked slices."""
    images = len({row["case"] for row in rows})
    lines = [
        f"{len(rows)} structures of {images} val patients, exact simulated clicks, seed 0, one pass of the network "
        f"per slice; the map's threshold, d1 d2 <= {limit:.2f}, is the best on {trained} structures of train patients:",
        "",
        "| way | clicks | 3D Dice | lead over three slices | p | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for name, clicks in CLICKS_OF.items():
        values = [row[name]["dice"] for row in rows]
        seconds = np.median([row[name]["seconds"] for row in rows])
        lead = "|"
        if name != SLICES:
            found = difference(values, [row[SLICES]["dice"] for row in rows])
            lead = f"{found.mean:+.3f} ± {found.error:.3f} | {found.p:.2g}"
        lines.append(
            f"| {name} | {clicks} | {np.mean(values):.3f} ± {np.std(values):.3f} | {lead} | {seconds:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Choose on train, measure on val, print, write where asked."""
    parser = parser_of(__doc__, page=True)
    parser.add_argument("--manifest", type=Path, default=Path("runs/default.json"))
    parser.add_argument("--model", default="default")
    parser.add_argument("--limit", type=int, help="most patients of a split")
    options = parser.parse_args()
    torch.set_num_threads(1)
    about = argparse.Namespace(
        manifest=options.manifest, limit=options.limit, most_slices=np.inf, structures=None
    )
    loaded = load_model(options.model)
    predictor = ExtremePointPredictor(
        LoadedModel(loaded.model, replace(loaded.card, average_flips=False)), "cpu"
    )
    rng = np.random.default_rng(0)
    trained = list(structures_of(SET, argparse.Namespace(**vars(about) | {"split": "train", "limit": 12})))
    limit = chosen_limit(trained, rng)
    rows = []
    for structure in structures_of(SET, argparse.Namespace(**vars(about), split="val")):
        rows.append(measure(structure, predictor, rng, limit))
        print(
            {
                key: value if isinstance(value, str) else round(value["dice"], 3)
                for key, value in rows[-1].items()
            },
            flush=True,
        )
    text = table(rows, limit, len(trained))
    tell(text, "six_points.py", options, rows=rows)


if __name__ == "__main__":
    main()
