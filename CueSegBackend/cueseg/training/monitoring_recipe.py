"""Recipes of PA-Seg's second stage (`kind = "monitoring"`): two networks that teach themselves and one another."""

from dataclasses import dataclass
from pathlib import Path

from cueseg.training.recipe_values import check, read_as
from cueseg.training.stage_options import StageOptions


@dataclass(frozen=True, kw_only=True)
class MonitoringRecipe(StageOptions):
    """How two networks of the first stage go on together; see also `StageOptions`.

    Images, target, patches and flips are those of the first network's recipe.

    Attributes:
        name: Name of the network.
        first: Name of the run of the first stage whose network is written in the end; a folder beside this run's.
        second: Name of the other run, best of another network.
        weight: w, share of the loss that is distillation from the other network; the rest is the own copy's labels.
        temperature: T of the distillation.
        refresh: Steps after which the frozen copies are replaced by the best weights so far.
        keep_labels: Whether the labels of the first stage stay where they are known, so that the copies teach the rest
            only; ours. False: the copies teach everywhere, as in the authors' code.
        fill: What fills the rest for a network: "copy", the labels of its own frozen copy; "cut", objects that are cut
            out once by their points, the image and the word of both networks of the first stage; ours.
    """

    name: str
    first: str
    second: str
    kind: str = "monitoring"
    weight: float = 0.5
    temperature: float = 4.0
    refresh: int = 400
    keep_labels: bool = True
    fill: str = "copy"

    def __post_init__(self) -> None:
        check(self.kind == "monitoring", "kind", self.kind, '"monitoring"')
        check(self.first != self.second, "second", self.second, "another run than first")
        check(
            self.name not in (self.first, self.second), "name", self.name, "other than those of its two runs"
        )
        check(0 <= self.weight <= 1, "weight", self.weight, "a share from 0 to 1")
        check(self.temperature > 0, "temperature", self.temperature, "above 0")
        check(self.refresh >= 1, "refresh", self.refresh, "at least 1")
        check(self.fill in ("copy", "cut"), "fill", self.fill, '"copy" or "cut"')
        kept = self.keep_labels or self.fill == "copy"
        check(kept, "fill", self.fill, '"copy" where keep_labels is false')
        super().__post_init__()


def read_monitoring_recipe(path: str | Path, **overrides: object) -> MonitoringRecipe:
    """Read a recipe; `overrides` replace single values.

    Raises:
        ValueError: Not TOML, an unknown key, a missing key, or a value that is not allowed.
    """
    return read_as(path, MonitoringRecipe, ("name", "first", "second"), overrides)
