"""Labels and masks from seven simulated points: how right they are, beside simpler ways.

    python CueSegBackend/benchmarks/seven_points.py labels --manifest runs/manifest.json --split train
    python CueSegBackend/benchmarks/seven_points.py masks --manifest runs/manifest.json --split val

"labels": precision of the voxels that become object and their share of the object, by threshold, for the cost and the
metric of the package, plain distances, and the paper's code (harmonic cost, raw intensities, mm). "masks": Dice of
`segment_from_points` beside label 1 alone, the ellipsoid in the box, and the random walker of scikit-image between the
same certain voxels. Points are simulated on the reference, one voxel outside its ends.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import metadata, parser_of
from cueseg.metrics import dice
from cueseg.seven_points import Expansion, Target, check_target, segment_from_points, simulated_target
from cueseg.seven_points.distances import intensity_range, scaled
from cueseg.seven_points.target import voxel_of
from cueseg.training.cases import read_manifest
from geodesic_speed import by_dijkstra, graph_of

CLASSES = ("brainstem", "parotid right", "parotid left")
THRESHOLDS = np.round(np.arange(0.02, 0.52, 0.02), 2)
WANTED = 0.9  # precision


@dataclass(frozen=True)
class Item:
    """One object: image and mask (slices, rows, cols), its points."""

    name: str
    image: NDArray[Any]
    mask: NDArray[np.bool_]
    spacing: tuple[float, float, float]
    target: Target


def items(manifest: Path, group: str, split: str, every: int) -> Iterator[Item]:
    """Every contoured object of the classes, of every n-th patient."""
    for number, case in enumerate(read_manifest(manifest, split, {group})[::every]):
        for name in CLASSES:
            mask = np.isin(case.labels, case.classes.get(name, ()))
            if mask.any():
                points = simulated_target(mask, case.spacing, rng=number)
                yield Item(name, case.image, mask, case.spacing, points)


def relative_distances(item: Item) -> dict[str, NDArray[np.floating]]:
    """Method -> distances in the box relative to the largest."""
    part = item.target.part(item.image.shape)
    raw = item.image[part].astype(np.float64)
    level = scaled(raw, *intensity_range(raw))
    seeds = np.zeros(raw.shape, bool)
    place = voxel_of(item.target.seed)[::-1]
    seeds[tuple(at - own.start for at, own in zip(place, part, strict=True))] = True
    half = (np.array(raw.shape) - 1) / 2
    mm = np.array(item.spacing) / np.exp(np.log(half * item.spacing).mean())

    def found(values: NDArray[Any], steps: Any, cost: Callable[..., Any]) -> NDArray[np.floating]:
        distance = by_dijkstra(graph_of(values, steps, cost), seeds)
        return distance / distance.max()

    def root(weight: float) -> Callable[..., Any]:
        return lambda length, difference: np.hypot(length, weight * difference)

    def harmonic(share: float) -> Callable[..., Any]:
        return lambda length, difference: length / (1 - share + share / (difference + 1e-5))

    result = {f"box, weight {w:g}": found(level, 1 / half, root(w)) for w in (0, 0.5, 1, 2, 4, 8)}
    result |= {f"mm, weight {w:g}": found(level, mm, root(w)) for w in (0, 1, 2, 4)}
    result |= {f"mm, harmonic {s:g}": found(level, mm, harmonic(s)) for s in (0.01, 0.1, 0.5)}
    return result | {"mm, harmonic 0.5, raw (paper's code)": found(raw, mm, harmonic(0.5))}


def label_rows(item: Item) -> dict[str, NDArray[np.float64]]:
    """Method -> (thresholds, 2): precision and share of the object."""
    inside = item.mask[item.target.part(item.image.shape)]
    rows = {}
    for method, relative in relative_distances(item).items():
        found = [(relative < threshold) | (relative == 0) for threshold in THRESHOLDS]
        right = np.array([(one & inside).sum() for one in found])
        rows[method] = np.stack([right / [one.sum() for one in found], right / item.mask.sum()], axis=1)
    return rows


def masks(item: Item) -> dict[str, NDArray[np.bool_]]:
    """Method -> mask on the image."""
    result = segment_from_points(item.image, [item.target], item.spacing)
    expansion = Expansion(item.image, [item.target], item.spacing)
    part = item.target.part(item.image.shape)
    grid = np.indices(result.mask[part].shape).reshape(3, -1).T
    middle = (np.array(result.mask[part].shape) - 1) / 2
    out = np.sqrt((((grid - middle) / np.maximum(middle - 0.5, 0.5)) ** 2).sum(axis=1))
    ellipsoid = np.zeros_like(result.mask)
    ellipsoid[part] = (out <= 1).reshape(result.mask[part].shape)
    return {
        "segment_from_points": result.mask,
        "label 1": result.labels == 1,
        "label 1, threshold .28": expansion.labels(0.28) == 1,
        "ellipsoid in the box": ellipsoid,
        "random walker": random_walker(item, result.labels),
    }


def random_walker(item: Item, labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Between label 1 and the faces of the box, scikit-image's defaults."""
    from skimage.segmentation import random_walker as walk

    part = item.target.part(item.image.shape)
    level = scaled(item.image[part], *intensity_range(item.image[part]))
    marks = np.where(labels[part] == 1, 1, 0).astype(np.int32)
    for axis in range(3):
        face = np.moveaxis(marks, axis, 0)
        face[0] = face[-1] = 2
    found = np.zeros(item.mask.shape, bool)
    found[part] = walk(level, marks, beta=130, mode="cg_j", spacing=np.array(item.spacing)) == 1
    return found


def report_labels(found: dict[str, dict[str, list[NDArray[np.float64]]]]) -> list[str]:
    """Per method the threshold of the largest share at the wanted precision, both means over classes."""
    lines = []
    for method, of_class in found.items():
        mean = np.mean([np.mean(rows, axis=0) for rows in of_class.values()], axis=0)
        right = np.flatnonzero(mean[:, 0] >= WANTED)
        best = right[mean[right, 1].argmax()] if right.size else int(mean[:, 0].argmax())
        for chosen in sorted({int(best), int(np.flatnonzero(THRESHOLDS == 0.2)[0])}):
            every = np.concatenate([np.array(rows)[:, chosen] for rows in of_class.values()])
            single = ", ".join(
                f"{name} {np.mean(rows, axis=0)[chosen, 0]:.3f}/{np.mean(rows, axis=0)[chosen, 1]:.3f}"
                for name, rows in of_class.items()
            )
            lines.append(
                f"{method:38s} threshold {THRESHOLDS[chosen]:.2f}: precision {mean[chosen, 0]:.3f} "
                f"(sd {every[:, 0].std():.3f}, tenth {np.quantile(every[:, 0], 0.1):.3f}), share {mean[chosen, 1]:.3f} "
                f"(sd {every[:, 1].std():.3f}); {single}"
            )
    return lines


def report_masks(found: dict[str, dict[str, list[float]]]) -> list[str]:
    """Mean and standard deviation per method and class."""
    return [
        f"{method:24s} mean of the classes {np.mean([np.mean(scores) for scores in of_class.values()]):.3f}; "
        + ", ".join(
            f"{name} {np.mean(scores):.3f} (sd {np.std(scores):.3f})" for name, scores in of_class.items()
        )
        for method, of_class in found.items()
    ]


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__, "labels", "masks")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--group", default="headneck")
    parser.add_argument("--split", default="train", choices=("train", "val"))
    parser.add_argument("--every", type=int, default=1, help="take every n-th patient")
    options = parser.parse_args()
    found: dict[str, dict[str, list[Any]]] = {}
    counts, warned, began = dict.fromkeys(CLASSES, 0), {"doubtful": 0, "on_object": 0}, time.perf_counter()
    for item in items(options.manifest, options.group, options.split, options.every):
        counts[item.name] += 1
        for finding in check_target(item.target, item.image.shape, item.spacing, item.image):
            warned[finding.kind] = warned.get(finding.kind, 0) + 1
        if options.what == "labels":
            rows: dict[str, Any] = label_rows(item)
        else:
            rows = {method: dice(mask, item.mask) for method, mask in masks(item).items()}
        for method, row in rows.items():
            found.setdefault(method, {}).setdefault(item.name, []).append(row)
    print(
        f"split {options.split}, objects {counts}, points warned of {warned}, {time.perf_counter() - began:.0f} s"
    )
    print("\n".join(report_labels(found) if options.what == "labels" else report_masks(found)))
    if options.json:
        plain = {m: {c: np.array(r).tolist() for c, r in rows.items()} for m, rows in found.items()}
        content = {"metadata": metadata(), "thresholds": THRESHOLDS.tolist(), "results": plain}
        options.json.write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    main()
