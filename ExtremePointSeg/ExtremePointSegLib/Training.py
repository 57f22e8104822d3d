"""Training sets and networks from labels of the scene: everything below the buttons of that section."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

import slicer

from CueSegMRML.BackgroundTask import TaskQueue
from CueSegMRML.Curves import Curves
from CueSegMRML.TrainingCases import takeLabels, trainingCase
from ExtremePointSegLib.PointsCases import PointsVolume, pointsCase
from ExtremePointSegLib.SecondStage import writeSecondStage
from ExtremePointSegLib.TrainingProcess import BackgroundProcess, TrainingLog, trainCommand
from ExtremePointSegLib.TrainingRecipe import writeRecipe
from ExtremePointSegLib.TrainingRuns import TrainingRuns, weightsOf
from ExtremePointSegLib.TrainingSet import addCase, readSet

_LOSS, _DICE = (0.85, 0.45, 0.1), (0.1, 0.5, 0.8)
_REFINE = "ScribbleRefine"  # the module that takes networks over, through its node in the scene


class Stage(Enum):
    """What a run is doing."""

    IDLE = auto()
    TRAINING = auto()
    EXPORTING = auto()
    STOPPED = auto()
    DONE = auto()
    FAILED = auto()

    @property
    def isRunning(self) -> bool:
        """Whether a process is at work."""
        return self in (Stage.TRAINING, Stage.EXPORTING)


@dataclass(frozen=True)
class CaseRequest:
    """A case to be added: nodes, and where to."""

    folder: Path
    volumeNode: slicer.vtkMRMLScalarVolumeNode
    segmentationNode: slicer.vtkMRMLSegmentationNode | None
    modality: str
    layout: str
    suffix: str
    subject: str = ""
    replaceCase: bool = False


class Training:
    """One training set at a time, and one process at a time."""

    def __init__(self, scene: slicer.vtkMRMLScene) -> None:
        self.queue = TaskQueue("Training set")
        self.curves = Curves(scene, "Training", "Step")
        self.stage = Stage.IDLE
        self.failure = ""
        self.log: TrainingLog | None = None
        self.runs: TrainingRuns | None = None
        self.steps = 0
        self.isOfPoints = False
        self._scene = scene
        self._process: BackgroundProcess | None = None

    @property
    def network(self) -> Path | None:
        """The file that a training writes at its end; it may not be there yet."""
        return None if self.runs is None else self.runs.result.with_suffix(".pt")

    @property
    def runLog(self) -> Path | None:
        """What the process said of the run that is trained."""
        return None if self.runs is None else self.runs.folder / "train.log"

    @property
    def hasWeights(self) -> bool:
        """Whether there is anything that a network could be made of."""
        return self.runs is not None and weightsOf(self.runs.result) is not None

    @property
    def isCurrent(self) -> bool:
        """Whether the network's file holds the best weights so far."""
        return self.runs is not None and self.runs.isCurrent

    def addCase(
        self,
        request: CaseRequest,
        onDone: Callable[[Any], None],
        onError: Callable[[Exception], None],
    ) -> None:
        """Take the labelled volume now, and write it in the background; the result is `TrainingSet.addCase`'s."""
        try:
            labelled = takeLabels(request.volumeNode, request.segmentationNode)
        except ValueError as error:
            onError(error)
            return

        def write(_: Any) -> Any:
            case = trainingCase(labelled, request.modality, request.subject)
            return addCase(request.folder, case, request.layout, request.suffix, request.replaceCase)

        self.queue.submit("add", write, onDone, onError)

    def addPoints(
        self,
        request: CaseRequest,
        taken: PointsVolume,
        onDone: Callable[[Any], None],
        onError: Callable[[Exception], None],
    ) -> None:
        """Write a volume in the background with labels from its points, instead of those of segments."""

        def write(_: Any) -> Any:
            case, notes = pointsCase(taken, request.modality, request.subject)
            found, more = addCase(request.folder, case, request.layout, request.suffix, request.replaceCase)
            return found, [*notes, *more]

        self.queue.submit("add", write, onDone, onError)

    def start(
        self,
        folder: Path,
        dims: int,
        steps: int,
        device: str,
        onDone: Callable[[Any], None],
        onError: Callable[[Exception], None],
        secondStage: bool = False,
    ) -> None:
        """Train on the set in a folder; a run that was stopped goes on.

        :param secondStage: whether a second network and both together follow; for labels from seven points.
        """

        def prepare(_: Any) -> tuple[list[Path], bool]:
            found = readSet(folder)
            if found is None:
                raise ValueError(f"'{folder}' holds no training set: add cases first")
            first = writeRecipe(found, dims, steps, device)
            more = writeSecondStage(first) if secondStage and found.isOfPoints else []
            return [first, *more], found.isOfPoints

        def begin(made: tuple[list[Path], bool]) -> None:
            recipes, self.isOfPoints = made
            self.runs = TrainingRuns(recipes)
            self._train(onError)
            onDone(recipes[0])

        self.queue.submit("start", prepare, begin, onError)

    def exportNetwork(self, onError: Callable[[Exception], None]) -> None:
        """Write the best weights so far into the network's file, measured on the cases to validate on."""
        self._run(Stage.EXPORTING, trainCommand(self.runs.result, "--export", str(self.network)), onError)

    def poll(self) -> None:
        """Look what the process did; to be called now and then while one is running."""
        if self.log is not None and self.log.read():
            self.showCurves()
        code = self._process.exitCode if self._process is not None else None
        if code is None or not self.stage.isRunning:
            return
        process, self._process = self._process, None
        if process.wasStopped:
            self.stage = Stage.STOPPED
        elif code:
            self.stage = Stage.FAILED
            end = f"It ended with signal {-code}." if code < 0 else ""
            self.failure = "\n".join(filter(None, (end, process.lastLines())))
        elif self.stage is Stage.EXPORTING:
            self.stage = Stage.DONE
        elif not self.runs.isLast:
            self.runs.place += 1
            self._train(self._fail)
        else:
            self.exportNetwork(self._fail)

    def showCurves(self) -> None:
        """Draw the curves again, e.g. in a new scene."""
        if self.log is not None:
            self.curves.show("Loss", self.log.losses, _LOSS)
            name = "Agreement with the points" if self.isOfPoints else "Validation Dice"
            self.curves.show(name, self.log.scores, _DICE)

    def stop(self) -> None:
        """End the process; the last saved state stays, and `start` goes on from there."""
        if self._process is not None:
            self._process.stop()

    def handOver(self) -> bool:
        """Let the module Scribble Refine take the network over; False where it has never been opened.

        The two modules know each other by the settings node in the scene alone.
        """
        node = self._scene.GetSingletonNode(_REFINE, "vtkMRMLScriptedModuleNode")
        if node is not None:
            node.SetParameter("network", str(self.network))
        return node is not None

    def leaveScene(self) -> None:
        """Take the curves out of the scene; the process goes on."""
        self.curves.remove()

    def close(self) -> None:
        """End process and worker."""
        if self._process is not None:
            self._process.stop(wait=True)
            self.poll()
        self.curves.remove()
        self.queue.close()

    def _train(self, onError: Callable[[Exception], None]) -> None:
        self.steps = self.runs.steps
        self.curves.remove()
        self.log = TrainingLog(self.runs.folder / "log.jsonl", self.steps)
        self._run(Stage.TRAINING, trainCommand(self.runs.recipe), onError)

    def _run(self, stage: Stage, command: list[str], onError: Callable[[Exception], None]) -> None:
        try:
            self._process = BackgroundProcess(command, self.runLog)
        except OSError as error:
            self._fail(error)
            onError(error)
        else:
            self.stage, self.failure = stage, ""

    def _fail(self, error: Exception) -> None:
        self.stage, self.failure = Stage.FAILED, str(error)
