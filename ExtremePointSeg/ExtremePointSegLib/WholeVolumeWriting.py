"""What a run over a volume is asked for, and its slices written into the segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer

from CueSegMRML import Grids, SliceRecords
from CueSegMRML.Segments import SegmentEditing
from CueSegMRML.SliceRecords import CLICKED, SliceRecord
from CueSegMRML.VolumeVoxels import VolumeEdit, writeVolume
from ExtremePointSegLib.History import History
from ExtremePointSegLib.WholeVolumeSlices import GIVEN, SegmentSlices, slicesOf, stampOf

if TYPE_CHECKING:
    from cueseg.volumes import Propagation, SliceResult, VolumeResult
    from cueseg.volumes.between import Filling


@dataclass(frozen=True)
class VolumeRequest:
    """What the panel's settings ask for; `overwriteMode` is one of `vtkMRMLSegmentEditorNode`.

    :param weights: name and SHA-256 of the model's weights.
    :param useNetwork: whether filled slices are given to the network.
    :param fill: how to fill between slices; None: the way of `cueseg.volumes`.
    """

    volumeNode: slicer.vtkMRMLScalarVolumeNode
    segmentationNode: slicer.vtkMRMLSegmentationNode
    segmentId: str
    modality: str = "ct"
    model: str = "default"
    threshold: float | None = None
    overwriteMode: int = slicer.vtkMRMLSegmentEditorNode.OverwriteNone
    weights: tuple[str, str] = ("", "")
    useNetwork: bool = True
    fill: Filling | None = None

    @property
    def nodes(self) -> tuple[slicer.vtkMRMLSegmentationNode, str, slicer.vtkMRMLScalarVolumeNode]:
        """What is looked at, as `slicesOf` takes it."""
        return self.segmentationNode, self.segmentId, self.volumeNode


@dataclass(frozen=True)
class VolumeOutcome:
    """What one run did.

    :param nodes: segmentation, segment and volume.
    :param slices: the segment before.
    :param written: slice -> its new kind.
    :param edit: None if no slice was written.
    :param result: a `VolumeResult`, a `Propagation`, or the `SliceResult` of a slice whose points were moved.
    """

    nodes: tuple[slicer.vtkMRMLSegmentationNode, str, slicer.vtkMRMLScalarVolumeNode]
    slices: SegmentSlices
    written: dict[int, str]
    edit: VolumeEdit | None
    result: VolumeResult | Propagation | SliceResult

    @property
    def kept(self) -> list[int]:
        """Slices painted or changed by hand that the others were made from; none where slices were carried on."""
        isFilled = any(kind in ("derived", "filled") for kind in self.written.values())
        return self.slices.of(GIVEN) if isFilled else []


def writeSlices(
    editing: SegmentEditing,
    history: History,
    request: VolumeRequest,
    slices: SegmentSlices,
    made: Mapping[int, SliceResult],
    result: Any,
    text: str,
) -> VolumeOutcome:
    """Make the segment, on these slices, what was found; the rest stays as it is. One step of the history.

    :param made: slice -> what was found there.
    :param result: what it is a part of.
    :param text: what the step is called.
    :raises ValueError: see `writeVolume`.
    """
    mask, part = (np.zeros(slices.masks.shape, bool) for _ in range(2))
    window = _windowOf(slices, made)
    for index, item in made.items():
        mask[index][window], part[index][window] = item.mask[window], True
    if slices.protected is not None:
        part &= ~slices.protected
    written = {index: item.kind for index, item in made.items()}
    if not part.any():
        return VolumeOutcome(request.nodes, slices, written, None, result)
    stack, (segmentationNode, segmentId, volumeNode) = slices.stack, request.nodes
    # Moving the points of one slice again and again is one step.
    key = (text, stack.axis, *written, segmentationNode.GetID(), segmentId, volumeNode.GetID())
    key = key if CLICKED in written.values() else None
    with history.step(text, segmentationNode, [segmentId], volumeNode, key=key):
        editing.followSegmentEditor(segmentationNode, volumeNode)
        editing.node.SetOverwriteMode(request.overwriteMode)
        edit = writeVolume(editing, *request.nodes, stack.voxels(mask), stack.voxels(part))
        records = [_recordOf(request, slices, item) for item in made.values()]
        SliceRecords.noteAll(*request.nodes, records)
    return VolumeOutcome(request.nodes, slices, written, edit, result)


def _windowOf(slices: SegmentSlices, made: Mapping[int, SliceResult]) -> tuple[slice, slice]:
    """Rows and columns outside of which these slices neither hold nor get anything."""
    touched = np.zeros(slices.masks.shape[1:], bool)
    for index, item in made.items():
        touched |= item.mask | slices.masks[index]
    box = Grids.boundingBox(touched[None])
    if box is None:
        return slice(0), slice(0)
    # One more: a finer segmentation may hold voxels between the centres of those of the volume.
    return tuple(slice(max(0, part.start - 1), part.stop + 1) for part in box[1:])


def _recordOf(request: VolumeRequest, slices: SegmentSlices, item: SliceResult) -> SliceRecord:
    """Where a slice comes from; a shape that the network's mask did not replace comes from no points."""
    place = slices.stack.axis, item.index
    if item.kind == "filled" or item.points is None:
        return SliceRecord(*place, (), ("", ""), "filled")
    points = tuple(map(tuple, slices.stack.voxelPoints(item.points).tolist()))
    return SliceRecord(*place, points, request.weights, item.kind)


def checkUnchanged(request: VolumeRequest, slices: SegmentSlices, stamp: tuple) -> None:
    """Raise a ValueError if the result is not about the segment as it is now."""
    found = request.segmentationNode.GetSegmentation().GetSegment(request.segmentId)
    if found is not None and stampOf(*request.nodes) == stamp:
        return
    if found is not None:  # another segment of the same labelmap may have changed
        now = slicesOf(*request.nodes, axis=slices.stack.axis)
        same = now.kinds == slices.kinds and np.array_equal(now.masks, slices.masks)
        if same and np.array_equal(now.stack.ijkFromImage, slices.stack.ijkFromImage):
            return
    raise ValueError("the segment was changed meanwhile, so nothing was written: press the button again")
