"""What the panel does with its settings, without widgets: everything below the buttons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import slicer

from CueSegMRML.PanelBase import PanelBase
from ScribbleRefineLib import Session as Sessions
from ScribbleRefineLib.BoxPanel import BoxPanel
from ScribbleRefineLib.LabelTable import RowState
from ScribbleRefineLib.Readiness import State, stateOfInputs
from ScribbleRefineLib.Settings import Method, Overlay, Settings, refineSettings, scopeOf

REQUESTER = "ScribbleRefine"  # shown in the question before an installation
_EDITOR = "vtkMRMLSegmentEditorNode"
BRUSH = "1"  # first diameter in percent of the screen's height: scribbles are thin


class Calls(NamedTuple):
    """What to call from the background: with a `Progress`, a result, an exception."""

    onProgress: Callable[[Any], None]
    onDone: Callable[[Any], None]
    onError: Callable[[Exception], None]


class Panel(BoxPanel, PanelBase):
    """One panel on one scene."""

    deviceUnknown = "Chosen when the network is first used"

    def __init__(self, scene: slicer.vtkMRMLScene) -> None:
        """Look for packages and networks; import neither torch nor a network."""
        super().__init__(scene, REQUESTER)
        self.session = Sessions.Session(scene, self.queue)
        self.networks = [card.name for card in self.session.networks()]
        self._followed: tuple | None = None

    def prepare(self, settings: Settings) -> None:
        """Give the settings the volume that the views show, and a slice view."""
        if settings.inputVolume is None:
            settings.inputVolume = self._shownVolume()
        if settings.sliceView is None:
            settings.sliceView = next(iter(self.sliceViews()), None)
        if settings.network and settings.network not in self.networks:
            self.networks.append(settings.network)  # a file, chosen when the scene was saved

    def networkTitles(self) -> list[str]:
        """What to show of `networks`: of a file its name alone."""
        return [Path(name).name for name in self.networks]

    def networkIndex(self, settings: Settings) -> int:
        """Place of the chosen network in `networks`, -1 when none is chosen."""
        return self.networks.index(settings.network) if settings.network in self.networks else -1

    def importNetwork(self, settings: Settings, path: str) -> None:
        """Offer and choose the network of a file.

        :raises ValueError: there is no such file.
        """
        if not Path(path).exists():
            raise ValueError(f"there is no file '{path}': choose the network's file first")
        if path not in self.networks:
            self.networks.append(path)
        settings.network = path

    def inspect(self, settings: Settings, calls: Calls) -> None:
        """Try the chosen network in the background; the result is a report."""
        self.session.inspectNetwork(settings.network, calls.onDone, calls.onError)

    def stateOf(self, settings: Settings) -> State:
        """The first thing in the way of a round, or READY."""
        session = self.session
        state = self._stateOfInputs(settings)
        checks = (
            (state, lambda: state is not State.READY),
            (State.RUNNING, lambda: session.isRunning),
            (State.LOADING, lambda: self._isFollowed(settings) and not session.isSetUp),
            (State.NOT_SET_UP, lambda: not self._isFollowed(settings)),
            (State.NOT_REFINABLE, lambda: bool(session.refinable)),
            (State.NO_SCRIBBLES, lambda: not any(session.scribbleCounts().values())),
            (State.NOTHING_NEW, lambda: not session.hasNewScribbles),
        )
        found = next((found for found, applies in checks if applies()), State.READY)
        if settings.method is Method.BOX and (found.isIdle or found.canRunNetwork):
            return self._stateOfBox(settings, found)
        return found

    def follow(self, settings: Settings, onDone: Callable[[Any], None], onError: Callable) -> bool:
        """Set up for volume, segmentation and network once all are chosen; whether that began now."""
        if self._stateOfInputs(settings) is not State.READY or self._isFollowed(settings):
            return False
        return self._setUp(settings, onDone, onError)

    def runNetwork(self, settings: Settings, calls: Calls) -> None:
        """Write what the network says as it is, of the volume or of a part; makes a segmentation if there is none."""

        def run() -> None:
            self.session.runInitial(refineSettings(settings), *calls, scopeOf(settings))

        self._whenSetUp(settings, run, calls.onError)

    def useSegmentation(self, settings: Settings) -> list[str]:
        """Begin with what the segmentation holds; returns what there is to say about it."""
        unmatched = Sessions.NEW if settings.keepUnmatched else Sessions.SKIP
        return self.session.startFromSegmentation(None, unmatched)

    def refine(self, settings: Settings, calls: Calls) -> list[str]:
        """Begin a round; returns what there is to say about the scribbles.

        :raises ValueError: it cannot begin, in words for the user.
        """
        if settings.method is Method.BOX:
            return self.segmentBox(settings, calls, tunes=True)
        options, scope = refineSettings(settings), scopeOf(settings)
        notes = self.session.checkRefine(options, scope)
        self.session.refine(options, *calls, scope)
        return notes

    def applyWeights(self, settings: Settings, path: str, calls: Calls) -> None:
        """Segment the volume, or a part of it, with the network and the weights of a file."""
        self.session.applyWeights(path, refineSettings(settings), *calls, scopeOf(settings))

    def previewGrowth(self, settings: Settings, calls: Calls) -> None:
        """Show what the scribbles claim, or nothing, as the settings say."""
        session = self.session
        if settings.growthPreview and settings.growth > 0 and self.stateOf(settings).canRefine:
            try:
                session.previewGrowth(
                    refineSettings(settings), calls.onDone, calls.onError, scopeOf(settings)
                )
            except ValueError as error:  # a scope that is still to be chosen
                calls.onError(error)
        elif not session.isRunning:
            session.hideGrowth()

    def proposeGrowth(self, settings: Settings, calls: Calls) -> None:
        """A value for the region growing that suits the volume, as the result."""
        self.session.proposeThreshold(refineSettings(settings), calls.onDone, calls.onError)

    def showOverlay(self, settings: Settings) -> None:
        """Lay over the views what the settings say."""
        composites = self._nodes("vtkMRMLSliceCompositeNode")
        chosen = settings.overlay if self.session.lastResult is not None else Overlay.NOTHING
        self.session.showChangeMap(chosen is Overlay.CHANGES, composites)
        self.session.showEntropy(chosen is Overlay.UNCERTAINTY, composites)
        self.session.showLeftOut(chosen is Overlay.LEFT_OUT, composites)

    def names(self) -> dict[int, str]:
        """Class number to name."""
        return {row.index: row.name for row in self.session.labels.rows}

    def isMissing(self, index: int | None) -> bool:
        """Whether a label is a class of the network that has no segment yet."""
        rows = self.session.labels.rows
        return index is not None and index < len(rows) and rows[index].state is RowState.MISSING

    def jumpTo(self, index: int) -> bool:
        """Move the slice views to a scribble of this label that is not satisfied; whether there is one."""
        place = self.session.centerOf(index)
        for view in self.sliceViews() if place is not None else ():
            view.JumpSliceByCentering(*place)
        return place is not None

    def editorNode(self) -> slicer.vtkMRMLSegmentEditorNode:
        """Node of the embedded Segment Editor, hidden and not saved; painting a label takes it from others."""
        node = self._scene.GetSingletonNode(REQUESTER, _EDITOR)
        if node is None:
            node = slicer.vtkMRMLSegmentEditorNode()
            node.SetSingletonTag(REQUESTER)
            node.SetHideFromEditors(True)
            node.SetSaveWithScene(False)
            node.SetAttribute("BrushRelativeDiameter", BRUSH)
            node = self._scene.AddNode(node)
        node.SetOverwriteMode(node.OverwriteAllSegments)
        node.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedEverywhere)
        return node

    def sliceViews(self) -> list[slicer.vtkMRMLSliceNode]:
        """Nodes of all slice views."""
        return self._nodes("vtkMRMLSliceNode")

    def forget(self) -> None:
        """Let go of every node, before the scene drops them."""
        self._followed = None
        self.session.closeScene()

    def close(self) -> None:
        """End the worker and leave the scene clean."""
        self._followed = None
        self.session.close()
        self.queue.close()

    def _setUp(self, settings: Settings, onDone: Callable[[Any], None], onError: Callable) -> bool:
        session, made = self.session, settings.segmentation is None
        try:
            session.setUp(settings.inputVolume, settings.segmentation, settings.network, onDone, onError)
        except ValueError as error:
            onError(error)
            return False
        self._followed = (settings.inputVolume, session.segmentationNode, settings.network)
        if made:
            settings.segmentation = session.segmentationNode
        return True

    def _whenSetUp(
        self, settings: Settings, run: Callable[[], None], onError: Callable[[Exception], None]
    ) -> None:
        """Run now, or set up first; what is wrong is then told to `onError`.

        :raises ValueError: as `run` does, if it runs now.
        """

        def runLater(card: Any) -> None:
            try:
                run()
            except ValueError as error:
                onError(error)

        if self._isFollowed(settings) and self.session.isSetUp:
            run()
        else:
            self._setUp(settings, runLater, onError)

    def _isFollowed(self, settings: Settings) -> bool:
        """Whether it is set up, or being set up, for these settings."""
        return self._followed == (settings.inputVolume, settings.segmentation, settings.network)

    def _stateOfInputs(self, settings: Settings) -> State:
        return stateOfInputs(
            bool(self._missing), settings.inputVolume, settings.segmentation, settings.network
        )
