"""Cut a network that cannot be traced: run it once, record what its frozen modules put out, then replay that."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from cueseg.refinement.trees import tensors_in

__all__ = ["ReplayCut"]


@dataclass
class _Call:
    """One call of a module, and those that it made."""

    name: str
    output: Any = None
    children: list["_Call"] = field(default_factory=list)

    def frozen(self) -> bool:
        found = list(tensors_in(self.output))
        return bool(found) and not any(tensor.requires_grad for tensor in found)


class ReplayCut:
    """A network that answers from a record.

    Trunk: one run that records the outermost module calls whose output needs no gradient. Tail: the network with
    those calls answered from the record. Operations between modules (concatenation, interpolation, pooling functions)
    run in every iteration.

    Args:
        module: the network, whose refined parameters alone require gradients. Its modules' `forward` is replaced
            while the tail runs.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._modules = {name: part for name, part in module.named_modules() if name}
        self.description = (
            "the outputs of the frozen modules are recorded once per window and replayed in every iteration "
            "(the network's graph cannot be traced)"
        )

    def trunk(self, x: Tensor) -> list[Any]:
        """The input, and for every module its recorded outputs by call; None where the call must run."""
        with self._recording() as root, torch.enable_grad():
            self._module(x)
        record: dict[str, list[Any]] = {}
        _collect(root, record)
        return [x, {name: calls for name, calls in record.items() if any(call is not None for call in calls)}]

    def tail(self, features: list[Any]) -> Any:
        """What the network puts out, without running the recorded calls.

        Raises:
            RuntimeError: the network made other calls than when it was recorded.
        """
        x, record = features
        replayed = []
        try:
            for name, calls in record.items():
                part = self._modules[name]
                replayed.append((part, part.__dict__.get("forward")))
                part.forward = _replay(name, calls, part.forward)
            return self._module(x)
        finally:
            for part, own in replayed:
                if own is None:
                    del part.forward
                else:
                    part.forward = own

    @contextmanager
    def _recording(self) -> Iterator[_Call]:
        root = _Call("")
        stack = [root]
        handles = []
        try:
            for name, part in self._modules.items():
                handles.append(part.register_forward_pre_hook(_entering(name, stack)))
                handles.append(part.register_forward_hook(_leaving(stack)))
            yield root
        finally:
            for handle in handles:
                handle.remove()


def _entering(name: str, stack: list[_Call]) -> Callable[..., None]:
    def enter(_module: nn.Module, _inputs: Any) -> None:
        call = _Call(name)
        stack[-1].children.append(call)
        stack.append(call)

    return enter


def _leaving(stack: list[_Call]) -> Callable[..., None]:
    def leave(_module: nn.Module, _inputs: Any, output: Any) -> None:
        stack.pop().output = output

    return leave


def _collect(call: _Call, record: dict[str, list[Any]]) -> None:
    for child in call.children:
        if child.frozen():
            record.setdefault(child.name, []).append(child.output)
        else:
            record.setdefault(child.name, []).append(None)
            _collect(child, record)


def _replay(name: str, calls: list[Any], forward: Callable[..., Any]) -> Callable[..., Any]:
    remaining = iter(calls)

    def answer(*args: Any, **kwargs: Any) -> Any:
        try:
            recorded = next(remaining)
        except StopIteration:
            raise RuntimeError(f"module {name} is called more often than in the recorded run") from None
        return forward(*args, **kwargs) if recorded is None else recorded

    return answer
