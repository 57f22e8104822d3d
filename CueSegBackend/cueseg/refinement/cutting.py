"""Cut a network at its first refined layer, and prove that both parts together are the network."""

import logging
from collections.abc import Callable, Collection
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from cueseg.refinement.graph_cut import cut_graph
from cueseg.refinement.replay_cut import ReplayCut
from cueseg.refinement.trees import map_tensors, tensors_in

__all__ = ["Cut", "WholeCut", "cut_network"]

_log = logging.getLogger(__name__)
_TOLERANCE = 1e-5  # of the largest logit


class Cut(Protocol):
    """Two parts of a network. `tail(trunk(x))` is what the network puts out for x."""

    description: str

    def trunk(self, x: Tensor) -> list[Any]:
        """Values that do not depend on refined parameters; run once per window."""
        ...

    def tail(self, features: list[Any]) -> Any:
        """What the network puts out; run in every iteration."""
        ...


class WholeCut:
    """No cut: the whole network runs in every iteration."""

    def __init__(self, module: nn.Module, reason: str) -> None:
        self._module = module
        self.description = f"not cut, the whole network runs in every iteration: {reason}"

    def trunk(self, x: Tensor) -> list[Any]:
        """The input itself."""
        return [x]

    def tail(self, features: list[Any]) -> Any:
        """The network."""
        return self._module(*features)


class _Protected:
    """A cut whose tail changes its input in place: it is given copies."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self.trunk = cut.trunk
        self.description = cut.description

    def tail(self, features: list[Any]) -> Any:
        return self._cut.tail(map_tensors(features, torch.Tensor.clone))


def cut_network(
    module: nn.Module,
    refined: Collection[Tensor],
    x: Tensor,
    logits_of: Callable[[Any], Tensor],
    *,
    cuttable: bool = True,
) -> Cut:
    """Cut by the graph, else by replaying recorded outputs, else not at all; the first that is right on `x`.

    Args:
        module: a double of the network; only `refined` require gradients.
        refined: its refined parameters.
        x: (1, C, *) input to compare with.
        logits_of: takes the logits out of what the network puts out.
        cuttable: whether parts of the network can be run alone.
    """
    if not cuttable:
        return WholeCut(module, "a TorchScript network runs as one piece")
    with torch.no_grad():
        expected = logits_of(module(x))
    by_graph, reason = cut_graph(module, refined)
    for cut in (by_graph, ReplayCut(module)):
        if cut is None:
            continue
        proven, fault = _proven(cut, x, expected, logits_of)
        if proven is not None:
            return proven
        reason = reason or fault
        _log.info("%s: %s", type(cut).__name__, fault)
    return WholeCut(module, reason)


def _proven(
    cut: Cut, x: Tensor, expected: Tensor, logits_of: Callable[[Any], Tensor]
) -> tuple[Cut | None, str]:
    """The cut, protected if need be, if it gives the expected logits twice; else what is wrong."""
    for candidate in (cut, _Protected(cut)):
        try:
            features = run_trunk(candidate, x)
            versions = [tensor._version for tensor in tensors_in(features)]
            twice = [logits_of(candidate.tail(features)) for _ in range(2)]
        except (RuntimeError, ValueError, TypeError, AttributeError, LookupError) as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            return None, f"its parts do not run alone ({type(error).__name__}: {str(error)[:120]})"
        if versions == [tensor._version for tensor in tensors_in(features)]:
            if all(_same(found, expected) for found in twice):
                return candidate, ""
            return None, "its parts together do not give what the network gives"
    return None, "it changes its own features in place"


def _same(found: Tensor, expected: Tensor) -> bool:
    if found.shape != expected.shape:
        return False
    span = float(expected.abs().max()) if expected.numel() else 0.0
    return bool((found.detach() - expected).abs().le(_TOLERANCE * max(span, 1e-6)).all())


def run_trunk(cut: Cut, x: Tensor) -> list[Any]:
    """Features of a window, without history."""
    with torch.no_grad():
        return map_tensors(cut.trunk(x), torch.Tensor.detach)
