"""One panel's refinement: nodes, network, what is under way, and how to go back.

No Qt: the panel calls these methods on its own events and lets the queue deliver. MRML is touched on the main
thread only; the worker thread sees arrays.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer

from CueSegMRML.BackgroundTask import TaskQueue
from ScribbleRefineLib import Checks, ObjectBox, Results
from ScribbleRefineLib.Jobs import Job, LoadedNetwork, Progress
from ScribbleRefineLib.Networks import Backend
from ScribbleRefineLib.RefineSettings import BoxSettings, RefineSettings
from ScribbleRefineLib.Results import RunResult
from ScribbleRefineLib.Runs import GROWTH, INSPECT, NETWORK, RUN, OnError, Run
from ScribbleRefineLib.Scope import Scope
from ScribbleRefineLib.SessionSteps import SessionSteps
from ScribbleRefineLib.Workspace import NEW, SKIP, Match, Workspace

__all__ = ["NEW", "SKIP", "Match", "Progress", "RunResult", "Session"]

OnProgress = Callable[[Progress], None]
OnResult = Callable[[RunResult], None]


class Session(SessionSteps):
    """What takes time; see `SessionSteps` for what is done at once, `SessionState` for what can be looked at."""

    def __init__(
        self,
        scene: slicer.vtkMRMLScene,
        queue: TaskQueue,
        backend: Backend | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with nothing chosen; imports neither torch nor a network.

        :param clock: seconds, for the user's time.
        """
        super().__init__(scene, queue, backend or Backend(), clock)

    def inspectNetwork(self, path: str, onDone: Callable[[Any], None], onError: OnError) -> None:
        """Look into a file in the background; `onDone` gets an inspection report."""
        self._queue.submit(INSPECT, lambda _: self._backend.inspectNetwork(path), onDone, onError)

    def setUp(
        self,
        volumeNode: slicer.vtkMRMLVolumeNode,
        segmentationNode: slicer.vtkMRMLSegmentationNode | None,
        network: str,
        onDone: Callable[[Any], None],
        onError: OnError,
    ) -> None:
        """Choose volume, result segmentation (None: a new one) and network (a listed name, or a file).

        What is under way ends. The network is loaded in the background, then `onDone` gets its card. The same
        choice again loses nothing; another one begins with an empty history.

        :raises ValueError: no network, or a node that cannot be used; what was chosen before stays.
        """
        if not network:
            raise ValueError("no network is chosen: choose an installed one, or import a file")
        self._cancelAll()
        previous = self.segmentationNode if volumeNode is self.volumeNode else None
        chosen = (volumeNode, segmentationNode or previous, network)
        space = self._space
        if space is None or not space.isAlive or chosen != (*space.nodes, space.network):
            space = Workspace(self._scene, self._backend, volumeNode, segmentationNode, network)
            self._use(space)
        listed = next((card for card in self.networks() if card.name == network), None)
        if listed is not None:
            self._takeCard(space, listed)
        space.follow()
        self.timeLog.startUser()

        def finish(loaded: LoadedNetwork) -> None:
            self._loaded = loaded
            self._takeCard(space, loaded.card)
            onDone(loaded.card)

        self._runs.load(space, finish, onError)

    def runInitial(
        self,
        settings: RefineSettings,
        onProgress: OnProgress,
        onDone: OnResult,
        onError: OnError,
        scope: Scope | None = None,
    ) -> None:
        """Write what the network says as it is, one segment for each class that it finds; one undo step.

        :param scope: counts if it is `partOnly`.
        """
        plan = Checks.planOfPrediction(Checks.requireReady(self._space), settings, scope or Scope())
        self._start("initial", plan, settings, onProgress, onDone, onError)

    def applyWeights(
        self,
        path: str,
        settings: RefineSettings,
        onProgress: OnProgress,
        onDone: OnResult,
        onError: OnError,
        scope: Scope | None = None,
    ) -> None:
        """Write what the network says with weights from a file, as `runInitial` does; one undo step."""
        if not Path(path).is_file():
            raise ValueError(f"there is no file '{path}': choose weights that were saved here")
        plan = Checks.planOfPrediction(Checks.requireReady(self._space), settings, scope or Scope())
        self._start("apply", plan, settings, onProgress, onDone, onError, weights=str(path))

    def previewGrowth(
        self,
        settings: RefineSettings,
        onDone: Callable[[dict[int, int]], None],
        onError: OnError,
        scope: Scope | None = None,
    ) -> None:
        """Show what the scribbles claim with the threshold of the settings; `onDone` gets label -> voxels."""
        space = Checks.requireReady(self._space)
        if not settings.grows:
            raise ValueError("growing is off: choose a threshold above 0")
        part = Checks.planOfPrediction(space, settings, scope or Scope()).part
        image, scribbles = space.image(part), space.strokes()[0].within(part and part.box)

        def finish(grown: Any) -> None:
            if space.isAlive and space is self._space:
                onDone(self.growth.show(grown, space.labels, space.volumeNode, part))

        grow = self._backend.growScribbles
        self._queue.submit(
            GROWTH, lambda _: grow(image.values, scribbles, settings, image.spacing), finish, onError
        )

    def hideGrowth(self) -> None:
        """Show the growing scribbles no more."""
        self._queue.cancel(GROWTH)
        self.growth.hide()

    def proposeThreshold(
        self, settings: RefineSettings, onDone: Callable[[float], None], onError: OnError
    ) -> None:
        """A growing threshold that suits the volume, worked out in the background."""
        image = Checks.requireReady(self._space).image()
        propose = self._backend.defaultThreshold
        self._queue.submit("threshold", lambda _: propose(image.values, settings.modality), onDone, onError)

    def checkRefine(self, settings: RefineSettings, scope: Scope | None = None) -> list[str]:
        """What there is to say before a round.

        :raises ValueError: it cannot begin.
        """
        if self.refinable:
            raise ValueError(self.refinable)
        return list(Checks.planOf(Checks.requireReady(self._space), settings, scope or Scope()).notes)

    def refine(
        self,
        settings: RefineSettings,
        onProgress: OnProgress,
        onDone: OnResult,
        onError: OnError,
        scope: Scope | None = None,
    ) -> None:
        """Adapt the last layers to all scribbles, and write what the network says then; one undo step.

        :raises ValueError: it cannot begin, see `checkRefine`.
        """
        if self.refinable:
            raise ValueError(self.refinable)
        plan = Checks.planOf(Checks.requireReady(self._space), settings, scope or Scope())
        self._start("refine", plan, settings, onProgress, onDone, onError)

    def segmentBox(
        self,
        settings: RefineSettings,
        options: BoxSettings,
        roi: slicer.vtkMRMLMarkupsROINode | None,
        onProgress: OnProgress,
        onDone: OnResult,
        onError: OnError,
        scope: Scope | None = None,
        *,
        tunes: bool = False,
    ) -> None:
        """Write the one object in a box to its segment; one undo step.

        :param tunes: also tune the network to it, going on from the round before on this box; False takes the
            network as it is.
        :raises ValueError: it cannot begin: network, box, scribbles or options; with the remedy.
        """
        if tunes and self.refinable:
            raise ValueError(self.refinable)
        space = Checks.requireReady(self._space)
        chosen = self._backend.makeBoxOptions(options, tunes)
        job, notes = ObjectBox.jobOf(space, settings, chosen, roi, scope or Scope(), tunes)
        self._runs.start(Run("tune" if tunes else "box", space, job, notes, onProgress, onDone, onError))

    def closeScene(self) -> None:
        """Let go of every node, before the scene drops them."""
        self._cancelAll()
        self._review.forget()
        self._space, self._runs.lastResult = None, None
        self._runs.worker.drop(imageOnly=True)

    def close(self) -> None:
        """End of the panel."""
        self.closeScene()
        self._runs.worker.drop()

    def _start(
        self,
        kind: str,
        plan: Checks.Plan,
        settings: RefineSettings,
        onProgress: OnProgress,
        onDone: OnResult,
        onError: OnError,
        weights: str = "",
    ) -> None:
        space, part = self._space, plan.part
        base, notes = Results.labelsOf(space.labels, space.segmentationNode, space.volumeNode, part)
        job = Job(
            space.network,
            space.image(part),
            settings,
            base,
            plan.scribbles,
            plan.scope,
            space.labels.lockedAmong(base, plan.scribbles),
            weights,
            part=part,
        )
        self._runs.start(Run(kind, space, job, [*plan.notes, *notes], onProgress, onDone, onError))

    def _cancelAll(self) -> None:
        self._runs.cancel()
        for key in (RUN, NETWORK, GROWTH, INSPECT, "threshold"):
            self._queue.cancel(key)
