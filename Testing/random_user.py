"""A user who does anything in any order: what the random tests of the panels have in common."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy


class RandomUser:
    """Draws actions of a sequence; each is a method of the subclass. The seed repeats a sequence alone.

    Attributes:
        weights: action -> how often, of the sum of all.
        log: the actions so far.
        story: what came of each, as a text that a replay has to repeat; empty if it is not told.
        writes: steps that wrote segments, in number; what it counts is up to the subclass.
    """

    weights: ClassVar[Mapping[str, float]]

    def __init__(self, build: Any, seed: int) -> None:
        self.build, self.seed, self.writes = build, seed, 0
        self.rng, self.log, self.story = np.random.default_rng(seed), [], []

    def play(self, actions: int) -> None:
        """Do so many things at random, and look after each.

        Raises:
            AssertionError: the scene is not what it has to be; the message has the seed and the actions.
        """
        odds = np.array(list(self.weights.values()), float)
        try:
            for name in self.rng.choice(list(self.weights), actions, p=odds / odds.sum()):
                self.log.append(str(name))
                getattr(self, name)()
                self.check()
            self.log.append("leave")
            self.end()
        except Exception as error:
            story = f"seed {self.seed}, after {' '.join(self.log)}"
            raise AssertionError(f"{story}: {type(error).__name__} {error}") from error

    def check(self) -> None:
        """Hold the scene to the model, after every action."""
        raise NotImplementedError

    def end(self) -> None:
        """Leave the module, and look once more."""
        raise NotImplementedError

    def close(self) -> None:
        """End the panel's thread."""
        raise NotImplementedError

    @staticmethod
    def refusal(act: Callable[[], Any]) -> str:
        """Do something; what the panel says if it does not let it be done, "" if it does."""
        try:
            act()
        except ValueError as error:
            return str(error)
        return ""

    def node_counts(self) -> dict[str, int]:
        """Class -> number of nodes in the scene."""
        scene = self.build.scene
        nodes = (scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes()))
        return dict(collections.Counter(node.GetClassName() for node in nodes))

    def one_of(self, choices: Any) -> Any:
        """Any of them; None of none."""
        choices = list(choices)
        return choices[int(self.rng.integers(len(choices)))] if choices else None


def differences(counts: Mapping[str, int], wanted: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Class -> (found, wanted), where the numbers of nodes differ."""
    pairs = {kind: (counts.get(kind, 0), wanted.get(kind, 0)) for kind in {*counts, *wanted}}
    return {kind: pair for kind, pair in pairs.items() if pair[0] != pair[1]}


def voxels_of(segmentation: Any, segment: str, volume: Any, shape: tuple[int, int, int]) -> np.ndarray:
    """(K, J, I) bool: voxels of the volume at which the segment has one; adds no node, as `slicer.util` would."""
    image = segmentation.GetBinaryLabelmapInternalRepresentation(segment)
    found = np.zeros(shape, bool)
    if image is None or image.GetPointData().GetScalars() is None:
        return found
    held = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    held = held == segmentation.GetSegmentation().GetSegment(segment).GetLabelValue()
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    ijk = np.argwhere(held)[:, ::-1] + np.array(image.GetExtent()[::2])
    places = np.column_stack([ijk, np.ones(len(ijk))]) @ slicer.util.arrayFromVTKMatrix(matrix).T
    volume.GetRASToIJKMatrix(matrix)
    i, j, k = np.round(places @ slicer.util.arrayFromVTKMatrix(matrix).T)[:, :3].astype(int).T
    found[k, j, i] = True
    return found


def paint(segmentation: Any, segment: str, volume: Any, mask: np.ndarray) -> None:
    """Make a segment what somebody else wants, as the Segment Editor does."""
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    image = logic.CreateOrientedImageDataFromVolumeNode(volume)
    image.UnRegister(None)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = mask.ravel()
    logic.SetBinaryLabelmapToSegment(image, segmentation, segment, logic.MODE_REPLACE)
