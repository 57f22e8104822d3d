"""Shares of the work for several processes, started by torchrun or by hand."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

__all__ = ["Shard", "device_of_rank", "shard_of", "together"]

T = TypeVar("T")


@dataclass(frozen=True)
class Shard:
    """Share `index`, counted from 0, of `count`."""

    index: int = 0
    count: int = 1

    def of(self, items: Sequence[T]) -> list[T]:
        """Every `count`-th item, from `index` on; the shares of all indices together are all items, each once."""
        return list(items[self.index :: self.count])

    @property
    def name(self) -> str:
        """For the names of files."""
        return f"{self.index}-of-{self.count}"


def shard_of(text: str | None, environment: Mapping[str, str] = os.environ) -> Shard:
    """The share of this process.

    Args:
        text: "i/n"; None: RANK and WORLD_SIZE of the environment, as torchrun sets them, or everything.
        environment: Variables of the process.

    Raises:
        ValueError: Not a share, or both a text and RANK.
    """
    rank, size = environment.get("RANK"), environment.get("WORLD_SIZE")
    if text is not None and rank is not None and size not in (None, "1"):
        raise ValueError(f"--shard {text} within torchrun (RANK {rank} of {size}): leave --shard out")
    if text is None:
        text = f"{rank}/{size}" if rank is not None and size is not None else "0/1"
    first, _, second = text.partition("/")
    if not (first.isdigit() and second.isdigit() and int(first) < int(second)):
        raise ValueError(f"{text!r} is no share: write i/n with i from 0 to n - 1, for example 0/4")
    return Shard(int(first), int(second))


def device_of_rank(wanted: str, environment: Mapping[str, str] = os.environ) -> str:
    """The device of this process: within torchrun on several GPUs "auto" becomes one for each, all else stays."""
    import torch

    local = environment.get("LOCAL_RANK")
    if wanted != "auto" or local is None or torch.cuda.device_count() < 2:
        return wanted
    return f"cuda:{int(local) % torch.cuda.device_count()}"


class Together:
    """The processes that torchrun started, or this one alone."""

    def __init__(self, joined: bool) -> None:
        self.joined = joined

    def total(self, number: int) -> int:
        """Sum of the numbers of all processes; waits for them, so that none ends while others work."""
        if not self.joined:
            return number
        import torch
        from torch import distributed

        numbers = torch.tensor([number])
        distributed.all_reduce(numbers)
        return int(numbers)


@contextmanager
def together(count: int) -> Iterator[Together]:
    """Join the processes of torchrun, which ends all of them as soon as one ends with an error."""
    from torch import distributed

    joined = count > 1 and distributed.is_available() and distributed.is_torchelastic_launched()
    if joined:
        distributed.init_process_group("gloo", timeout=timedelta(days=7))
    try:
        yield Together(joined)
    finally:
        if joined:
            distributed.destroy_process_group()
