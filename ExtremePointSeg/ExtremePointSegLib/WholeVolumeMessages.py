"""Sentences of the section "From slices to a volume". `_` is the caller's translation function."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import slicer

from CueSegMRML import SegmentMasks, Slices, Volumes
from CueSegMRML.SliceRecords import CLICKED
from ExtremePointSegLib.WholeVolumeSlices import GIVEN, SegmentSlices, hasLayers
from ExtremePointSegLib.WholeVolumeWriting import VolumeOutcome

Translate = Callable[[str], str]

_LISTED = 8  # numbers of slices in a sentence


def obstacleOf(
    volumeNode: slicer.vtkMRMLScalarVolumeNode | None,
    segmentationNode: slicer.vtkMRMLSegmentationNode | None,
    segmentId: str,
    _: Translate,
) -> str:
    """What is in the way of looking at the slices of a segment; empty if nothing is."""
    if volumeNode is None or segmentationNode is None or not segmentId:
        return _("Choose volume, segmentation and segment above.")
    try:
        Volumes.voxels(volumeNode)
        Volumes.worldFromLocal(volumeNode)
        SegmentMasks.checkLabelmaps(segmentationNode)
    except ValueError as error:
        return sentence(str(error))
    return ""


def sentence(text: str) -> str:
    """An error's words as a sentence."""
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")


def isWritable(
    slices: SegmentSlices,
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
) -> bool:
    """Whether one slice can be written without another."""
    return hasLayers(segmentationNode, volumeNode, slices.stack.axis)


def needOf(
    slices: SegmentSlices,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    _: Translate,
) -> str:
    """What is missing before slices can be filled; empty if nothing is."""
    axis, count = slices.stack.axis, len(slices.accepted)
    if slices.kinds and not hasLayers(segmentationNode, volumeNode, axis):
        return _(
            "The voxels of the segmentation do not lie in the slices of '{volume}': choose this volume as its source "
            "geometry in the Segment Editor, or use a new segmentation."
        ).format(volume=volumeNode.GetName())
    if count == 0:
        return _(
            "No slice of this segment is clicked yet: place four points on two slices or more, some slices apart."
        )
    if count == 1:
        return _(
            "Slice {index} is the only one that is clicked or painted: place four points on a second one, some slices "
            "away, or carry this one on."
        ).format(index=slices.accepted[0])
    return ""


def describe(slices: SegmentSlices, outdated: Collection[int], _: Translate) -> str:
    """What the segment is made of so far."""
    counts = [
        (slices.of(CLICKED), _("{n} clicked ({list})")),
        (slices.of(GIVEN), _("{n} painted or changed by hand ({list})")),
        (slices.of("derived"), _("{n} by the network from others")),
        (slices.of("propagated"), _("{n} carried on")),
        (slices.of("filled"), _("{n} filled by shape")),
        ([index for index in slices.between if index not in slices.kinds], _("{n} between them empty")),
    ]
    parts = [text.format(n=len(found), list=_listed(found)) for found, text in counts if found]
    axis = _("{direction} slices").format(direction=_(slices.stack.direction))
    texts = [f"{axis[:1].upper()}{axis[1:]}: {', '.join(parts)}."] if parts else []
    others = sum(count for axis, count in slices.clicked.items() if axis != slices.stack.axis)
    if others:
        texts.append(_("{n} clicked across other directions: they stay as they are.").format(n=others))
    if outdated:
        text = _("Beside slices that changed since: {list}. 'Update between slices' makes these again.")
        texts.append(text.format(list=_listed(sorted(outdated))))
    return " ".join(texts)


def obliqueHint(
    slices: SegmentSlices,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
    views: Sequence[slicer.vtkMRMLSliceNode],
    _: Translate,
) -> str:
    """Says why slices that were clicked in an oblique view do not count."""
    if slices.of(CLICKED) or all(Slices.axisOf(volumeNode, view) is not None for view in views):
        return ""
    return _(
        "A view is oblique: what is clicked there runs through several slices of the volume and counts as painted by "
        "hand. Rotate the view to the volume plane, then click."
    )


def describeOutcome(outcome: VolumeOutcome, segmentIsHidden: bool, _: Translate) -> str:
    """What a run did."""
    result = outcome.result
    texts = [
        _describePropagation(outcome, _) if hasattr(result, "stopped_by") else _describeFilling(outcome, _)
    ]
    if outcome.kept:
        text = _("Kept, because painted or changed by hand: {n} ({list}).")
        texts.append(text.format(n=len(outcome.kept), list=_listed(outcome.kept)))
    if outcome.edit is not None and outcome.edit.voxelsRefused:
        texts.append(_("The Segment Editor's masking kept a part of the masks out."))
    if segmentIsHidden:
        texts.append(_("The segment is hidden: show it to see the result."))
    return " ".join(texts)


def isHidden(segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str) -> bool:
    """Whether the views do not show the segment."""
    display = segmentationNode.GetDisplayNode()
    return display is not None and not (display.GetVisibility() and display.GetSegmentVisibility(segmentId))


def progressOf(news: tuple[str, int, int], _: Translate) -> str:
    """How far a run is."""
    stage, done, total = news
    texts = {
        "clicked": _("Clicked slice {number} of {total}…"),
        "propagate": _("Slice {number} of at most {total}…"),
    }
    return texts.get(stage, _("Slice {number} of {total} between…")).format(number=done + 1, total=total)


def _describeFilling(outcome: VolumeOutcome, _: Translate) -> str:
    result, kinds = outcome.result, list(outcome.written.values())
    if CLICKED in kinds:
        (index,) = outcome.written
        return _("Slice {index} is a clicked one now.").format(index=index)
    if not kinds:
        return _("There is no slice between those that are clicked or painted: nothing was changed.")
    counts = [
        (kinds.count("derived"), _("{n} by the network")),
        (kinds.count("filled"), _("{n} by shape alone")),
    ]
    parts = ", ".join(text.format(n=n) for n, text in counts if n)
    text = _("Slices made: {n} ({parts}), {seconds:.1f} s.").format(
        n=len(kinds), parts=parts, seconds=result.seconds
    )
    if result.calls or result.reused:
        known = _("Runs of the network: {calls}; answers known from before: {reused}.")
        text += " " + known.format(calls=result.calls, reused=result.reused)
    return text


def _describePropagation(outcome: VolumeOutcome, _: Translate) -> str:
    result = outcome.result
    reasons = {
        "most": _("it makes no more at a time: look at them, then go on"),
        "end": _("the volume ends there"),
        "area": _("on slice {at} the area fell below half or rose above twice that of the slice before"),
        "probability": _("on slice {at} the network is not sure"),
        "size": _("the mask is too small for the network"),
    }
    reason = reasons.get(result.stopped_by, result.stopped_by).format(at=result.stopped_at)
    if not outcome.written:
        return _("Nothing was carried on: {reason}.").format(reason=reason)
    last = list(outcome.written)[-1]
    return _("Carried on to slice {last} (slices: {n}); stopped because {reason}.").format(
        n=len(outcome.written), last=last, reason=reason
    )


def _listed(found: Sequence[int]) -> str:
    """Numbers, runs of them shortened."""
    runs: list[list[int]] = []
    for index in found:
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return ", ".join(texts[:_LISTED]) + (", …" if len(texts) > _LISTED else "")
