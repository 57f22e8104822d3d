"""Choices of the panel, and what a round makes of them."""

from __future__ import annotations

from dataclasses import fields
from typing import Protocol

import slicer

from CueSegMRML.Choices import Choice
from ScribbleRefineLib.RefineSettings import BoxSettings, RefineSettings
from ScribbleRefineLib.Scope import Scope


class Method(Choice):
    """How the network is made to agree with the scribbles; but for BOX, values of `RefineSettings.method`."""

    CROSS_ENTROPY = "ce", "Balanced cross-entropy"
    PAPER = "paper", "As published (Sambaturu et al. 2021)"
    F_BRS = "f-brs", "Scale and bias of one layer (f-BRS)"
    BOX = "bifseg", "BIFSeg: one object in a box"


class Edges(Choice):
    """How labels near the scribbles follow the image's edges; the values are those of `RefineSettings.regularise`."""

    RANDOM_WALKER = "random-walker", "Random walker"
    GRAPH_CUT = "graph-cut", "Graph cut"
    AS_THE_NETWORK = "none", "As the network says"


class Region(Choice):
    """Where voxels may change; the values are those of `Scope.kind`."""

    VOLUME = "volume", "Whole volume"
    SLICE = "slice", "This slice"
    SLAB = "slab", "Slices around this one"
    BOX = "roi", "Box"


class Overlay(Choice):
    """What is laid over the slice views."""

    NOTHING = "nothing", "Nothing"
    CHANGES = "changes", "Changes of the last round"
    UNCERTAINTY = "uncertainty", "Uncertainty of the network"
    LEFT_OUT = "left-out", "Left out of the fine-tuning"


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
    partOnly: bool
    limit: float
    overlay: Overlay
    method: Method
    regularise: Edges
    layers: int
    learningRate: float
    alpha: float
    beta: float
    iterations: int
    cacheMegabytes: int
    box: slicer.vtkMRMLMarkupsROINode | None
    smoothness: float
    sigma: float
    t0: float
    t1: float
    epsilon: float
    omega: float
    alternations: int


def refineSettings(settings: Settings) -> RefineSettings:
    """The options of a round; 0 stands for "what suits the network" in several controls."""
    return RefineSettings(
        method=RefineSettings.method if settings.method is Method.BOX else settings.method.value,
        layers=settings.layers or None,
        learningRate=settings.learningRate or None,
        maxIterations=settings.iterations,
        alpha=settings.alpha or None,
        beta=settings.beta or None,
        growthThreshold=settings.growth,
        keepRadius=settings.limit or None,
        regularise=settings.regularise.value,
        useEarlierScribbles=settings.keepScribbles,
        cacheMegabytes=settings.cacheMegabytes,
    )


def boxSettings(settings: Settings) -> BoxSettings:
    """The options for one object: fields of the same names; 0 stands for "what suits the method" in two of them."""
    chosen = {field.name: getattr(settings, field.name) for field in fields(BoxSettings)}
    orNone = {"layers": settings.layers or None, "learningRate": settings.learningRate or None}
    return BoxSettings(**chosen | orNone)


def scopeOf(settings: Settings) -> Scope:
    """Where voxels may change, and whether the network is run there only."""
    nodes = settings.sliceView, settings.slabSlices, settings.roi
    return Scope(settings.scope.value, *nodes, settings.partOnly)
