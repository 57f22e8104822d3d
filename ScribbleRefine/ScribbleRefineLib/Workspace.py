"""What belongs to one volume, one result segmentation and one network: labels, scribbles, history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer

from CueSegMRML import Grids, SegmentMasks, Volumes
from ScribbleRefineLib.History import History, Mark, Snapshot
from ScribbleRefineLib.Jobs import ImageInput
from ScribbleRefineLib.LabelTable import LabelRow, LabelTable
from ScribbleRefineLib.Networks import Backend
from ScribbleRefineLib.Parts import Part, Strokes
from ScribbleRefineLib.Results import addResultSegment
from ScribbleRefineLib.ScribbleNodes import ScribbleNodes

NEW, SKIP = "new", "skip"
_MOST_VOXELS = 2**28  # 512 x 512 x 1024


@dataclass(frozen=True)
class Match:
    """A segment and the class that has its name, None when none has."""

    segmentId: str
    name: str
    classIndex: int | None


class Workspace:
    """Nodes and what is kept about them."""

    def __init__(
        self,
        scene: slicer.vtkMRMLScene,
        backend: Backend,
        volumeNode: slicer.vtkMRMLVolumeNode,
        segmentationNode: slicer.vtkMRMLSegmentationNode | None,
        network: str,
    ) -> None:
        """Check the nodes; make a result segmentation if there is none.

        :raises ValueError: a node that cannot be used.
        """
        checkVolume(volumeNode)
        if segmentationNode is None:
            segmentationNode = scene.AddNewNodeByClass(
                "vtkMRMLSegmentationNode", f"{volumeNode.GetName()} segmentation"
            )
            segmentationNode.CreateDefaultDisplayNodes()
            segmentationNode.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
        SegmentMasks.checkLabelmaps(segmentationNode)
        SegmentMasks.ensureGeometry(segmentationNode, volumeNode)
        self.volumeNode, self.segmentationNode, self.network = volumeNode, segmentationNode, network
        self.labels, self.card = LabelTable(), None
        self._backend = backend
        self.scribbles = ScribbleNodes(scene, volumeNode, segmentationNode)
        self.history = History(segmentationNode, self.labels, self.scribbles)
        self._image: ImageInput | None = None
        self._marks = 0
        self._painted: tuple[tuple, Strokes, list[str]] | None = None
        self.markRound()

    @property
    def isAlive(self) -> bool:
        """Whether volume and result are still in the scene."""
        return all(node.GetScene() is not None for node in (self.volumeNode, self.segmentationNode))

    @property
    def nodes(self) -> tuple[slicer.vtkMRMLVolumeNode, slicer.vtkMRMLSegmentationNode]:
        """Volume and result."""
        return self.volumeNode, self.segmentationNode

    @property
    def hasClasses(self) -> bool:
        """Whether the label table is there."""
        return bool(self.labels.rows)

    def useCard(self, card: Any) -> None:
        """Make the label table, unless it is there; what was kept with the scene for this network is used."""
        self.card = card
        if self.hasClasses:
            return
        self.labels = LabelTable(card.classes)
        kept = self.scribbles.keptTable(self.network)
        if kept and not self.labels.restore(kept):
            self.labels = LabelTable(card.classes)
        self.scribbles.adopt(self.labels, self.network)
        self.history = History(self.segmentationNode, self.labels, self.scribbles)
        self.follow()
        self.labels.onChange = lambda: self.scribbles.keep(self.labels, self.network)
        self.markRound()

    def follow(self) -> None:
        """Take in what was changed elsewhere: colours, segments and nodes that were removed, transforms."""
        if (
            self.isAlive and self.hasClasses
        ):  # before that the table is empty, and what the scene kept is better
            self.labels.follow(self.segmentationNode)
            self.scribbles.follow(self.labels, self.network)

    def matches(self) -> list[Match]:
        """Segments of the result against the names of the labels."""
        segmentation = self.segmentationNode.GetSegmentation()
        found = []
        for segmentId in segmentation.GetSegmentIDs():
            name = segmentation.GetSegment(segmentId).GetName()
            row = self.labels.rowNamed(name)
            found.append(Match(segmentId, name, row.index if row is not None and row.index else None))
        return found

    def adopt(self, choices: dict[str, int | str], unmatched: str) -> list[str]:
        """Map segments that are there to labels; see `Session.startFromSegmentation`."""
        if unmatched not in (NEW, SKIP):
            raise ValueError(f"unmatched is {unmatched!r}: use {NEW!r} or {SKIP!r}")
        notes, mapping, planned = [], {}, []
        for match in self.matches():
            choice = choices.get(match.segmentId, unmatched if match.classIndex is None else match.classIndex)
            if choice == SKIP or (choice == NEW and not self.labels.canHold(match.name)):
                notes.append(f"'{match.name}' is no label of the network and stays as it is")
            elif choice == NEW:
                planned.append(match)
            elif mapping.setdefault(self._target(choice), match.segmentId) != match.segmentId:
                notes.append(f"'{match.name}' is left out: another segment stands for the same label")
        for match in planned:
            row = self.labels.rowNamed(match.name) or self.labels.append(match.name)
            if mapping.setdefault(row.index, match.segmentId) != match.segmentId:
                notes.append(f"'{match.name}' is left out: another segment stands for the same label")
        self.labels.setMapping(mapping)
        self.follow()
        return notes

    def addOrgan(self, name: str, reuse: int | None) -> LabelRow:
        """A new label with a segment of its own; see `Session.newOrgan`."""
        if reuse is None:
            row = self.labels.append(name)
        else:
            row = self.labels.row(self._target(reuse))
            self.labels.rename(reuse, name)
            row.resultSegmentId = ""
        addResultSegment(self.labels, row.index, self.segmentationNode)
        self.follow()
        return row

    def extendBy(self, weights: Any) -> None:
        """Make rows for labels that adapted weights know and the table does not."""
        for name in getattr(weights, "classes", ())[len(self.labels.rows) :]:
            self.labels.append(name)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Mm along K, J, I."""
        return tuple(float(step) for step in reversed(self.volumeNode.GetSpacing()))

    def image(self, part: Part | None = None) -> ImageInput:
        """A copy of the voxels, which stays valid while the volume changes; one copy as long as it does not."""
        checkVolume(self.volumeNode)
        key = (Volumes.dataStamp(self.volumeNode), self.spacing, part)
        if self._image is None or self._image.key != key:
            self._image = None  # its memory first
            voxels = Volumes.voxels(self.volumeNode)
            self._image = ImageInput((voxels if part is None else voxels[part.box]).copy(), self.spacing, key)
        return self._image

    def partAround(self, box: Grids.Box) -> Part:
        """The part of the volume that the network must see for what it says in a box of it."""
        shape = Volumes.voxels(self.volumeNode).shape[:3]
        return Part(*self._backend.partAround(self.card, shape, self.spacing, box), shape)

    def painted(self) -> tuple[np.ndarray, list[str]]:
        """All scribbles as int16 (K, J, I), and what there is to say about contradictions."""
        strokes, notes = self.strokes()
        return strokes.within(), notes

    def strokes(self) -> tuple[Strokes, list[str]]:
        """As `painted`, but only what is scribbled."""
        key = (self.scribbles.stamp(), len(self.labels.rows), self.volumeNode.GetImageData().GetDimensions())
        if self._painted is None or self._painted[0] != key:
            strokes, notes = self.scribbles.strokes(self.labels, self._backend.resolveContradictions)
            self._painted = (key, strokes, [self._inWords(note) for note in notes])
        return self._painted[1], list(self._painted[2])

    def newStrokes(self) -> Strokes:
        """As `strokes`, without what was there in the last round."""
        return self.strokes()[0].without(self._last.painted)

    @property
    def hasNewScribbles(self) -> bool:
        """Whether anything was painted or erased since the last round."""
        return self.scribbles.stamp() != self._last.stamp

    def mark(self) -> Mark:
        """The strokes as they are."""
        painted = self.strokes()[0] if self.hasClasses else None
        return Mark(self._marks, self.scribbles.stamp(), self.scribbles.states(), painted)

    def markRound(self, begun: Mark | None = None) -> None:
        """From now on strokes belong to the next round, and so do those since the `mark` at which this one began."""
        self._last = begun if begun is not None and begun.number == self._marks else self.mark()
        self._marks += 1

    def snapshot(self, segments: dict, scribbles: str) -> Snapshot:
        """How things are; to be taken before a step, except for the segments.

        :param segments: states of the segments before the step.
        :param scribbles: "kept": the step leaves them alone; "present"; "last": as after the last round.
        """
        states = {"kept": None, "present": self.scribbles.states(), "last": self._last.states}[scribbles]
        return Snapshot(segments, self.labels.mapping(), states, self.history.weights, self.history.box)

    def freeImage(self) -> None:
        """Drop the copy of the voxels."""
        self._image = None

    def _target(self, choice: int | str) -> int:
        if not isinstance(choice, int) or not 0 < choice < len(self.labels.rows):
            raise ValueError(f"{choice!r} is no label: choose one from 1 to {len(self.labels.rows) - 1}")
        return choice

    def _inWords(self, note: str) -> str:
        """Names in place of class numbers."""
        words = note.split("class ")
        for number, word in enumerate(words[1:], 1):
            digits = word[: len(word) - len(word.lstrip("0123456789"))]
            if digits and int(digits) < len(self.labels.rows):
                words[number] = f"'{self.labels.rows[int(digits)].name}'{word[len(digits) :]}"
            else:
                words[number] = f"class {word}"
        return "".join(words)


def checkVolume(volumeNode: slicer.vtkMRMLVolumeNode) -> None:
    """Refuse a volume that cannot be used.

    :raises ValueError: none, empty, too large, or in a non-linear transform.
    """
    if volumeNode is None or volumeNode.GetScene() is None:
        raise ValueError("no volume is chosen, or it was removed: choose one")
    shape = Volumes.voxels(volumeNode).shape[:3]
    if np.prod(shape, dtype=np.int64) > _MOST_VOXELS:
        raise ValueError(
            f"the volume '{volumeNode.GetName()}' has {' x '.join(map(str, shape))} voxels, more than fit into "
            "memory with the network's output: cut out what is needed with the Crop Volume module"
        )
    Volumes.worldFromLocal(volumeNode)
