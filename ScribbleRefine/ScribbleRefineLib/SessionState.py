"""What a panel can look at and switch without running anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import slicer

from CueSegMRML.BackgroundTask import TaskQueue
from CueSegMRML.SessionRecords import SessionRecords
from CueSegMRML.TimeLog import TimeLog
from ScribbleRefineLib import Maps
from ScribbleRefineLib.GrowthPreview import GrowthPreview
from ScribbleRefineLib.Jobs import LoadedNetwork
from ScribbleRefineLib.LabelTable import LabelTable
from ScribbleRefineLib.Networks import Backend
from ScribbleRefineLib.Results import RunResult
from ScribbleRefineLib.Review import Review
from ScribbleRefineLib.Runs import Runs
from ScribbleRefineLib.ScribbleNodes import ScribbleNodes
from ScribbleRefineLib.ViolationPlot import ViolationPlot
from ScribbleRefineLib.Workspace import Workspace

Composites = Sequence[slicer.vtkMRMLSliceCompositeNode]


class SessionState:
    """The half of `Session` that needs no worker thread."""

    def __init__(
        self, scene: slicer.vtkMRMLScene, queue: TaskQueue, backend: Backend, clock: Callable[[], float]
    ) -> None:
        self._scene, self._queue, self._backend = scene, queue, backend
        self._review = Review(scene, clock)
        self._runs = Runs(queue, backend, self._review)
        self._space: Workspace | None = None
        self._card = None
        self._loaded: LoadedNetwork | None = None

    def networks(self) -> list:
        """Cards of the networks that come with the extension."""
        return self._backend.listNetworks()

    @property
    def queue(self) -> TaskQueue:
        """Delivers results and progress."""
        return self._queue

    @property
    def labels(self) -> LabelTable:
        """The label table; empty until the network is known."""
        return self._space.labels if self._space is not None else LabelTable()

    @property
    def scribbles(self) -> ScribbleNodes | None:
        """The scribbles; None until volume and network are chosen."""
        return self._space.scribbles if self._space is not None else None

    @property
    def maps(self) -> Maps.Maps:
        """The maps over the views."""
        return self._review.maps

    @property
    def plot(self) -> ViolationPlot:
        """The plot of violated scribbles."""
        return self._review.plot

    @property
    def growth(self) -> GrowthPreview:
        """The preview of growing scribbles."""
        return self._review.growth

    @property
    def timeLog(self) -> TimeLog:
        """Times of all rounds."""
        return self._review.timeLog

    @property
    def records(self) -> SessionRecords:
        """What is written down of the session."""
        return self._review.records

    @property
    def volumeNode(self) -> slicer.vtkMRMLVolumeNode | None:
        """The volume, while it is in the scene."""
        return self._space.volumeNode if self._isAlive else None

    @property
    def segmentationNode(self) -> slicer.vtkMRMLSegmentationNode | None:
        """The result segmentation, while it is in the scene."""
        return self._space.segmentationNode if self._isAlive else None

    @property
    def scribbleNode(self) -> slicer.vtkMRMLSegmentationNode | None:
        """The segmentation that scribbles are painted into."""
        node = self._space.scribbles.node if self._isAlive else None
        return node if node is not None and node.GetScene() is not None else None

    @property
    def networkName(self) -> str:
        """The network as it was chosen: name or file."""
        return self._space.network if self._space is not None else ""

    @property
    def card(self) -> object:
        """Card of the network; None until it is known."""
        return self._card

    @property
    def refinable(self) -> str:
        """Why the weights of the network cannot be refined, and what to do; empty if they can."""
        return self._loaded.refinable if self._loaded is not None else ""

    @property
    def layers(self) -> list:
        """Layers of the network; empty until it is loaded."""
        return self._loaded.layers if self._loaded is not None else []

    @property
    def deviceNote(self) -> str:
        """What the last run computed on."""
        return self._runs.deviceNote

    @property
    def isSetUp(self) -> bool:
        """Whether volume, segmentation and label table are there."""
        return self._isAlive and self._space.hasClasses

    @property
    def isRunning(self) -> bool:
        """Whether a prediction or refinement is under way."""
        return self._runs.isRunning

    @property
    def lastResult(self) -> RunResult | None:
        """What the last run did."""
        return self._runs.lastResult

    @property
    def hasWeights(self) -> bool:
        """Whether weights were adapted."""
        return self._space is not None and self._space.history.weights is not None

    @property
    def canUndo(self) -> bool:
        """Whether there is a step to take back, and nothing under way."""
        return bool(self.undoText) and not self.isRunning

    @property
    def canRedo(self) -> bool:
        """Whether there is a step to bring back, and nothing under way."""
        return bool(self.redoText) and not self.isRunning

    @property
    def undoText(self) -> str:
        """What `undo` takes back."""
        return self._space.history.undoText if self._isAlive else ""

    @property
    def redoText(self) -> str:
        """What `redo` brings back."""
        return self._space.history.redoText if self._isAlive else ""

    @property
    def hasNewScribbles(self) -> bool:
        """Whether anything was painted or erased since the last round."""
        return self.isSetUp and self.scribbleNode is not None and self._space.hasNewScribbles

    def scribbleCounts(self) -> dict[int, int]:
        """Label -> scribbled voxels, for labels that have any."""
        if not self.isSetUp or self.scribbleNode is None:
            return {}
        painted = self._space.scribbles.painted()
        counts = {row.index: painted.get(row.scribbleSegmentId, 0) for row in self.labels.rows}
        return {index: count for index, count in counts.items() if count}

    def report(self, bySegment: bool = False) -> slicer.vtkMRMLTableNode:
        """The times as a table node; see `Review.report`."""
        return self._review.report(bySegment)

    def reportRows(self, bySegment: bool = False) -> list[list[str]]:
        """The texts of `report`, titles first."""
        return self._review.reportRows(bySegment)

    def showBefore(self, shown: bool) -> None:
        """Show the result as it was before the last step, while a button is held; the result is not touched."""
        self._review.showBefore(shown)

    def showChangeMap(self, shown: bool, composites: Composites) -> bool:
        """Lay over the views what the last run changed; whether it is shown now."""
        return self._review.showMap(Maps.CHANGE, shown, composites)

    def showEntropy(self, shown: bool, composites: Composites) -> bool:
        """Lay over the views where the network is unsure; whether it is shown now."""
        return self._review.showMap(Maps.ENTROPY, shown, composites)

    def showLeftOut(self, shown: bool, composites: Composites) -> bool:
        """Lay over the views what the last fine-tuning gave no weight; whether it is shown now."""
        return self._review.showMap(Maps.LEFT_OUT, shown, composites)

    def centerOf(self, index: int) -> tuple[float, float, float] | None:
        """World RAS of a scribbled voxel of this label that kept another one: the most central of them."""
        points = self.lastResult.unsatisfied.get(index) if self.lastResult is not None else None
        if points is None or not len(points):
            return None
        nearest = np.argmin(np.linalg.norm(points - np.median(points, axis=0), axis=1))
        return tuple(float(value) for value in points[nearest])

    def noteUserActivity(self) -> None:
        """The user is at it: the clock of the round runs."""
        if self.isSetUp and not self.isRunning:
            self.timeLog.startUser()

    def freeMemory(self) -> None:
        """Drop network and features; they are made again when needed."""
        self._runs.worker.drop()
        self._runs.deviceNote = ""
        if self._space is not None:
            self._space.freeImage()

    def releaseViews(self) -> None:
        """Views as they were; for when the module is left."""
        self._review.release()

    @property
    def _isAlive(self) -> bool:
        return self._space is not None and self._space.isAlive

    def _use(self, space: Workspace) -> None:
        self._review.forget()
        self._space = self._review.space = space
        self._card = self._loaded = self._runs.lastResult = None

    def _takeCard(self, space: Workspace, card: object) -> None:
        self._card = card
        space.useCard(card)
