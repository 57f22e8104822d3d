"""The door to the backend: everything heavy is imported here, inside functions, when it is first needed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from CueSegMRML import Grids
from ScribbleRefineLib.Parts import Voxel
from ScribbleRefineLib.RefineSettings import BoxSettings, RefineSettings

if TYPE_CHECKING:
    from cueseg.bifseg import BifsegOptions, BifsegSession
    from cueseg.networks import InspectionReport, LayerInfo, NetworkCard, SegmentationNetwork
    from cueseg.refinement import RefinementOptions, RefinementSession, WeightDelta
    from cueseg.scribbles import GrowthOptions


class Backend:
    """What this module needs of `cueseg`; a double with the same methods stands in for it in tests."""

    def listNetworks(self) -> list[NetworkCard]:
        """Cards of the networks that come with the extension; imports no torch."""
        from cueseg.networks import list_networks

        return list(list_networks())

    def loadNetwork(self, nameOrPath: str) -> SegmentationNetwork:
        """A network, ready to use; takes seconds and imports torch."""
        from cueseg.networks import load_network

        return load_network(nameOrPath)

    def identityOf(self, network: SegmentationNetwork) -> tuple[str, str]:
        """Name and SHA-256 of its weights; for the worker thread."""
        from cueseg.sessions.identity import weights_of_network

        found = weights_of_network(network)
        return found.name, found.sha256

    def inspectNetwork(self, path: str) -> InspectionReport:
        """What a file holds, and whether it can be refined."""
        from cueseg.networks import inspect_network

        return inspect_network(path)

    def listLayers(self, network: SegmentationNetwork) -> list[LayerInfo]:
        """Layers of a network in the order in which they run."""
        from cueseg.networks import list_layers

        return list(list_layers(network))

    def makeRefinement(
        self, network: SegmentationNetwork, device: str, cacheMegabytes: int, halfCache: bool
    ) -> RefinementSession:
        """An object that takes an image once and refines many times."""
        from cueseg.refinement import RefinementSession

        return RefinementSession(network, device=device, cache_megabytes=cacheMegabytes, half_cache=halfCache)

    def makeOptions(self, settings: RefineSettings) -> RefinementOptions:
        """The backend's options for these settings."""
        from cueseg.refinement import RefinementOptions

        return RefinementOptions(
            method=settings.method,
            layers=settings.layers,
            learning_rate=settings.learningRate,
            max_iterations=settings.maxIterations,
            alpha=settings.alpha,
            beta=settings.beta,
            confidence=settings.confidence,
            growth=_growth(settings) if settings.grows else None,
            grown_weight=settings.grownWeight,
            keep_radius=settings.keepRadius,
            regularise=settings.regularise,
            clamp_scribbles=settings.clampScribbles,
            paper_reading=settings.paperReading,
            seed=settings.seed,
        )

    def makeBoxSession(self, network: SegmentationNetwork, device: str, cacheMegabytes: int) -> BifsegSession:
        """An object that takes an image and a box, and segments what is in it in rounds."""
        from cueseg.bifseg import BifsegSession

        return BifsegSession(network, device=device, cache_megabytes=cacheMegabytes)

    def makeBoxOptions(self, settings: BoxSettings, tunes: bool) -> BifsegOptions:
        """The backend's options for one object, which have the settings' names; imports no torch.

        :param tunes: False takes the network as it is.
        :raises ValueError: a value that is not allowed; the message names it and what is.
        """
        from cueseg.bifseg import BifsegOptions

        chosen = asdict(settings)
        rate = chosen.pop("learningRate")
        if rate is not None:
            chosen["learning_rate"] = rate
        return BifsegOptions(**chosen if tunes else chosen | {"alternations": 0})

    def growScribbles(
        self,
        image: np.ndarray,
        scribbles: np.ndarray,
        settings: RefineSettings,
        spacing: tuple[float, float, float],
    ) -> np.ndarray:
        """What the scribbles claim with the threshold of the settings."""
        from cueseg.scribbles import grow_scribbles

        return grow_scribbles(image, scribbles, spacing=spacing, options=_growth(settings))

    def defaultThreshold(self, image: np.ndarray, modality: str | None) -> float:
        """A threshold to begin with."""
        from cueseg.scribbles import default_threshold

        return float(default_threshold(image, modality))

    def resolveContradictions(self, layers: list[tuple[int, np.ndarray]]) -> tuple[np.ndarray, list[str]]:
        """One array from many masks, and what was painted twice."""
        from cueseg.scribbles import resolve_contradictions

        return resolve_contradictions(layers)

    def loadDelta(self, path: str) -> WeightDelta:
        """Weights that `WeightDelta.save` wrote."""
        from cueseg.refinement import load_delta

        return load_delta(path)

    def partAround(
        self, card: NetworkCard, shape: Voxel, spacing: tuple[float, float, float], box: Grids.Box
    ) -> tuple[Voxel, Voxel]:
        """First voxel of the part that the network must see for a box of an image, and the one after its last."""
        from cueseg.networks.part import part_around

        low, high = tuple(ends.start for ends in box), tuple(ends.stop for ends in box)
        return part_around(card, shape, spacing, low, high)

    def shortageOf(self, error: Exception) -> str:
        """What there is too little memory for, if the error says so; empty if it says something else."""
        from cueseg.device import is_out_of_memory
        from cueseg.networks.memory import NotEnoughMemoryError

        if isinstance(error, NotEnoughMemoryError):
            return error.shortage
        ranOut = any(e is not None and is_out_of_memory(e) for e in (error, error.__cause__))
        return "memory ran out" if ranOut else ""

    def decision(self, word: str) -> Any:
        """`Decision.STOP` or `Decision.CANCEL` of the backend."""
        from cueseg.refinement import Decision

        return Decision[word]


def _growth(settings: RefineSettings) -> GrowthOptions:
    from cueseg.scribbles import GrowthOptions

    return GrowthOptions(
        threshold=settings.growthThreshold, rule=settings.growthRule, max_radius=settings.growthRadius
    )
