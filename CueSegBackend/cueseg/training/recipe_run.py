"""What `python -m cueseg train` does with a recipe of any kind: train, or go on training, or export."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cueseg.training.ranks import Ranks, joined_ranks

__all__ = ["Kind", "run_recipe"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """A kind of recipe.

    Attributes:
        read: (path, **overrides) -> recipe.
        trainer: (recipe, folder, ranks) -> trainer; the first rank validates.
        export: (recipe, name of its file, folder, target) writes the best weights with their card.
    """

    read: Callable[..., Any]
    trainer: Callable[[Any, Path, Ranks], Any]
    export: Callable[[Any, str, Path, Path], object]


def run_recipe(
    kind: Kind,
    path: str | Path,
    *,
    output: str | Path = "runs",
    minutes: float = math.inf,
    export: str | Path | None = None,
    **overrides: Any,
) -> int:
    """Train (or go on training); with `export` only write the weights of a run.

    Args:
        kind: Of the recipe.
        path: Recipe (TOML).
        output: Folder of the runs; the run is the folder in it with the name of the recipe.
        minutes: Stop after so many minutes; the next call goes on.
        export: A .pt file to write with its card, measured on the split val.
        **overrides: Replace values of the recipe.

    Returns:
        0, the exit code.

    Raises:
        ValueError: A mistake in the recipe or the manifest, nothing to train or to validate on, no run to export.
    """
    recipe = kind.read(path, **overrides)
    until = time.monotonic() + minutes * 60
    folder = Path(output) / recipe.name
    if export is not None:
        kind.export(recipe, Path(path).name, folder, Path(export))
        return 0
    with joined_ranks(recipe.device) as ranks:
        trainer = kind.trainer(recipe, folder, ranks)
        best = trainer.run(until)
        if ranks.first:
            report = "%s: step %d of %d, best validation %s %.4f"
            _log.info(report, recipe.name, trainer.step, recipe.steps, trainer.score_name, best)
    return 0
