"""Instance and group normalisations on tiles of a window.

They divide by what they find in the whole window, which tiles do not show. Before the refinement the whole window's
mean and mean square are taken; during it they are moved by as much as they move on a weighted sample, the tiles. So
the unrefined network is exact, and what refined weights do to the whole window is felt on its tiles.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Moments", "SampledNorm", "SampledNorms"]

_INSTANCE = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)


@dataclass
class Moments:
    """Of one call of a normalisation, before the refinement.

    Attributes:
        whole: (2, C) mean and mean square of the input in the whole window.
        sample: (2, C) the same on the tiles; None before they were run.
    """

    whole: Tensor
    sample: Tensor | None = None


class SampledNorm(nn.Module):
    """Stands for an instance or group normalisation and is one, but while `SampledNorms` says otherwise.

    Args:
        norm: an instance normalisation without running statistics, or a group normalisation; its parameters keep
            their names.
    """

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps
        self.groups: int | None = norm.num_groups if isinstance(norm, nn.GroupNorm) else None
        self.start(None)

    def start(
        self, calls: list[Moments] | None, shares: Tensor | None = None, *, taking: bool = False
    ) -> None:
        """Before a run: work as the normalisation does (None), or take moments, or use them."""
        self._calls, self._shares, self._taking, self._number = calls, shares, taking, 0

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *) -> the same shape.

        Raises:
            RuntimeError: called more often than when the moments were taken.
        """
        if self._taking:
            self._calls.append(Moments(_moments(x.detach(), None)))
        if self._calls is None or self._taking:
            return self._live(x)
        if self._number == len(self._calls):
            raise RuntimeError("a normalisation is called more often than when its moments were taken")
        call = self._calls[self._number]
        self._number += 1
        moments = call.whole
        if self._shares is not None:
            here = _moments(x, self._shares)
            if call.sample is None:
                call.sample = here.detach()
            moments = call.whole + here - call.sample
        return self._normalised(x, *moments)

    def _live(self, x: Tensor) -> Tensor:
        if self.groups is None:
            return functional.instance_norm(x, None, None, self.weight, self.bias, True, 0.0, self.eps)
        return functional.group_norm(x, self.groups, self.weight, self.bias, self.eps)

    def _normalised(self, x: Tensor, mean: Tensor, square: Tensor) -> Tensor:
        if self.groups is not None:
            size = len(mean) // self.groups
            mean, square = (m.reshape(-1, size).mean(dim=1).repeat_interleave(size) for m in (mean, square))
        scale = torch.rsqrt((square - mean.square()).clamp_min(0) + self.eps)
        factor = scale if self.weight is None else scale * self.weight
        offset = -mean * factor if self.bias is None else self.bias - mean * factor
        shape = (1, -1) + (1,) * (x.ndim - 2)
        return torch.addcmul(offset.reshape(shape), x, factor.reshape(shape))


def _moments(x: Tensor, shares: Tensor | None) -> Tensor:
    """(2, C) mean and mean square of (N, C, *), weighted by shares (N, *) that sum to one."""
    rows = x.transpose(0, 1).flatten(1)
    if shares is None:
        return torch.stack([rows.mean(dim=1), rows.square().mean(dim=1)])
    weights = shares.flatten().to(rows)
    return torch.stack([rows @ weights, rows.square() @ weights])


class SampledNorms:
    """The normalisations of a network that refined parameters reach.

    Args:
        module: a double; its normalisations over the image that refined parameters reach are replaced.
        x: (1, C, *) an input, to find these.
    """

    def __init__(self, module: nn.Module, x: Tensor) -> None:
        found = set() if isinstance(module, torch.jit.ScriptModule) else _reached(module, x)
        instead = {norm: SampledNorm(norm) for norm in found}
        for part in list(module.modules()) if found else []:
            for name, child in part._modules.items():
                if child in instead:
                    part._modules[name] = instead[child].eval()
        self._norms = list(instead.values())

    def __len__(self) -> int:
        return len(self._norms)

    @contextmanager
    def taking(self) -> Iterator[list[list[Moments]]]:
        """Run the network on the whole window within, once: the lists fill with its moments."""
        kept: list[list[Moments]] = [[] for _ in self._norms]
        with self._started(kept, None, taking=True):
            yield kept

    @contextmanager
    def using(self, kept: list[list[Moments]], shares: Tensor | None) -> Iterator[None]:
        """Run the network on tiles within, once.

        Args:
            kept: moments of the whole window.
            shares: (T, *side) what of the window each voxel stands for, one in sum; None: the moments stay.
        """
        with self._started(kept, shares, taking=False):
            yield

    @contextmanager
    def _started(self, kept: list[list[Moments]], shares: Tensor | None, *, taking: bool) -> Iterator[None]:
        for norm, own in zip(self._norms, kept, strict=True):
            norm.start(own, shares, taking=taking)
        try:
            yield
        finally:
            for norm in self._norms:
                norm.start(None)


def _reached(module: nn.Module, x: Tensor) -> set[nn.Module]:
    """Normalisations over the image whose output depends on refined parameters."""
    found: set[nn.Module] = set()

    def look(part: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.requires_grad:
            found.add(part)

    handles = [part.register_forward_hook(look) for part in module.modules() if _over_the_image(part)]
    try:
        if handles:
            with torch.enable_grad():
                module(x)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _over_the_image(part: nn.Module) -> bool:
    if isinstance(part, nn.GroupNorm):
        return True
    return isinstance(part, _INSTANCE) and not part.track_running_stats
