"""From scribbles on the network's grid to what each window is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from cueseg.networks.windows import WindowPlan
from cueseg.refinement.scribbled_window import KeepTerm, ScribbledWindow

__all__ = ["Evidence", "find_anchors", "keep_reach", "scribbled_windows"]

_REACH_SHARE = 0.05  # of the grid's diagonal: how far a scribble is meant to be felt
_NEW_REACH = (
    1.5  # of that distance: how far a class new to the network may spread from its strokes at no cost
)
_SURE = 0.9
_PER_CLASS = 64  # anchors: few, since each may cost a tile
_CANDIDATES = 20_000


@dataclass(frozen=True)
class Evidence:
    """Scribbles on the grid.

    Attributes:
        user: int array, -1 where the user painted nothing.
        other: int array, grown pixels or anchors, -1 elsewhere and on the user's pixels.
        other_weight: of them against the user's pixels of the same class.
        spacing: mm per voxel along the grid's axes.
        anchored: whether `other` are anchors.
    """

    user: NDArray[np.integer]
    other: NDArray[np.integer]
    other_weight: float
    spacing: tuple[float, ...]
    anchored: bool = False


def keep_reach(shape: Sequence[int], spacing: Sequence[float]) -> float:
    """Distance in mm at which the term that keeps regions sets in: a twentieth of the grid's diagonal."""
    return _REACH_SHARE * float(np.linalg.norm(np.asarray(shape) * np.asarray(spacing)))


def scribbled_windows(
    plan: WindowPlan,
    chosen: Sequence[int],
    evidence: Evidence,
    *,
    keep_channels: int | None,
    known: int,
    device: str,
) -> list[ScribbledWindow]:
    """What the chosen windows are asked for.

    A pixel belongs to the chosen window in whose middle it lies most; evidence outside all of them is left out.

    Args:
        plan: windows of the grid.
        chosen: windows that hold all of the user's pixels.
        evidence: scribbles on the grid.
        keep_channels: channels of the network before classes were appended; None: nothing is kept.
        known: number of its classes then. Nothing is kept around strokes of others, of which it knows nothing.
        device: of the tensors.
    """
    voxels, classes, user, weight = _pixels(evidence)
    home = _homes(plan, chosen, voxels)
    keep = _keep_weights(plan, chosen, evidence, known) if keep_channels is not None else {}
    windows = []
    for index in chosen:
        mine = np.flatnonzero(home == index)
        if len(mine) == 0:
            continue
        flat = np.ravel_multi_index(tuple((voxels[mine] - plan.starts[index]).T), plan.size)
        term = None
        if keep_channels is not None:
            inner = torch.from_numpy(keep[index].reshape(1, *_inner_size(plan))).to(device)
            term = KeepTerm(inner, keep_channels)
        windows.append(
            ScribbledWindow(
                index,
                torch.from_numpy(flat.astype(np.int64)).to(device),
                torch.from_numpy(classes[mine]).to(device),
                torch.from_numpy(weight[mine]).to(device),
                torch.from_numpy(user[mine]).to(device),
                term,
                evidence.anchored,
            )
        )
    return windows


def _pixels(
    evidence: Evidence,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.float32]]:
    """Voxel, class, whether painted by the user, and weight of every piece of evidence."""
    painted, other = np.argwhere(evidence.user >= 0), np.argwhere(evidence.other >= 0)
    voxels = np.concatenate([painted, other])
    classes = np.concatenate([evidence.user[tuple(painted.T)], evidence.other[tuple(other.T)]]).astype(
        np.int64
    )
    user = np.arange(len(voxels)) < len(painted)
    weight = np.zeros(len(voxels), np.float32)
    for kind, total in ((user, 1.0), (~user, evidence.other_weight)):
        for number in np.unique(classes[kind]):
            members = kind & (classes == number)
            weight[members] = total / members.sum()
    return voxels, classes, user, weight


def _homes(plan: WindowPlan, chosen: Sequence[int], voxels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The chosen window of each voxel; -1: none holds it."""
    home = np.full(len(voxels), -1, np.int64)
    best = np.zeros(len(voxels), np.float32)
    for index in chosen:
        weight = plan.weight_at(index, voxels)
        home[weight > best] = index
        best = np.maximum(best, weight)
    return home


def _inner_size(plan: WindowPlan) -> tuple[int, ...]:
    """A window's size without leading axes of thickness one that the network does not see."""
    return plan.size[plan.flat :]


def _keep_weights(
    plan: WindowPlan, chosen: Sequence[int], evidence: Evidence, known: int
) -> dict[int, NDArray[np.float32]]:
    """1 - exp(-d^2 / 2r^2) over the number of voxels without evidence, for every window; 0 on scribbles and padding."""
    parts = [plan.inside(index) for index in chosen]
    low = [min(part[axis].start for part in parts) for axis in range(len(plan.shape))]
    high = [max(part[axis].stop for part in parts) for axis in range(len(plan.shape))]
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    distance = ndimage.distance_transform_edt(evidence.user[box] < 0, sampling=evidence.spacing)
    reach = keep_reach(plan.shape, evidence.spacing)
    far = (1.0 - np.exp(-0.5 * (distance / reach) ** 2)).astype(np.float32)
    new = evidence.user[box] >= known
    if new.any():
        far[ndimage.distance_transform_edt(~new, sampling=evidence.spacing) < _NEW_REACH * reach] = 0.0
    free = (evidence.user[box] < 0) & (evidence.other[box] < 0)
    far[~free] = 0.0
    found, count = {}, 0
    for index, part in zip(chosen, parts, strict=True):
        local = tuple(slice(p.start - a, p.stop - a) for p, a in zip(part, low, strict=True))
        weights = np.zeros(plan.size, np.float32)
        weights[plan.covered(index)] = far[local]
        count += int(free[local].sum())
        found[index] = weights
    return {index: weights / np.float32(max(count, 1)) for index, weights in found.items()}


def find_anchors(
    plan: WindowPlan,
    chosen: Sequence[int],
    evidence: Evidence,
    labels: NDArray[np.int16],
    sure: NDArray[np.float16],
    seed: int,
) -> NDArray[np.int16]:
    """Pixels that stand for the other classes where the user scribbled one class only.

    They are drawn, up to 64 per class, from where the network was sure of another class (probability 0.9 and more)
    far from the scribbles, within the windows that hold them.

    Args:
        plan: windows of the grid.
        chosen: those with scribbles.
        evidence: the user's scribbles on the grid.
        labels: the network's initial labels on the grid.
        sure: their probability.
        seed: of the draw.

    Returns:
        int16 on the grid, -1 where there is no anchor.
    """
    rng = np.random.default_rng(seed)
    anchors = np.full(plan.shape, -1, np.int16)
    scribbled = int(evidence.user.max())
    seen = np.zeros(plan.shape, bool)
    for index in chosen:
        seen[plan.inside(index)] = True
    spacing = np.asarray(evidence.spacing)
    tree = cKDTree(np.argwhere(evidence.user >= 0) * spacing)
    reach = keep_reach(plan.shape, evidence.spacing)
    for number in np.unique(labels[seen]):
        if number == scribbled:
            continue
        candidates = np.flatnonzero(seen & (labels == number) & (sure >= _SURE))
        candidates = rng.permutation(candidates)[:_CANDIDATES]
        places = np.stack(np.unravel_index(candidates, plan.shape), axis=1)
        far = places[tree.query(places * spacing)[0] > reach] if len(places) else places
        anchors[tuple(far[:_PER_CLASS].T)] = number
    return anchors
