"""What is done in a panel, kept line by line in a text node of the scene, if the user wants that.

The lines are those of `cueseg.sessions`; they name neither patients nor files, segments or users.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer

from cueseg.whole_files import write_whole
from CueSegMRML import SegmentMasks, Volumes
from CueSegMRML.Slices import SlicePlane

if TYPE_CHECKING:
    from cueseg.sessions.identity import VolumeIdentity
    from cueseg.sessions.planes import StackView
    from cueseg.sessions.recorder import SessionRecorder

NODE_NAME = "Session record"
REFERENCE = "CueSeg.SessionRecord"  # node reference of the segmentation

Nodes = tuple[slicer.vtkMRMLScalarVolumeNode, slicer.vtkMRMLSegmentationNode]


class SessionRecords:
    """Records of one panel; nothing at all happens until `isOn` is set.

    A record is about one volume, one segmentation and one set of weights. Anything else begins a new one, in a text
    node of its own, with what the segments hold then.
    """

    def __init__(self, scene: slicer.vtkMRMLScene, kind: str) -> None:
        """:param kind: what the weights are for, "points" or "network"."""
        self._scene, self._kind = scene, kind
        self._isOn = False
        self.forget()

    @property
    def isOn(self) -> bool:
        """Whether what is done is written down."""
        return self._isOn

    @isOn.setter
    def isOn(self, wanted: bool) -> None:
        if wanted != self._isOn:
            self.forget()  # what happens meanwhile is not known: the next action begins a new record
            self._isOn = wanted

    @property
    def node(self) -> slicer.vtkMRMLTextNode | None:
        """The text node of the newest record, while it is in the scene."""
        node = self._node
        return node if node is not None and node.GetScene() is not None else None

    @property
    def actions(self) -> int:
        """How many actions the newest record has."""
        return len(self._recorder.record.actions) if self._recorder is not None else 0

    def follow(self, nodes: Nodes, segmentIds: Iterable[str], weights: tuple[str, str], device: str) -> None:
        """Before something is written: take in what the segments hold; those that a brush changed are kept.

        :param nodes: volume and segmentation.
        :param segmentIds: those that may change.
        :param weights: name and SHA-256 of the network's weights.
        :param device: "cpu", "cuda", ...
        """
        if self._isOn:
            self._recorderFor(nodes, weights, device).follow(
                self._masks(nodes, segmentIds), "edited" if self.actions else "start"
            )

    def note(
        self,
        kind: str,
        nodes: Nodes,
        segmentIds: Iterable[str],
        *,
        made: Any = None,
        user: float = 0.0,
        machine: float = 0.0,
        clicks: int = 0,
        painted: int = 0,
        **fields: Any,
    ) -> None:
        """After something was written: write it down. Needs `follow` before, else it is not known what it was done to.

        The kinds and their fields (docs/sessions.md); segments are given by ID in `segment` and `overwritten`, and
        as class number -> ID in `classes`:

        - "given": why, in one word; the segments are taken as they are.
        - "slice": segment, keep, overwritten, plane (see `planeFields`), points (4, 2), modality,
          spacing (row, col), range (black, white) or None, threshold; `made` is slice index -> mask on that plane.
        - "volume": segment, keep, overwritten, view (`StackView.to_json`), clicked {slice: (n, 4, 2) points},
          given {slice: runs of its mask}, modality, spacing (slice, row, col), options (of `VolumeOptions`), written
          [slices]; `made` is slice -> mask in that view.
        - "propagated": as "volume", with start, mask (runs), direction and until instead of clicked and given, and
          options of `PropagationOptions`.
        - "predicted": classes, modality, locked [class numbers], half_cache; `made` is the labels (K, J, I).
        - "refined": as "predicted", with scribbles {class: runs}, scope (runs or None) and options.
        - Both, if the network was run on a part of the volume: part [[first, after the last] along K, J, I] and
          scope; all runs, and `made`, are then of the part.
        - "undo", "redo": no fields; `made` None.

        :param segmentIds: all that may have changed.
        :param user: seconds of the user; `machine`: of computing.
        """
        recorder = self._recorder
        if not self._isOn or recorder is None or self._nodes != tuple(nodes):
            return
        masks = self._masks(nodes, segmentIds)
        for name in ("segment", "overwritten", "classes"):
            if name in fields:
                fields[name] = self._inNumbers(fields[name])
        counts = {"user": user, "machine": machine, "clicks": clicks, "painted": painted}
        recorder.note(kind, masks, masks if kind == "given" else made, **counts, **fields)

    def noteHistory(
        self, kind: str, segmentationNode: slicer.vtkMRMLSegmentationNode, user: float = 0.0
    ) -> None:
        """After "undo" or "redo": write down which state the segments of the record are in now."""
        if self._isOn and self._nodes is not None and self._nodes[1] is segmentationNode:
            self.note(kind, self._nodes, list(self._numbers), user=user)

    def save(self, path: str | Path) -> None:
        """Write the newest record as a .jsonl file, whole or not at all.

        :raises ValueError: there is none yet.
        :raises OSError: it cannot be written.
        """
        if self.node is None:
            raise ValueError("nothing was recorded yet: tick 'Record this session', then segment")
        write_whole(Path(path), self.node.GetText().encode())

    def forget(self) -> None:
        """Let go of the record, e.g. before the scene closes; its node stays in the scene."""
        self._recorder: SessionRecorder | None = None
        self._node: slicer.vtkMRMLTextNode | None = None
        self._nodes: Nodes | None = None
        self._numbers: dict[str, str] = {}
        self._key: tuple | None = None

    def _recorderFor(self, nodes: Nodes, weights: tuple[str, str], device: str) -> SessionRecorder:
        volumeNode, segmentationNode = nodes
        key = (_ids(nodes), Volumes.dataStamp(volumeNode), weights, device)
        if self._recorder is None or key != self._key or self.node is None:
            from cueseg.sessions.identity import WeightsIdentity, header_for
            from cueseg.sessions.recorder import SessionRecorder

            self.forget()
            header = header_for(identityOf(volumeNode), WeightsIdentity(*weights, self._kind), device)
            self._node = self._scene.AddNewNodeByClass("vtkMRMLTextNode", NODE_NAME)
            self._node.SetText(f"{header.to_line()}\n")
            segmentationNode.SetNodeReferenceID(REFERENCE, self._node.GetID())
            self._recorder = SessionRecorder(header, self._append)
            self._nodes, self._key = tuple(nodes), key
        return self._recorder

    def _append(self, action: dict[str, Any]) -> None:
        from cueseg.sessions.record import line_of

        node = self.node
        if node is not None:  # the user may have deleted it: then nothing is kept
            node.SetText(f"{node.GetText()}{line_of(action)}\n")

    def _masks(self, nodes: Nodes, segmentIds: Iterable[str]) -> dict[str, np.ndarray]:
        """Number of a segment -> bool (K, J, I); a segment that is gone is empty."""
        volumeNode, segmentationNode = nodes
        return {
            self._inNumbers(segmentId): SegmentMasks.maskOnVolume(segmentationNode, segmentId, volumeNode)
            for segmentId in segmentIds
        }

    def _inNumbers(self, value: Any) -> Any:
        """IDs of segments as numbers, which tell nothing."""
        if isinstance(value, str):
            return self._numbers.setdefault(value, str(len(self._numbers) + 1))
        if isinstance(value, dict):
            return {str(key): self._inNumbers(item) for key, item in value.items()}
        return [self._inNumbers(item) for item in value]


def identityOf(volumeNode: slicer.vtkMRMLVolumeNode) -> VolumeIdentity:
    """What tells the volume from all others, without its name; its transforms do not count."""
    from cueseg.sessions.identity import identity_of

    spacing = tuple(float(step) for step in reversed(volumeNode.GetSpacing()))
    return identity_of(Volumes.voxels(volumeNode), Volumes.localFromIJK(volumeNode), spacing)


def viewOf(volumeNode: slicer.vtkMRMLVolumeNode, plane: SlicePlane) -> StackView | None:
    """How the image of a plane lies in the volume's array; None for an oblique one."""
    from cueseg.sessions.planes import StackView

    if plane.axis is None:
        return None
    ijkFromImage = np.linalg.inv(Volumes.worldFromIJK(volumeNode)) @ plane.worldFromImage
    column, row = (int(np.argmax(np.abs(ijkFromImage[:3, side]))) for side in (0, 1))
    return StackView(
        axis=2 - plane.axis,
        transposed=row < column,
        flip_rows=bool(ijkFromImage[row, 1] < 0),
        flip_cols=bool(ijkFromImage[column, 0] < 0),
    )


def segmentsOverwritten(
    segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str, overwriteMode: int
) -> Sequence[str]:
    """IDs of the other segments that a write may take voxels from; the mode is `vtkMRMLSegmentEditorNode`'s."""
    editor, display = slicer.vtkMRMLSegmentEditorNode, segmentationNode.GetDisplayNode()
    if overwriteMode == editor.OverwriteNone:
        return []
    others = [name for name in segmentationNode.GetSegmentation().GetSegmentIDs() if name != segmentId]
    if overwriteMode == editor.OverwriteAllSegments or display is None:
        return others
    return [name for name in others if display.GetSegmentVisibility(name)]


def _ids(nodes: Nodes) -> tuple[str, str]:
    return nodes[0].GetID(), nodes[1].GetID()
