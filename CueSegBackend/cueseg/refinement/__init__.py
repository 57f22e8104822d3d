"""Scribbles that correct any network: its last layers are refined for one image (Sambaturu et al. 2021).

Importing this package imports no torch; names are loaded from their home at first use.
"""

from cueseg.lazy_names import lazy_names

_HOMES = {
    "Decision": "refinement.progress",
    "IterationReport": "refinement.result",
    "LayerInfo": "networks.layers",
    "NetworkPrediction": "refinement.result",
    "RefinementCancelled": "refinement.progress",
    "RefinementOptions": "refinement.options",
    "RefinementProgress": "refinement.progress",
    "RefinementResult": "refinement.result",
    "RefinementSession": "refinement.session",
    "WeightDelta": "refinement.delta",
    "list_layers": "networks.layers",
    "load_delta": "refinement.delta",
    "refine": "refinement.session",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
