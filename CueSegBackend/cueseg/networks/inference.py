"""Read windows off a prepared image, and blend what a network says about them into one map."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cueseg.networks.windows import WindowPlan

__all__ = ["Blend", "predict_windows", "read_windows"]


def read_windows(tensor: Tensor, plan: WindowPlan, indices: Sequence[int], dims: int) -> Tensor:
    """Windows of a prepared image, its edge repeated where they exceed it.

    Args:
        tensor: (C, *grid) float32.
        plan: windows of that grid.
        indices: of the windows.
        dims: axes that the network takes, the last ones; windows are one voxel thick along others.

    Returns:
        (N, C, *last dims of the window's size).
    """
    windows = []
    for index in indices:
        part = tensor[(slice(None), *plan.inside(index))]
        part = part.reshape(part.shape[0], *part.shape[1:][-dims:])
        excess = [size - side for size, side in zip(plan.size[-dims:], part.shape[1:], strict=True)]
        if any(excess):
            padding = [amount for more in reversed(excess) for amount in (0, more)]
            part = functional.pad(part[None], padding, mode="replicate")[0]
        windows.append(part)
    return torch.stack(windows)


class Blend:
    """Weighted mean of overlapping windows on a box of the grid.

    Args:
        plan: the windows.
        channels: of the logits.
        low: first voxel of the box; None: the whole grid.
        high: voxel after the last.
    """

    def __init__(
        self,
        plan: WindowPlan,
        channels: int,
        low: Sequence[int] | None = None,
        high: Sequence[int] | None = None,
    ) -> None:
        self._plan = plan
        self._low = np.zeros(len(plan.shape), np.int64) if low is None else np.asarray(low)
        self._high = np.asarray(plan.shape if high is None else high)
        shape = tuple(int(side) for side in self._high - self._low)
        self._sum = torch.zeros((channels, *shape))
        self._alone = bool(
            (plan.weights == 1).all()
        )  # windows that do not overlap are not weighted, hence exact
        self._weight = None if self._alone else torch.zeros(shape)
        self.indices = plan.touching(self._low, self._high)

    def add(self, index: int, logits: Tensor) -> None:
        """Add the logits (C, *last axes) of a window, on any device."""
        plan = self._plan
        start = plan.starts[index]
        first = np.maximum(start, self._low)
        last = np.minimum(np.minimum(start + np.asarray(plan.size), self._high), plan.shape)
        there = tuple(slice(int(a), int(b)) for a, b in zip(first - self._low, last - self._low, strict=True))
        here = tuple(slice(int(a), int(b)) for a, b in zip(first - start, last - start, strict=True))
        values = logits.cpu().reshape(logits.shape[0], *plan.size)[(slice(None), *here)]
        if self._weight is None:
            self._sum[(slice(None), *there)] = values
        else:
            weight = torch.from_numpy(plan.weights)[here]
            self._sum[(slice(None), *there)] += values * weight
            self._weight[there] += weight

    def result(self) -> Tensor:
        """Blended logits (C, *box)."""
        return self._sum if self._weight is None else self._sum.div_(self._weight)


def predict_windows(
    run: Callable[[int], Tensor], blend: Blend, report: Callable[[int, int], None] = lambda done, total: None
) -> Tensor:
    """Run all windows that a box needs, one after the other.

    Args:
        run: window index -> logits (C, *last axes).
        blend: collects them.
        report: called with (done, total) before every window and after the last; may raise to give up.

    Returns:
        Blended logits (C, *box), float32 on the CPU.
    """
    total = len(blend.indices)
    for done, index in enumerate(blend.indices):
        report(done, total)
        blend.add(index, run(index))
    report(total, total)
    return blend.result()
