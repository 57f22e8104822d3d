"""Masks as lengths of runs, small enough for a line of text. Needs no torch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["decode_runs", "encode_runs"]


def encode_runs(mask: ArrayLike) -> list[int]:
    """Lengths of runs in C order, in turn outside and inside, beginning outside; the last run outside is left out.

    Args:
        mask: Any shape; nonzero inside. An empty mask is an empty list.
    """
    flat = (np.asarray(mask) != 0).reshape(-1)
    inside = np.flatnonzero(flat)  # few, as a rule
    if inside.size == 0:
        return []
    gaps = np.flatnonzero(np.diff(inside) > 1)
    starts = inside[np.concatenate([[0], gaps + 1])]
    ends = inside[np.concatenate([gaps, [inside.size - 1]])] + 1
    return np.diff(np.column_stack([starts, ends]).reshape(-1), prepend=0).tolist()


def decode_runs(runs: Sequence[Any], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The mask of that shape.

    Raises:
        ValueError: Runs that are no whole numbers from 0 on, or more than the shape has room for.
    """
    if any(isinstance(run, bool) or not isinstance(run, int) or run < 0 for run in runs):
        raise ValueError("runs must be whole numbers from 0 on: the record was damaged")
    size, total = int(np.prod(shape)), sum(runs)
    if total > size:
        raise ValueError(f"the runs cover {total} voxels, the mask has {size}: the record was damaged")
    rest = [size - total] if len(runs) % 2 == 0 else [0, size - total]
    lengths = [*runs, *rest]
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, lengths).reshape(shape)
