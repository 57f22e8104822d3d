"""Choices of the panel, each combo box shows the labels; and what a round makes of them."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import slicer

from ScribbleRefineLib.RefineSettings import RefineSettings
from ScribbleRefineLib.Scope import Scope


class Method(Enum):
    """How the network is made to agree with the scribbles; the values are those of `RefineSettings.method`."""

    CROSS_ENTROPY = "ce"
    PAPER = "paper"
    F_BRS = "f-brs"

    def label(self) -> str:
        """Text in the combo box."""
        return {
            "ce": "Balanced cross-entropy",
            "paper": "As published (Sambaturu et al. 2021)",
            "f-brs": "Scale and bias of one layer (f-BRS)",
        }[self.value]


class Region(Enum):
    """Where voxels may change; the values are those of `Scope.kind`."""

    VOLUME = "volume"
    SLICE = "slice"
    SLAB = "slab"
    BOX = "roi"

    def label(self) -> str:
        """Text in the combo box."""
        return {
            "volume": "Whole volume",
            "slice": "This slice",
            "slab": "Slices around this one",
            "roi": "Box",
        }[self.value]


class Overlay(Enum):
    """What is laid over the slice views."""

    NOTHING = "nothing"
    CHANGES = "changes"
    UNCERTAINTY = "uncertainty"

    def label(self) -> str:
        """Text in the combo box."""
        return {
            "nothing": "Nothing",
            "changes": "Changes of the last round",
            "uncertainty": "Uncertainty of the network",
        }[self.value]


class Settings(Protocol):
    """The fields of the parameter node that are needed below the buttons."""

    inputVolume: slicer.vtkMRMLScalarVolumeNode | None
    segmentation: slicer.vtkMRMLSegmentationNode | None
    network: str
    keepUnmatched: bool
    keepScribbles: bool
    growth: float
    growthPreview: bool
    scope: Region
    sliceView: slicer.vtkMRMLSliceNode | None
    slabSlices: int
    roi: slicer.vtkMRMLMarkupsROINode | None
    limit: float
    overlay: Overlay
    method: Method
    layers: int
    learningRate: float
    alpha: float
    beta: float
    iterations: int
    cacheMegabytes: int


def refineSettings(settings: Settings) -> RefineSettings:
    """The options of a round; 0 stands for "what suits the network" in several controls."""
    return RefineSettings(
        method=settings.method.value,
        layers=settings.layers or None,
        learningRate=settings.learningRate or None,
        maxIterations=settings.iterations,
        alpha=settings.alpha or None,
        beta=settings.beta,
        growthThreshold=settings.growth,
        keepRadius=settings.limit or None,
        useEarlierScribbles=settings.keepScribbles,
        cacheMegabytes=settings.cacheMegabytes,
    )


def scopeOf(settings: Settings) -> Scope:
    """Where voxels may change."""
    return Scope(settings.scope.value, settings.sliceView, settings.slabSlices, settings.roi)
