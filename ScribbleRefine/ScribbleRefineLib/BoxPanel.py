"""What the panel does for one object in a box."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer

from CueSegMRML import Boxes
from ScribbleRefineLib import ObjectBox
from ScribbleRefineLib.LabelTable import OBJECT
from ScribbleRefineLib.Readiness import State
from ScribbleRefineLib.Session import Session
from ScribbleRefineLib.Settings import Settings, boxSettings, refineSettings, scopeOf

_FILL = 0.1  # opacity of a box that is drawn here: the result stays visible


class BoxPanel:
    """Part of `Panel`, which has the scene, the session and the set-up."""

    session: Session
    _scene: slicer.vtkMRMLScene

    def obstacleOf(self, state: State) -> str:
        """Why the network cannot do what is wanted, and what to do; empty if it can."""
        classes = self.session.card.classes if self.session.card is not None else ()
        return ObjectBox.problemOf(classes) if state is State.NEEDS_TWO_CLASSES else self.session.refinable

    def drawBox(self, settings: Settings, onError: Callable[[Exception], None]) -> None:
        """Choose a new box that is still to be placed, and begin with the next object.

        :raises ValueError: a run is under way.
        """
        if self.session.isSetUp:
            self.session.nextObject()
        before = settings.box
        if before is None or Boxes.isPlaced(before):
            if before is not None:
                before.SetDisplayVisibility(False)
            box = self._scene.AddNewNodeByClass(
                "vtkMRMLMarkupsROINode", self._scene.GenerateUniqueName("Box")
            )
            box.CreateDefaultDisplayNodes()
            box.GetDisplayNode().SetFillOpacity(_FILL)
            settings.box = box
        if self._stateOfInputs(settings) is State.NO_SEGMENTATION:  # scribbles need one
            self._setUp(settings, lambda card: None, onError)

    def segmentBox(self, settings: Settings, calls: Any, tunes: bool) -> list[str]:
        """Write the object in the box to its segment; makes a segmentation if there is none.

        :param tunes: whether the network is tuned to the image first.
        :raises ValueError: it cannot begin, in words for the user.
        """

        def run() -> None:
            options, scope = boxSettings(settings), scopeOf(settings)
            self.session.segmentBox(
                refineSettings(settings), options, settings.box, *calls, scope, tunes=tunes
            )

        self._whenSetUp(settings, run, calls.onError)
        return []

    def targets(self) -> list[tuple[str, str]]:
        """ID and name of the segments that the object can be written to."""
        node = self.session.segmentationNode
        segmentation = node.GetSegmentation() if node is not None else None
        ids = segmentation.GetSegmentIDs() if segmentation is not None else ()
        return [(segmentId, segmentation.GetSegment(segmentId).GetName()) for segmentId in ids]

    def targetIndex(self) -> int:
        """Place of the object's segment in `targets`, -1 for a new one."""
        rows = self.session.labels.rows
        chosen = rows[OBJECT].resultSegmentId if len(rows) > OBJECT else ""
        return next((n for n, (segmentId, _) in enumerate(self.targets()) if segmentId == chosen), -1)

    def chooseTarget(self, index: int) -> None:
        """Write the object to this one of `targets`, -1: to a new segment."""
        self.session.chooseTarget(self.targets()[index][0] if index >= 0 else "")

    def _stateOfBox(self, settings: Settings, state: State) -> State:
        """What is in the way of segmenting the box, given what is in the way of a round."""
        waits = state in (State.NO_SEGMENTATION, State.NOT_SET_UP)  # both are seen to with the box
        if not waits and self.session.card is not None and ObjectBox.problemOf(self.session.card.classes):
            return State.NEEDS_TWO_CLASSES
        return State.BOX_READY if Boxes.isPlaced(settings.box) else State.NO_BOX
