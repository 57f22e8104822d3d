"""Methods that correct a segmentation with scribbles and without changing a network: what refinement has to beat.

All take a `Situation` and return labels like its initial ones. Every voxel that a method does not look at keeps its
initial label, and painted voxels have theirs.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import random_walker

from cueseg.energy import contrast_weights, expand_labels

DOMAIN = 100_000  # voxels that the graph methods may change: those nearest to the scribbles
SURE = 0.95  # probability from which a network's voxel is a seed
DOUBT = 10.0  # mm around a scribble that contradicts the network in which its voxels are no seeds
WALKER_BETA = 130.0  # of skimage's default
CUT_LAMBDA, CUT_SIGMA = 3.0, 0.1  # of the cut's boundary term; the image in units of its standard deviation
NEW_CLASS_REACH = 10.0  # mm in which a class unknown to the network is likely around its scribbles


@dataclass(frozen=True)
class Situation:
    """What a correcting method is given.

    Attributes:
        image: (rows, cols[, channels]) or (slices, rows, cols[, channels]).
        spacing: mm per voxel along each axis.
        initial: labels of the network.
        probabilities: (classes, *shape) of the network.
        scribbles: -1 none, k class k, all rounds so far; k may be a class that the network does not have.
    """

    image: NDArray[Any]
    spacing: tuple[float, ...]
    initial: NDArray[Any]
    probabilities: NDArray[np.float32]
    scribbles: NDArray[np.int16]

    @property
    def painted(self) -> NDArray[np.bool_]:
        """The voxels with a scribble."""
        return self.scribbles >= 0


Correct = Callable[[Situation], NDArray[Any]]


def walker(situation: Situation, confident: bool) -> NDArray[Any]:
    """Random walker (Grady 2006) from the scribbles, or from them and what the network is sure of."""
    seeds = _seeds(situation, confident)
    labels = _with_scribbles(situation)
    classes = np.unique(seeds[seeds >= 0])
    if len(classes) < 2:
        return labels
    box = _box(situation)
    near = _domain(situation)[box] if confident else np.ones(seeds[box].shape, bool)
    marks = np.where(seeds[box] >= 0, np.searchsorted(classes, seeds[box]) + 1, 0)
    # Seeds beyond the domain matter only where they touch it; the rest would make the system larger.
    kept = near | (ndimage.binary_dilation(near) & (marks > 0))
    marks[~kept] = -1
    if len(np.unique(marks[marks > 0])) < 2:
        return labels
    channel = -1 if situation.image.ndim > situation.scribbles.ndim else None
    data = situation.image[box].astype(np.float64)
    data = (data - data.min()) / max(float(np.ptp(data)), 1e-9)
    with warnings.catch_warnings():  # voxels that no seed reaches keep their label, below
        warnings.simplefilter("ignore")
        found = random_walker(
            data,
            marks,
            WALKER_BETA,
            mode="cg_j",
            tol=1e-3,
            channel_axis=channel,
            spacing=_relative(situation),
        )
    part = labels[box]
    reached = kept & (found > 0)
    part[reached] = classes[found[reached].astype(int) - 1]
    return np.where(situation.painted, situation.scribbles, labels)


def grow_from_seeds(situation: Situation, confident: bool) -> NDArray[Any]:
    """Slicer's own effect, the same filter: vtkImageGrowCutSegment (Zhu et al. 2014)."""
    import slicer  # noqa: TID251 (the method itself; this is no part of the backend)
    import vtk  # noqa: TID251
    from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy  # noqa: TID251

    seeds = _seeds(situation, confident)
    labels = _with_scribbles(situation)
    if len(np.unique(seeds[seeds >= 0])) < 2:
        return labels
    box = _box(situation)
    grey = situation.image[box].astype(np.float32)
    grey = grey.mean(axis=-1) if grey.ndim > seeds.ndim else grey
    # The filter wants three voxels along each axis: an image is given to it three times, one on the other.
    copies = 3 if seeds.ndim == 2 else 1
    sizes = ((3,) if seeds.ndim == 2 else ()) + grey.shape

    def as_image(array: NDArray[Any], kind: int) -> Any:
        image = vtk.vtkImageData()
        image.SetDimensions(*sizes[::-1])
        image.SetSpacing(*((1.0,) * (3 - seeds.ndim) + situation.spacing)[::-1])
        values = np.tile(array.reshape(-1), copies)
        image.GetPointData().SetScalars(numpy_to_vtk(values, 1, kind))
        return image

    effect = slicer.vtkImageGrowCutSegment()
    effect.SetIntensityVolume(as_image(grey, vtk.VTK_FLOAT))
    effect.SetSeedLabelVolume(as_image((seeds[box] + 1).astype(np.int16), vtk.VTK_SHORT))
    effect.Update()
    found = vtk_to_numpy(effect.GetOutput().GetPointData().GetScalars()).astype(int).reshape(copies, -1)
    found = found[copies // 2].reshape(grey.shape)
    part = labels[box]
    part[found > 0] = found[found > 0] - 1
    return np.where(situation.painted, situation.scribbles, labels)


def graph_cut(situation: Situation) -> NDArray[Any]:
    """Graph cut on the network's probabilities, scribbles as hard constraints (Boykov & Jolly 2001).

    Of two labels it is the exact minimum; of more, that of expansion moves. A class that the network does not have
    is as likely as exp(-d / reach) at a distance d from its scribbles.
    """
    count = max(len(situation.probabilities), int(situation.scribbles.max()) + 1)
    probabilities = np.zeros((count, *situation.initial.shape), np.float32)
    probabilities[: len(situation.probabilities)] = situation.probabilities
    for new in range(len(situation.probabilities), count):
        mine = situation.scribbles == new
        if mine.any():
            away = ndimage.distance_transform_edt(~mine, sampling=situation.spacing)
            probabilities[new] = np.exp(-away / NEW_CLASS_REACH)
    probabilities /= np.maximum(probabilities.sum(axis=0), 1e-6)
    unary = -np.log(np.clip(probabilities, 1e-4, 1.0))
    free = _domain(situation) & ~situation.painted
    # The cut of the domain and the voxels that touch it is the cut of the image: the others do not change.
    if not free.any():
        return _with_scribbles(situation)
    box = ndimage.find_objects(ndimage.binary_dilation(free).astype(np.int8))[0]
    weights = contrast_weights(
        situation.image[box] / max(float(np.std(situation.image)), 1e-9),
        free[box].shape,
        situation.spacing,
        weight=CUT_LAMBDA,
        sigma=CUT_SIGMA,
    )
    labels = _with_scribbles(situation)
    labels[box] = expand_labels(unary[(slice(None), *box)], weights, labels[box], free[box], sweeps=2)
    return labels


PEERS: dict[str, Correct] = {
    "random walker": lambda situation: walker(situation, confident=False),
    "random walker, network seeds": lambda situation: walker(situation, confident=True),
    "graph cut": graph_cut,
    "grow from seeds": lambda situation: grow_from_seeds(situation, confident=False),
    "grow from seeds, network seeds": lambda situation: grow_from_seeds(situation, confident=True),
}


def _with_scribbles(situation: Situation) -> NDArray[Any]:
    return np.where(situation.painted, situation.scribbles, situation.initial).astype(np.int16)


def _seeds(situation: Situation, confident: bool) -> NDArray[Any]:
    """-1 where nothing is known, else the class: the scribbles, and if asked what the network is sure of."""
    seeds = situation.scribbles.copy()
    if not confident:
        return seeds
    sure = (situation.probabilities.max(axis=0) >= SURE) & ~situation.painted
    contradicted = situation.painted & (situation.scribbles != situation.initial)
    if contradicted.any():
        sure &= ndimage.distance_transform_edt(~contradicted, sampling=situation.spacing) > DOUBT
    seeds[sure] = situation.initial[sure]
    return seeds


def _domain(situation: Situation) -> NDArray[np.bool_]:
    """The voxels nearest to the scribbles."""
    away = ndimage.distance_transform_edt(~situation.painted, sampling=situation.spacing)
    if away.size <= DOMAIN:
        return np.ones(away.shape, bool)
    return away <= np.partition(away.reshape(-1), DOMAIN)[DOMAIN]


def _box(situation: Situation, margin: float = 40.0) -> tuple[slice, ...]:
    """Box around all scribbles with a margin in mm; an image is taken whole."""
    if situation.scribbles.ndim == 2:
        return (slice(None), slice(None))
    where = np.nonzero(situation.painted)
    pads = [int(np.ceil(margin / step)) for step in situation.spacing]
    return tuple(
        slice(max(0, int(w.min()) - p), int(w.max()) + p + 1) for w, p in zip(where, pads, strict=True)
    )


def _relative(situation: Situation) -> Sequence[float]:
    return tuple(step / min(situation.spacing) for step in situation.spacing)
