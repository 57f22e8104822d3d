"""The panel's sentences. `_` is the caller's translation function, so that this file needs no application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ScribbleRefineLib.Readiness import State

Translate = Callable[[str], str]

# Keys of the panel, in the order in which they are listed: name in the code -> (key, what it does).
KEYS = {
    "refine": ("U", "refine; while it runs, stop and keep the best"),
    "cancel": ("Esc", "cancel the round, or put the brush away"),
    "before": ("H", "hold to see the state before the last round"),
    "changes": ("M", "show or hide the changes of the last round"),
    "undo": ("Z", "undo the last stroke, else the last round"),
    "redo": ("Y", "redo"),
    "previous": ("Q", "previous label"),
    "next": ("W", "next label"),
    "paint": ("1", "paint"),
    "erase": ("2", "erase"),
}


def hintFor(state: State, missing: str, obstacle: str, _: Translate) -> str:
    """What the user can do next.

    :param missing: description of missing packages, for the state that says so.
    :param obstacle: why the network cannot be used so, for the states that say so.
    """
    if state is State.PACKAGES_MISSING:
        return missing
    if state in (State.NOT_REFINABLE, State.NEEDS_TWO_CLASSES):
        return obstacle
    if state is State.BOX_READY and obstacle:
        return " ".join((_("Press 'Segment box'."), obstacle))
    hints = {
        State.NO_VOLUME: _("Choose the volume that the views show."),
        State.VOLUME_EMPTY: _("The volume holds no voxels: choose another one."),
        State.NON_LINEAR_TRANSFORM: _(
            "Volume or segmentation is in a non-linear transform: harden the transform, or take the node out "
            "of it, in the Transforms module."
        ),
        State.NO_NETWORK: _("Choose a network, or import the file of your own."),
        State.NO_SEGMENTATION: _(
            "Press 'Run network' to begin with its result, or choose the segmentation to correct."
        ),
        State.NOT_SET_UP: _("Press 'Run network' to try again."),
        State.LOADING: _("Loading the network…"),
        State.RUNNING: _("Computing…"),
        State.NO_SCRIBBLES: _(
            "Choose a label in the table and paint where the segmentation is wrong; paint Background where "
            "there should be nothing. Then press 'Refine'."
        ),
        State.NOTHING_NEW: _("Paint more scribbles where it is still wrong, or go on to the next volume."),
        State.NO_BOX: _(
            "Press 'Draw box' and click two corners around the object in a slice view, or choose a box. Then "
            "pull its handles in the other views."
        ),
        State.BOX_READY: _(
            "Press 'Segment box'. Where it is wrong, paint the object or the background and press it again, or "
            "'Fine-tune on this image'."
        ),
        State.READY: _("Press 'Refine' when every kind of mistake has a scribble."),
    }
    return hints[state]


def textOfProgress(progress: Any, _: Translate) -> str:
    """What the computation is at."""
    stage = {
        "load": _("Loading the network"),
        "features": _("Computing features"),
        "optimise": _("Iteration {done} of at most {total}"),
        "predict": _("Predicting"),
    }[progress.stage].format(done=progress.done, total=progress.total)
    wrong = sum(progress.violations.values()) if progress.violations else 0
    if progress.stage != "optimise" or not progress.violations:
        return f"{stage}…"
    return _("{stage}: {wrong} scribbled voxels are still wrong").format(stage=stage, wrong=wrong)


def textOf(result: Any, names: Mapping[int, str], _: Translate) -> str:
    """What a run came to, in a sentence or two.

    :param result: a `RunResult`.
    :param names: class number to name.
    """
    if result.kind == "refine":
        sentences = [_textOfRound(result, names, _)]
    elif result.kind == "tune":
        sentences = _textOfTuning(result, _)
    else:
        done = {
            "initial": _("The network's result is written"),
            "apply": _("The adapted network's result is written"),
            "box": _("The box is segmented"),
        }
        sentences = [
            _("{done} ({seconds:.1f} s).").format(done=done[result.kind], seconds=result.machineSeconds)
        ]
    if result.kind == "refine" and not result.changedVoxels:
        sentences.append(_("No voxel changed: is the place within the scope, and its label not locked?"))
    return " ".join([*sentences, *(_sentence(note) for note in result.notes)])


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:] + ("" if note.endswith((".", "!", "?")) else ".")


def _textOfTuning(result: Any, _: Translate) -> list[str]:
    texts = {
        "converged": _(
            "Fine-tuned in {count} iterations, until the labels stayed as they were ({seconds:.1f} s)."
        ),
        "user": _("Stopped after {count} iterations; the object as it is then is written ({seconds:.1f} s)."),
    }
    text = texts.get(result.stoppedBy, _("Fine-tuned in {count} iterations ({seconds:.1f} s)."))
    sentences = [text.format(count=result.iterations, seconds=result.machineSeconds)]
    if not result.satisfied:
        sentences.append(
            _("The result follows the scribbles; the network alone does not agree with all of them yet.")
        )
    return sentences


def unsatisfiedLabels(result: Any) -> list[int]:
    """Labels whose scribbles are not all satisfied, the worst first."""
    counts = {index: len(points) for index, points in result.unsatisfied.items() if len(points)}
    return sorted(counts, key=lambda index: -counts[index])


def _textOfRound(result: Any, names: Mapping[int, str], _: Translate) -> str:
    about = {"count": result.iterations, "seconds": result.machineSeconds}
    if result.satisfied:
        return _("All scribbles satisfied after {count} iterations ({seconds:.1f} s).").format(**about)
    left = ", ".join(
        f"{names.get(index, index)} ({len(result.unsatisfied[index])})" for index in unsatisfiedLabels(result)
    )
    texts = {
        "user": _("Stopped after {count} iterations; the best so far is kept."),
        "stalled": _("No further progress after {count} iterations."),
    }
    ended = texts.get(result.stoppedBy, _("Ended after {count} iterations.")).format(**about)
    if not left:
        return ended
    return f"{ended} " + _("Scribbled voxels that are still wrong: {left}.").format(left=left)
