"""The tasks of `memory.py`, on a made-up CT of 512 x 512 x 800 voxels."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cueseg.extreme_points import extreme_points_from_mask
from cueseg.phantom import torso_phantom
from cueseg.seven_points import Target, simulated_target

ROOT = Path(__file__).parents[2]
SHAPE, SPACING = (800, 512, 512), (1.0, 0.8, 0.8)
MIDDLE, BETWEEN, SLAB = 430, 20, 4  # slices; the slab is so many on each side
SIDE = 256  # rows and columns of the part of the slab
BOX = (128, 160, 160)  # slices, rows and columns of the box in the panel

Watch = Callable[[], bool]
"""Asked now and then; True cancels."""


def slice_of(volume: np.ndarray, plan: dict[str, Any], cancels: Watch) -> None:
    """Four clicks in one slice."""
    _session(volume).segment_slice(MIDDLE, plan["clicks"][str(MIDDLE)])


def between(volume: np.ndarray, plan: dict[str, Any], cancels: Watch) -> None:
    """Clicks in three of 21 slices, and the network between them."""
    clicked = {int(index): points for index, points in plan["clicks"].items()}
    _session(volume).segment_between(clicked, monitor=_monitor(cancels))


def seven(volume: np.ndarray, plan: dict[str, Any], cancels: Watch) -> None:
    """Seven points around a kidney to labels."""
    from cueseg.seven_points import expand_points

    expand_points(volume, [_target(plan)], SPACING, cancelled=cancels)


def cut(volume: np.ndarray, plan: dict[str, Any], cancels: Watch) -> None:
    """Seven points around a kidney to a segment."""
    from cueseg.seven_points import segment_from_points

    segment_from_points(volume, [_target(plan)], SPACING, cancelled=cancels)


def slab(volume: np.ndarray, plan: dict[str, Any], cancels: Watch) -> None:
    """A round of scribbles in nine slices, of which the part around the spine was cut out of the volume."""
    from cueseg.networks import load_network
    from cueseg.refinement import RefinementSession

    row, col = plan["cord"]
    part = volume[MIDDLE - SLAB : MIDDLE + SLAB + 1, row - SIDE // 2 :, col - SIDE // 2 :][:, :SIDE, :SIDE]
    scribbles = np.full(part.shape, -1, np.int16)
    row, col = min(SIDE, part.shape[1]) // 2, SIDE // 2
    scribbles[SLAB, row - 3 : row + 4, col] = 2  # spinal cord
    scribbles[SLAB, row - 60 : row - 40, col] = 0
    session = RefinementSession(load_network("headneck-unet"), device="cpu")
    session.set_image(part, SPACING, "ct")
    session.refine(scribbles, monitor=_monitor(cancels))


def part(volume: np.ndarray, plan: dict[str, Any], cancels: Watch) -> None:
    """A box of the whole volume in the panel's logic, without widgets; the network is run there only.

    Needs the repository's tests and the `slicer-core` wheel.
    """
    sys.path[:0] = [str(ROOT / "ScribbleRefine"), str(ROOT / "Testing")]
    from part_round import round_on_a_part

    round_on_a_part(volume, SPACING, (MIDDLE, *plan["cord"]), BOX, cancels)


TASKS: dict[str, tuple[str, Callable[..., None]]] = {
    "slice": ("four clicks, one slice", slice_of),
    "between": (f"{BETWEEN + 1} slices, 3 of them clicked (`segment_between`)", between),
    "seven": ("seven points around a kidney, labels (`expand_points`)", seven),
    "cut": ("the same, cut out (`segment_from_points`)", cut),
    "slab": (
        f"one round of scribbles in {SIDE} x {SIDE} pixels of {2 * SLAB + 1} slices, cut out (`headneck-unet`)",
        slab,
    ),
    "part": (
        f"the panel's logic on real nodes: network and one round in a box of {' x '.join(map(str, BOX))}, "
        "*Run the network on this part only*",
        part,
    ),
}


def _session(volume: np.ndarray) -> Any:
    from cueseg.predictor import ExtremePointPredictor
    from cueseg.volumes import VolumeSession

    session = VolumeSession(ExtremePointPredictor(device="cpu"))
    session.set_image(volume, "ct", SPACING)
    return session


def _monitor(cancels: Watch) -> Callable[[Any], Any]:
    from cueseg.refinement import Decision

    return lambda progress: Decision.CANCEL if cancels() else None


def _target(plan: dict[str, Any]) -> Target:
    return Target(tuple(plan["seed"]), tuple(tuple(point) for point in plan["outside"]))


def plan_of(labels: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    """Clicks on the liver, points around a kidney, the middle of the cord: all from the known labels."""
    rng = np.random.default_rng(0)
    chosen = (MIDDLE - BETWEEN // 2, MIDDLE, MIDDLE + BETWEEN // 2)
    liver, kidney, cord = (names.index(name) + 1 for name in ("liver", "left kidney", "spinal cord"))
    clicks = {str(index): extreme_points_from_mask(labels[index] == liver, rng).tolist() for index in chosen}
    ends = [np.flatnonzero((labels == kidney).any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    low = [int(places[0]) for places in ends]
    box = tuple(slice(places[0], places[-1] + 1) for places in ends)
    target = simulated_target(labels[box] == kidney, SPACING, rng=rng)
    offset = np.array(low[::-1])  # points are (x, y, z)
    return {
        "clicks": clicks,
        "seed": (np.array(target.seed) + offset).tolist(),
        "outside": [(np.array(point) + offset).tolist() for point in target.outside],
        "cord": np.argwhere(labels[MIDDLE] == cord).mean(axis=0).round().astype(int).tolist(),
    }


def prepare(folder: Path) -> None:
    """Write the volume and what is clicked on it."""
    phantom = torso_phantom(SHAPE, SPACING)
    np.save(folder / "volume.npy", phantom.image)
    plan = plan_of(phantom.labels, phantom.names)
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
