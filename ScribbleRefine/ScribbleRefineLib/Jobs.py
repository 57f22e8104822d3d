"""What goes to the worker thread and what comes back: arrays, no nodes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ScribbleRefineLib.Parts import Part
from ScribbleRefineLib.RefineSettings import RefineSettings

STAGES = {"load": (0.0, 0.05), "features": (0.05, 0.4), "optimise": (0.4, 0.8), "predict": (0.8, 1.0)}


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    :param stage: "load", "features", "optimise" or "predict".
    :param violations: label -> scribbled voxels that still have another label.
    """

    stage: str
    done: int
    total: int
    violations: Mapping[int, int] = field(default_factory=dict)
    loss: float | None = None
    seconds: float = 0.0

    @property
    def fraction(self) -> float:
        """0 to 1 over the whole run, for a progress bar."""
        first, last = STAGES.get(self.stage, (0.0, 1.0))
        return first + (last - first) * min(1.0, self.done / max(1, self.total))


@dataclass(frozen=True)
class ImageInput:
    """The volume, or a part of it, free of nodes.

    :param values: (K, J, I) or (K, J, I, components); nobody writes to it.
    :param spacing: mm along K, J, I.
    :param key: equal for equal images.
    """

    values: np.ndarray
    spacing: tuple[float, float, float]
    key: Hashable


@dataclass(frozen=True)
class BoxInput:
    """One object in a box.

    :param corners: (x, y, z) of the first and of the last voxel.
    :param options: a `cueseg.bifseg.BifsegOptions`.
    :param start: weights to go on from; None: those of the network.
    """

    corners: tuple[tuple[int, int, int], tuple[int, int, int]]
    options: Any
    start: Any = None


@dataclass(frozen=True)
class Job:
    """One run.

    :param image: of the part, if there is one; all arrays are as large as the image.
    :param base: int16 (K, J, I), the labels that the result starts from.
    :param scribbles: int16 (K, J, I), -1 none; None for a prediction without scribbles.
    :param scope: bool (K, J, I), where labels may change, or None for everywhere.
    :param weights: file with weights to apply, "" for none.
    :param box: of the one object that is looked for; None when all labels are.
    :param part: of the volume that the network is run on; None: all of it.
    """

    network: str
    image: ImageInput
    settings: RefineSettings
    base: np.ndarray
    scribbles: np.ndarray | None = None
    scope: np.ndarray | None = None
    locked: tuple[int, ...] = ()
    weights: str = ""
    box: BoxInput | None = None
    part: Part | None = None

    @property
    def volumeShape(self) -> tuple[int, ...]:
        """(K, J, I) of the volume."""
        return self.base.shape if self.part is None else self.part.volumeShape

    @property
    def boxKey(self) -> Hashable:
        """Equal for equal boxes in equal images."""
        return self.image.key, self.box.corners


@dataclass(frozen=True)
class Outcome:
    """What a run found, on the grid of the job's image.

    :param unsatisfied: label -> (N, 3) array indices (k, j, i) of scribbled voxels that kept another label.
    :param delta: the adapted weights, None when the network ran as it is.
    :param uncertain: bool, voxels that the fine-tuning to one object left out; None for other runs.
    """

    labels: np.ndarray
    entropy: np.ndarray
    seconds: dict[str, float]
    device: str = ""
    delta: Any = None
    satisfied: bool = True
    unsatisfied: dict[int, np.ndarray] = field(default_factory=dict)
    iterations: int = 0
    stoppedBy: str = ""
    grownVoxels: int = 0
    notes: tuple[str, ...] = ()
    uncertain: np.ndarray | None = None


@dataclass(frozen=True)
class LoadedNetwork:
    """What the panel shows of a network; `refinable` is "" or the reason why it cannot be refined."""

    card: Any
    refinable: str
    layers: list
    notes: tuple[str, ...] = ()


def entropyOf(probabilities: np.ndarray) -> np.ndarray:
    """Float32 (K, J, I): entropy of (classes, K, J, I) probabilities, 0 certain to 1 all classes alike."""
    result = np.zeros(probabilities.shape[1:], np.float32)
    for layer, out in enumerate(result):
        p = np.clip(probabilities[:, layer], 1e-12, 1.0)
        out[:] = -(p * np.log(p)).sum(0) / np.log(max(2, len(p)))
    return np.clip(result, 0, 1)
