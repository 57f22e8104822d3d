"""What predictions and refinements return. Needs no torch to be imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cueseg.refinement.delta import WeightDelta

__all__ = ["IterationReport", "NetworkPrediction", "RefinementResult"]


@dataclass(frozen=True)
class NetworkPrediction:
    """What a network says about an image.

    Attributes:
        labels: int16, class numbers on the image.
        probabilities: float32 (K, *image), by class.
        seconds: taken.
    """

    labels: NDArray[np.int16]
    probabilities: NDArray[np.float32]
    seconds: float = 0.0


@dataclass(frozen=True)
class IterationReport:
    """State after `iteration` steps; 0 is the network before the first.

    Attributes:
        iteration: steps taken.
        loss: of the objective; of "paper", its violation term and norm term.
        violations: class -> user pixels (of the network's grid) with a wrong label.
        seconds: since the optimisation began.
    """

    iteration: int
    loss: float
    violations: Mapping[int, int]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class RefinementResult:
    """A corrected segmentation and how it came about.

    Attributes:
        labels: int16 on the image; outside the scope and in locked labels those of `base_labels`.
        probabilities: float32 (K, *image) of the refined network, classes appended included. Where scope or radius
            rule changes out, those of the initial prediction.
        initial: the network's prediction before any correction.
        base_labels: int16, the segmentation that was corrected.
        history: one report per iteration, the first before any step.
        satisfied: whether the refined network itself gives every user pixel its label.
        unsatisfied: class -> (N, ndim) int64 pixels of the image that the network still labels otherwise.
        iterations: steps whose weights were kept.
        stopped_by: "satisfied", "iterations", "stalled" or "user".
        seconds: stage -> time; "features", "optimise" and "predict", and "initial" where it was predicted first.
        delta: the refined weights.
        grown: int array on the image like the scribbles, grown pixels included.
        cut: how the network was cut in a frozen and a refined part, in words.
        notes: what the user should know, in sentences.
        softmax: whether the probabilities of a voxel sum to one.
    """

    labels: NDArray[np.int16]
    probabilities: NDArray[np.float32]
    initial: NetworkPrediction
    base_labels: NDArray[np.int16]
    history: list[IterationReport]
    satisfied: bool
    unsatisfied: dict[int, NDArray[np.int64]]
    iterations: int
    stopped_by: str
    seconds: dict[str, float]
    delta: WeightDelta
    grown: NDArray[Any]
    cut: str
    notes: list[str] = field(default_factory=list)
    softmax: bool = True

    def entropy_map(self) -> NDArray[np.float32]:
        """Uncertainty on the image, float32, 0 (sure) to 1.

        The entropy of the class probabilities over its maximum; of sigmoid networks that of the least certain channel.
        """
        p = self.probabilities
        if not self.softmax:
            return np.clip(np.max([_entropy(q) + _entropy(1 - q) for q in p[1:]], axis=0) / np.log(2), 0, 1)
        total = np.zeros(p.shape[1:], np.float32)
        for q in p:
            total += _entropy(q)
        return np.clip(total / np.float32(np.log(len(p))), 0, 1)

    def change_map(self) -> NDArray[np.int8]:
        """Against `base_labels`, int8: 1 foreground gained, -1 lost, 2 foreground of another class, 0 as before."""
        before, after = self.base_labels, self.labels
        changes = np.zeros(after.shape, np.int8)
        changes[(before != after) & (before != 0) & (after != 0)] = 2
        changes[(before == 0) & (after != 0)] = 1
        changes[(before != 0) & (after == 0)] = -1
        return changes


def _entropy(p: NDArray[np.float32]) -> NDArray[np.float32]:
    return -p * np.log(np.maximum(p, np.float32(1e-30)))
