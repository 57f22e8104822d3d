"""The runs of one training, one after the other, and their files. Neither Qt nor MRML."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ExtremePointSegLib.TrainingRecipe import readRecipe


@dataclass
class TrainingRuns:
    """:param recipes: in the order of training. :param place: of the one that is trained."""

    recipes: list[Path]
    place: int = 0

    @property
    def recipe(self) -> Path:
        """The one that is trained."""
        return self.recipes[self.place]

    @property
    def steps(self) -> int:
        """Of the run that is trained.

        :raises ValueError: its recipe was damaged since it was written.
        """
        return readRecipe(self.recipe)["steps"]

    @property
    def isLast(self) -> bool:
        """Whether no other run follows."""
        return self.place == len(self.recipes) - 1

    @property
    def folder(self) -> Path:
        """Of the run that is trained."""
        return self.recipe.with_suffix("")

    @property
    def result(self) -> Path:
        """The recipe whose network is of use: the last one once it has weights, else the first."""
        return self.recipes[-1] if weightsOf(self.recipes[-1]) is not None else self.recipes[0]

    @property
    def isCurrent(self) -> bool:
        """Whether the network's file is there and holds the best weights so far."""
        network, best = self.result.with_suffix(".pt"), weightsOf(self.result)
        return network.exists() and (best is None or network.stat().st_mtime >= best.stat().st_mtime)


def weightsOf(recipe: Path) -> Path | None:
    """The best weights of a run, which of two networks together are those of the first; None: there are none yet."""
    folder = recipe.with_suffix("")
    return next((path for path in (folder / "best.pt", folder / "first/best.pt") if path.exists()), None)
