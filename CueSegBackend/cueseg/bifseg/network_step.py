"""The network step: the tuned layers follow the labels, each voxel weighted by how sure its label is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cueseg.networks.probing import FORWARD_ERRORS
from cueseg.refinement.engine import Engine
from cueseg.refinement.progress import Reporter
from cueseg.refinement.refined_copy import RefinedCopy
from cueseg.refinement.steps import Adam

__all__ = ["Batch", "NetworkStep", "encode"]

_TOLERANCE = 1e-5  # of the largest logit
_TRIED = 256  # voxels


def encode(
    labels: NDArray[np.bool_], weights: NDArray[np.float32], painted: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """Labels and weights in one: -1 where the weight is 0, else the label, plus 2 where it was scribbled."""
    codes = labels.astype(np.int8) + 2 * painted.astype(np.int8)
    return np.where(weights > 0, codes, np.int8(-1))


@dataclass(frozen=True)
class Batch:
    """Voxels that are run together.

    Attributes:
        logits: gives (M, C) with history, at the present weights.
        labels: int64 (M,).
        weights: float32 (M,).
    """

    logits: Callable[[], Tensor]
    labels: Tensor
    weights: Tensor


class NetworkStep:
    """Gradient steps on sum_i w_i CE_i / sum_i w_i over the grid of a crop.

    Where the tuned layers see one voxel at a time, which is found by trial, they are run on the features of chosen
    voxels alone; otherwise on whole windows.

    Args:
        engine: with the crop.
        copy: of the network, in use.
        most: voxels, or None; see `BifsegOptions.max_voxels`.
        rate: learning rate.
    """

    def __init__(self, engine: Engine, copy: RefinedCopy, most: int | None, rate: float) -> None:
        self._engine, self._copy, self._most, self._rate = engine, copy, most, rate
        parameters = list(copy.parameters.values())
        self._parameters = parameters
        self._optimiser = Adam(parameters, [rate] * len(parameters))
        self._shares = _window_shares(engine)
        self.pointwise = self._sees_one_voxel()

    def batches(self, codes: NDArray[np.int8], omega: float, rng: np.random.Generator) -> list[Batch]:
        """What the next iterations look at.

        Args:
            codes: int8 (*grid), see `encode`.
            omega: weight of scribbled voxels.
            rng: draws voxels.

        Returns:
            Weights sum to 1 over all of them; empty if no voxel counts.
        """
        windows = list(self._windows(codes, omega))
        if self.pointwise and self._most is not None:
            windows = _drawn(windows, codes, self._most, rng)
        total = sum(float(weights.sum()) for _, _, _, weights in windows)
        if not total > 0:
            return []
        device = self._engine.device
        found = [
            (
                index,
                where,
                torch.from_numpy(code % 2).long().to(device),
                torch.from_numpy(w / total).to(device),
            )
            for index, where, code, w in windows
            if len(where)
        ]
        if self.pointwise:
            features = _joined([self._gathered(index, where) for index, where, _, _ in found])
            labels, weights = (torch.cat([item[place] for item in found]) for place in (2, 3))
            return [Batch(lambda: _rows(self._copy.logits(features)), labels, weights)]
        return [Batch(self._whole(index, where), labels, weights) for index, where, labels, weights in found]

    def run(
        self, batches: list[Batch], iterations: int, done: int, total: int, reporter: Reporter
    ) -> list[float]:
        """Follow the gradients; returns the loss before each iteration.

        Raises:
            RuntimeError: the weights became NaN or infinite.
            RefinementCancelled: the user gave up.
        """
        losses: list[float] = []
        for number in range(iterations):
            losses.append(self._backward(batches))
            self._optimiser.step()
            if not all(parameter.isfinite().all() for parameter in self._parameters):
                raise RuntimeError(
                    f"the fine-tuning diverged after {done + number + 1} iterations: use a learning rate below "
                    f"{self._rate:g}"
                )
            reporter.iteration(done + number + 1, total, {}, losses[-1])
            if reporter.stopped:
                break
        return losses

    def _backward(self, batches: list[Batch]) -> float:
        loss = 0.0
        for parameter in self._parameters:
            parameter.grad = None
        with torch.enable_grad():
            for batch in batches:
                each = self._copy.activation.cross_entropy(batch.logits(), batch.labels)
                part = (each * batch.weights).sum()
                part.backward()
                loss += float(part.detach())
        return loss

    def _windows(self, codes: NDArray[np.int8], omega: float) -> Iterator[tuple[int, Any, Any, Any]]:
        """Of every window: its number, the flat places of voxels that count, their codes and weights."""
        plan = self._engine.plan
        for index in range(len(plan)):
            local = np.full(plan.size, -1, np.int8)
            local[plan.covered(index)] = codes[plan.inside(index)]
            share = np.zeros(plan.size, np.float32)
            share[plan.covered(index)] = self._shares(index)
            where = np.flatnonzero(local >= 0)
            code = local.reshape(-1)[where]
            yield (
                index,
                where,
                code,
                share.reshape(-1)[where] * np.where(code >= 2, np.float32(omega), np.float32(1)),
            )

    def _whole(self, index: int, where: NDArray[np.intp]) -> Callable[[], Tensor]:
        places = torch.from_numpy(where).to(self._engine.device)
        return lambda: _rows(self._engine.logits(index))[places]

    def _gathered(self, index: int, where: NDArray[np.intp]) -> list[Tensor]:
        """The features (1, C, M, 1[, 1]) of some voxels of a window."""
        size = self._engine.plan.size[self._engine.plan.flat :]
        places = torch.from_numpy(where).to(self._engine.device)
        result = []
        for tensor in self._engine.features(index):
            if not isinstance(tensor, Tensor) or tuple(tensor.shape[2:]) != size:
                raise ValueError("the tuned layers take features of another size than the window")
            picked = tensor.flatten(2).index_select(2, places)
            result.append(picked.reshape(*picked.shape, *(1,) * (len(size) - 1)))
        return result

    def _sees_one_voxel(self) -> bool:
        count = int(np.prod(self._engine.plan.size))
        where = np.linspace(0, count - 1, min(count, _TRIED)).astype(np.intp)
        # Another order than the window's, so that a filter that looks at neighbours finds others.
        where = where[np.random.default_rng(0).permutation(len(where))]
        with torch.no_grad():
            try:
                alone = _rows(self._copy.logits(self._gathered(0, where)))
            except torch.OutOfMemoryError:
                raise
            except FORWARD_ERRORS:
                return False
            whole = _rows(self._engine.logits(0))
        expected = whole[torch.from_numpy(where).to(whole.device)]
        span = max(float(whole.abs().max()), 1e-6)
        return alone.shape == expected.shape and bool((alone - expected).abs().max() <= _TOLERANCE * span)


def _rows(logits: Tensor) -> Tensor:
    """(1, C, *) -> (voxels, C)."""
    return logits[0].flatten(1).T


def _joined(features: list[list[Tensor]]) -> list[Tensor]:
    return [torch.cat(parts, dim=2) for parts in zip(*features, strict=True)]


def _window_shares(engine: Engine) -> Callable[[int], NDArray[np.float32]]:
    """What each window counts in the blended prediction of the voxels that it covers."""
    plan = engine.plan
    total = np.zeros(plan.shape, np.float32)
    for index in range(len(plan)):
        total[plan.inside(index)] += plan.weights[plan.covered(index)]
    return lambda index: plan.weights[plan.covered(index)] / total[plan.inside(index)]


def _drawn(
    windows: list[tuple[int, Any, Any, Any]], codes: NDArray[np.int8], most: int, rng: np.random.Generator
) -> list[tuple[int, Any, Any, Any]]:
    """About `most` of the voxels, each weighted by how many it stands for: scribbles first, then both labels alike."""
    counts = np.array([(codes == label).sum() for label in (0, 1)] + [(codes >= 2).sum()])
    painted = min(int(counts[2]), most // 2)
    half = (most - painted) // 2
    quotas = np.array([max(half, most - painted - counts[1]), max(half, most - painted - counts[0]), painted])
    rates = np.minimum(1.0, quotas / np.maximum(counts, 1))
    result = []
    for index, where, code, weights in windows:
        rate = rates[np.minimum(code, 2)]
        kept = rng.random(len(code)) < rate
        result.append((index, where[kept], code[kept], (weights[kept] / rate[kept]).astype(np.float32)))
    return result
