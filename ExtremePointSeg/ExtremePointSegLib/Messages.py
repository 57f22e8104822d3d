"""The panel's sentences. `_` is the caller's translation function, so that this file needs no application."""

from __future__ import annotations

from collections.abc import Callable

from ExtremePointSegLib.Readiness import State
from ExtremePointSegLib.SegmentFromPoints import SET_SIZE, Notice

# Keys of the panel, in the order in which they are listed: name in the code -> (key, what it does). None is a key that
# the slice views take: left, right, b, f, v, r, g, t, brackets and braces; or that markups take, such as Delete.
KEYS = {
    "place": ("E", "place points, or stop placing"),
    "run": ("U", "segment; while it computes, cancel"),
    "accept": ("N", "done here: clear the points, next slice"),
    "suggested": ("J", "go to the slice that is suggested next"),
    "cue": ("C", "show or hide the cue of the points"),
    "undo": ("Z", "undo: segments and points together"),
    "redo": ("Y", "redo"),
}


def hintFor(state: State, pointCount: int, missing: str, _: Callable[[str], str]) -> str:
    """What the user can do next.

    :param missing: description of missing packages, for the state that says so.
    """
    if state is State.PACKAGES_MISSING:
        return missing
    hints = {
        State.NO_MODEL: _("No model is installed: reinstall the extension, it brings one."),
        State.NO_VOLUME: _("Choose the volume that the views show."),
        State.VOLUME_EMPTY: _("The volume holds no voxels: choose another one."),
        State.NON_LINEAR_TRANSFORM: _(
            "Volume or segmentation is in a non-linear transform: harden the transform, or take the node out "
            "of it, in the Transforms module."
        ),
        State.NO_SEGMENTATION: _("Choose or create a segmentation."),
        State.NO_SEGMENT: _("Choose the segment to write to, or add one."),
        State.NO_POINTS: _(
            "Press 'Place points', then click the leftmost, rightmost, topmost and bottommost point of the "
            "structure in one slice view, in any order."
        ),
        State.FEW_POINTS: _("{count} of {size} points are placed."),
        State.READY: _("Drag a point to correct the result; a fifth point begins a new set."),
    }
    return hints[state].format(count=pointCount, size=SET_SIZE)


def otherVolume(chosen: str, shown: str, _: Callable[[str], str]) -> str:
    """The views and the panel are about two volumes."""
    return _("The views show '{shown}', but '{chosen}' is segmented: choose one for both.").format(
        shown=shown, chosen=chosen
    )


def historyTip(undoText: str, redoText: str, _: Callable[[str], str]) -> tuple[str, str]:
    """Tooltips of undo and redo, which name the step."""
    undo = _("Take back: {step}.").format(step=undoText) if undoText else _("There is nothing to take back.")
    redo = (
        _("Bring back: {step}.").format(step=redoText) if redoText else _("There is nothing to bring back.")
    )
    return undo, redo


def textOf(notice: Notice, _: Callable[[str], str]) -> str:
    """One sentence on a result that was written all the same."""
    texts = {
        Notice.SMALL_BOX: _("The structure is only a few pixels wide: small structures are less accurate."),
        Notice.TOUCHES_BORDER: _(
            "The points touch the border of the image: the structure may go on outside."
        ),
        Notice.UNUSUAL_INTENSITIES: _("All intensities are outside the CT window: is the modality right?"),
        Notice.EMPTY_MASK: _("The network found nothing: check the points, or lower the threshold."),
        Notice.PARTLY_MASKED: _("The Segment Editor's masking kept a part of the mask out."),
        Notice.PARTLY_OUTSIDE: _("A part of the mask lies outside the geometry of the segmentation."),
        Notice.SEGMENT_HIDDEN: _("The segment is hidden: show it to see the result."),
    }
    return texts[notice]
