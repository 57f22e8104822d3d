"""Sentences of the section on training; `_` is the caller's translation function."""

from __future__ import annotations

from collections.abc import Callable

from ExtremePointSegLib.Training import Stage, Training
from ExtremePointSegLib.TrainingSet import TrainingSet


def describeSet(found: TrainingSet | None, _: Callable[[str], str]) -> str:
    """What the folder holds, and what is missing before a training can begin."""
    if found is None:
        return _("The folder holds no case yet.")
    text = _("Cases: {count}, {train} to learn from and {val} to validate on; {names}").format(
        count=len(found.ids),
        train=found.splits.count("train"),
        val=found.splits.count("val"),
        names=_("{name}, from seven points").format(name=found.classes[0])
        if found.isOfPoints
        else ", ".join(found.classes),
    )
    if found.canTrain:
        return text
    return f"{text}\n" + _("Add a case of another patient: one is held back to validate on.")


def describeRun(training: Training, _: Callable[[str], str]) -> str:
    """How the training stands."""
    log = training.log
    texts = {
        Stage.IDLE: "",
        Stage.TRAINING: _("Training: step {step} of {steps}."),
        Stage.EXPORTING: _("Writing the network, measured on the cases to validate on…"),
        Stage.STOPPED: _("Stopped at step {step} of {steps}; Train goes on from the last saved state."),
        Stage.DONE: _("Done. The network is in {network}"),
        Stage.FAILED: _("The training failed: {failure}\nEverything that was said is in {log}"),
    }
    text = texts[training.stage].format(
        step=log.step if log is not None else 0,
        steps=training.steps,
        network=training.network,
        failure=training.failure,
        log=training.runLog or "",
    )
    if training.stage in (Stage.TRAINING, Stage.STOPPED) and len(training.runs.recipes) > 1:
        names = (_("First network."), _("Second network."), _("Both together."))
        text = f"{names[training.runs.place]} {text}"
    if training.stage is Stage.TRAINING and log.secondsLeft is not None:
        text += " " + _("About {time} left.").format(time=_duration(log.secondsLeft, _))
    if log is not None and log.scores and training.stage is not Stage.IDLE:
        best = max(score for step, score in log.scores)
        sentence = _("Best validation Dice: {best:.3f}")
        if training.isOfPoints:
            sentence = _("Best agreement with points and boxes of the cases to validate on: {best:.3f} of 1")
        text += "\n" + sentence.format(best=best)
    return text


def _duration(seconds: float, _: Callable[[str], str]) -> str:
    if seconds < 90:
        return _("{count} s").format(count=round(seconds))
    if seconds < 5400:
        return _("{count} min").format(count=round(seconds / 60))
    return _("{count:.1f} h").format(count=seconds / 3600)
