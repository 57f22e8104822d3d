"""`inspect_network`: does a file hold a network that works as its card says, and if not, what must be changed."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from cueseg.networks.card import NetworkCard
from cueseg.networks.inspection_checks import check_card_fits, check_run, check_use
from cueseg.networks.layers import LayerInfo, list_layers
from cueseg.networks.loading import load_network
from cueseg.networks.network import SegmentationNetwork

__all__ = ["InspectionLine", "InspectionReport", "inspect_network"]

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class InspectionLine:
    """One finding.

    Attributes:
        level: "ok", "warning" (works, but should be known) or "error" (does not work).
        text: the finding, a sentence.
        remedy: what to do, a sentence; "" if there is nothing to do, or where the text says it.
    """

    level: Level
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class InspectionReport:
    """What was found about a file.

    Attributes:
        lines: findings in the order of the checks.
        card: of the network, or None if it could not be loaded.
        layers: with weights, in order of execution; empty if it could not be loaded.
        source: kind of file, in words; "" if it could not be loaded.
        refinable: whether its weights can be refined.
    """

    lines: tuple[InspectionLine, ...]
    card: NetworkCard | None = None
    layers: tuple[LayerInfo, ...] = field(default=())
    source: str = ""
    refinable: bool = False

    @property
    def ok(self) -> bool:
        """Whether the network can be used: there is no error."""
        return not any(line.level == "error" for line in self.lines)

    def text(self) -> str:
        """The report as plain lines that can be read aloud."""
        words = {"ok": "OK", "warning": "Warning", "error": "Error"}
        lines = [
            f"{words[line.level]}: {line.text}" + (f" What to do: {line.remedy}" if line.remedy else "")
            for line in self.lines
        ]
        counts = {level: sum(line.level == level for line in self.lines) for level in ("error", "warning")}
        lines.append(_verdict(counts["error"], counts["warning"], self.refinable))
        return "\n".join(lines)


def inspect_network(path: str | os.PathLike[str], card: NetworkCard | None = None) -> InspectionReport:
    """Load a network, run it on noise, and report everything that does not fit, without raising for bad files.

    Nothing in the file is executed that `load_network` would not execute.

    Args:
        path: file, folder, or the name of a shipped network.
        card: replaces the card that would be read.
    """
    try:
        network = load_network(path, card)
    except (ValueError, OSError, ModuleNotFoundError) as error:
        return InspectionReport((InspectionLine("error", str(error)),))
    lines: list[InspectionLine] = []

    def add(level: Level, text: str, remedy: str = "") -> None:
        lines.append(InspectionLine(level, text, remedy))

    layers = _checked(network, add)
    return InspectionReport(tuple(lines), network.card, layers, network.source, not network.refinable)


def _checked(network: SegmentationNetwork, add: Callable[..., None]) -> tuple[LayerInfo, ...]:
    card = network.card
    layers = tuple(list_layers(network))
    numbers = sum(layer.parameters for layer in layers)
    add("ok", f"{network.source or 'Network'} {card.name!r}, {len(layers)} layers with {numbers:,} weights.")
    add("ok", f"Input: {_input_words(card)}.")
    add("ok", f"Output: {card.activation} over {len(card.classes)} classes, {', '.join(card.classes)}.")
    for note in network.notes:
        add("warning", note[:1].upper() + note[1:] + ".")
    if check_card_fits(network, layers, add):
        check_run(network, add)
    check_use(network, add)
    return layers


def _input_words(card: NetworkCard) -> str:
    size = "whole images" if card.patch_size is None else f"windows of {_times(card.patch_size)} voxels"
    if card.multiple > 1:
        size += f", sides multiples of {card.multiple}"
    grid = "the image's own grid" if card.spacing is None else f"{_times(card.spacing)} mm per voxel"
    channels = "1 channel" if card.in_channels == 1 else f"{card.in_channels} channels"
    rule = card.intensity["kind"]
    return f"{card.dims}D, {channels}, {size}, {grid}, axes {card.axis_order}, intensity rule {rule}"


def _times(numbers: tuple[float, ...]) -> str:
    return " by ".join(f"{number:g}" for number in numbers)


def _verdict(errors: int, warnings: int, refinable: bool) -> str:
    if errors:
        return f"Result: the network cannot be used, {errors} error{'s' * (errors > 1)}."
    also = f", {warnings} warning{'s' * (warnings > 1)}" if warnings else ""
    use = "can be used and refined" if refinable else "can be used for prediction, but not refined"
    return f"Result: the network {use}{also}."
