"""Labels out of the result segmentation, and new ones into it; what came out in numbers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import slicer

from CueSegMRML import Grids, Lattices, SegmentMasks, SegmentStates, Volumes
from CueSegMRML.SegmentStates import SegmentState
from CueSegMRML.Slices import transformed
from ScribbleRefineLib.LabelTable import BACKGROUND, LabelTable
from ScribbleRefineLib.Parts import Part, Voxel

_DIGITS = 6  # of the ratio of two voxel sizes: equal ones are equal


@dataclass(frozen=True)
class RunResult:
    """What a run did, in words and numbers.

    :param kind: "initial", "refine", "apply", "box" or "tune".
    :param unsatisfied: label -> (N, 3) world RAS of scribbled voxels that kept another label.
    :param stoppedBy: "satisfied", "iterations", "stalled", "user", or "" for a prediction; of one object, see
        `cueseg.bifseg.BifsegResult`.
    :param changedByLabel: label -> voxels of the volume that it gained and lost.
    :param millilitres: label -> volume before and after.
    """

    kind: str
    round: int
    satisfied: bool
    unsatisfied: dict[int, np.ndarray]
    iterations: int
    stoppedBy: str
    seconds: dict[str, float]
    machineSeconds: float
    userSeconds: float
    changedVoxels: int
    changedByLabel: dict[int, tuple[int, int]]
    millilitres: dict[int, tuple[float, float]]
    grownVoxels: int
    notes: list[str]


@dataclass
class Writing:
    """What was written: the states before of the segments that changed, and where labels changed.

    :param change: int8 (K, J, I) of the part or the volume: 0 as before, 1 lost, 2 gained, 3 another label.
    """

    before: dict[str, SegmentState | None] = field(default_factory=dict)
    change: np.ndarray | None = None
    voxelsOutside: int = 0


def labelsOf(
    labels: LabelTable,
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    volumeNode: slicer.vtkMRMLVolumeNode,
    part: Part | None = None,
) -> tuple[np.ndarray, list[str]]:
    """Int16 (K, J, I) class numbers on the volume's grid, 0 where no segment of the table is.

    :param part: of the volume; None: all of it.
    :return: the array, and a note if segments of the table overlap (the later row counts).
    """
    array = np.zeros(Volumes.voxels(volumeNode).shape[:3] if part is None else part.shape, np.int16)
    box, overlaps = None if part is None else part.box, 0
    for row in labels.foreground():
        if row.resultSegmentId:
            mask = SegmentMasks.maskOnVolume(segmentationNode, row.resultSegmentId, volumeNode, box)
            overlaps += int((array[mask] != BACKGROUND).sum())
            array[mask] = row.index
    notes = (
        [f"segments overlap in {overlaps} voxels: there the label further down counts"] if overlaps else []
    )
    return array, notes


def writeLabels(
    labels: LabelTable,
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    volumeNode: slicer.vtkMRMLVolumeNode,
    new: np.ndarray,
    base: np.ndarray,
    only: int | None = None,
    part: Part | None = None,
) -> Writing:
    """Bring the segments of the table from `base` to `new` (both int16 (K, J, I) on the volume's grid).

    Only voxels whose label differs are looked at, and only segments that differ there are written. Segments
    that are not in the table, and voxels of locked labels, stay as they are. A label without a segment gets
    one when it needs it.

    :param only: class number of the one label that is written.
    :param part: of the volume, that both arrays are about; None: all of it.
    :raises ValueError: the segmentation cannot be written to, or the labels have another shape.
    """
    if new.shape != base.shape:
        raise ValueError(f"the result has shape {new.shape}, the volume {base.shape}: run it again")
    SegmentMasks.checkLabelmaps(segmentationNode)
    changed = new != base
    locked = [row.index for row in labels.rows if row.locked]
    if locked:
        changed &= ~np.isin(new, locked) & ~np.isin(base, locked)
    writing = Writing(change=_changeMap(changed, new, base))
    box = Grids.boundingBox(changed)
    if box is None:
        return writing
    changed, new = changed[box], new[box]
    box = box if part is None else part.outer(box)
    nodes = (segmentationNode, volumeNode)
    with slicer.util.NodeModify(segmentationNode):
        for row in labels.foreground():
            if not row.locked and only in (None, row.index):
                _writeRow(labels, row.index, nodes, changed, new == row.index, box, writing)
    gained = changed & (new != BACKGROUND)
    writing.voxelsOutside = SegmentMasks.voxelsOutside(*nodes, gained, box)
    return writing


def changedByLabel(
    labels: LabelTable, writing: Writing, new: np.ndarray, base: np.ndarray
) -> dict[int, tuple[int, int]]:
    """Label -> (gained, lost) voxels of the volume, for labels that changed."""
    where = writing.change != 0
    gained = np.bincount(new[where], minlength=len(labels.rows))
    lost = np.bincount(base[where], minlength=len(labels.rows))
    found = {row.index: (int(gained[row.index]), int(lost[row.index])) for row in labels.rows}
    return {index: counts for index, counts in found.items() if any(counts)}


def voxelsOf(
    labels: LabelTable,
    nodes: tuple[slicer.vtkMRMLVolumeNode, slicer.vtkMRMLSegmentationNode],
    base: np.ndarray,
    part: Part | None,
) -> dict[int, float]:
    """Label -> voxels of the volume that it has in all.

    :param base: the labels; of a part they do not tell, and the segments' own voxels are counted.
    """
    if part is None:
        return {row.index: int(np.count_nonzero(base == row.index)) for row in labels.foreground()}
    volumeNode, segmentationNode = nodes
    found, segmentation = {}, segmentationNode.GetSegmentation()
    for row in labels.foreground():
        segment = segmentation.GetSegment(row.resultSegmentId) if row.resultSegmentId else None
        labelmap = SegmentMasks.labelmapIn(segment)
        if labelmap is not None:
            toVolume = Lattices.volumeFromLattice(segmentationNode, volumeNode, labelmap)
            size = abs(np.linalg.det(toVolume[:3, :3]))
            found[row.index] = SegmentMasks.voxelCount(segment) * round(float(size), _DIGITS)
    return found


def millilitres(
    labels: LabelTable, changes: dict[int, tuple[int, int]], before: dict[int, float], voxel: float
) -> dict[int, tuple[float, float]]:
    """Label -> volume before and after, for labels that are there at all.

    :param changes: what `changedByLabel` found.
    :param before: what `voxelsOf` found, before the labels were written.
    :param voxel: millilitres of one voxel.
    """
    found = {}
    for row in labels.foreground():
        gained, lost = changes.get(row.index, (0, 0))
        count = before.get(row.index, 0)
        if count or gained:
            found[row.index] = (count * voxel, (count + gained - lost) * voxel)
    return found


def worldOf(
    volumeNode: slicer.vtkMRMLVolumeNode, indices: dict[int, np.ndarray], first: Voxel = (0, 0, 0)
) -> dict[int, np.ndarray]:
    """Label -> (N, 3) world RAS of array indices (k, j, i), for labels that have any.

    :param first: (k, j, i) of the volume's voxel that the array begins with.
    """
    matrix = Volumes.worldFromIJK(volumeNode) @ Grids.shift(first[::-1])
    return {
        label: transformed(matrix, np.asarray(kji)[:, ::-1]) for label, kji in indices.items() if len(kji)
    }


def voxelMillilitres(volumeNode: slicer.vtkMRMLVolumeNode) -> float:
    """Size of a voxel, in the world."""
    return float(abs(np.linalg.det(Volumes.worldFromIJK(volumeNode)[:3, :3]))) / 1000


def addResultSegment(labels: LabelTable, index: int, segmentationNode: slicer.vtkMRMLSegmentationNode) -> str:
    """Give a label without a segment an empty one; returns its ID."""
    row = labels.row(index)
    if not row.resultSegmentId:
        segmentation = segmentationNode.GetSegmentation()
        wanted = segmentation.GenerateUniqueSegmentID(row.name)
        name = _unusedName(segmentation, row.name)
        row.resultSegmentId = segmentation.AddEmptySegment(wanted, name, row.color)
        labels.touch()
    return row.resultSegmentId


def _unusedName(segmentation: slicer.vtkSegmentation, name: str) -> str:
    numbered = (name if number == 1 else f"{name} {number}" for number in itertools.count(1))
    return next(text for text in numbered if not segmentation.GetSegmentIdBySegmentName(text))


def _writeRow(
    labels: LabelTable,
    index: int,
    nodes: tuple[slicer.vtkMRMLSegmentationNode, slicer.vtkMRMLVolumeNode],
    changed: np.ndarray,
    wanted: np.ndarray,
    box: Grids.Box,
    writing: Writing,
) -> None:
    segmentationNode, volumeNode = nodes
    segmentId = labels.row(index).resultSegmentId
    if not segmentId:
        if not (changed & wanted).any():
            return
        segmentId = addResultSegment(labels, index, segmentationNode)
        writing.before[segmentId] = None

    def keep() -> None:
        if segmentId not in writing.before:
            writing.before[segmentId] = SegmentStates.stateOf(segmentationNode, segmentId)

    SegmentMasks.changeFromVolume(segmentationNode, segmentId, volumeNode, changed, wanted, box, keep)


def _changeMap(changed: np.ndarray, new: np.ndarray, base: np.ndarray) -> np.ndarray:
    change = np.zeros(new.shape, np.int8)
    change[changed] = 3
    change[changed & (new == BACKGROUND)] = 1
    change[changed & (base == BACKGROUND)] = 2
    return change
