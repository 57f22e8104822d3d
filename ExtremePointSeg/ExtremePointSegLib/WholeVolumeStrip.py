"""The slices of a segment as a row of marks that lead to them, with words for each."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from CueSegMRML.SliceRecords import CLICKED
from ExtremePointSegLib.WholeVolumeSlices import SegmentSlices

MOST = 60  # marks in a row; of more slices only those that somebody has to know are shown
CLICKED_MARK, MADE, HAND, NEXT, EMPTY = "●", "○", "◐", "▲", "·"
_LEFT_OUT = "…"
_STYLE = (
    "text-decoration:none; color:palette(window-text)"  # links of their own colour do not show in dark panels
)


@dataclass(frozen=True)
class Strip:
    """What a label shows.

    :param html: marks as links whose target is the number of the slice.
    :param words: number of the slice, as text -> what the mark says.
    """

    html: str = ""
    words: dict[str, str] = field(default_factory=dict)


def stripOf(
    slices: SegmentSlices, suggested: int | None, outdated: Collection[int], _: Callable[[str], str]
) -> Strip:
    """The marks from the first slice of the segment to the last.

    :param suggested: the slice to look at next.
    :param outdated: slices whose neighbours changed since they were made.
    """
    if not slices.kinds:
        return Strip()
    first, last = min(slices.kinds), max(slices.kinds)
    shown = range(first, last + 1)
    if len(shown) > MOST:
        shown = sorted({first, last, *slices.accepted, *slices.of("filled")} | {suggested} - {None})
    html, before = [], first - 1
    words = {}
    for index in shown:
        if index > before + 1:
            html.append(_LEFT_OUT)
        before = index
        isNext = index == suggested
        words[str(index)] = _wordsOf(index, slices.kinds.get(index), isNext, index in outdated, _)
        mark = NEXT if isNext else _markOf(slices.kinds.get(index))
        html.append(f'<a href="{index}" style="{_STYLE}">{mark}</a>')
    low, high = (_(side) for side in slices.stack.sides)
    return Strip(f"{low} {' '.join(html)} {high}", words)


def legend(_: Callable[[str], str]) -> str:
    """What the marks mean."""
    return _(
        "● clicked, ○ made by the network from other slices, ◐ filled by shape or painted by hand, ▲ look here next, "
        "· empty. A click goes to the slice."
    )


def _markOf(kind: str | None) -> str:
    if kind is None:
        return EMPTY
    return {CLICKED: CLICKED_MARK, "derived": MADE, "propagated": MADE}.get(kind, HAND)


def _wordsOf(index: int, kind: str | None, isNext: bool, isOutdated: bool, _: Callable[[str], str]) -> str:
    texts = {
        None: _("Slice {index}: empty"),
        CLICKED: _("Slice {index}: clicked"),
        "derived": _("Slice {index}: by the network, from points of the filled shape"),
        "propagated": _("Slice {index}: by the network, carried on from the slice before"),
        "filled": _("Slice {index}: filled by shape"),
    }
    parts = [texts.get(kind, _("Slice {index}: painted or changed by hand")).format(index=index)]
    if isOutdated:
        parts.append(_("out of date, because a slice beside it changed"))
    if isNext:
        parts.append(_("look here next"))
    return "; ".join(parts) + "."
