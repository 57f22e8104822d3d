"""Which samples a rank makes when: numbers that depend on the step alone, so that any split gives the same batches."""

from collections.abc import Iterator

from cueseg.training.loop_options import LoopOptions
from cueseg.training.ranks import Ranks

__all__ = ["BatchNumbers"]


class BatchNumbers:
    """Numbers of the samples of every part of every batch that this rank makes, from a step on.

    Step s takes the samples s * batch to (s + 1) * batch - 1, part by part, and of a part every rank its share.

    Raises:
        ValueError: The batch cannot be divided.
    """

    def __init__(self, options: LoopOptions, first: int, ranks: Ranks) -> None:
        shares = options.accumulate * ranks.world
        if options.batch % shares:
            raise ValueError(
                f"a batch of {options.batch} cannot be divided among {ranks.world} processes and {options.accumulate} "
                f"parts: make batch a multiple of {shares}"
            )
        self.options, self.first, self.ranks = options, first, ranks
        self.part = options.batch // options.accumulate

    def __len__(self) -> int:
        return (self.options.steps - self.first) * self.options.accumulate

    def __iter__(self) -> Iterator[list[int]]:
        own = self.part // self.ranks.world
        batch = self.options.batch
        for start in range(self.first * batch, self.options.steps * batch, self.part):
            mine = start + self.ranks.rank * own
            yield list(range(mine, mine + own))
