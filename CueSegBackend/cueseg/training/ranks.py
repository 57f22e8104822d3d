"""Several processes that train one network together, each on its share of every batch.

`torchrun --nproc-per-node 2 -m cueseg train RECIPE` starts them. They see the samples that one process would see, and
descend as it would: the loss is computed on the logits of the whole batch, norms over the batch take their statistics
from all ranks.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, distributed

from cueseg.device import choose_device

__all__ = ["Ranks", "joined_ranks"]

_Value = TypeVar("_Value")

# The others wait while the first one validates.
_PATIENCE = timedelta(hours=2)


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together.

    Attributes:
        rank: From 0; the first one writes.
        world: Number of processes.
        local: Number of this process on its machine, which is that of its GPU.
    """

    rank: int = 0
    world: int = 1
    local: int = 0

    @classmethod
    def current(cls) -> "Ranks":
        """Those of the process group, or this process alone."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return cls()
        local = int(os.environ.get("LOCAL_RANK", "0"))
        return cls(distributed.get_rank(), distributed.get_world_size(), local)

    @property
    def first(self) -> bool:
        """Whether this process validates and writes."""
        return self.rank == 0

    def device(self, wanted: str) -> torch.device:
        """The device of this process; "auto" and "cuda" become its own GPU.

        Raises:
            ValueError: A device that is not there.
        """
        device = torch.device(choose_device(wanted)[0])
        if device.type != "cuda" or self.world == 1:
            return device
        if self.local >= torch.cuda.device_count():
            raise ValueError(
                f"{self.local + 1} processes on a machine with {torch.cuda.device_count()} GPUs: give torchrun "
                f'--nproc-per-node {torch.cuda.device_count()}, or set device="cpu"'
            )
        return torch.device("cuda", self.local)

    def gather(self, values: Tensor) -> Tensor:
        """(n, ...) of every rank -> (world * n, ...) in the order of the ranks; gradients reach the own part."""
        if self.world == 1:
            return values
        parts = [torch.empty_like(values, memory_format=torch.contiguous_format) for _ in range(self.world)]
        distributed.all_gather(parts, values.detach().contiguous())
        parts[self.rank] = values
        return torch.cat(parts)

    def from_first(self, value: _Value) -> _Value:
        """What the first rank has, on every rank."""
        if self.world == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]


@contextmanager
def joined_ranks(device: str) -> Iterator[Ranks]:
    """Join the processes that torchrun started with this one; without torchrun, this process is alone.

    Args:
        device: As in the recipe: GPUs talk through NCCL, CPUs through Gloo.

    Raises:
        ValueError: A device that is not there.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or distributed.is_initialized():
        yield Ranks.current()
        return
    on_gpu = choose_device(device)[0].startswith("cuda")
    if on_gpu:
        torch.cuda.set_device(Ranks(0, 2, int(os.environ.get("LOCAL_RANK", "0"))).device(device))
    distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=_PATIENCE)
    try:
        yield Ranks.current()
    finally:
        distributed.destroy_process_group()
