"""The state of a training on disk: written whole or not at all, and read back exactly."""

import os
from pathlib import Path
from typing import Any

import torch

from cueseg.checkpoint_file import read_bytes, read_tensors

__all__ = ["read_state", "save_whole"]


def save_whole(state: dict[str, Any], path: Path) -> None:
    """Write beside the path first, then put it in place; after a crash the old file is still there."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def read_state(path: Path) -> dict[str, Any] | None:
    """The state of a run, on the CPU; None if it has none yet.

    Raises:
        ValueError: A file that is no state.
    """
    if not path.exists():
        return None
    try:
        state = read_tensors(read_bytes(path), path)
    except ValueError as error:
        raise ValueError(f"{error}; delete it to begin anew") from error
    missing = {"model", "average", "optimizer", "step", "best"} - set(state)
    if missing:
        raise ValueError(f"{path} lacks {sorted(missing)}; delete it to begin anew")
    return state
