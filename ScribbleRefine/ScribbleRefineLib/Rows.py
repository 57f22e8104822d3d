"""What the tables of the panel show. `_` is the caller's translation function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import slicer

from ScribbleRefineLib.LabelTable import LabelRow, LabelTable, RowState

Translate = Callable[[str], str]


def labelRows(
    labels: LabelTable, segmentationNode: slicer.vtkMRMLSegmentationNode | None, _: Translate
) -> tuple[list[LabelRow], dict[RowState, str], dict[str, str]]:
    """The rows, what to call their states, and the names of the segments by their ids."""
    states = {
        RowState.BACKGROUND: _("background"),
        RowState.MAPPED: _("mapped"),
        RowState.MISSING: _("missing"),
        RowState.NEW: _("new"),
    }
    segmentation = segmentationNode.GetSegmentation() if segmentationNode is not None else None
    ids = segmentation.GetSegmentIDs() if segmentation is not None else ()
    segments = {segmentId: segmentation.GetSegment(segmentId).GetName() for segmentId in ids}
    return labels.rows, states, segments


def volumeRows(result: Any, names: Mapping[int, str]) -> list[tuple[str, ...]]:
    """Label, milliliters before and after, and the difference; labels that are empty before and after are left out."""
    return [
        (names.get(index, str(index)), f"{before:.2f}", f"{after:.2f}", f"{after - before:+.2f}")
        for index, (before, after) in sorted(result.millilitres.items())
        if before or after
    ]
